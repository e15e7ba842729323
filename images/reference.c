/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.c - what the user named.
 *
 * In "oci:DIR:TAG" the tag begins at the last colon that has no slash behind it, unless the whole text exists as a path: a tag may itself
 * hold a slash and colon ("oci:/images:docker.io/library/debian:12"), so the shortest existing path in front of a colon is tried first.
 */
#include "images/reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

static const char *const kind_names[] = {
	[REFERENCE_FOLDER] = "folder",
	[REFERENCE_TAR] = "tar",
	[REFERENCE_OCI] = "oci",
	[REFERENCE_OCI_ARCHIVE] = "oci-archive",
	[REFERENCE_DOCKER_ARCHIVE] = "docker-archive",
	[REFERENCE_REGISTRY] = "registry",
};

const char *reference_kind_name(enum reference_kind kind)
{
	return kind_names[kind];
}

int reference_kind_of(const char *name)
{
	for (int i = 0; i <= REFERENCE_REGISTRY; i++)
		if (strcmp(kind_names[i], name) == 0)
			return i;
	return -1;
}

/* The first kind whose word and a colon begin text, of those that have a word; -1: none. */
static int prefixed_kind(const char *text, const char **ret_rest)
{
	for (int i = REFERENCE_OCI; i <= REFERENCE_DOCKER_ARCHIVE; i++) {
		size_t length = strlen(kind_names[i]);

		if (strncmp(text, kind_names[i], length) == 0 && text[length] == ':') {
			*ret_rest = text + length + 1;
			return i;
		}
	}
	return -1;
}

/* Splits "PATH:TAG" at the first colon in front of which something exists; else at the last colon behind the last slash. */
static void split_tag(const char *rest, struct reference *ret)
{
	const char *last_slash = strrchr(rest, '/');
	struct stat st;

	if (stat(rest, &st) == 0) {
		ret->path = alloc_copy(rest);
		return;
	}
	for (const char *colon = strchr(rest, ':'); colon; colon = strchr(colon + 1, ':')) {
		char *path = alloc_copy_bytes(rest, (size_t)(colon - rest));
		int found = stat(path, &st) == 0;

		if (found || (colon > last_slash && !strchr(colon + 1, ':'))) {
			ret->path = path;
			ret->tag = colon[1] ? alloc_copy(colon + 1) : NULL;
			return;
		}
		free(path);
	}
	ret->path = alloc_copy(rest);
}

static int plain_path(const char *text, struct reference *ret, struct error *e)
{
	struct stat st;

	if (stat(text, &st)) {
		error_sys(e, "open the root folder or archive %s", text);
		return -1;
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return error_set(e, ERROR_IMAGE, "open %s: it is neither a folder nor a file with a tar in it", text);
	ret->kind = S_ISDIR(st.st_mode) ? REFERENCE_FOLDER : REFERENCE_TAR;
	ret->path = alloc_copy(text);
	return 0;
}

static int registry_name(const char *text, struct reference *ret, struct error *e)
{
	static const char scheme[] = "docker://";

	ret->kind = REFERENCE_REGISTRY;
	return image_name_parse(text_starts(text, scheme) ? text + strlen(scheme) : text, &ret->name, e);
}

int reference_parse(const char *text, struct reference *ret, struct error *e)
{
	struct reference found = { 0 };
	const char *rest;
	int kind = prefixed_kind(text, &rest);

	if (kind < 0) {
		if (text[0] == '/' ? plain_path(text, &found, e) : registry_name(text, &found, e))
			return -1;
	} else {
		if (rest[0] != '/')
			return error_set(e, ERROR_IMAGE, "open %s: the path behind \"%s:\" is not absolute", text,
					 kind_names[kind]);
		found.kind = (enum reference_kind)kind;
		split_tag(rest, &found);
	}
	*ret = found;
	return 0;
}

void reference_release(struct reference *reference)
{
	free(reference->path);
	free(reference->tag);
	image_name_release(&reference->name);
	*reference = (struct reference){ 0 };
}

int reference_open(const struct reference *reference, struct error *e)
{
	const int flags = reference->kind == REFERENCE_OCI ? O_RDONLY | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
	int fd = open(reference->path, flags | O_CLOEXEC);

	return fd >= 0 ? fd : error_sys(e, "open the image %s", reference->path);
}

char *reference_absolute(const char *text)
{
	autofree char *folder = getcwd(NULL, 0);
	const char *rest = text;

	if (prefixed_kind(text, &rest) < 0 && text[0] != '.')
		return alloc_copy(text);
	if (rest[0] == '/' || !folder)
		return alloc_copy(text);
	return text_format("%.*s%s/%s", (int)(rest - text), text, folder, rest);
}
