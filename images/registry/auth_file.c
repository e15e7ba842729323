/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_file.c - who the caller is at a registry.
 *
 * A host gets what is written for that very host and port. Nothing is tried that might be for somebody else (CVE-2021-41092): where a
 * helper is named and fails, the pull fails.
 */
#include "images/registry/auth_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/image_name.h"
#include "images/registry/credential_helper.h"
#include "images/registry/endpoint.h"
#include "specs/field.h"

enum { LIMIT = 1 << 20 };

struct entry {
	char *key; /* "quay.io", "quay.io/team", "https://index.docker.io/v1/" */
	char *auth, *identity;
};

struct document {
	struct entry *entries;
	size_t count;
	struct list helpers; /* "HOST=NAME" */
	char *store;
};

static const struct field entry_fields[] = {
	{ "auth", FIELD_TEXT, offsetof(struct entry, auth), .flags = FIELD_OPEN | FIELD_HIDDEN, .help = "base64 of USER:PASSWORD" },
	{ "identitytoken", FIELD_TEXT, offsetof(struct entry, identity), .flags = FIELD_HIDDEN, .help = "a refresh token" },
	{ 0 },
};

static const struct field document_fields[] = {
	{ "auths", FIELD_OBJECT_MAP, offsetof(struct document, entries), .flags = FIELD_OPEN, .sub = entry_fields,
	  .size = sizeof(struct entry), .count_offset = offsetof(struct document, count), .help = "by registry" },
	{ "credHelpers", FIELD_MAP, offsetof(struct document, helpers), .help = "programs by registry" },
	{ "credsStore", FIELD_TEXT, offsetof(struct document, store), .help = "the program for all others" },
	{ 0 },
};

static char *below(const char *variable, const char *fallback, const char *rest)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	if (base && base[0] == '/')
		return text_format("%s/%s", base, rest);
	return fallback && home && home[0] == '/' ? text_format("%s/%s/%s", home, fallback, rest) : NULL;
}

void auth_file_paths(struct list *ret)
{
	const char *named = getenv("REGISTRY_AUTH_FILE");
	char *paths[3];

	if (named && *named) {
		/* As it is from here: the process goes elsewhere later, for its sandboxes. */
		autofree char *here = named[0] == '/' ? NULL : getcwd(NULL, 0);

		list_addf(ret, "%s%s%s", here ? here : "", here ? "/" : "", named);
		return;
	}
	paths[0] = below("XDG_RUNTIME_DIR", NULL, "containers/auth.json");
	if (!paths[0])
		paths[0] = text_format("/run/containers/%u/auth.json", geteuid());
	paths[1] = below("XDG_CONFIG_HOME", ".config", "containers/auth.json");
	paths[2] = below("DOCKER_CONFIG", ".docker", "config.json");
	for (size_t i = 0; i < 3; i++)
		if (paths[i])
			list_take(ret, paths[i]);
}

/* "user:password" from base64. Podman and docker write "<token>" where the password is a refresh token. */
static int decode(const char *auth, const char *path, struct credentials *ret, struct error *e)
{
	size_t length = strlen(auth);
	autofree unsigned char *plain = alloc_zeroed(1, length / 4 * 3 + 4);
	int got = length && length % 4 == 0 ? EVP_DecodeBlock(plain, (const unsigned char *)auth, (int)length) : -1;
	char *colon = got > 0 ? strchr((char *)plain, ':') : NULL;

	if (!colon)
		return error_set(e, ERROR_SPEC, "read %s: an \"auth\" in it is no base64 of USER:PASSWORD", path);
	*colon = '\0';
	ret->user = alloc_copy((char *)plain);
	ret->password = alloc_copy(colon + 1);
	explicit_bzero(plain, (size_t)got);
	return 0;
}

/* How much of name the key stands for; 0: it is for something else. */
static size_t fits(const char *key, const char *name)
{
	struct error ignored = { 0 };
	autofree char *host = image_name_host(key, &ignored);
	size_t length, scheme = text_starts(key, "https://") ? 8 : text_starts(key, "http://") ? 7 : 0;
	const char *slash = strchr(key + scheme, '/');

	if (!host)
		return 0;
	length = strlen(host);
	if (strncmp(host, name, length) != 0 || (name[length] && name[length] != '/'))
		return 0;
	/* "https://index.docker.io/v1/" is all of docker.io; "quay.io/team" is not all of quay.io. */
	if (!slash || scheme || strcmp(slash, "/") == 0)
		return length;
	return strncmp(slash, name + length, strlen(slash)) == 0 && (!name[length + strlen(slash)] || name[length + strlen(slash)] == '/')
		       ? length + strlen(slash)
		       : 0;
}

