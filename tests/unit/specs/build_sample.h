/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_sample.h - a Dockerfile from a text, resolved down to one stage, for tests of the plan.
 */
#pragma once

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/build_plan.h"

struct sample {
	struct build_file *file;
	struct build_stage stages[16];
	struct error e;
};

/* Resolves every stage; images begin with base (NULL: an empty configuration). -1: s->e says why. */
static inline int sample_build(struct sample *s, const char *text, const char *const *args,
			       const struct build_config *base)
{
	static const struct build_config nothing;
	struct build_inputs inputs = { .platform = "linux/arm64/v8", .build_platform = "linux/amd64" };
	int result;

	memset(s, 0, sizeof *s);
	for (; args && *args; args++)
		list_add(&inputs.args, *args);
	result = build_file_parse(text, strlen(text), "Dockerfile", &inputs, &s->file, &s->e);
	list_release(&inputs.args);
	for (size_t i = 0; result == 0 && i < build_file_count(s->file); i++) {
		const struct build_head *head = build_file_head(s->file, i);
		const struct build_config *from = head->base.kind == BUILD_FROM_STAGE
							  ? &s->stages[head->base.stage].config
						  : head->base.kind == BUILD_FROM_IMAGE && base ? base
												: &nothing;

		result = build_stage_resolve(s->file, i, from, &s->stages[i], &s->e);
	}
	return result;
}

static inline void sample_release(struct sample *s)
{
	for (size_t i = 0; i < 16; i++)
		build_stage_release(&s->stages[i]);
	build_file_free(s->file);
}

static inline struct build_stage *sample_last(struct sample *s)
{
	return &s->stages[build_file_count(s->file) - 1];
}

/* The last stage's configuration as the image has it; the caller frees it. */
static inline char *sample_config(struct sample *s)
{
	struct text ret = { 0 };

	build_config_write(&sample_last(s)->config, &ret);
	return text_take(&ret);
}
