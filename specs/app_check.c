/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_check.c - rules between and beyond the fields, one function each, in a table.
 *
 * The tables know types and ranges; here is what a field may hold, what two fields mean together, and what this version
 * of box cannot do yet: that is an error, never silence.
 */
#include "specs/app_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/app_parts.h"
#include "specs/container.h"
#include "specs/limits.h"

enum { MEMORY_LEAST = 4 << 20 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

static int bad(struct error *e, const char *field, const char *expected, const char *found)
{
	error_set(e, ERROR_SPEC, "expected %s, found \"%.80s\"", expected, found);
	return error_at(e, "%s", field);
}

static int not_yet(struct error *e, const char *field, const char *what)
{
	error_set(e, ERROR_UNSUPPORTED, "%s not supported yet", what);
	return error_at(e, "%s", field);
}

static bool is_name(const char *name)
{
	return strlen(name) <= 128 && *name && strchr(letters, name[0]) && strspn(name, name_letters) == strlen(name);
}

static int check_name(const struct app *app, struct error *e)
{
	if (app->name && !is_name(app->name))
		return bad(e, "name", "a letter or digit, then up to 127 letters, digits, \"_\", \".\" or \"-\"", app->name);
	return 0;
}

static int check_source(const struct app *app, struct error *e)
{
	int count = !!app->image + !!app->rootfs + app_has(app, "build");

	if (app_has(app, "build"))
		return not_yet(e, "build", "building images is");
	if (count == 0)
		return error_set(e, ERROR_SPEC, "expected \"image\" or \"rootfs\": what to run");
	if (count > 1) {
		error_set(e, ERROR_SPEC, "\"image\" and \"rootfs\" exclude each other");
		return error_at(e, "rootfs");
	}
	if (app->rootfs && !*app->rootfs)
		return bad(e, "rootfs", "a folder or an archive", "");
	if (app->image && !app_is_transport(app->image)) {
		not_yet(e, "image", "fetching images from registries is");
		return error_hint(e, "save it with skopeo copy docker://%s oci:DIR:TAG and write \"image\": \"oci:DIR:TAG\"", app->image);
	}
	return 0;
}

static int check_later(const struct app *app, struct error *e)
{
	static const struct {
		const char *field, *what;
	} later[] = {
		{ "networks", "named networks are" },    { "ports", "published ports are" },
		{ "healthcheck", "health checks are" },  { "logging", "log files are" },
		{ "update", "replacing an app is" },
	};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (app_has(app, later[i].field))
			return not_yet(e, later[i].field, later[i].what);
	return 0;
}

static int check_ports(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->port_count; i++) {
		const char *protocol = app->ports[i].protocol;

		if (protocol && strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0) {
			bad(e, "protocol", "\"tcp\" or \"udp\"", protocol);
			return error_at(e, "ports[%zu]", i);
		}
	}
	return 0;
}

static int check_healthcheck(const struct app *app, struct error *e)
{
	const struct healthcheck *h = &app->healthcheck;

	if (!app_has(app, "healthcheck") || h->disable)
		return 0;
	if ((h->test.count > 0) + !!h->http.path + (h->tcp.port > 0) != 1) {
		error_set(e, ERROR_SPEC, "expected exactly one of \"test\", \"http\" and \"tcp\"");
		return error_at(e, "healthcheck");
	}
	if (h->test.count && strcmp(h->test.items[0], "CMD") != 0 && strcmp(h->test.items[0], "CMD-SHELL") != 0 &&
	    strcmp(h->test.items[0], "NONE") != 0) {
		bad(e, "test[0]", "\"CMD\", \"CMD-SHELL\" or \"NONE\"", h->test.items[0]);
		return error_at(e, "healthcheck");
	}
	return 0;
}

static int check_restart(const struct app *app, struct error *e)
{
	const char *restart = app->restart;
	int64_t count;

	if (!restart || strcmp(restart, "no") == 0)
		return 0;
	if (strcmp(restart, "always") == 0 || strcmp(restart, "on-failure") == 0 || strcmp(restart, "unless-stopped") == 0 ||
	    (text_starts(restart, "on-failure:") && number_parse(restart + strlen("on-failure:"), 1, 1000000, &count) == 0))
		return not_yet(e, "restart", "restarting an app is");
	return bad(e, "restart", "no, always, on-failure, on-failure:n or unless-stopped", restart);
}

