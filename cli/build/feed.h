/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed.h - what a COPY or ADD brings, as one tar for the worker that makes the layer (steps.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct build_step;
struct build_work;
struct error;
struct stage;

struct build_feed {
	struct build_work *work;
	struct stage *stage;
	const struct build_step *step;
	int out; /* the pipe; closed by build_feed_run */
	/* The first source may be an archive, and one byte goes first that says whether it is (images/extract_request.h). */
	bool says_kind;
	size_t source; /* the repository at hand */
};

/* Sets says_kind: the step's first source looks as if it were to be taken apart. */
int build_feed_look(struct build_feed *feed, struct error *e);

/* Files of the context are read by this process; those of a stage or image by a worker in its root; archives by box-image. */
int build_feed_run(struct build_feed *feed, struct error *e);
