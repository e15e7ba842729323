/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_dump.c - steps and stages as JSON: for the key of a cache, for tests and for people.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "specs/build_file.h"
#include "specs/field.h"
#include "specs/field_json.h"

static const char *const step_kinds[] = { "run", "copy", "add", "folder", NULL };
static const char *const networks[] = { "none", "default", "host", NULL };
static const char *const mount_kinds[] = { "bind", "cache", "tmpfs", "secret", "ssh", NULL };
static const char *const sharings[] = { "shared", "private", "locked", NULL };
static const char *const from_kinds[] = { "context", "scratch", "stage", "image", "named", NULL };
static const char *const source_kinds[] = { "path", "url", "git", NULL };

/* A stage is known by what is in it, which the engine adds: its number and name may change. */
static const struct field from_fields[] = {
	{ "kind", FIELD_ENUM, offsetof(struct build_from, kind), .names = from_kinds },
	{ 0 },
};

static const struct field named_from_fields[] = {
	{ "kind", FIELD_ENUM, offsetof(struct build_from, kind), .names = from_kinds },
	{ "name", FIELD_TEXT, offsetof(struct build_from, name), .flags = 0 },
	{ "platform", FIELD_TEXT, offsetof(struct build_from, platform), .flags = 0 },
	{ 0 },
};

#define AT(member) offsetof(struct build_mount, member)
static const struct field mount_fields[] = {
	{ "kind", FIELD_ENUM, AT(kind), .names = mount_kinds },
	{ "target", FIELD_TEXT, AT(target), .flags = 0 },
	{ "from", FIELD_OBJECT, AT(from), .sub = from_fields },
	{ "source", FIELD_TEXT, AT(source), .flags = 0 },
	{ "id", FIELD_TEXT, AT(id), .flags = 0 },
	{ "environment", FIELD_TEXT, AT(environment), .flags = 0 },
	{ "sharing", FIELD_ENUM, AT(sharing), .names = sharings },
	{ "read_only", FIELD_BOOL, AT(read_only), .flags = 0 },
	{ "required", FIELD_BOOL, AT(is_required), .flags = 0 },
	{ "mode", FIELD_INTEGER, AT(mode), .flags = 0 },
	{ "uid", FIELD_INTEGER, AT(uid), .flags = 0 },
	{ "gid", FIELD_INTEGER, AT(gid), .flags = 0 },
	{ "size", FIELD_INTEGER, AT(size), .flags = 0 },
	{ 0 },
};
#undef AT

static const struct field source_fields[] = {
	{ "kind", FIELD_ENUM, offsetof(struct build_source, kind), .names = source_kinds },
	{ "path", FIELD_TEXT, offsetof(struct build_source, path), .flags = 0 },
	{ "pivot", FIELD_UNSIGNED, offsetof(struct build_source, pivot), .flags = 0 },
	{ "unpack", FIELD_BOOL, offsetof(struct build_source, unpack), .flags = 0 },
	{ 0 },
};

static const struct field inline_fields[] = {
	{ "name", FIELD_TEXT, offsetof(struct build_inline, name), .flags = 0 },
	{ "content", FIELD_TEXT, offsetof(struct build_inline, content), .flags = 0 },
	{ 0 },
};

#define AT(member) offsetof(struct build_step, member)
static const struct field run_fields[] = {
	{ "kind", FIELD_ENUM, AT(kind), .names = step_kinds },
	{ "user", FIELD_TEXT, AT(user), .flags = 0 },
	{ "argv", FIELD_TEXT_LIST, AT(argv), .flags = 0 },
	{ "environment", FIELD_TEXT_LIST, AT(environment), .flags = 0 },
	{ "working_dir", FIELD_TEXT, AT(working_dir), .flags = 0 },
	{ "network", FIELD_ENUM, AT(network), .names = networks },
	{ "mounts", FIELD_OBJECT_LIST, AT(mounts), .sub = mount_fields, .size = sizeof(struct build_mount),
	  .count_offset = AT(mount_count) },
	{ "files", FIELD_OBJECT_LIST, AT(files), .sub = inline_fields, .size = sizeof(struct build_inline),
	  .count_offset = AT(file_count) },
	{ 0 },
};