static const struct entry *find_entry(const struct document *document, const char *name)
{
	const struct entry *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < document->count; i++) {
		size_t length = fits(document->entries[i].key, name);

		if (length > longest && (document->entries[i].auth || document->entries[i].identity)) {
			longest = length;
			best = &document->entries[i];
		}
	}
	return best;
}

static const char *find_helper(const struct document *document, const char *name)
{
	for (size_t i = 0; i < document->helpers.count; i++) {
		const char *item = document->helpers.items[i], *equals = strchr(item, '=');
		autofree char *key = equals ? alloc_copy_bytes(item, (size_t)(equals - item)) : NULL;

		if (key && fits(key, name))
			return equals + 1;
	}
	return NULL;
}

static int take_entry(const struct entry *entry, const char *path, struct credentials *ret, struct error *e)
{
	if (entry->auth && *entry->auth && decode(entry->auth, path, ret, e))
		return -1;
	if (entry->identity && *entry->identity)
		ret->identity = alloc_copy(entry->identity);
	return ret->password || ret->identity;
}

int auth_file_look(const char *json, size_t length, const char *path, const char *name, struct credentials *ret, char **ret_helper,
		   struct error *e)
{
	struct document document = { 0 };
	const struct entry *entry;
	const char *helper;
	int result = 0;

	if (field_decode_text(json, length, path, document_fields, &document, e)) {
		field_release(document_fields, &document);
		return error_in(e, "read %s", path);
	}
	helper = find_helper(&document, name);
	entry = find_entry(&document, name);
	if (!helper && !entry)
		helper = document.store;
	if (helper && *helper) {
		*ret_helper = alloc_copy(helper);
		result = 1;
	} else if (entry) {
		result = take_entry(entry, path, ret, e);
	}
	for (size_t i = 0; i < document.count; i++)
		if (document.entries[i].auth)
			explicit_bzero(document.entries[i].auth, strlen(document.entries[i].auth));
	field_release(document_fields, &document);
	return result;
}

/* 1: it is there; 0: it is not. */
static int read_one(const char *path, struct text *ret, struct stat *st, struct error *e)
{
	autoclose int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0) {
		bool is_link = errno == ELOOP;

		error_sys(e, "open the file with passwords %s", path);
		return is_link ? error_hint(e, "it is a symbolic link, which box does not follow here: name the file by REGISTRY_AUTH_FILE") : -1;
	}
	if (fstat(fd, st))
		return error_sys(e, "look at %s", path);
	if (!S_ISREG(st->st_mode) || (st->st_uid != geteuid() && st->st_uid != 0))
		return error_set(e, ERROR_DENIED, "read passwords from %s: it is no regular file of this user or of root", path);
	return file_read_fd(fd, path, LIMIT, ret, e) ? -1 : 1;
}

/* A password that others could read is not used: they could have written it, or will have read it. */
static int check_mode(const char *path, const struct stat *st, struct error *e)
{
	if (!(st->st_mode & 077))
		return 0;
	error_set(e, ERROR_DENIED, "read passwords from %s: its mode is %04o, so that other users can read them", path,
		  (unsigned)(st->st_mode & 07777));
	return error_hint(e, "chmod 600 %s", path);
}

int auth_find(const char *name, struct credentials *ret, struct error *e)
{
	autorelease(list) struct list paths = { 0 };

	auth_file_paths(&paths);
	for (size_t i = 0; i < paths.count; i++) {
		autorelease(text) struct text json = { 0 };
		autofree char *helper = NULL;
		struct stat st = { 0 };
		int found = read_one(paths.items[i], &json, &st, e);

		if (found > 0)
			found = auth_file_look(json.data ? json.data : "", json.length, paths.items[i], name, ret, &helper, e);
		if (json.data)
			explicit_bzero(json.data, json.length);
		if (found > 0 && !helper)
			return check_mode(paths.items[i], &st, e);
		if (found > 0)
			found = credential_helper_get(helper, name, ret, e);
		if (found)
			return found < 0 ? -1 : 0;
	}
	return 0;
}
