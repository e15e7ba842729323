/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries_conf.c - registries.conf, version 2.
 *
 * A line at a time: [table], [[table]], or key = value. A value that is an array may go over several lines. What a key means follows from
 * the table that it stands in; tables and keys that box has no use for are only checked to be whole.
 */
#include "images/registry/registries_conf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/registry/registry_settings.h"

enum table { TABLE_OTHER, TABLE_REGISTRY, TABLE_MIRROR };

struct reader {
	const char *at;
	const char *name;
	int line;
	enum table table;
	/* Those that are open: their prefix is known only at their end. */
	struct registry_setting registry;
	bool has_registry;
	struct registry_settings *settings;
	struct text value; /* of the string read last */
	bool truth;        /* of the boolean read last */
	char kind;         /* '"', 'b' or 0 */
};

static int wrong(const struct reader *r, const char *what, struct error *e)
{
	return error_set(e, ERROR_SPEC, "read %s: line %d: %s", r->name, r->line, what);
}

static void skip_spaces(struct reader *r)
{
	r->at += strspn(r->at, " \t\r");
}

/* Spaces, ends of lines and remarks. */
static void skip_blank(struct reader *r)
{
	for (;;) {
		skip_spaces(r);
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		if (*r->at != '\n')
			return;
		r->line++;
		r->at++;
	}
}

/* "text" with the usual escapes, or 'text' without. */
static int read_string(struct reader *r, struct error *e)
{
	char quote = *r->at++;

	text_clear(&r->value);
	r->kind = '"';
	for (; *r->at && *r->at != '\n' && *r->at != quote; r->at++) {
		if (quote == '"' && *r->at == '\\') {
			const char *found = r->at[1] ? strchr("\"\\", r->at[1]) : NULL;

			if (!found)
				return wrong(r, "an escape that names and hosts do not need", e);
			r->at++;
		}
		text_add_char(&r->value, *r->at);
	}
	if (*r->at != quote)
		return wrong(r, "a text without its closing quote", e);
	r->at++;
	return 0;
}

static int read_value(struct reader *r, int depth, struct error *e);

/* Its items are of no use here; they have to be whole. */
static int read_array(struct reader *r, int depth, struct error *e)
{
	r->at++;
	for (;;) {
		skip_blank(r);
		if (*r->at == ']') {
			r->at++;
			r->kind = 0;
			return 0;
		}
		if (read_value(r, depth + 1, e))
			return -1;
		skip_blank(r);
		if (*r->at == ',')
			r->at++;
		else if (*r->at != ']')
			return wrong(r, "expected \",\" or \"]\"", e);
	}
}

static int read_value(struct reader *r, int depth, struct error *e)
{
	size_t length = strcspn(r->at, " \t\r\n,]#");

	r->kind = 0;
	if (*r->at == '"' || *r->at == '\'')
		return read_string(r, e);
	if (*r->at == '[')
		return depth < 4 ? read_array(r, depth, e) : wrong(r, "arrays in arrays in arrays", e);
	if (!length || *r->at == '{')
		return wrong(r, "expected a text, true, false, a number or an array", e);
	r->truth = length == 4 && strncmp(r->at, "true", 4) == 0;
	if (r->truth || (length == 5 && strncmp(r->at, "false", 5) == 0))
		r->kind = 'b';
	r->at += length;
	return 0;
}

static int close_registry(struct reader *r, struct error *e)
{
	struct registry_setting *kept;
	const char *prefix = r->registry.prefix ? r->registry.prefix : r->registry.location;

	if (!r->has_registry)
		return 0;
	if (!prefix || !*prefix)
		return wrong(r, "a [[registry]] without \"location\"", e);
	for (size_t i = 0; i < r->registry.mirror_count; i++)
		if (!r->registry.mirrors[i].location)
			return wrong(r, "a [[registry.mirror]] without \"location\"", e);
	kept = registry_settings_add(r->settings, prefix);
	kept->location = take_ptr(&r->registry.location);
	kept->is_insecure = r->registry.is_insecure;
	kept->is_blocked = r->registry.is_blocked;
	kept->mirrors = take_ptr(&r->registry.mirrors);
	kept->mirror_count = r->registry.mirror_count;
	free(r->registry.prefix);
	r->registry = (struct registry_setting){ 0 };
	r->has_registry = false;
	return 0;
}