static int check_network(const struct app *app, struct error *e)
{
	const char *mode = app->network_mode;

	if (!mode || strcmp(mode, "none") == 0 || strcmp(mode, "host") == 0)
		return 0;
	if (strcmp(mode, "private") == 0)
		return not_yet(e, "network_mode", "a private network is");
	return bad(e, "network_mode", "\"none\", \"host\" or \"private\"", mode);
}

static int check_hostname(const struct app *app, struct error *e)
{
	const char *name = app->hostname;

	if (name && (!*name || strlen(name) > 63 || !strchr(letters, name[0]) || strspn(name, name_letters) != strlen(name) ||
		     strchr(name, '_')))
		return bad(e, "hostname", "at most 63 letters, digits, \"-\" or \".\"", name);
	return 0;
}

static int check_program(const struct app *app, struct error *e)
{
	if (app->entrypoint.count && !*app->entrypoint.items[0])
		return bad(e, "entrypoint[0]", "a program", "");
	if (!app->entrypoint.count && app->command.count && !*app->command.items[0])
		return bad(e, "command[0]", "a program", "");
	return 0;
}

static int check_user_part(const char *part, const char *whole, const char *field, struct error *e)
{
	int64_t id;

	if (*part >= '0' && *part <= '9' ? number_parse(part, 0, 4294967294, &id) == 0
					 : strchr(letters, *part) && *part && strspn(part, name_letters) == strlen(part))
		return 0;
	if (*part == '_' && strspn(part, name_letters) == strlen(part))
		return 0;
	return bad(e, field, "a name or a number, or user:group of these", whole);
}

static int check_user(const struct app *app, struct error *e)
{
	autofree char *user = alloc_copy(app->user);
	char *colon = user ? strchr(user, ':') : NULL;

	if (colon)
		*colon = '\0';
	if (user && (check_user_part(user, app->user, "user", e) || (colon && check_user_part(colon + 1, app->user, "user", e))))
		return -1;
	for (size_t i = 0; i < app->group_add.count; i++)
		if (check_user_part(app->group_add.items[i], app->group_add.items[i], "group_add", e))
			return -1;
	return 0;
}

static int check_stop_signal(const struct app *app, struct error *e)
{
	if (app->stop_signal && signal_number(app->stop_signal) < 0)
		return bad(e, "stop_signal", "a signal such as \"SIGTERM\"", app->stop_signal);
	return 0;
}

static int check_capability_list(const struct list *list, const char *field, struct error *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i], "ALL") != 0 && capability_number(list->items[i]) < 0) {
			error_set(e, ERROR_SPEC, "expected a capability such as \"NET_ADMIN\", or \"ALL\", found \"%.80s\"",
				  list->items[i]);
			error_at(e, "[%zu]", i);
			return error_at(e, "%s", field);
		}
	return 0;
}

static int check_capabilities(const struct app *app, struct error *e)
{
	if (check_capability_list(&app->cap_add, "cap_add", e))
		return -1;
	return check_capability_list(&app->cap_drop, "cap_drop", e);
}

static int check_memory(const struct app *app, struct error *e)
{
	const struct app_limits *l = &app->resources.limits;

	if (l->memory != LIMIT_UNSET && l->memory < MEMORY_LEAST) {
		error_set(e, ERROR_SPEC, "expected at least 4m: less cannot hold a process, found %jd bytes", (intmax_t)l->memory);
		return error_at(e, "resources.limits.memory");
	}
	if (l->swap != LIMIT_UNSET && l->memory == LIMIT_UNSET) {
		error_set(e, ERROR_SPEC, "a limit of swap needs one of memory beside it");
		return error_at(e, "resources.limits.swap");
	}
	if (l->memory != LIMIT_UNSET && app->resources.reservations.memory > l->memory) {
		error_set(e, ERROR_SPEC, "more is reserved than resources.limits.memory allows");
		return error_at(e, "resources.reservations.memory");
	}
	return 0;
}