static const struct field copy_fields[] = {
	{ "kind", FIELD_ENUM, AT(kind), .names = step_kinds },
	{ "from", FIELD_OBJECT, AT(from), .sub = from_fields },
	{ "sources", FIELD_OBJECT_LIST, AT(sources), .sub = source_fields, .size = sizeof(struct build_source),
	  .count_offset = AT(source_count) },
	{ "files", FIELD_OBJECT_LIST, AT(files), .sub = inline_fields, .size = sizeof(struct build_inline),
	  .count_offset = AT(file_count) },
	{ "excludes", FIELD_TEXT_LIST, AT(excludes), .flags = 0 },
	{ "chown", FIELD_TEXT, AT(chown), .flags = 0 },
	{ "chmod", FIELD_TEXT, AT(chmod), .flags = 0 },
	{ "checksum", FIELD_TEXT, AT(checksum), .flags = 0 },
	{ "link", FIELD_BOOL, AT(link), .flags = 0 },
	{ "parents", FIELD_BOOL, AT(parents), .flags = 0 },
	{ "keep_git_dir", FIELD_BOOL, AT(keep_git_dir), .flags = 0 },
	{ "target", FIELD_TEXT, AT(target), .flags = 0 },
	{ "target_is_folder", FIELD_BOOL, AT(target_is_folder), .flags = 0 },
	{ 0 },
};

static const struct field folder_fields[] = {
	{ "kind", FIELD_ENUM, AT(kind), .names = step_kinds },
	{ "user", FIELD_TEXT, AT(user), .flags = 0 },
	{ "target", FIELD_TEXT, AT(target), .flags = 0 },
	{ 0 },
};

/* What a dump has beside the key. */
static const struct field shown_fields[] = {
	{ "line", FIELD_INTEGER, AT(line), .flags = 0 },
	{ "words", FIELD_TEXT, AT(words), .flags = 0 },
	{ "created_by", FIELD_TEXT, AT(created_by), .flags = 0 },
	{ "source_of", FIELD_OBJECT, AT(from), .sub = named_from_fields },
	{ "hidden_environment", FIELD_TEXT_LIST, AT(hidden_environment), .flags = FIELD_SPARSE },
	{ 0 },
};
#undef AT

static json_t *step_object(const struct build_step *step)
{
	const struct field *const tables[] = { run_fields, copy_fields, copy_fields, folder_fields };

	return field_build(tables[step->kind], step);
}

char *build_step_key(const struct build_step *step)
{
	json_t *object = step_object(step);
	char *json = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	return json ? json : alloc_copy("{}");
}

static json_t *history_array(const struct build_stage *stage)
{
	json_t *array = json_array();

	for (size_t i = 0; i < stage->history_count; i++) {
		const struct build_history *item = &stage->history[i];
		json_t *object = json_object();

		json_object_set_new(object, "created_by", field_text(item->created_by));
		if (item->step != BUILD_NO_STEP)
			json_object_set_new(object, "step", json_integer((json_int_t)item->step));
		json_array_append_new(array, object);
	}
	return array;
}

void build_stage_dump(const struct build_stage *stage, struct text *ret)
{
	json_t *root = json_object(), *steps = json_array(), *needs = json_array(), *warnings = json_array();
	struct text config = { 0 };

	for (size_t i = 0; i < stage->step_count; i++) {
		json_t *step = field_build(shown_fields, &stage->steps[i]);

		json_object_update_new(step, step_object(&stage->steps[i]));
		json_array_append_new(steps, step);
	}
	for (size_t i = 0; i < stage->need_count; i++)
		json_array_append_new(needs, json_integer((json_int_t)stage->needs[i]));
	for (size_t i = 0; i < stage->warnings.count; i++)
		json_array_append_new(warnings, field_text(stage->warnings.items[i]));
	build_config_write(&stage->config, &config);
	json_object_set_new(root, "stage", json_integer((json_int_t)stage->number));
	json_object_set_new(root, "needs", needs);
	json_object_set_new(root, "steps", steps);
	json_object_set_new(root, "history", history_array(stage));
	json_object_set_new(root, "config", json_loadb(config.data, config.length, 0, NULL));
	json_object_set_new(root, "warnings", warnings);
	field_print(root, ret);
	json_decref(root);
	text_release(&config);
}
