/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_story.h - the part of an image configuration that tells how the image came about. Nothing depends on it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct text;

struct image_step {
	char *created, *created_by, *author, *comment;
	bool is_empty; /* it made no layer */
};

struct image_story {
	char *created; /* RFC 3339, or NULL */
	struct image_step *steps; /* oldest first */
	size_t step_count;
};

int image_story_decode(const char *json, size_t length, const char *name, struct image_story *ret, struct error *e);
void image_story_release(struct image_story *story);

/* Adds an image configuration, or any other JSON, indented, in printable ASCII. */
int image_json_print(const char *json, size_t length, const char *name, struct text *ret, struct error *e);
