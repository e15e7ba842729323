/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refused.h - system calls that the app's seccomp profile refuses, counted: STATE/NAME/refused.
 *
 * The filter asks a listener about calls that it would refuse with EPERM, and the supervisor answers EPERM: nothing else that the app
 * does becomes slower. Calls that get ENOSYS are not asked about: those are the ones that libraries try again and again (clone3).
 *
 * An app that does nothing else cannot keep the supervisor busy: after a burst of REFUSED_BURST, REFUSED_PER_SECOND are answered in a
 * second, and the app waits. The listener is among the descriptors that outlive the supervisor; should everybody who holds it be
 * gone, the kernel refuses such calls with ENOSYS.
 */
#pragma once

#include <stdint.h>

struct error;
struct pollfd;

#define REFUSED_FILE "refused"

enum {
	REFUSED_KINDS = 32, /* system calls that are told apart */
	REFUSED_BURST = 1000,
	REFUSED_PER_SECOND = 1000,
};

struct refused_call {
	uint32_t arch;   /* AUDIT_ARCH_* */
	uint32_t number;
	uint64_t count;
};

/* The file, mapped by the supervisor. */
struct refused_record {
	uint32_t size; /* of this struct */
	uint32_t kinds;
	uint64_t others; /* calls of further kinds */
	struct refused_call calls[REFUSED_KINDS];
};

struct refused {
	int listener; /* borrowed; -1: nobody asks */
	struct refused_record *record;
	int64_t tokens, filled_ms;
};

/* The app asks listener from now on; a count that is there in the open state folder goes on unless is_new. listener -1: it never asks. */
int refused_begin(struct refused *r, int state, int listener, int is_new, int64_t now_ms, struct error *e);
void refused_end(struct refused *r);

/* What to wait for: fills one entry, and the time at which refused_serve wants to be called at the latest (INT64_MAX: none). */
int64_t refused_watch(const struct refused *r, struct pollfd *poll);

/* Answers what waits, after poll(2) filled the entry or the time came. */
void refused_serve(struct refused *r, const struct pollfd *poll, int64_t now_ms);

/* Others: what was counted. -1 with e->sys ENOENT where nothing was. */
int refused_read(int state, struct refused_record *ret, struct error *e);