/* "0-1,4" */
static bool is_cpu_list(const char *text)
{
	autofree char *copy = alloc_copy(text);
	char *state = NULL;

	if (!*text || text[strlen(text) - 1] == ',' || text[0] == ',' || strstr(text, ",,"))
		return false;
	for (char *part = strtok_r(copy, ",", &state); part; part = strtok_r(NULL, ",", &state)) {
		char *dash = strchr(part, '-');
		int64_t first, last;

		if (dash)
			*dash++ = '\0';
		if (number_parse(part, 0, 8191, &first) || (dash && (number_parse(dash, 0, 8191, &last) || last < first)))
			return false;
	}
	return true;
}

static int check_cpusets(const struct app *app, struct error *e)
{
	const struct app_limits *l = &app->resources.limits;

	if (l->cpuset && !is_cpu_list(l->cpuset))
		return bad(e, "resources.limits.cpuset", "processors such as \"0-1,4\"", l->cpuset);
	if (l->cpuset_mems && !is_cpu_list(l->cpuset_mems))
		return bad(e, "resources.limits.cpuset_mems", "memory nodes such as \"0\"", l->cpuset_mems);
	return 0;
}

/* Which settings belong to which namespace of the container's own. */
static bool is_own_sysctl(const struct app *app, const char *key)
{
	static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
					   "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced" };

	for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++)
		if (strcmp(key, ipc[i]) == 0)
			return true;
	if (text_starts(key, "fs.mqueue."))
		return true;
	return text_starts(key, "net.") && !text_equal(app->network_mode, "host");
}

static int check_sysctls(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->sysctls.count; i++) {
		autofree char *key = alloc_copy(app->sysctls.items[i]);
		char *value = strchr(key, '=');

		*value++ = '\0';
		if (strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(key) || strstr(key, "..") || key[0] == '.')
			error_set(e, ERROR_SPEC, "expected letters, digits, \"_\", \"-\" and single dots in the name, found \"%.80s\"", key);
		else if (strpbrk(value, "\n\r"))
			error_set(e, ERROR_SPEC, "the value holds a line end");
		else if (!is_own_sysctl(app, key))
			error_set(e, ERROR_SPEC, "the setting belongs to the whole host%s: allowed are net.* (without network_mode host), "
				  "kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.*",
				  text_starts(key, "net.") ? " here" : "");
		else
			continue;
		error_at(e, "%s", key);
		return error_at(e, "sysctls");
	}
	return 0;
}

static int check_ulimits(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->ulimits.count; i++) {
		struct rlimit_entry entry;

		if (app_parse_ulimit(app->ulimits.items[i], &entry, e))
			return error_at(e, "ulimits");
	}
	return 0;
}

static int check_devices(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->devices.count; i++) {
		struct device_entry device = { 0 };

		if (app_parse_device(app->devices.items[i], &device, e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "devices");
		}
		device_entry_release(&device);
	}
	return 0;
}

/* Targets that are box's own, and everything below them but /dev/shm and /sys/fs/cgroup's neighbours that nobody needs. */
static int check_target(const char *target, struct error *e)
{
	static const char *const own[] = { "/proc", "/sys", "/dev" };

	if (target[0] != '/' || !target[1] || strstr(target, "/../") || text_ends(target, "/..") || strstr(target, "//"))
		return error_set(e, ERROR_SPEC, "expected an absolute path below \"/\" without \"..\", found \"%.80s\"", target);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		size_t length = strlen(own[i]);

		if (strncmp(target, own[i], length) == 0 && (!target[length] || target[length] == '/') &&
		    !text_starts(target, "/dev/shm/"))
			return error_set(e, ERROR_SPEC, "%s is box's own: nothing can be mounted there", own[i]);
	}
	return 0;
}

