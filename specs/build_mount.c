/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_mount.c - RUN --mount: its keys, which of them each type has, and what is meant where one is not said.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "specs/build_file.h"
#include "specs/build_path.h"

static const char *const kinds[] = { "bind", "cache", "tmpfs", "secret", "ssh", NULL };
static const char *const sharings[] = { "shared", "private", "locked", NULL };

enum {
	BIND = 1 << BUILD_MOUNT_BIND,
	CACHE = 1 << BUILD_MOUNT_CACHE,
	TMPFS = 1 << BUILD_MOUNT_TMPFS,
	SECRET = 1 << BUILD_MOUNT_SECRET,
	SSH = 1 << BUILD_MOUNT_SSH,
};

enum key { TYPE, TARGET, FROM, SOURCE, READ_ONLY, READ_WRITE, ID, SHARING, MODE, UID, GID, SIZE, REQUIRED, ENV, KEYS };

static const struct {
	const char *word;
	enum key key;
	int kinds;    /* that know it */
	bool is_word; /* may stand alone */
} keys[] = {
	{ "type", TYPE, ~0, false },
	{ "target", TARGET, ~0, false },
	{ "dst", TARGET, ~0, false },
	{ "destination", TARGET, ~0, false },
	{ "from", FROM, BIND | CACHE, false },
	{ "source", SOURCE, BIND | CACHE | SECRET, false },
	{ "src", SOURCE, BIND | CACHE | SECRET, false },
	{ "readonly", READ_ONLY, BIND | CACHE, true },
	{ "ro", READ_ONLY, BIND | CACHE, true },
	{ "readwrite", READ_WRITE, BIND | CACHE, true },
	{ "rw", READ_WRITE, BIND | CACHE, true },
	{ "id", ID, CACHE | SECRET | SSH, false },
	{ "sharing", SHARING, CACHE, false },
	{ "mode", MODE, CACHE | SECRET | SSH, false },
	{ "uid", UID, CACHE | SECRET | SSH, false },
	{ "gid", GID, CACHE | SECRET | SSH, false },
	{ "size", SIZE, TMPFS, false },
	{ "required", REQUIRED, SECRET | SSH, true },
	{ "env", ENV, SECRET, false },
};

/* The values by key; NULL: not said. "" for a word alone. */
struct values {
	char *of[KEYS];
};

static void values_release(struct values *v)
{
	for (size_t i = 0; i < KEYS; i++)
		free(v->of[i]);
}

void build_mount_release(struct build_mount *mount)
{
	free(mount->target);
	free(mount->source);
	free(mount->id);
	free(mount->environment);
	build_from_release(&mount->from);
	*mount = (struct build_mount){ 0 };
}

static int word_of(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcasecmp(words[i], word) == 0)
			return i;
	return -1;
}

static int refuse_key(const char *word, struct error *e)
{
	const char *nearest = NULL;
	size_t least = 3;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t edits = text_distance(keys[i].word, word);

		if (edits < least && edits < strlen(keys[i].word)) {
			least = edits;
			nearest = keys[i].word;
		}
	}
	return error_set(e, ERROR_SPEC, "unknown key \"%.60s\"%s%s%s", word, nearest ? ": did you mean \"" : "",
			 nearest ? nearest : "", nearest ? "\"?" : "");
}

/* "key=value" or "key". Without x, values with variables are left alone: all but "from", which has none. */
static int read_field(char *field, const struct build_expand *x, struct values *v, struct error *e)
{
	char *value = strchr(field, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcasecmp(keys[i].word, field) != 0)
			continue;
		if (!value && !keys[i].is_word)
			return error_set(e, ERROR_SPEC, "\"%s\" has no value", field);
		if (v->of[keys[i].key])
			return error_set(e, ERROR_SPEC, "\"%s\" is said twice", field);
		if (keys[i].key == FROM && value && strchr(value, '$')) {
			error_set(e, ERROR_SPEC,
				  "\"from\" can have no variable: which stages are needed has to be known before");
			return error_hint(e, "write FROM %s AS name before, and from=name here", value);
		}
		v->of[keys[i].key] = value && x ? build_expand(x, value, e) : alloc_copy(value ? value : "");
		return v->of[keys[i].key] ? 0 : error_in(e, "%s", field);
	}
	return refuse_key(field, e);
}

static int check_kinds(const struct values *v, enum build_mount_kind kind, struct error *e)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (v->of[keys[i].key] && !(keys[i].kinds & 1 << kind))
			return error_set(e, ERROR_SPEC, "a mount of type %s has no \"%s\"", kinds[kind], keys[i].word);
	return 0;
}

static int read_bool(const struct values *v, enum key key, const char *word, bool *ret, struct error *e)
{
	const char *value = v->of[key];

	if (!value)
		return 0;
	if (*value && strcmp(value, "true") != 0 && strcmp(value, "1") != 0 && strcmp(value, "false") != 0 &&
	    strcmp(value, "0") != 0)
		return error_set(e, ERROR_SPEC, "%s is true or false, not \"%s\"", word, value);
	*ret = !*value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
	return 0;
}

