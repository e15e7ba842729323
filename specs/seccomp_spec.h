/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_spec.h - a seccomp profile in Docker's or OCI's JSON format, as plain structs.
 *
 * Nothing is resolved here: system calls, architectures and capabilities stay names. What the names mean on this
 * machine is decided in runtime/seccomp/seccomp_profile.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "specs/seccomp_words.h"

struct error;
struct json_t;

struct seccomp_argument {
	int index; /* 0 to 5 */
	enum seccomp_operator op;
	uint64_t value;
	uint64_t value_two;
};

/* When a rule counts: every name of caps, any of arches, and at least min_kernel. Empty: always. */
struct seccomp_condition {
	struct list caps;   /* "CAP_SYS_ADMIN" */
	struct list arches; /* Go's names: "amd64", "x32", "arm64" */
	char *min_kernel;   /* "4.8", NULL: any */
};

enum { SECCOMP_ARGUMENTS = 6 };

struct seccomp_rule {
	struct list names;
	enum seccomp_action action;
	int errno_ret; /* EPERM unless the rule says another; 0 makes the call do nothing and succeed */
	struct seccomp_argument arguments[SECCOMP_ARGUMENTS]; /* all of them have to hold */
	size_t argument_count;
	struct seccomp_condition includes;
	struct seccomp_condition excludes; /* any of it takes the rule away */
};

struct seccomp_arch_map {
	char *arch;      /* "SCMP_ARCH_X86_64" */
	struct list sub; /* "SCMP_ARCH_X86", … */
};

struct seccomp_spec {
	enum seccomp_action default_action;
	int default_errno;                 /* EPERM where the profile says none */
	struct seccomp_arch_map *arch_map; /* Docker's form */
	size_t arch_map_count;
	struct list architectures; /* OCI's form */
	unsigned flags;            /* SECCOMP_FILTER_FLAG_* */
	struct seccomp_rule *rules;
	size_t rule_count;
	bool refuses_unknown; /* set by the caller: a system call that this machine does not have is an error, not left out */
};

/* Whether a program outside is asked for some call. */
bool seccomp_spec_notifies(const struct seccomp_spec *spec);

/* Decodes length bytes of JSON. name is the file, for messages. Unknown keys, actions and operators are errors that carry the
 * place in the profile. On failure ret is untouched. */
int seccomp_spec_decode(const char *json, size_t length, const char *name, struct seccomp_spec *ret, struct error *e);

/* The same from parsed JSON; errors carry the place within it in e->field. For specs/ alone. */
int seccomp_spec_read(struct json_t *profile, struct seccomp_spec *ret, struct error *e);
void seccomp_spec_release(struct seccomp_spec *spec);
