/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_request.c - one call of box-image, as box makes it.
 */
#include "images/image_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/isolation.h"
#include "base/number.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "images/unpack_answer.h"

enum { ANSWER_LIMIT = 1 << 20 };

struct listener {
	const struct image_request *request;
	struct text line;   /* what has come of one */
	struct text answer; /* everything from the first line on that is no progress */
};

/* "blob DIGEST AT SIZE\n" */
static void take_progress(const struct listener *listener, char *line)
{
	char *digest = line + strlen("blob "), *at, *size;
	int64_t have, whole;

	line[strlen(line) - 1] = '\0';
	at = strchr(digest, ' ');
	size = at ? strchr(at + 1, ' ') : NULL;
	if (!size)
		return;
	*at++ = *size++ = '\0';
	if (number_parse(at, 0, INT64_MAX, &have) == 0 && number_parse(size, 0, INT64_MAX, &whole) == 0 && listener->request->progress)
		listener->request->progress(digest, have, whole, listener->request->data);
}

static void hear(const char *bytes, size_t length, void *data)
{
	struct listener *listener = data;

	for (size_t i = 0; i < length; i++) {
		text_add_char(&listener->line, bytes[i]);
		if (bytes[i] != '\n')
			continue;
		if (listener->answer.length || !text_starts(listener->line.data, "blob "))
			text_add_bytes(&listener->answer, listener->line.data, listener->line.length);
		else
			take_progress(listener, listener->line.data);
		text_clear(&listener->line);
	}
	if (listener->answer.length > ANSWER_LIMIT)
		text_clear(&listener->answer);
}

/* Of the caller's environment only what the registry's client reads; credential helpers are the caller's own programs, and get the same. */
static void add_environment(struct list *ret)
{
	static const char *const kept[] = { "HOME", "USER", "LOGNAME", "PATH", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
					    "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG",
					    "CONTAINERS_REGISTRIES_CONF", "SSL_CERT_FILE", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY", "no_proxy", "NO_PROXY", "AWS_PROFILE", "AWS_REGION", "GNUPGHOME", "GPG_TTY",
					    "PASSWORD_STORE_DIR" };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const char *value = getenv(kept[i]);

		if (value)
			list_env_set(ret, kept[i], value);
	}
	/* libcurl reads it in lower case alone, because a CGI program's upper case is a request's header; here nobody else sets it. */
	if (getenv("HTTP_PROXY") && !getenv("http_proxy"))
		list_env_set(ret, "http_proxy", getenv("HTTP_PROXY"));
}

/* Test builds: what closes ways here (layer_mount.c) closes them there too. */
static void add_hooks(struct list *ret)
{
#ifdef BOX_TEST_HOOKS
	const char *closed = getenv("BOX_FAIL_LAYER_WAYS");

	if (closed)
		list_env_set(ret, "BOX_FAIL_LAYER_WAYS", closed);
#else
	(void)ret;
#endif
}

/* How much less it has than elsewhere (base/isolation.h). */
static void add_isolation(struct list *ret)
{
	if (isolation_is_chroot())
		list_env_set(ret, "BOX_LAYERS", "tar");
	if (isolation_has_no_sandbox())
		list_env_set(ret, "BOX_SANDBOX", "chroot");
}

/* Runs it, and takes its answer apart. */
static int ask(const struct image_request *request, char *helper, struct unpack_answer *ret, struct error *e)
{
	struct listener listener = { .request = request };
	autorelease(list) struct list argv = { 0 };
	autorelease(list) struct list environment = { 0 };
	const int kept[] = { request->store, request->source };
	struct process_run run = { .input = request->input ? request->input : -1, .keep = kept, .hear = hear, .data = &listener,
				   .keep_count = request->source ? 2 : request->store ? 1 : 0 };
	int result;

	list_add(&argv, helper);
	for (size_t i = 0; i < request->words->count; i++)
		list_add(&argv, request->words->items[i]);
	if (request->is_online)
		add_environment(&environment);
	add_isolation(&environment);
	add_hooks(&environment);
	run.argv = argv.items;
	run.environment = environment.items;
	result = process_run(&run, NULL, e);
	/* The answer may end without an end of line. */
	text_add_bytes(&listener.answer, listener.line.data ? listener.line.data : "", listener.line.length);
	if (result == 0)
		result = unpack_answer_decode(listener.answer.data ? listener.answer.data : "", listener.answer.length, ret, e);
	text_release(&listener.line);
	text_release(&listener.answer);
	return result && request->attempt ? error_in(e, "%s", request->attempt) : result;
}

int image_request(const struct image_request *request, struct unpack_answer *ret, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer unwanted = { 0 };
	struct unpack_answer *answer = ret ? ret : &unwanted;
	autofree char *helper = places_helper("box-image", e);

	if (!helper || ask(request, helper, answer, e))
		return -1;
	if (request->notes) {
		list_copy(request->notes, &answer->warnings);
		list_release(&answer->warnings);
	}
	return unpack_answer_judge(request->about, answer, e);
}