static int read_numbers(const struct values *v, struct build_mount *mount, struct error *e)
{
	mode_t mode;

	mount->mode = mount->kind == BUILD_MOUNT_CACHE ? 0755 : mount->kind == BUILD_MOUNT_SECRET ? 0400 : 0600;
	if (v->of[MODE]) {
		if (mode_parse(v->of[MODE], &mode))
			return error_set(e, ERROR_SPEC, "mode=%s is no octal mode", v->of[MODE]);
		mount->mode = mode;
	}
	if ((v->of[UID] && number_parse(v->of[UID], 0, UINT32_MAX - 1, &mount->uid)) ||
	    (v->of[GID] && number_parse(v->of[GID], 0, UINT32_MAX - 1, &mount->gid)))
		return error_set(e, ERROR_SPEC, "uid and gid are numbers");
	if (v->of[SIZE] && size_parse(v->of[SIZE], &mount->size))
		return error_set(e, ERROR_SPEC, "size=%s is no size: write 64m", v->of[SIZE]);
	return 0;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Names and paths, with what is meant where they are not said. */
static int read_names(const struct values *v, const char *working_dir, struct build_mount *mount, struct error *e)
{
	const char *target = v->of[TARGET], *id = v->of[ID]                           ? v->of[ID]
						  : mount->kind == BUILD_MOUNT_SECRET ? v->of[SOURCE]
										      : NULL;

	if (target && *target)
		mount->target = build_path_absolute(working_dir, target);
	if (mount->target && strcmp(mount->target, "/") == 0)
		return error_set(e, ERROR_SPEC, "nothing can be mounted on /");
	if (!mount->target && mount->kind <= BUILD_MOUNT_TMPFS)
		return error_set(e, ERROR_SPEC, "a mount of type %s needs a \"target\"", kinds[mount->kind]);
	if (mount->kind == BUILD_MOUNT_SECRET && v->of[ID] && v->of[SOURCE])
		return error_set(e, ERROR_SPEC, "\"id\" and \"source\" of a secret say the same");
	if (mount->kind == BUILD_MOUNT_BIND || mount->kind == BUILD_MOUNT_CACHE)
		mount->source = build_path_relative(v->of[SOURCE] ? v->of[SOURCE] : "");
	if (!id || !*id)
		id = mount->kind == BUILD_MOUNT_SSH     ? "default"
		     : !mount->target                   ? NULL
		     : mount->kind == BUILD_MOUNT_CACHE ? mount->target
							: last_name(mount->target);
	if (mount->kind == BUILD_MOUNT_SECRET && !id)
		return error_set(e, ERROR_SPEC, "a secret needs an \"id\"");
	if (mount->kind >= BUILD_MOUNT_SECRET || mount->kind == BUILD_MOUNT_CACHE)
		mount->id = alloc_copy(id);
	if (v->of[ENV]) {
		if (!*v->of[ENV] || strpbrk(v->of[ENV], "= \t"))
			return error_set(e, ERROR_SPEC, "env=%s is no name of a variable", v->of[ENV]);
		mount->environment = alloc_copy(v->of[ENV]);
	}
	if (!mount->target && mount->kind == BUILD_MOUNT_SECRET && !mount->environment)
		mount->target = text_format("/run/secrets/%s", last_name(id));
	return 0;
}

static int fill(const struct values *v, const struct build_file *file, size_t before, const char *working_dir,
		struct build_mount *mount, struct error *e)
{
	bool is_written = false;
	int sharing = v->of[SHARING] ? word_of(sharings, v->of[SHARING]) : BUILD_SHARING_SHARED;

	if (sharing < 0)
		return error_set(e, ERROR_SPEC, "sharing is shared, private or locked, not \"%s\"", v->of[SHARING]);
	mount->sharing = (enum build_sharing)sharing;
	mount->from.kind = mount->kind == BUILD_MOUNT_BIND ? BUILD_FROM_CONTEXT : BUILD_FROM_SCRATCH;
	if (v->of[FROM] && build_from_find(file, v->of[FROM], before, &mount->from, e))
		return error_in(e, "from=%s", v->of[FROM]);
	mount->read_only = mount->kind == BUILD_MOUNT_BIND;
	if (read_bool(v, READ_ONLY, "readonly", &mount->read_only, e) ||
	    read_bool(v, READ_WRITE, "rw", &is_written, e) ||
	    read_bool(v, REQUIRED, "required", &mount->is_required, e))
		return -1;
	if (v->of[READ_WRITE])
		mount->read_only = !is_written;
	return read_numbers(v, mount, e) || read_names(v, working_dir, mount, e) ? -1 : 0;
}

int build_mount_parse(const char *text, const struct build_expand *x, const struct build_file *file, size_t before,
		      const char *working_dir, struct build_mount *ret, struct error *e)
{
	autofree char *copy = alloc_copy(text);
	char *state = copy, *field;
	struct values v = { 0 };
	int result = 0, kind;

	ret->from.stage = BUILD_NO_STAGE;
	while (result == 0 && (field = strsep(&state, ",")))
		result = read_field(field, x, &v, e);
	if (result == 0 && !x) {
		/* What is needed is all that can be known yet. */
		if (v.of[FROM])
			result = build_from_find(file, v.of[FROM], before, &ret->from, e);
	} else if (result == 0) {
		kind = v.of[TYPE] ? word_of(kinds, v.of[TYPE]) : BUILD_MOUNT_BIND;
		if (kind < 0)
			result = error_set(e, ERROR_SPEC, "the type is bind, cache, tmpfs, secret or ssh, not \"%s\"",
					   v.of[TYPE]);
		else {
			ret->kind = (enum build_mount_kind)kind;
			result = check_kinds(&v, ret->kind, e) || fill(&v, file, before, working_dir, ret, e) ? -1 : 0;
		}
	}
	values_release(&v);
	return result ? error_in(e, "--mount=%s", text) : 0;
}
