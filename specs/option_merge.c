/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_merge.c - options that stand for fields, merged into a parsed app.json.
 */
#include "specs/option_merge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"
#include "specs/option_fields.h"

/* One option on its way into the file. */
struct setting {
	const char *option, *value;
	json_t *object;   /* of the file, in which the field lies */
	const char *key;  /* its name there */
	struct text path; /* what exactly it sets: "cap_add[1]" */
	struct error *e;
};

/* Nothing on the command line is a variable: the shell has replaced them. */
static json_t *plain_text(const char *value)
{
	json_t *text = field_text(value);

	interpolate_escape(text);
	return text;
}

static int put_text(struct setting *s)
{
	json_object_set_new(s->object, s->key, plain_text(s->value));
	return 0;
}

/* What is no number is refused with the field's own words. */
static json_t *number_or_text(const char *value)
{
	int64_t number;

	return number_parse(value, INT64_MIN, INT64_MAX, &number) ? plain_text(value) : json_integer(number);
}

static int put_number(struct setting *s)
{
	json_object_set_new(s->object, s->key, number_or_text(s->value));
	return 0;
}

static int put_flag(struct setting *s)
{
	json_object_set_new(s->object, s->key, json_boolean(strcmp(s->value, "true") == 0));
	return 0;
}

/* What the file has there, and what is wrong in it, stays. */
static json_t *find_or_add(json_t *object, const char *key, json_t *(*make)(void))
{
	json_t *found = json_object_get(object, key);

	if (found && !json_is_null(found))
		return found;
	json_object_set_new(object, key, make());
	return json_object_get(object, key);
}

static int put_items(struct setting *s)
{
	json_t *array = find_or_add(s->object, s->key, json_array);

	if (json_array_size(array)) /* else the whole list is the command line's */
		text_addf(&s->path, "[%zu]", json_array_size(array));
	json_array_append_new(array, plain_text(s->value));
	return 0;
}

static int put_file(struct setting *s)
{
	autofree char *folder = getcwd(NULL, 0);
	autofree char *path = s->value[0] == '/' || !folder ? alloc_copy(s->value) : text_format("%s/%s", folder, s->value);

	s->value = path;
	return put_items(s);
}

/* A map may be written as an array of "KEY=VALUE", too. */
static int put_pair(struct setting *s)
{
	json_t *map = find_or_add(s->object, s->key, json_object);
	const char *equals = strchr(s->value, '=');
	autofree char *key = alloc_copy_bytes(s->value, strcspn(s->value, "="));

	if (json_is_array(map))
		return put_items(s);
	text_addf(&s->path, ".%s", key);
	json_object_set_new(map, key, number_or_text(equals ? equals + 1 : ""));
	return 0;
}

/* "NAME:ADDRESS", where an address may have colons, too. */
static int put_host(struct setting *s)
{
	size_t length = strcspn(s->value, ":=");
	json_t *map = find_or_add(s->object, s->key, json_object);
	autofree char *name = alloc_copy_bytes(s->value, length);

	if (json_is_array(map))
		return put_items(s);
	text_addf(&s->path, ".%s", name);
	json_object_set_new(map, name, plain_text(s->value[length] ? s->value + length + 1 : ""));
	return 0;
}

/* A mode stands alone, and takes the file's networks away; a name is one more of the command line's. */
static int put_network(struct setting *s)
{
	static const char *const modes[] = { "none", "host", "private" };
	json_t *networks = json_object_get(s->object, "networks");

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(s->value, modes[i]) != 0)
			continue;
		json_object_del(s->object, "networks");
		return put_text(s);
	}
	json_object_del(s->object, "network_mode");
	text_clear(&s->path);
	text_add(&s->path, "networks");
	if (json_is_object(networks)) {
		text_addf(&s->path, ".%s", s->value);
		json_object_set_new(networks, s->value, json_object());
		return 0;
	}
	json_array_append_new(find_or_add(s->object, "networks", json_array), plain_text(s->value));
	return 0;
}

/* An empty word takes the image's away. */
static int put_program(struct setting *s)
{
	json_t *array = json_array();

	if (*s->value)
		json_array_append_new(array, plain_text(s->value));
	json_object_set_new(s->object, s->key, array);
	return 0;
}

