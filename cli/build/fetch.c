/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - sources of ADD that come over the network.
 */
#include "cli/build/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/build/repository.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/fetch_request.h"
#include "specs/build_git.h"

bool build_is_offline(const struct build_work *work)
{
	return text_equal(work->options->network, "none");
}

int build_network_check(const struct build_work *work, struct error *e)
{
	if (!build_is_offline(work))
		return 0;
	error_set(e, ERROR_DENIED, "it is not here, and --network none lets nothing be fetched");
	return error_hint(e, "a build without --network none, of what is pinned, leaves it in the cache");
}

int build_fetch_check(const struct build_step *step, struct error *e)
{
	for (size_t i = 0; i < step->source_count; i++) {
		const char *url = step->sources[i].path, *host = strstr(url, "://"), *at = host ? strchr(host + 3, '@') : NULL;

		if (step->sources[i].kind != BUILD_SOURCE_URL || !at || at > host + 3 + strcspn(host + 3, "/?#"))
			continue;
		error_set(e, ERROR_SPEC, "ADD of an address with a user or password: they would stand in the image's history");
		return error_hint(e, "RUN --mount=type=secret,id=ID with curl; box build --secret id=ID,src=FILE");
	}
	return 0;
}

/* What is known of a source's content, to be freed: a digest, or a commit. NULL: nothing. */
static char *known(const struct stage *stage, const struct build_step *step, size_t source)
{
	autorelease(build_git) struct build_git git = { 0 };
	struct error ignored = { 0 };

	if (stage->fetched && stage->fetched[source])
		return alloc_copy(stage->fetched[source]);
	if (step->sources[source].kind == BUILD_SOURCE_URL)
		return alloc_copy(step->checksum);
	(void)build_git_parse(step->sources[source].path, &git, &ignored); /* the plan has no other */
	return git.is_commit ? alloc_copy(git.ref) : NULL;
}

bool build_fetch_needed(const struct stage *stage, size_t *ret_source)
{
	const struct build_step *step = &stage->plan.steps[stage->next];

	for (size_t i = 0; i < step->source_count; i++) {
		autofree char *what = step->sources[i].kind == BUILD_SOURCE_PATH ? NULL : known(stage, step, i);

		if (step->sources[i].kind == BUILD_SOURCE_PATH || what)
			continue;
		*ret_source = i;
		return true;
	}
	return false;
}

char *build_fetch_source(struct build_work *work, const struct stage *stage, size_t source, struct error *e)
{
	const struct build_step *step = &stage->plan.steps[stage->next];
	const char *words = step->sources[source].path;
	char *what = build_network_check(work, e)                   ? NULL
		     : step->sources[source].kind == BUILD_SOURCE_GIT ? build_repository_resolve(work, words, e)
								      : fetch_request(work->call->places, words, NULL, e);

	if (!what) {
		autofree char *about = build_step_words(work, step);

		(void)error_in(e, "%s", about);
	}
	return what;
}

void build_fetch_take(struct build_work *work, struct stage *stage, size_t source, const char *what)
{
	const struct build_step *step = &stage->plan.steps[stage->next];

	if (!stage->fetched) {
		stage->fetched = alloc_zeroed(step->source_count, sizeof *stage->fetched);
		stage->fetched_count = step->source_count;
	}
	free(stage->fetched[source]);
	stage->fetched[source] = alloc_copy(what);
	if (work->verify)
		return; /* it was told the first time */
	log_warning("%s:%lld: ADD %s is not reproducible: its content can change; pin it with %s%s", work->file_name, (long long)step->line,
		    step->sources[source].path, step->sources[source].kind == BUILD_SOURCE_GIT ? "#" : "--checksum=", what);
}

/* As a provenance has it: the digest, and where it is from. */
static void add_material(struct build_work *work, const struct build_source *source, const char *what)
{
	autorelease(build_git) struct build_git git = { 0 };
	struct error ignored = { 0 };
	bool is_git = source->kind == BUILD_SOURCE_GIT && build_git_parse(source->path, &git, &ignored) == 0;
	autofree char *address = build_public_address(is_git ? git.url : source->path);
	/* "git@host:x.git" has no scheme of its own. */
	autofree char *line = is_git ? text_format("gitCommit:%s git+%s%s", what, strstr(git.url, "://") ? "" : "ssh://", address)
				     : text_format("%s %s", what, address);

	if (!list_has(&work->materials, line))
		list_add(&work->materials, line);
}

void build_fetch_describe(struct build_work *work, const struct stage *stage, const struct build_step *step, struct text *ret)
{
	for (size_t i = 0; i < step->source_count; i++) {
		autofree char *what = step->sources[i].kind == BUILD_SOURCE_PATH ? NULL : known(stage, step, i);

		if (!what)
			continue;
		text_addf(ret, "address %s\n", what);
		add_material(work, &step->sources[i], what);
	}
}

int build_fetch_layers(struct build_work *work, const struct stage *stage, const struct build_step *step, size_t source, struct list *ret,
		       struct error *e)
{
	autofree char *commit = known(stage, step, source);

	return build_repository_checkout(work, step, step->sources[source].path, commit, ret, e);
}

int build_fetch_open(struct build_work *work, const struct stage *stage, const struct build_step *step, size_t source, struct error *e)
{
	autofree char *digest = known(stage, step, source), *fetched = NULL;
	const char *url = step->sources[source].path;
	int fd = fetch_request_open(work->store, digest);

	if (fd >= 0)
		return fd;
	if (build_network_check(work, e))
		return error_in(e, "fetch %s", url);
	fetched = fetch_request(work->call->places, url, digest, e);
	if (!fetched)
		return -1;
	fd = fetch_request_open(work->store, digest);
	return fd < 0 ? error_sys(e, "open what was fetched from %s", url) : fd;
}

void build_fetch_forget(const struct build_work *work, const struct stage *stage)
{
	const struct build_step *step = &stage->plan.steps[stage->next];

	for (size_t i = 0; i < step->source_count; i++) {
		autofree char *what = step->sources[i].kind == BUILD_SOURCE_URL ? known(stage, step, i) : NULL;

		if (what)
			fetch_request_forget(work->store, what);
	}
}

void build_fetch_release(struct stage *stage)
{
	for (size_t i = 0; i < stage->fetched_count; i++)
		free(stage->fetched[i]);
	free(take_ptr(&stage->fetched));
	stage->fetched_count = 0;
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* The last part of the path; what can be no name of a file is "download". */
char *build_fetch_name(const char *url)
{
	const char *path = strstr(url, "://"), *end, *at;
	struct text name = { 0 };
	bool is_name = true;

	path = path ? path + 3 : url;
	path += strcspn(path, "/?#");
	end = path + strcspn(path, "?#");
	for (at = end; at > path && at[-1] != '/'; at--)
		;
	for (; at < end; at++) {
		int high = *at == '%' && end - at > 2 ? hex_of(at[1]) : -1, low = high >= 0 ? hex_of(at[2]) : -1;
		char c = low >= 0 ? (char)(high << 4 | low) : *at;

		at += low >= 0 ? 2 : 0;
		is_name = is_name && c != '/' && (unsigned char)c >= ' ' && c != 0x7f;
		text_add_char(&name, c);
	}
	if (is_name && name.length && name.length < 256 && strcmp(name.data, ".") != 0 && strcmp(name.data, "..") != 0)
		return text_take(&name);
	text_release(&name);
	return alloc_copy("download");
}
