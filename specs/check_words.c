/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_words.c - rules for single fields of app.json: names, users, programs, words.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/names.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/problems.h"

enum { HOSTNAME_MOST = 63 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

int check_name(const struct app *app, struct problems *p)
{
	if (app->name && !name_is_plain(app->name))
		return app_unexpected(p, "a letter or digit, then up to 127 letters, digits, \"_\", \".\" or \"-\"", app->name, "name");
	return 0;
}

int check_source(const struct app *app, struct problems *p)
{
	int count = !!app->image + !!app->rootfs + app_has(app, "build");

	if (count == 0) {
		error_set(p->e, ERROR_SPEC, "expected \"image\" or \"rootfs\": what to run");
		return problems_add(p);
	}
	if (count > 1) {
		error_set(p->e, ERROR_SPEC, "\"image\", \"rootfs\" and \"build\" exclude each other");
		error_at(p->e, app->rootfs ? "rootfs" : "build");
		return problems_add(p);
	}
	if (app->rootfs && !*app->rootfs)
		return app_unexpected(p, "a folder or an archive", "", "rootfs");
	if (app->image && (!*app->image || strpbrk(app->image, " \t\n") || text_ends(app->image, ":")))
		return app_unexpected(p, "oci:DIR:TAG, oci-archive:FILE, docker-archive:FILE or a registry's image", app->image, "image");
	return 0;
}

int check_program(const struct app *app, struct problems *p)
{
	if (app->entrypoint.count && !*app->entrypoint.items[0])
		return app_unexpected(p, "a program", "", "entrypoint[0]");
	if (!app->entrypoint.count && app->command.count && !*app->command.items[0])
		return app_unexpected(p, "a program", "", "command[0]");
	return 0;
}

int app_check_id(const struct app *app, const char *part, const char *whole, const char *field, struct problems *p)
{
	bool is_number = *part >= '0' && *part <= '9', is_mapped = app->security.userns == USERNS_AUTO;
	int64_t id;

	if (!is_number && *part && strspn(part, name_letters) == strlen(part) && !strchr(".-", *part))
		return 0;
	if (!is_number || number_parse(part, 0, UINT32_MAX - 1, &id))
		return app_unexpected(p, "a name or a number, or user:group of these", whole, "%s", field);
	if (!is_mapped || id < ID_RANGE)
		return 0;
	error_set(p->e, ERROR_SPEC, "expected an id below %d, as many as a container has, found %jd", ID_RANGE, (intmax_t)id);
	error_hint(p->e, "\"security\": {\"userns\": \"host\"} gives it the host's ids");
	error_at(p->e, "%s", field);
	return problems_add(p);
}

int check_user(const struct app *app, struct problems *p)
{
	autofree char *user = alloc_copy(app->user);
	char *colon = user ? strchr(user, ':') : NULL;

	if (colon)
		*colon = '\0';
	if (user && (app_check_id(app, user, app->user, "user", p) || (colon && app_check_id(app, colon + 1, app->user, "user", p))))
		return -1;
	for (size_t i = 0; i < app->group_add.count; i++) {
		autofree char *field = text_format("group_add[%zu]", i);

		if (app_check_id(app, app->group_add.items[i], app->group_add.items[i], field, p))
			return -1;
	}
	return 0;
}

int check_hostname(const struct app *app, struct problems *p)
{
	const char *name = app->hostname;
	size_t length = name ? strlen(name) : 1;

	if (!name || (length && length <= HOSTNAME_MOST && strchr(letters, name[0]) && strchr(letters, name[length - 1]) &&
		      strspn(name, name_letters) == length && !strchr(name, '_') && !strstr(name, "..")))
		return 0;
	return app_unexpected(p, "at most 63 letters, digits, \"-\" or \".\"", name, "hostname");
}

int check_stop_signal(const struct app *app, struct problems *p)
{
	if (app->stop_signal && signal_number(app->stop_signal) < 0)
		return app_unexpected(p, "a signal such as \"SIGTERM\"", app->stop_signal, "stop_signal");
	return 0;
}

int check_reload(const struct app *app, struct problems *p)
{
	const struct app_reload *reload = &app->reload;

	if (reload->signal && signal_number(reload->signal) <= 0)
		return app_unexpected(p, "a signal such as \"SIGHUP\"", reload->signal, "reload.signal");
	if (reload->exec.count && !*reload->exec.items[0])
		return app_unexpected(p, "a program", "", "reload.exec[0]");
	if (!app_has(app, "reload") || !reload->signal != !reload->exec.count)
		return 0;
	error_set(p->e, ERROR_SPEC, "expected {\"signal\": …} or {\"exec\": […]}");
	error_at(p->e, "reload");
	return problems_add(p);
}

static int check_capability_list(const struct list *list, const char *field, struct problems *p)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i], "ALL") != 0 && capability_number(list->items[i]) < 0 &&
		    app_unexpected(p, "a capability such as \"NET_ADMIN\", or \"ALL\"", list->items[i], "%s[%zu]", field, i))
			return -1;
	return 0;
}

/* Added and dropped by name: one of both is a mistake. "ALL" in one of them is the rule, the other one the exception. */
static int check_capability_conflicts(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->cap_drop.count; i++) {
		for (size_t j = 0; j < app->cap_add.count; j++) {
			bool is_all = strcasecmp(app->cap_drop.items[i], "ALL") == 0;
			int number = capability_number(app->cap_drop.items[i]);

			if (is_all ? strcasecmp(app->cap_add.items[j], "ALL") != 0
				   : number < 0 || capability_number(app->cap_add.items[j]) != number)
				continue;
			error_set(p->e, ERROR_SPEC, "%.40s is in cap_add too", app->cap_drop.items[i]);
			error_at(p->e, "cap_drop[%zu]", i);
			if (problems_add(p))
				return -1;
		}
	}
	return 0;
}

int check_capabilities(const struct app *app, struct problems *p)
{
	if (check_capability_list(&app->cap_add, "cap_add", p) || check_capability_list(&app->cap_drop, "cap_drop", p))
		return -1;
	return check_capability_conflicts(app, p);
}

int check_security(const struct app *app, struct problems *p)
{
	if (!*app->security.seccomp)
		return app_unexpected(p, "\"default\", \"unconfined\" or a file", "", "security.seccomp");
	return 0;
}

/* What nobody will look at is refused. */
int check_logging(const struct app *app, struct problems *p)
{
	const struct logging *l = &app->logging;

	if (l->driver != LOG_CHOICE_JOURNALD || (l->max_size == LOG_MAX_SIZE && l->max_files == LOG_MAX_FILES))
		return 0;
	error_set(p->e, ERROR_SPEC, "the journal has bounds of its own (SystemMaxUse in journald.conf)");
	error_hint(p->e, "leave it out, or take \"driver\": \"file\"");
	error_at(p->e, "logging.%s", l->max_size == LOG_MAX_SIZE ? "max_files" : "max_size");
	return problems_add(p);
}

int check_restart(const struct app *app, struct problems *p)
{
	static const char with_count[] = "on-failure:";
	static const char *const words[] = { "no", "always", "on-failure", "unless-stopped" };
	int64_t count;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(app->restart, words[i]) == 0)
			return 0;
	if (text_starts(app->restart, with_count) && number_parse(app->restart + strlen(with_count), 1, 1000000, &count) == 0)
		return 0;
	return app_unexpected(p, "no, always, on-failure, on-failure:n or unless-stopped", app->restart, "restart");
}