/* In place of every other check of the file. */
static int put_shell(struct setting *s)
{
	static const char *const others[] = { "http", "tcp", "disable" };
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		json_object_del(s->object, others[i]);
	json_array_append_new(array, json_string(strcmp(s->value, "none") == 0 ? "NONE" : "CMD-SHELL"));
	if (strcmp(s->value, "none") != 0)
		json_array_append_new(array, plain_text(s->value));
	json_object_set_new(s->object, s->key, array);
	return 0;
}

static int put_storage(struct setting *s)
{
	if (!text_starts(s->value, "size="))
		return error_set(s->e, ERROR_USAGE, "option --%s %.80s: expected size=SIZE", s->option, s->value);
	json_object_set_new(s->object, s->key, plain_text(s->value + strlen("size=")));
	return 0;
}

static int put_seconds(struct setting *s)
{
	autofree char *words = text_format("%ss", s->value);
	int64_t seconds;

	if (number_parse(s->value, 0, INT32_MAX, &seconds))
		return error_set(s->e, ERROR_USAGE, "option --%s %.80s: expected seconds", s->option, s->value);
	json_object_set_new(s->object, s->key, json_string(words));
	return 0;
}

static int put_seccomp(json_t *security, const char *value)
{
	autofree char *real = NULL;

	if (strcmp(value, "unconfined") != 0 && strcmp(value, "default") != 0)
		real = realpath(value, NULL); /* a file that is not there is told by who opens it */
	json_object_set_new(security, "seccomp", plain_text(real ? real : value));
	return 0;
}

/* podman and docker write a colon, too. */
static int put_security(struct setting *s)
{
	json_t *security = find_or_add(s->object, s->key, json_object);
	size_t length = strcspn(s->value, "=:");
	const char *value = s->value[length] ? s->value + length + 1 : "true";
	bool is_false = strcmp(value, "false") == 0;

	if (length == strlen("seccomp") && strncmp(s->value, "seccomp", length) == 0 && s->value[length]) {
		text_add(&s->path, ".seccomp");
		return put_seccomp(security, value);
	}
	if (length == strlen("no-new-privileges") && strncmp(s->value, "no-new-privileges", length) == 0 &&
	    (is_false || strcmp(value, "true") == 0)) {
		text_add(&s->path, ".no_new_privileges");
		json_object_set_new(security, "no_new_privileges", json_boolean(!is_false));
		return 0;
	}
	return error_set(s->e, ERROR_USAGE, "option --%s %.80s: expected seccomp=FILE, seccomp=unconfined, seccomp=default or no-new-privileges",
			 s->option, s->value);
}

#define ROW(letter, option, form, field, argument, help) { option, field, put_##form },
static const struct option_field {
	const char *option, *field;
	int (*put)(struct setting *s);
} rows[] = { OPTION_FIELDS(ROW) };
#undef ROW

/* The object in which a field lies, made where it is missing. NULL: the file has something else there, which is wrong. */
static json_t *descend(json_t *object, const char *path, const char **ret_key)
{
	const char *dot;

	for (; (dot = strchr(path, '.')); path = dot + 1) {
		autofree char *key = alloc_copy_bytes(path, (size_t)(dot - path));

		object = find_or_add(object, key, json_object);
		if (!json_is_object(object))
			return NULL;
	}
	*ret_key = path;
	return object;
}

static int merge_one(const struct option_field *row, const char *value, json_t *root, struct list *ret_set, struct error *e)
{
	struct setting s = { .option = row->option, .value = value, .e = e };
	int result = 0;

	s.object = descend(root, row->field, &s.key);
	if (!s.object)
		return 0;
	text_add(&s.path, row->field);
	result = row->put(&s);
	if (result == 0)
		list_addf(ret_set, "%s=%s", s.path.data, row->option);
	text_release(&s.path);
	return result;
}

int option_merge(const struct list *options, json_t *root, struct list *ret_set, struct error *e)
{
	for (size_t i = 0; options && i < options->count; i++) {
		const char *option = options->items[i];
		size_t length = strcspn(option, "=");

		for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
			if (strlen(rows[k].option) == length && strncmp(rows[k].option, option, length) == 0 &&
			    merge_one(&rows[k], option + length + 1, root, ret_set, e))
				return -1;
	}
	return 0;
}

const char *option_merged(const struct list *set, const char *field)
{
	for (size_t i = set->count; i-- > 0;) {
		const char *path = set->items[i];
		size_t length = (size_t)(strrchr(path, '=') - path);

		if (strncmp(path, field, length) == 0 && (!field[length] || field[length] == '.' || field[length] == '['))
			return path + length + 1;
	}
	return NULL;
}
