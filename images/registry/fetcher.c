/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher.c - the process that talks to a registry.
 */
#include "images/registry/fetcher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/digest.h"
#include "images/registry/referrers.h"
#include "images/registry/registry.h"
#include "images/unpack/wire.h"

static int into_pipe(const char *bytes, size_t length, void *data, struct error *e)
{
	const int *pipe = data;

	/* Whoever reads has closed it where there is more than there may be; it knows why. */
	return write_all(*pipe, bytes, length) ? error_sys(e, "hand the bytes on") : 0;
}

/* The address that every registry has, and that those with users give to users alone. */
static int log_in(struct registry *registry, struct error *e)
{
	const struct registry_call call = { .path = "", .body_fd = -1 };
	autorelease(http_answer) struct http_answer answer = { 0 };

	if (registry_call(registry, &call, &answer, e))
		return -1;
	return answer.status == 200 ? 0 : registry_refused(registry, &answer, NULL, e);
}

/* Whatever the registry says of them is read here. */
static int list_referrers(struct registry *registry, const char *name, int pipe, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	struct digest subject;

	if (digest_parse(name, &subject))
		return error_set(e, ERROR_INTERNAL, "\"%.100s\" is no digest", name);
	return referrers_list(registry, registry_repository(registry), &subject, &json, e) ? -1 : into_pipe(json.data, json.length, &pipe, e);
}

static int fetch(struct registry *registry, const struct wire_message *question, int pipe, struct wire_message *answer)
{
	const char *space = strchr(question->text, ' ');
	struct registry_fetch fetch = { .name = space ? space + 1 : "", .offset = question->number, .sink = into_pipe, .data = &pipe };
	int result;

	if (strncmp(question->text, "login ", 6) == 0)
		return log_in(registry, &answer->error);
	if (strncmp(question->text, "referrers ", 10) == 0)
		return list_referrers(registry, fetch.name, pipe, &answer->error);
	fetch.only_asks = strncmp(question->text, "called ", 7) == 0;
	fetch.is_manifest = fetch.only_asks || strncmp(question->text, "manifest ", 9) == 0;
	result = registry_get(registry, &fetch, &answer->error);
	(void)snprintf(answer->text, sizeof answer->text, "%.300s\n%.300s", fetch.media_type ? fetch.media_type : "",
		       fetch.digest ? fetch.digest : ""); /* always fits */
	free(fetch.media_type);
	free(fetch.digest);
	return result;
}

int fetcher_run(int channel, void *data)
{
	struct registry *registry = registry_new(data);
	struct wire_message question;
	struct error e = { 0 };
	int got;

	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(2) */
	for (;;) {
		struct wire_message answer = { .op = WIRE_ANSWER };
		int pipe = -1;

		got = wire_receive(channel, &question, &pipe, &e);
		if (got != 1 || question.op != WIRE_FETCH || pipe < 0) {
			if (pipe >= 0)
				close(pipe);
			break;
		}
		if (fetch(registry, &question, pipe, &answer))
			answer.op = WIRE_FAIL;
		close(pipe); /* before the answer: who has read to the end finds it there */
		if (wire_send(channel, &answer, -1, &e))
			break;
	}
	registry_free(registry);
	return got == 0 ? 0 : 1;
}
