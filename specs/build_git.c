/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_git.c - the address of a git repository.
 */
#include "specs/build_git.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/build_path.h"

enum { URL_LIMIT = 2048, REF_LIMIT = 255, COMMIT = 40 };

void build_git_release(struct build_git *git)
{
	int saved = errno;

	free(git->url);
	free(git->ref);
	free(git->folder);
	*git = (struct build_git){ 0 };
	errno = saved;
}

/* Up to the path: who is asked. */
static int check_host(const char *url, const char *host, size_t length, bool is_ssh, struct error *e)
{
	const char *at = memchr(host, '@', length);

	if (at && (!is_ssh || memchr(host, ':', (size_t)(at - host)))) {
		error_set(e, ERROR_SPEC, "an address with a password in it: it would stand in the image's history");
		return error_hint(e, "fetch it by ssh, with box build --ssh default");
	}
	if (!length || *host == '-' || (at && (at[1] == '-' || at + 1 == host + length)))
		return error_set(e, ERROR_SPEC, "\"%.200s\" names no host", url);
	return 0;
}

static int check_url(const char *url, bool *ret_is_ssh, struct error *e)
{
	static const struct {
		const char *scheme;
		bool is_ssh;
	} schemes[] = { { "https://", false }, { "http://", false }, { "ssh://", true } };
	size_t length = strlen(url);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f || strchr("'\"\\`$;|<>?", url[i]))
			return error_set(e, ERROR_SPEC, "a repository's address has no \"%c\"", (unsigned char)url[i] <= ' ' ? ' ' : url[i]);
	if (length > URL_LIMIT)
		return error_set(e, ERROR_SPEC, "a repository's address of more than %d bytes", URL_LIMIT);
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		const char *host = url + strlen(schemes[i].scheme);

		*ret_is_ssh = schemes[i].is_ssh;
		if (strncasecmp(url, schemes[i].scheme, strlen(schemes[i].scheme)) == 0)
			return check_host(url, host, strcspn(host, "/"), *ret_is_ssh, e);
	}
	*ret_is_ssh = true;
	if (!strstr(url, "://") && text_starts(url, "git@") && strchr(url, ':'))
		return check_host(url, url, strcspn(url, ":"), /* is_ssh= */ true, e);
	error_set(e, ERROR_SPEC, "\"%.200s\": a repository is fetched by https, http or ssh", url);
	return error_hint(e, "nobody vouches for what git:// brings: write https:// in its place");
}

/* C07 of attacks.md: what begins with "-" is an option to somebody; ".." is a range. */
static int check_ref(const char *ref, struct error *e)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_./+-";

	if (*ref && *ref != '-' && *ref != '/' && strlen(ref) <= REF_LIMIT && !ref[strspn(ref, allowed)] && !strstr(ref, "..") &&
	    !text_ends(ref, ".lock") && !text_ends(ref, "/"))
		return 0;
	return error_set(e, ERROR_SPEC, "\"%.100s\" is no name of a branch, tag or commit", ref);
}

static bool has_parent(const char *path)
{
	for (; *path; path += strcspn(path, "/"), path += *path == '/')
		if (strcspn(path, "/") == 2 && path[0] == '.' && path[1] == '.')
			return true;
	return false;
}

int build_git_parse(const char *words, struct build_git *ret, struct error *e)
{
	const char *mark = strchr(words, '#'), *colon = mark ? strchr(mark, ':') : NULL;
	struct build_git git = { 0 };

	git.url = alloc_copy_bytes(words, mark ? (size_t)(mark - words) : strlen(words));
	git.ref = mark ? alloc_copy_bytes(mark + 1, colon ? (size_t)(colon - mark - 1) : strlen(mark + 1)) : alloc_copy("");
	if (!*git.ref) {
		free(git.ref);
		git.ref = alloc_copy("HEAD");
	}
	git.is_commit = strlen(git.ref) == COMMIT && strspn(git.ref, "0123456789abcdef") == COMMIT;
	git.folder = build_path_relative(colon ? colon + 1 : "");
	if (colon && has_parent(colon + 1))
		error_set(e, ERROR_SPEC, "\"%.200s\" leads out of the repository", colon + 1);
	else if (check_url(git.url, &git.is_ssh, e) == 0 && check_ref(git.ref, e) == 0) {
		*ret = git;
		return 0;
	}
	build_git_release(&git);
	return -1;
}

int build_git_check(const char *words, struct error *e)
{
	struct build_git git = { 0 };
	int result = build_git_parse(words, &git, e);

	build_git_release(&git);
	return result;
}
