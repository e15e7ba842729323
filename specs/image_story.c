/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_story.c - how an image came about.
 */
#include "specs/image_story.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"

static const struct field step_fields[] = {
	{ "created", FIELD_TEXT, offsetof(struct image_step, created), .flags = FIELD_OPEN, .help = "when" },
	{ "created_by", FIELD_TEXT, offsetof(struct image_step, created_by), .help = "the command" },
	{ "author", FIELD_TEXT, offsetof(struct image_step, author), .help = "who" },
	{ "comment", FIELD_TEXT, offsetof(struct image_step, comment), .help = "a remark" },
	{ "empty_layer", FIELD_BOOL, offsetof(struct image_step, is_empty), .help = "no layer came of it" },
	{ 0 },
};

static const struct field story_fields[] = {
	{ "created", FIELD_TEXT, offsetof(struct image_story, created), .flags = FIELD_OPEN, .help = "when" },
	{ "history", FIELD_OBJECT_LIST, offsetof(struct image_story, steps), .sub = step_fields, .size = sizeof(struct image_step),
	  .count_offset = offsetof(struct image_story, step_count), .help = "oldest first" },
	{ 0 },
};

int image_story_decode(const char *json, size_t length, const char *name, struct image_story *ret, struct error *e)
{
	struct image_story story = { 0 };

	if (field_decode_text(json, length, name, story_fields, &story, e)) {
		image_story_release(&story);
		return error_as(e, ERROR_IMAGE);
	}
	*ret = story;
	return 0;
}

void image_story_release(struct image_story *story)
{
	int saved = errno;

	field_release(story_fields, story);
	errno = saved;
}

int image_json_print(const char *json, size_t length, const char *name, struct text *ret, struct error *e)
{
	json_t *root = field_parse(json, length, name, e);
	char *words = root ? json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

	if (words)
		text_add(ret, words);
	free(words);
	json_decref(root);
	return words ? 0 : -1;
}
