/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.h - what the mounts of a RUN step come from: folders of the context, copies of what other stages hold, cache folders,
 * secrets, the caller's SSH agent.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct agent_relay;
struct build_mount_source;
struct build_step;
struct build_work;
struct error;

struct build_mounts {
	struct build_mount_source *sources; /* one for each mount of the step */
	size_t count;
	int *open;             /* descriptors: sources, locks */
	size_t open_count;
	struct text *secrets;  /* their content */
	size_t secret_count;
	struct agent_relay *agents; /* of steps' sockets */
	size_t agent_count;
	struct list paths;     /* of sources */
	struct list staged;    /* folders of the store that are removed at the end */
};

/* What the --secret of that id gives; none is an error. */
int build_secret_read(const struct build_work *work, const char *id, struct text *ret, struct error *e);

/* Opens what each mount of the step comes from. To be closed also after a failure. */
int build_mounts_open(struct build_work *work, const struct build_step *step, struct build_mounts *ret, struct error *e);
/* Nothing of a secret stays in freed memory. */
void build_mounts_close(struct build_work *work, struct build_mounts *mounts);
