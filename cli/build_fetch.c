/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_fetch.c - sources of ADD that come over the network.
 */
#include "cli/build_fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/build_work.h"
#include "cli/commands.h"
#include "images/fetch_request.h"

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

/* What is known of a source's content; NULL: nothing. */
static const char *known(const struct stage *stage, const struct build_step *step, size_t source)
{
	return step->checksum ? step->checksum : stage->fetched ? stage->fetched[source] : NULL;
}

bool build_fetch_needed(const struct stage *stage, size_t *ret_source)
{
	const struct build_step *step = &stage->plan.steps[stage->next];

	for (size_t i = 0; i < step->source_count; i++) {
		if (step->sources[i].kind != BUILD_SOURCE_URL || known(stage, step, i))
			continue;
		*ret_source = i;
		return true;
	}
	return false;
}

char *build_fetch_source(struct build_work *work, const struct stage *stage, size_t source, struct error *e)
{
	const struct build_step *step = &stage->plan.steps[stage->next];
	char *digest = fetch_request(work->call->places, step->sources[source].path, NULL, e);

	if (!digest) {
		autofree char *words = build_step_words(work, step);

		(void)error_in(e, "%s", words);
	}
	return digest;
}

void build_fetch_take(struct build_work *work, struct stage *stage, size_t source, const char *what)
{
	const struct build_step *step = &stage->plan.steps[stage->next];

	if (!stage->fetched)
		stage->fetched = alloc_zeroed(step->source_count, sizeof *stage->fetched);
	free(stage->fetched[source]);
	stage->fetched[source] = alloc_copy(what);
	log_warning("%s:%lld: ADD %s is not reproducible: its content can change; pin it with --checksum=%s", work->file_name,
		    (long long)step->line, step->sources[source].path, what);
}

void build_fetch_describe(const struct stage *stage, const struct build_step *step, struct text *ret)
{
	for (size_t i = 0; i < step->source_count; i++)
		if (step->sources[i].kind == BUILD_SOURCE_URL)
			text_addf(ret, "address %s\n", known(stage, step, i));
}

int build_fetch_open(struct build_work *work, const struct stage *stage, const struct build_step *step, size_t source, struct error *e)
{
	const char *digest = known(stage, step, source), *url = step->sources[source].path;
	autofree char *fetched = NULL;
	int fd = fetch_request_open(work->store, digest);

	if (fd >= 0)
		return fd;
	fetched = fetch_request(work->call->places, url, digest, e);
	if (!fetched)
		return -1;
	fd = fetch_request_open(work->store, digest);
	return fd < 0 ? error_sys(e, "open what was fetched from %s", url) : fd;
}

void build_fetch_forget(const struct build_work *work, struct stage *stage)
{
	const struct build_step *step = &stage->plan.steps[stage->next];

	for (size_t i = 0; i < step->source_count; i++) {
		if (step->sources[i].kind == BUILD_SOURCE_URL && known(stage, step, i))
			fetch_request_forget(work->store, known(stage, step, i));
		if (stage->fetched)
			free(stage->fetched[i]);
	}
	free(take_ptr(&stage->fetched));
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
