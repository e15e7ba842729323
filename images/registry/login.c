/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.c - a password is tried and kept, or forgotten.
 */
#include "images/registry/login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/image_name.h"
#include "images/registry/auth_file.h"
#include "images/registry/credential_helper.h"
#include "images/registry/endpoint.h"
#include "images/registry/plan.h"
#include "images/registry/question.h"
#include "specs/auth_document.h"

enum { LIMIT = 1 << 20 };

/* A file that may be missing. */
static int read_file(const char *path, struct text *ret, struct error *e)
{
	struct error failed = { 0 };

	if (file_read(AT_FDCWD, path, LIMIT, ret, &failed) == 0 || failed.sys == ENOENT || failed.sys == ENOTDIR)
		return 0;
	*e = failed;
	return -1;
}

/* The helper that the files name for host; NULL: none. */
static char *find_helper(const struct list *paths, const char *host, struct error *e)
{
	for (size_t i = 0; i < paths->count; i++) {
		autorelease(text) struct text json = { 0 };
		struct credentials credentials = { 0 };
		char *helper = NULL;

		if (read_file(paths->items[i], &json, e))
			return NULL;
		if (json.length && auth_file_look(json.data, json.length, paths->items[i], host, &credentials, &helper, e) < 0)
			return NULL;
		credentials_release(&credentials);
		if (helper)
			return helper;
	}
	return NULL;
}

/* The folder of path, made where that is possible: 0. */
static int make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	/* REGISTRY_AUTH_FILE may be a name alone. */
	autofree char *folder = slash ? alloc_copy_bytes(path, (size_t)(slash - path) + 1) : alloc_copy(".");
	struct error ignored = { 0 };
	int fd = folder_make(folder, 0700, &ignored);

	if (fd >= 0)
		close(fd);
	return fd >= 0 && access(folder, W_OK) == 0 ? 0 : -1;
}

static int change(const char *path, const char *host, const char *auth, struct error *e)
{
	autorelease(text) struct text old = { 0 };
	autorelease(text) struct text new = { 0 };
	int result = read_file(path, &old, e) ? -1 : auth_document_set(old.data, old.length, path, host, auth, &new, e);

	if (result > 0 && file_replace(AT_FDCWD, path, new.data, new.length, 0600, e))
		result = -1;
	if (new.data)
		explicit_bzero(new.data, new.length);
	return result;
}

static int keep(const struct list *paths, const char *host, const struct credentials *credentials, struct list *ret_notes, struct error *e)
{
	autofree char *helper = NULL;
	autofree char *auth = NULL;
	int result = -1;

	helper = find_helper(paths, host, e);
	if (helper) {
		list_addf(ret_notes, "kept by docker-credential-%s", helper);
		return credential_helper_set(helper, host, credentials, e);
	}
	if (e->kind != ERROR_NONE)
		return -1;
	auth = credentials_encode(credentials);
	for (size_t i = 0; i < paths->count; i++) {
		if (make_folder(paths->items[i]))
			continue;
		result = change(paths->items[i], host, auth, e) < 0 ? -1 : 0;
		list_addf(ret_notes, "kept in %s", paths->items[i]);
		explicit_bzero(auth, strlen(auth));
		return result;
	}
	explicit_bzero(auth, strlen(auth));
	return error_set(e, ERROR_DENIED, "keep the password: the folder of no auth.json can be written; set REGISTRY_AUTH_FILE");
}

int login_run(int store, const char *host, const struct credentials *credentials, struct list *ret_notes, struct error *e)
{
	autorelease(plan) struct plan plan = { 0 };
	autorelease(list) struct list paths = { 0 };
	autorelease(text) struct text nothing = { 0 };

	auth_file_paths(&paths);
	if (plan_login(host, credentials, &plan, e) || question_ask(store, &plan, "login", "", &nothing, e))
		return -1;
	return keep(&paths, plan.name.host, credentials, ret_notes, e);
}

int logout_run(const char *host_words, struct list *ret_notes, struct error *e)
{
	autorelease(list) struct list paths = { 0 };
	autofree char *host = image_name_host(host_words, e);
	autofree char *helper = NULL;

	if (!host)
		return -1;
	auth_file_paths(&paths);
	helper = find_helper(&paths, host, e);
	if (e->kind != ERROR_NONE || (helper && credential_helper_set(helper, host, NULL, e)))
		return -1;
	if (helper)
		list_addf(ret_notes, "forgotten by docker-credential-%s", helper);
	for (size_t i = 0; i < paths.count; i++) {
		/* Docker writes docker.io as a URL. */
		const char *keys[] = { host, strcmp(host, "docker.io") == 0 ? "https://index.docker.io/v1/" : host };

		for (size_t k = 0; k < 2; k++) {
			int changed = access(paths.items[i], F_OK) ? 0 : change(paths.items[i], keys[k], NULL, e);

			if (changed < 0)
				return -1;
			if (changed)
				list_addf(ret_notes, "taken out of %s", paths.items[i]);
		}
	}
	if (!ret_notes->count)
		return error_set(e, ERROR_MISSING, "no password is kept for %s", host);
	return 0;
}
