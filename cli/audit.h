/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - the audit trail: a record in STORE/audit.log for every verb that changes something or enters a container (base/chain.h,
 * audit_record.h), and in the journal where there is one.
 *
 * main.c begins and ends a record; a command tells what only it knows. All take NULL for audit: the verb is not audited. A record that
 * cannot be written is a warning, where the command did something at all.
 *
 * Verbs on OCI containers leave none, because engines call them thousands of times and keep their own books; "engines": true in
 * /etc/box/audit.json asks for them.
 */
#pragma once

struct app;
struct audit;
struct call;
struct places;

/* The verb begins. NULL where it is not audited. */
struct audit *audit_begin(const struct call *call);

/* What the verb is about. A container is named before the verb acts on it. */
void audit_container(struct audit *audit, const char *name);
void audit_object(struct audit *audit, const char *name); /* a volume or a network */
void audit_engine(struct audit *audit); /* an OCI container that is not there yet */
void audit_spec(struct audit *audit, const struct app *app);
void audit_image(struct audit *audit, const char *name, const char *before, const char *after); /* digests, or NULL */

/* It turns out that the verb only tells what there is: no record. */
void audit_drop(struct audit *audit);

/* The verb has done its work with this exit code, and its process becomes another program: writes the record now. */
void audit_write(struct audit *audit, int status);

/* The verb ended with this exit code: writes the record, where that was not done, and releases audit. */
void audit_end(struct audit *audit, int status);