static int check_volume(const struct volume *v, struct error *e)
{
	if (check_target(v->target, e))
		return error_at(e, "target");
	if (v->type == VOLUME_TMPFS && v->source)
		return bad(e, "source", "no source for a tmpfs", v->source);
	if (v->type != VOLUME_TMPFS && (!v->source || !*v->source)) {
		error_set(e, ERROR_SPEC, "missing required field \"source\"");
		return -1;
	}
	if (v->type == VOLUME_NAMED && !is_name(v->source))
		return bad(e, "source", "a volume's name of letters, digits, \"_\", \".\", \"-\"", v->source);
	if (v->shared && v->type != VOLUME_NAMED)
		return bad(e, "shared", "\"type\": \"volume\" beside it", "true");
	if (v->type != VOLUME_BIND && v->idmap != IDMAP_CALLER)
		return bad(e, "idmap", "\"type\": \"bind\" beside it", v->idmap == IDMAP_NONE ? "none" : "container");
	return 0;
}

static int check_volumes(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->volume_count; i++)
		if (check_volume(&app->volumes[i], e))
			return error_at(e, "volumes[%zu]", i);
	for (size_t i = 0; i < app->tmpfs.count; i++) {
		struct mount_entry mount = { 0 };

		if (app_parse_tmpfs(app->tmpfs.items[i], &mount, e) || check_target(mount.target, e)) {
			mount_entry_release(&mount);
			error_at(e, "[%zu]", i);
			return error_at(e, "tmpfs");
		}
		mount_entry_release(&mount);
	}
	return 0;
}

static int refuse_twice(const char *target, const char *field, struct error *e)
{
	error_set(e, ERROR_SPEC, "%s has a mount already", target);
	return error_at(e, "%s", field);
}

static int check_targets_differ(const struct app *app, struct error *e)
{
	autorelease(list) struct list seen = { 0 };
	char field[48];

	for (size_t i = 0; i < app->volume_count; i++) {
		(void)snprintf(field, sizeof field, "volumes[%zu].target", i); /* always fits */
		if (list_has(&seen, app->volumes[i].target))
			return refuse_twice(app->volumes[i].target, field, e);
		list_add(&seen, app->volumes[i].target);
	}
	for (size_t i = 0; i < app->tmpfs.count; i++) {
		list_addf(&seen, "%.*s", (int)strcspn(app->tmpfs.items[i], ":"), app->tmpfs.items[i]);
		(void)snprintf(field, sizeof field, "tmpfs[%zu]", i); /* always fits */
		for (size_t j = 0; j + 1 < seen.count; j++)
			if (strcmp(seen.items[j], seen.items[seen.count - 1]) == 0)
				return refuse_twice(seen.items[j], field, e);
	}
	return 0;
}

static int check_secrets(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->secret_count; i++) {
		const struct secret *s = &app->secrets[i];

		if (s->environment)
			not_yet(e, "environment", "a secret in the environment is");
		else if (!*s->source)
			bad(e, "source", "a file", "");
		else if (s->target && s->target[0] == '/' && check_target(s->target, e))
			error_at(e, "target");
		else if (s->target && s->target[0] != '/' && !is_name(s->target))
			bad(e, "target", "an absolute path, or a name below /run/secrets", s->target);
		else
			continue;
		return error_at(e, "secrets[%zu]", i);
	}
	return 0;
}

static int check_seccomp(const struct app *app, struct error *e)
{
	if (app->security.seccomp && !*app->security.seccomp)
		return bad(e, "security.seccomp", "\"default\", \"unconfined\" or a file", "");
	return 0;
}

static int (*const rules[])(const struct app *app, struct error *e) = {
	check_name, check_source, check_ports, check_healthcheck, check_restart, check_network, check_hostname, check_program,
	check_user, check_stop_signal, check_capabilities, check_memory, check_cpusets, check_sysctls, check_ulimits, check_devices,
	check_volumes, check_targets_differ, check_secrets, check_seccomp, check_later,
};

int app_check_first(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i](app, e))
			return -1;
	return 0;
}

void app_check_all(const struct app *app, void (*tell)(const struct app *, struct list *, struct error *), struct list *problems)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct error e = { 0 };

		if (rules[i](app, &e))
			tell(app, problems, &e);
	}
}
