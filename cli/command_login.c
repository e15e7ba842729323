/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_login.c - box login and box logout.
 *
 * A password comes from a terminal without echo, or from standard input; never from the command line, which every user of the host can
 * read.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "images/image_name.h"
#include "images/login_request.h"

struct options {
	const char *user, *password;
	bool from_stdin;
};

const struct option_row login_options[] = {
	{ 'u', "username", OPTION_TEXT, offsetof(struct options, user), "USER", "who (else it is asked for)" },
	{ 0, "password-stdin", OPTION_FLAG, offsetof(struct options, from_stdin), NULL, "read the password from standard input" },
	{ 'p', "password", OPTION_SECRET, offsetof(struct options, password), "PASSWORD", "refused: other users of this host would see it" },
	REGISTRY_OPTIONS,
	OTHER_OPTION(0, "get-login", "box login prints where passwords are kept"),
	{ 0 },
};

const struct option_row logout_options[] = {
	OTHER_OPTION('a', "all", "each by its name: box logout HOST"),
	REGISTRY_OPTIONS,
	{ 0 },
};

static int read_password(const struct options *options, struct text *user, struct text *password, struct error *e)
{
	bool is_terminal = isatty(STDIN_FILENO);

	if (options->password) {
		error_set(e, ERROR_USAGE, "option --password is refused: other users of this host would see the password");
		return error_hint(e, "box login --username USER --password-stdin HOST < FILE");
	}
	if (!options->from_stdin && !is_terminal)
		return error_set(e, ERROR_USAGE, "login: standard input is no terminal; say --password-stdin where the password comes from it");
	if (options->user)
		text_add(user, options->user);
	else if (options->from_stdin)
		return error_set(e, ERROR_USAGE, "login: --password-stdin needs --username USER");
	else if (prompt_ask("User: ", /* is_secret= */ false, user, e))
		return -1;
	if (options->from_stdin ? prompt_read_line(password, e) : prompt_ask("Password: ", /* is_secret= */ true, password, e))
		return -1;
	if (!user->length || !password->length || strchr(user->data, ':'))
		return error_set(e, ERROR_USAGE, "login: user and password must not be empty, and a user has no \":\"");
	return 0;
}

static void wipe(struct text *text)
{
	if (text->data)
		explicit_bzero(text->data, text->capacity);
	text_release(text);
}

/* The registry that is meant, by its full name. */
static char *choose_host(const struct list *operands, const char *verb, struct error *e)
{
	if (operands->count > 1) {
		error_set(e, ERROR_USAGE, "%s: expected one HOST", verb);
		return NULL;
	}
	return image_name_host(operands->count ? operands->items[0] : "docker.io", e);
}

static int tell(const struct list *notes, const char *host, struct error *e)
{
	autorelease(text) struct text out = { 0 };

	for (size_t i = 0; i < notes->count; i++)
		text_addf(&out, "%s: %s\n", host, notes->items[i]);
	return report_text(&out, e);
}

static int login(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	autofree char *host = choose_host(operands, "login", e);
	autorelease(list) struct list notes = { 0 };
	struct text user = { 0 }, password = { 0 };
	int result;

	if (!host)
		return -1;
	result = read_password(options, &user, &password, e);
	if (result == 0)
		result = login_request(call->places, host, user.data, password.data, &notes, e);
	wipe(&user);
	wipe(&password);
	return result ? -1 : tell(&notes, host, e);
}

int command_login(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(login_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) || login(call, &options, &operands, &e))
		return report_failure(&e);
	return 0;
}

int command_logout(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(list) struct list notes = { 0 };
	autofree char *host = NULL;
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(logout_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e))
		return report_failure(&e);
	host = choose_host(&operands, "logout", &e);
	if (!host || logout_request(host, &notes, &e) || tell(&notes, host, &e))
		return report_failure(&e);
	return 0;
}