static int open_table(struct reader *r, struct error *e)
{
	size_t brackets = strspn(r->at, "["), length;
	autofree char *name = NULL;

	r->at += brackets;
	length = strcspn(r->at, "]\n");
	name = alloc_copy_bytes(r->at, length);
	r->at += length;
	if (brackets > 2 || strspn(r->at, "]") != brackets)
		return wrong(r, "a table's name without its closing bracket", e);
	r->at += brackets;
	r->table = TABLE_OTHER;
	if (strcmp(name, "registries.search") == 0 || strcmp(name, "registries.insecure") == 0 || strcmp(name, "registries.block") == 0)
		return wrong(r, "this is version 1 of the format; box reads version 2", e);
	if (brackets == 2 && strcmp(name, "registry.mirror") == 0) {
		if (!r->has_registry)
			return wrong(r, "a [[registry.mirror]] without its [[registry]]", e);
		(void)alloc_append(&r->registry.mirrors, &r->registry.mirror_count, sizeof *r->registry.mirrors); /* never NULL */
		r->table = TABLE_MIRROR;
		return 0;
	}
	if (close_registry(r, e))
		return -1;
	if (brackets == 2 && strcmp(name, "registry") == 0) {
		r->has_registry = true;
		r->table = TABLE_REGISTRY;
	}
	return 0;
}

static void set_text(char **place, const char *text)
{
	free(*place);
	*place = alloc_copy(text);
}

/* What a key of a registry or mirror says. */
static int use(struct reader *r, const char *key, struct error *e)
{
	struct registry_setting *registry = &r->registry;
	struct mirror_setting *mirror = r->table == TABLE_MIRROR ? &registry->mirrors[registry->mirror_count - 1] : NULL;
	bool is_registry = r->table == TABLE_REGISTRY;
	const struct {
		const char *key;
		char **text;
		bool *truth;
	} places[] = {
		{ "prefix", is_registry ? &registry->prefix : NULL, NULL },
		{ "location", is_registry ? &registry->location : mirror ? &mirror->location : NULL, NULL },
		{ "insecure", NULL, is_registry ? &registry->is_insecure : mirror ? &mirror->is_insecure : NULL },
		{ "blocked", NULL, is_registry ? &registry->is_blocked : NULL },
	};

	if (mirror && strcmp(key, "pull-from-mirror") == 0 && r->kind == '"')
		mirror->by_digest_only = text_equal(r->value.data, "digest-only");
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (strcmp(places[i].key, key) != 0 || !(places[i].text || places[i].truth))
			continue;
		if (r->kind != (places[i].text ? '"' : 'b'))
			return wrong(r, places[i].text ? "expected a text" : "expected true or false", e);
		if (places[i].text)
			set_text(places[i].text, r->value.data ? r->value.data : "");
		else
			*places[i].truth = r->truth;
	}
	return 0;
}

static int read_pair(struct reader *r, struct error *e)
{
	autofree char *key = NULL;
	size_t length;

	if (*r->at == '"' || *r->at == '\'') {
		if (read_string(r, e))
			return -1;
		key = alloc_copy(r->value.data ? r->value.data : "");
	} else {
		length = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
		key = alloc_copy_bytes(r->at, length);
		r->at += length;
	}
	skip_spaces(r);
	if (!*key || *r->at != '=')
		return wrong(r, "expected KEY = VALUE", e);
	r->at++;
	skip_spaces(r);
	return read_value(r, 0, e) || use(r, key, e) ? -1 : 0;
}

static int read_all(struct reader *r, struct error *e)
{
	for (;;) {
		skip_blank(r);
		if (!*r->at)
			return close_registry(r, e);
		if (*r->at == '[' ? open_table(r, e) : read_pair(r, e))
			return -1;
		skip_spaces(r);
		if (*r->at && *r->at != '\n' && *r->at != '#')
			return wrong(r, "more than one thing on a line", e);
	}
}

int registries_conf_parse(const char *text, size_t length, const char *name, struct registry_settings *ret, struct error *e)
{
	struct reader reader = { .at = text, .name = name, .line = 1, .settings = ret };
	int result = strlen(text) == length ? read_all(&reader, e) : wrong(&reader, "a zero byte", e);

	for (size_t i = 0; i < reader.registry.mirror_count; i++)
		free(reader.registry.mirrors[i].location);
	free(reader.registry.mirrors);
	free(reader.registry.prefix);
	free(reader.registry.location);
	text_release(&reader.value);
	return result;
}
