/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.c - one message of a box, taken apart, and its verb.
 */
#include "runtime/network/router/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/network/router/hooks.h"
#include "runtime/network/router/router.h"

static void split(const char *line, size_t length, struct list *ret)
{
	for (size_t at = 0; at < length;) {
		size_t word = strcspn(line + at, " \n");

		if (word > length - at)
			word = length - at;
		if (word)
			list_take(ret, alloc_copy_bytes(line + at, word));
		at += word + 1;
	}
}

void request_parse(const char *message, struct request *ret)
{
	size_t length = strcspn(message, "\n");

	split(message, length, &ret->words);
	for (message += length; *message; message += length) {
		struct list *line = NULL;

		length = strcspn(++message, "\n");
		if (strspn(message, " ") >= length)
			continue; /* every line has a first word */
		line = alloc_append(&ret->lines, &ret->line_count, sizeof *line);
		*line = (struct list){ 0 };
		split(message, length, line);
	}
}

void request_release(struct request *request)
{
	for (size_t i = 0; i < request->line_count; i++)
		list_release(&request->lines[i]);
	free(request->lines);
	list_release(&request->words);
	for (size_t i = 0; i < request->fds.count; i++)
		if (request->fds.fds[i] >= 0)
			close(request->fds.fds[i]);
	control_fds_close(&request->given);
	*request = (struct request){ 0 };
}

int request_take(struct request *request, size_t at)
{
	return at < request->fds.count ? take_fd(&request->fds.fds[at]) : -1;
}

static const struct verb {
	const char *name;
	size_t words; /* so many, with the verb */
	request_verb *act;
} verbs[] = {
	{ "prepare", 3, request_prepare },
	{ "join", 2, request_join },
	{ "publish", 2, request_publish },
	{ "withdraw", 2, request_withdraw },
	{ "ports", 3, request_ports },
	{ "live", 2, request_live },
	{ "keep", 2, request_keep },
	{ "leave", 2, request_leave },
	{ "switch", 2, request_switch },
	{ "hold", 3, request_hold },
	{ "flows", 2, request_flows },
	{ "show", 1, request_show },
};

static int act(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	for (size_t i = 0; request->words.count && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, request->words.items[0]) == 0 && verbs[i].words == request->words.count)
			return network_step(verbs[i].name, e) || verbs[i].act(r, request, answer, e) ? -1 : 0;
	return error_set(e, ERROR_UNSUPPORTED, "ask the network %s: this box-net does not know \"%.40s\"", r->run.name,
			 request->words.count ? request->words.items[0] : "");
}

bool router_answer(struct router *r, int connection)
{
	autorelease(text) struct text message = { 0 }, answer = { 0 }, more = { 0 };
	struct request request = { .connection = connection };
	struct error e = { 0 };
	int got = control_try_receive(connection, &message, &request.fds, &e);

	if (got <= 0)
		return got < 0 && e.sys == EAGAIN;
	request_parse(message.data, &request);
	if (act(r, &request, &more, &e)) {
		control_fds_close(&request.given);
		control_add_failure(&e, &answer);
	} else {
		text_add(&answer, "ok");
		if (more.length)
			text_add_bytes(&answer, more.data, more.length);
	}
	error_clear(&e);
	/* It would arrive cut, and half an address is another address. */
	if (answer.length >= CONTROL_MOST) {
		control_fds_close(&request.given);
		text_clear(&answer);
		error_set(&e, ERROR_UNSUPPORTED, "answer in the network %s: that is longer than %d bytes", r->run.name, CONTROL_MOST);
		control_add_failure(&e, &answer);
		error_clear(&e);
	}
	got = control_send(connection, answer.data, &request.given, &e);
	request_release(&request);
	return got == 0;
}
