/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_record.h - one line of the audit trail.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct error;

#define AUDIT_LOG "audit.log"

struct audit_image {
	char *name;
	char *before, *after; /* digests; NULL: there was none, there is none */
};

struct audit_record {
	int64_t seq;
	char *previous;      /* the digest of the line before; "" in the first */
	bool torn;           /* the line before was cut */
	char *time;          /* when the verb ended: "2026-11-29T19:42:35.123456Z" */
	int64_t duration_us;
	char *verb;
	int64_t uid;
	int64_t login_uid;   /* who logged in, whatever they became since; -1: nobody did */
	char *ssh;           /* SSH_CONNECTION, as the caller's environment has it */
	char *terminal;      /* "/dev/pts/3" */
	char *folder;        /* the caller's */
	struct list argv;
	struct list containers;
	struct list objects; /* names of volumes or networks */
	char *spec;          /* the digest of its canonical form, as in app.lock.json */
	struct audit_image *images;
	size_t image_count;
	char *result;        /* "ok", "failed": box could not do it, "ended": the program that it ran ended with another code than 0 */
	int64_t exit_code;
};

/* The members behind "previous", for chain_add. */
void audit_record_write(const struct audit_record *record, struct text *ret);

/* One line without its end; name says where it stands. */
int audit_record_read(const char *line, size_t length, const char *name, struct audit_record *ret, struct error *e);
void audit_record_release(struct audit_record *record);
