/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_secrets.c - what the secrets of an app.json hold, read from where they come from.
 *
 * Read anew at every start, so nothing that box keeps holds more than where a secret comes from. What was read lies in memory that is
 * overwritten before it is freed, becomes a file on a tmpfs and, where it was asked for, a variable of the program. A message names source
 * and variable, never the value.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/process.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/app_mounts.h"
#include "specs/container.h"

enum {
	SECRET_LIMIT = 1 << 20,
	SECRETS_LIMIT = 8 << 20,
	VARIABLE_LIMIT = 128 << 10, /* of Linux, for "KEY=VALUE" with its zero byte: MAX_ARG_STRLEN */
	COMMAND_MS = 30000,
};

/* Room for the longest from the start: growing would leave copies behind. */
static void secret_text_begin(struct text *content)
{
	(void)text_reserve(content, SECRET_LIMIT + 1);
}

static void secret_text_release(struct text *content)
{
	if (content->data)
		explicit_bzero(content->data, content->length);
	text_release(content);
}

static int too_large(const char *name, struct error *e)
{
	return error_set(e, ERROR_SPEC, "read %s: more than %d bytes", name, SECRET_LIMIT);
}

static int read_environment(const char *name, struct text *ret, struct error *e)
{
	const char *value = getenv(name);

	if (!value) {
		error_set(e, ERROR_MISSING, "the caller has no variable %s", name);
		return error_hint(e, "%s=… in front of the command sets it; a file or a command keeps it out of the environment", name);
	}
	if (strlen(value) > SECRET_LIMIT)
		return too_large(name, e);
	text_add(ret, value);
	return 0;
}

/* One byte over the limit is kept: it says that there is too much. */
static void hear(const char *bytes, size_t length, void *data)
{
	struct text *content = data;
	size_t room = SECRET_LIMIT + 1 - content->length;

	text_add_bytes(content, bytes, length < room ? length : room);
}

static int read_program(char *const *argv, const char *program, struct text *ret, struct error *e)
{
	const struct process_run run = { .path = program, .argv = argv, .environment = environ, .input = -1, .timeout_ms = COMMAND_MS,
					 .hear = hear, .data = ret };

	if (process_run(&run, NULL, e))
		return -1;
	return ret->length > SECRET_LIMIT ? too_large(program, e) : 0;
}

/* A name is looked up in the caller's PATH, a path begins at the file's folder. */
static int read_command(const struct app *app, const struct list *words, struct text *ret, struct error *e)
{
	const char *name = words->items[0];
	autofree char *program = strchr(name, '/') ? app_path(app, name) : process_find(name);

	if (!program)
		return error_set(e, ERROR_MISSING, "find %s: it is not in PATH", name);
	return read_program(words->items, program, ret, e);
}

static int decrypt(const char *path, const char *name, struct text *ret, struct error *e)
{
	autofree char *program = process_find("systemd-creds");
	autofree char *option = text_format("--name=%s", name);
	autorelease(list) struct list words = { 0 };

	if (!program) {
		error_set(e, ERROR_MISSING, "decrypt the credential %s: there is no systemd-creds in PATH", path);
		return error_hint(e, "it is part of systemd, 250 or later");
	}
	list_add(&words, "systemd-creds");
	list_add(&words, option);
	list_add(&words, "decrypt");
	list_add(&words, path);
	list_add(&words, "-");
	return read_program(words.items, program, ret, e) ? error_in(e, "decrypt the credential %s", path) : 0;
}

/* As systemd does it for LoadCredential=: what this service was given, else an encrypted one of the host. */
static int read_credential(const struct app *app, const char *words, struct text *ret, struct error *e)
{
	static const char *const folders[] = { "/etc/credstore.encrypted", "/run/credstore.encrypted", "/usr/local/lib/credstore.encrypted",
					       "/usr/lib/credstore.encrypted" };
	const char *slash = strrchr(words, '/'), *given = secure_getenv("CREDENTIALS_DIRECTORY");
	autofree char *path = slash ? app_path(app, words) : given ? text_format("%s/%s", given, words) : NULL;

	if (slash)
		return decrypt(path, slash + 1, ret, e);
	if (path && access(path, F_OK) == 0)
		return file_read(AT_FDCWD, path, SECRET_LIMIT, ret, e);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		autofree char *kept = text_format("%s/%s", folders[i], words);

		if (access(kept, F_OK) == 0)
			return decrypt(kept, words, ret, e);
	}
	error_set(e, ERROR_MISSING, "there is no credential %s: neither in $CREDENTIALS_DIRECTORY nor encrypted in %s or its like", words,
		  folders[0]);
	return error_hint(e, "systemd-creds encrypt --name=%s FILE %s/%s makes one", words, folders[0], words);
}

static int read_source(const struct app *app, const struct secret_source *source, struct text *ret, struct error *e)
{
	autofree char *path = source->file ? app_path(app, source->file) : NULL;

	if (path && file_read(AT_FDCWD, path, SECRET_LIMIT, ret, e)) {
		/* A name that the file does not have is a path like any other. */
		if (e->sys == ENOENT && app->is_service && !strchr(source->file, '/'))
			error_hint(e, "a secret of the whole file has its place beside \"services\": \"secrets\": {\"%.80s\": {\"file\": \"./…\"}}",
				   source->file);
		return -1;
	}
	if (path)
		return 0;
	if (source->environment)
		return read_environment(source->environment, ret, e);
	return source->systemd_creds ? read_credential(app, source->systemd_creds, ret, e) : read_command(app, &source->command, ret, e);
}

