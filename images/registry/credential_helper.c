/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_helper.c - programs that keep passwords.
 *
 * They run outside the sandbox as what the caller is, so a registry must have no say in what is run: the program's name comes from the
 * caller's own file and is checked, and the one thing that it is told is the host that the caller named.
 */
#include "images/registry/credential_helper.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/process.h"
#include "base/text.h"
#include "images/registry/endpoint.h"
#include "specs/field.h"

enum { TIMEOUT_MS = 60000 };

struct reply {
	char *user, *secret;
};

static const struct field reply_fields[] = {
	{ "Username", FIELD_TEXT, offsetof(struct reply, user), .flags = FIELD_OPEN, .help = "who" },
	{ "Secret", FIELD_TEXT, offsetof(struct reply, secret), .flags = FIELD_HIDDEN, .help = "the password" },
	{ 0 },
};

/* The program's absolute path. */
static char *find(const char *helper, struct error *e)
{
	autofree char *name = text_format("docker-credential-%s", helper);
	char *program;

	if (!*helper || helper[strspn(helper, "abcdefghijklmnopqrstuvwxyz0123456789-")]) {
		error_set(e, ERROR_SPEC, "\"%.60s\" is no name of a credential helper: expected a-z, 0-9 and \"-\"", helper);
		return NULL;
	}
	program = process_find(name);
	if (program)
		return program;
	error_set(e, ERROR_MISSING, "find the credential helper %s: it is not in PATH", name);
	return NULL;
}

/* Input that is no file of anybody. */
static int input_of(const char *text, struct error *e)
{
	int fd = file_in_memory("credentials", text, strlen(text));

	return fd >= 0 ? fd : error_sys(e, "write for a credential helper");
}

static int run(const char *helper, const char *verb, const char *words, struct text *out, struct error *e)
{
	autofree char *program = find(helper, e);
	autoclose int input = program ? input_of(words, e) : -1;
	char *argv[] = { program, (char *)(uintptr_t)verb, NULL }; /* only read */
	const struct process_run request = { .argv = argv, .environment = environ, .input = input, .timeout_ms = TIMEOUT_MS };

	return input < 0 ? -1 : process_run(&request, out, e);
}

/* Helpers know docker.io by the URL that docker gives it. */
static char *server_of(const char *name)
{
	size_t length = strcspn(name, "/");

	return length == 9 && strncmp(name, "docker.io", 9) == 0 ? alloc_copy("https://index.docker.io/v1/") : alloc_copy_bytes(name, length);
}

int credential_helper_get(const char *helper, const char *name, struct credentials *ret, struct error *e)
{
	autofree char *server = server_of(name);
	autorelease(text) struct text out = { 0 };
	struct reply reply = { 0 };
	struct error failed = { 0 };
	int result;

	if (run(helper, "get", server, &out, &failed)) {
		/* The one failure that is an answer; the sentence is part of the protocol. */
		if (out.data && strstr(out.data, "credentials not found"))
			return 0;
		*e = failed;
		error_hint(e, "box sends no other password in its place; mend it, or take docker-credential-%s out of the configuration", helper);
		return error_in(e, "get the password for %s", server);
	}
	result = field_decode_text(out.data ? out.data : "", out.length, "its answer", reply_fields, &reply, e);
	if (out.data)
		explicit_bzero(out.data, out.length);
	if (result == 0 && (!reply.user || !reply.secret))
		result = error_set(e, ERROR_SPEC, "its answer holds no Username and Secret");
	if (result == 0 && strcmp(reply.user, "<token>") == 0) {
		ret->identity = take_ptr(&reply.secret);
	} else if (result == 0) {
		ret->user = take_ptr(&reply.user);
		ret->password = take_ptr(&reply.secret);
	}
	field_release(reply_fields, &reply);
	return result ? error_in(e, "get the password for %s from docker-credential-%s", server, helper) : 1;
}

int credential_helper_set(const char *helper, const char *host, const struct credentials *credentials, struct error *e)
{
	autofree char *server = server_of(host);
	autorelease(text) struct text words = { 0 };
	int result;

	if (!credentials) {
		result = run(helper, "erase", server, NULL, e);
		return result ? error_in(e, "forget the password for %s", server) : 0;
	}
	text_add(&words, "{");
	json_add_key(&words, "ServerURL");
	json_add_text(&words, server);
	json_add_key(&words, "Username");
	json_add_text(&words, credentials->user);
	json_add_key(&words, "Secret");
	json_add_text(&words, credentials->password);
	text_add(&words, "}");
	result = run(helper, "store", words.data, NULL, e);
	explicit_bzero(words.data, words.length);
	return result ? error_in(e, "keep the password for %s", server) : 0;
}
