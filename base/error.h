/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - the one error value that every fallible function fills.
 *
 * A caller keeps a zeroed struct error on its stack and passes it last. On success it is untouched; on
 * failure it holds the first cause, and every layer on the way up adds only what it alone knows:
 *
 *     context: context: attempted action on object: reason [ERRNO]
 *
 * All setters return -1, so that "return error_sys(e, ...)" reads as one line.
 */
#pragma once

#include <stdbool.h>

enum error_kind {
	ERROR_NONE = 0,
	ERROR_USAGE,          /* wrong words on the command line */
	ERROR_SPEC,           /* app.json or config.json says something wrong */
	ERROR_MISSING,        /* a named thing does not exist */
	ERROR_EXISTS,         /* a name is taken */
	ERROR_DENIED,         /* permission */
	ERROR_UNSUPPORTED,    /* this host, or this version of box, cannot do it */
	ERROR_NETWORK,        /* a peer did not answer, or answered wrongly */
	ERROR_IMAGE,          /* an image or archive is broken or hostile */
	ERROR_KERNEL,         /* any other refusal of a system call */
	ERROR_NOT_EXECUTABLE, /* the program was found and cannot be run: exit code 126 */
	ERROR_NOT_FOUND,      /* the program was not found: exit code 127 */
	ERROR_INTERNAL,       /* a defect of box */
};

struct error {
	enum error_kind kind;
	int sys;         /* errno of the first cause, 0 without one */
	char field[256]; /* path in the spec, such as "volumes[2].target"; "" without one */
	char hint[512];  /* what to do about it; "" without one */
	char text[2048];
};

/* A new error without an errno. Text that was there is replaced. */
int error_set(struct error *e, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A new error from errno, whose words and name ("[ENOENT]") follow the text; the kind follows from errno. */
int error_sys(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of the text. */
int error_in(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts a step in front of the spec path: error_at(e, "volumes[%zu]", 2) makes "target" "volumes[2].target". */
int error_at(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what to do about it, unless somebody nearer to the cause already did. */
int error_hint(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Changes the kind alone; for callers that know better than errno. */
int error_as(struct error *e, enum error_kind kind);

/* Forgets everything: e is as if zeroed. */
void error_clear(struct error *e);

/* "ENOENT" for 2; "errno 4095" for unknown numbers (static storage, valid until the next call). */
const char *error_name(int sys);
