/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_secrets.c - rules for secrets.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/app_mounts.h"
#include "specs/container.h"
#include "specs/limits.h"
#include "specs/problems.h"

enum { NAME_MOST = 255 };

static bool is_variable(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *name && strlen(name) <= NAME_MOST && !(*name >= '0' && *name <= '9') && strspn(name, letters) == strlen(name);
}

static int check_source_words(const struct secret *s, size_t i, struct problems *p)
{
	const struct secret_source *from = &s->source;
	const char *name = app_secret_name(s);
	int count = !!from->file + !!from->environment + !!from->command.count + !!from->systemd_creds;

	if (count != 1) {
		error_set(p->e, ERROR_SPEC, "expected a file, or one of \"environment\", \"command\" and \"systemd_creds\"");
		error_at(p->e, "secrets[%zu].source", i);
		return problems_add(p);
	}
	if (from->file && (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
		return app_unexpected(p, "a file", from->file, "secrets[%zu].source", i);
	if (from->environment && !is_variable(name))
		return app_unexpected(p, "the name of a variable", name, "secrets[%zu].source.environment", i);
	if (from->systemd_creds && !name_is_plain(name))
		return app_unexpected(p, "the name of a credential, or a path", from->systemd_creds, "secrets[%zu].source.systemd_creds", i);
	if (from->command.count && !*from->command.items[0])
		return app_unexpected(p, "a program", "", "secrets[%zu].source.command[0]", i);
	if (from->command.count && !s->target) {
		error_set(p->e, ERROR_SPEC, "a command has no name: its secret needs a \"target\"");
		error_at(p->e, "secrets[%zu]", i);
		return problems_add(p);
	}
	return 0;
}

static int check_target(const struct secret *s, size_t i, struct problems *p)
{
	if (!s->target)
		return 0;
	if (s->target[0] == '/' && app_check_target(s->target, p->e)) {
		error_at(p->e, "secrets[%zu].target", i);
		return problems_add(p);
	}
	if (s->target[0] != '/' && !name_is_plain(s->target))
		return app_unexpected(p, "an absolute path, or a name below /run/secrets", s->target, "secrets[%zu].target", i);
	return 0;
}

/* A variable has one value. */
static int check_variable(const struct app *app, size_t i, struct problems *p)
{
	const char *name = app->secrets[i].environment;

	if (!name)
		return 0;
	if (!is_variable(name))
		return app_unexpected(p, "the name of a variable", name, "secrets[%zu].environment", i);
	if (list_env_get(&app->environment, name) || list_env_get(&app->env_files, name))
		error_set(p->e, ERROR_SPEC, "%.80s has a value already, in \"%s\"", name,
			  list_env_get(&app->environment, name) ? "environment" : "env_file");
	for (size_t j = 0; j < i; j++)
		if (text_equal(app->secrets[j].environment, name))
			error_set(p->e, ERROR_SPEC, "%.80s has a value already, of secrets[%zu]", name, j);
	if (p->e->kind == ERROR_NONE)
		return 0;
	error_at(p->e, "secrets[%zu].environment", i);
	return problems_add(p);
}

static int check_on_change(const struct secret *s, size_t i, struct problems *p)
{
	const struct on_change *change = &s->on_change;
	int count = !!change->signal + !!change->exec.count + !!change->action;

	if (count == 0)
		return 0;
	if (change->signal && signal_number(change->signal) <= 0)
		return app_unexpected(p, "a signal such as \"SIGHUP\"", change->signal, "secrets[%zu].on_change.signal", i);
	if (change->exec.count && !*change->exec.items[0])
		return app_unexpected(p, "a program", "", "secrets[%zu].on_change.exec[0]", i);
	if (count > 1)
		error_set(p->e, ERROR_SPEC, "expected one of \"restart\", {\"signal\": …} and {\"exec\": […]}");
	else if (!s->source.file)
		error_set(p->e, ERROR_SPEC, "only a file is seen to change: \"source\" is none");
	else if (s->environment && !change->action)
		error_set(p->e, ERROR_SPEC, "the variable %.80s cannot change in a program that runs: expected \"restart\"", s->environment);
	if (p->e->kind == ERROR_NONE)
		return 0;
	error_at(p->e, "secrets[%zu].on_change", i);
	return problems_add(p);
}

static int check_owner(const struct app *app, size_t i, struct problems *p)
{
	const struct secret *secret = &app->secrets[i];
	/* The app's own are looked at where its user is. */
	autofree char *uid = text_format("%jd", (intmax_t)(secret->uid == LIMIT_UNSET ? 0 : secret->uid));
	autofree char *gid = text_format("%jd", (intmax_t)(secret->gid == LIMIT_UNSET ? 0 : secret->gid));
	autofree char *uid_field = text_format("secrets[%zu].uid", i);
	autofree char *gid_field = text_format("secrets[%zu].gid", i);

	return app_check_id(app, uid, uid, uid_field, p) || app_check_id(app, gid, gid, gid_field, p) ? -1 : 0;
}

int check_secrets(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->secret_count; i++)
		if (check_source_words(&app->secrets[i], i, p) || check_target(&app->secrets[i], i, p) || check_variable(app, i, p) ||
		    check_on_change(&app->secrets[i], i, p) || check_owner(app, i, p))
			return -1;
	return 0;
}
