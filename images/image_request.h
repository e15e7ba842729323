/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_request.h - one call of box-image, as box makes it: box-image VERB WORD…
 *
 * On its stdout may come lines "blob DIGEST AT SIZE" for whoever draws progress, then the answer of unpack_answer.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct list;
struct unpack_answer;

/* How far a blob is; told often. */
typedef void pull_progress(const char *digest, int64_t at, int64_t size, void *data);

struct image_request {
	const struct list *words; /* behind the program's name */
	const char *about;        /* what it is about, in front of its warnings */
	const char *attempt;      /* for the message where it gives no answer; NULL: the caller says it */
	int store, source;        /* descriptors that words name; 0: none */
	int input;                /* its stdin; 0: none */
	bool is_online;           /* it speaks to registries, and gets what that reads of the caller's environment */
	struct list *notes;       /* gets its warnings in place of the log; NULL: they are logged */
	pull_progress *progress;  /* or NULL */
	void *data;
};

/* Runs box-image. ret: NULL, or gets the answer, also that of a failure, and is released with unpack_answer_release. */
int image_request(const struct image_request *request, struct unpack_answer *ret, struct error *e);