const char *app_secret_name(const struct secret *secret)
{
	const struct secret_source *source = &secret->source;
	const char *name = source->file ? source->file : source->systemd_creds ? source->systemd_creds : source->environment;
	const char *slash = name ? strrchr(name, '/') : NULL;

	return slash ? slash + 1 : name;
}

char *app_secret_target(const struct secret *secret)
{
	const char *name = secret->target ? secret->target : app_secret_name(secret);

	return name && name[0] == '/' ? alloc_copy(name) : text_format("/run/secrets/%s", name ? name : "");
}

static enum change_action change_action(const struct secret *secret)
{
	const struct on_change *change = &secret->on_change;

	return change->signal ? CHANGE_SIGNAL : change->exec.count ? CHANGE_EXEC : change->action ? CHANGE_RESTART : CHANGE_NOTHING;
}

static int add_variable(const struct secret *secret, const struct text *content, const struct app_options *options, struct container *c,
			struct error *e)
{
	const char *name = secret->environment;
	size_t length = content->length, room = VARIABLE_LIMIT - strlen(name) - sizeof "=";

	for (size_t i = 0; options && options->env && i < options->env->count; i++) {
		const char *word = options->env->items[i];

		if (text_starts(word, name) && strchr("=", word[strlen(name)]))
			return error_set(e, ERROR_USAGE, "option -e %s: a secret is that variable already", name);
	}
	while (length && content->data[length - 1] == '\n') /* as the shell's $(…) */
		length--;
	if (length && memchr(content->data, '\0', length))
		return error_set(e, ERROR_SPEC, "the secret has a zero byte, which a variable cannot hold");
	if (length > room)
		return error_set(e, ERROR_SPEC, "the secret has %zu bytes, of which a variable holds %zu", length, room);
	list_take(&c->secret_env, text_format("%s=%.*s", name, (int)length, content->data));
	return 0;
}

static gid_t group_of(const struct secret *secret)
{
	if (secret->gid != LIMIT_UNSET)
		return (gid_t)secret->gid;
	return secret->uid == LIMIT_UNSET ? FILE_GROUP_OF_APP : 0;
}

/* Takes content. */
static void describe(const struct app *app, size_t index, struct text *content, struct file_entry *ret)
{
	const struct secret *secret = &app->secrets[index];
	size_t length = content->length;

	*ret = (struct file_entry){ .target = app_secret_target(secret), .data = text_take(content), .length = length,
				    .uid = secret->uid == LIMIT_UNSET ? FILE_OWNER_OF_APP : (uid_t)secret->uid, .gid = group_of(secret),
				    .mode = secret->mode ? secret->mode : 0400, .is_secret = true, .field = text_format("secrets[%zu]", index) };
	if (change_action(secret) != CHANGE_NOTHING)
		ret->watch = app_path(app, secret->source.file);
}

static int add_secret(const struct app *app, size_t index, const struct app_options *options, size_t *total, struct container *c,
		      struct error *e)
{
	const struct secret *secret = &app->secrets[index];
	autorelease(secret_text) struct text content = { 0 };

	secret_text_begin(&content);
	if (read_source(app, &secret->source, &content, e))
		return e->field[0] ? -1 : error_at(e, "source");
	*total += content.length;
	if (*total > SECRETS_LIMIT)
		return error_set(e, ERROR_SPEC, "all secrets together have more than 8 MiB");
	if (secret->environment && add_variable(secret, &content, options, c, e))
		return e->kind == ERROR_USAGE ? -1 : error_at(e, "environment");
	describe(app, index, &content, alloc_append(&c->files, &c->file_count, sizeof *c->files));
	return 0;
}

bool app_watches_secrets(const struct app *app)
{
	for (size_t i = 0; i < app->secret_count; i++)
		if (change_action(&app->secrets[i]) != CHANGE_NOTHING)
			return true;
	return false;
}

size_t app_secret_count(const struct app *app)
{
	return app->secret_count;
}

int app_secret_again(const struct app *app, size_t index, struct secret_change *ret, struct error *e)
{
	const struct secret *secret = &app->secrets[index];
	autorelease(secret_text) struct text content = { 0 };

	*ret = (struct secret_change){ .action = change_action(secret) };
	if (ret->action == CHANGE_NOTHING)
		return 0;
	secret_text_begin(&content);
	if (read_source(app, &secret->source, &content, e))
		return error_at(e, "secrets[%zu].source", index);
	if (!content.length) {
		error_set(e, ERROR_SPEC, "read %s: it is empty", secret->source.file);
		return error_at(e, "secrets[%zu].source", index);
	}
	describe(app, index, &content, &ret->file);
	list_copy(&ret->exec, &secret->on_change.exec);
	if (ret->action == CHANGE_SIGNAL)
		ret->signal = signal_number(secret->on_change.signal);
	return 0;
}

int app_secrets(const struct app *app, const struct app_options *options, struct container *c, struct error *e)
{
	size_t total = 0;

	for (size_t i = 0; i < app->secret_count; i++)
		if (add_secret(app, i, options, &total, c, e))
			return e->kind == ERROR_USAGE ? -1 : error_at(e, "secrets[%zu]", i);
	return 0;
}
