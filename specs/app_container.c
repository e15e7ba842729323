/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_container.c - from app.json, over the image's configuration, to the container that runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/app_mounts.h"
#include "specs/app_parts.h"
#include "specs/container.h"
#include "specs/image_config.h"
#include "specs/oci_block.h"

enum { DEFAULT_PIDS = 1024, CPU_PERIOD_US = 100000 };

/* What postgres, redis, nginx and their like need to give up root by themselves (design.md, section 5). */
static const char *const default_capabilities[] = { "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
						    "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT" };

static void choose_name(const struct app *app, const struct app_options *options, struct container *c)
{
	c->name = alloc_copy(options && options->name ? options->name : app->name);
	/* The kernel takes 64 bytes; resolvers take 63. */
	c->hostname = app->hostname ? alloc_copy(app->hostname) : text_format("%.63s", options && options->hostname ? options->hostname : c->name);
}

/* As Docker: an entrypoint of the spec forgets the image's command too. */
static int choose_args(const struct app *app, const struct image_config *image, const struct app_options *options,
		       struct container *c, struct error *e)
{
	const struct list none = { 0 };
	const struct list *entrypoint = app_has(app, "entrypoint") ? &app->entrypoint : image ? &image->entrypoint : &none;
	const struct list *command = &none;

	if (options && options->command && options->command->count)
		command = options->command;
	else if (app_has(app, "command"))
		command = &app->command;
	else if (image && !app_has(app, "entrypoint"))
		command = &image->command;
	list_copy(&c->args, entrypoint);
	for (size_t i = 0; i < command->count; i++)
		list_add(&c->args, command->items[i]);
	if (!c->args.count || !*c->args.items[0]) {
		error_set(e, ERROR_SPEC, "nothing to run: neither the spec nor the image has an entrypoint or a command");
		return error_hint(e, "write \"command\": [\"program\", \"argument\"], or name it: box run FILE.json -- PROGRAM, box run IMAGE PROGRAM");
	}
	return 0;
}

static void add_env(struct list *to, const struct list *from)
{
	for (size_t i = 0; i < from->count; i++)
		(void)list_env_put(to, from->items[i]); /* the tables let nothing else in; what an image has without a key is left out */
}

/* -e KEY=VALUE, or -e KEY for the caller's; one that the caller does not have is left out, as Docker does. */
static int add_option_env(struct list *to, const struct app_options *options, struct error *e)
{
	for (size_t i = 0; options && options->env && i < options->env->count; i++) {
		const char *text = options->env->items[i];
		autofree char *key = alloc_copy(text);
		char *equals = strchr(key, '=');

		if (!*key || equals == key)
			return error_set(e, ERROR_USAGE, "option -e: expected KEY=value or KEY, found \"%.80s\"", text);
		if (equals)
			*equals++ = '\0';
		if (equals || getenv(key))
			list_env_set(to, key, equals ? equals : getenv(key));
	}
	return 0;
}

static int choose_env(const struct app *app, const struct image_config *image, const struct app_options *options,
		      struct container *c, struct error *e)
{
	list_env_set(&c->env, "PATH", CONTAINER_DEFAULT_PATH);
	list_env_set(&c->env, "HOSTNAME", c->hostname);
	if (c->terminal)
		list_env_set(&c->env, "TERM", "xterm");
	if (image)
		add_env(&c->env, &image->env); /* never looked up in the caller's environment */
	list_env_set(&c->env, "container", "box");
	add_env(&c->env, &app->env_files);
	add_env(&c->env, &app->environment);
	return add_option_env(&c->env, options, e);
}

void app_reload(const struct app *app, struct reload *ret)
{
	const struct app_reload *said = &app->reload;

	*ret = (struct reload){ .signal = said->signal ? signal_number(said->signal) : 0, .timeout_us = said->timeout };
	list_copy(&ret->exec, &said->exec);
}

static int choose_process(const struct app *app, const struct image_config *image, const struct app_options *options,
			  struct container *c, struct error *e)
{
	const char *folder = app->working_dir ? app->working_dir : image && image->working_dir && *image->working_dir ? image->working_dir : "/";
	const char *stop = app->stop_signal ? app->stop_signal : image && image->stop_signal ? image->stop_signal : "SIGTERM";

	if (choose_args(app, image, options, c, e))
		return -1;
	c->terminal = options && options->terminal;
	c->keep_stdin = options && options->keep_stdin;
	if (choose_env(app, image, options, c, e))
		return -1;
	/* An image may say "app": Docker takes that as "/app". */
	c->working_dir = folder[0] == '/' ? alloc_copy(folder) : text_format("/%s", folder);
	c->user = alloc_copy(app->user ? app->user : image && image->user ? image->user : "");
	c->user_field = alloc_copy(app->user ? "user" : NULL);
	list_copy(&c->group_add, &app->group_add);
	c->init = app->init;
	c->stop_signal = signal_number(stop) > 0 ? signal_number(stop) : SIGTERM;
	c->stop_grace_us = app->stop_grace_period;
	app_reload(app, &c->reload);
	return 0;
}

void app_choose_namespaces(const struct app *app, struct container *c)
{
	if (app->security.userns != USERNS_AUTO)
		c->namespaces[NAMESPACE_USER].choice = NAMESPACE_HOST;
	if (app->network_mode == NETWORK_CHOICE_HOST)
		c->namespaces[NAMESPACE_NETWORK].choice = NAMESPACE_HOST;
}

static uint64_t capability_mask(const char *word)
{
	return strcasecmp(word, "ALL") == 0 ? (UINT64_C(1) << CAPABILITY_COUNT) - 1 : UINT64_C(1) << capability_number(word);
}

static void choose_security(const struct app *app, struct container *c)
{
	const char *seccomp = app->security.seccomp;
	uint64_t held = 0;

	for (size_t i = 0; i < sizeof default_capabilities / sizeof *default_capabilities; i++)
		held |= capability_mask(default_capabilities[i]);
	/* ALL first, so that "drop ALL, add X" leaves X whatever the order in which they are written. */
	for (size_t i = 0; i < app->cap_drop.count; i++)
		held &= ~capability_mask(app->cap_drop.items[i]);
	for (size_t i = 0; i < app->cap_add.count; i++)
		held |= capability_mask(app->cap_add.items[i]);
	for (size_t i = 0; i < app->cap_drop.count; i++)
		if (strcasecmp(app->cap_drop.items[i], "ALL") != 0)
			held &= ~capability_mask(app->cap_drop.items[i]);
	c->capabilities = (struct capability_sets){ .bounding = held, .effective = held, .permitted = held };
	c->only_root_has_capabilities = true;
	c->umask = 022;
	c->no_new_privileges = app->security.no_new_privileges;
	c->seccomp = strcmp(seccomp, "default") == 0 ? SECCOMP_DEFAULT
		     : strcmp(seccomp, "unconfined") == 0       ? SECCOMP_UNCONFINED : SECCOMP_FILE;
	c->seccomp_file = c->seccomp == SECCOMP_FILE ? app_path(app, seccomp) : NULL;
}

/* 0 is no limit that anybody could mean. */
static int64_t written(int64_t value)
{
	return value ? value : LIMIT_UNSET;
}

static void choose_limits(const struct app *app, struct container *c)
{
	const struct app_limits *from = &app->resources.limits;
	struct limits *to = &c->limits;

	limits_init(to);
	to->memory = from->memory;
	to->memory_reservation = app->resources.reservations.memory;
	to->swap_is_default = from->swap == LIMIT_UNSET && from->memory != LIMIT_UNSET;
	to->swap = to->swap_is_default ? 0 : from->swap;
	if (from->cpus != LIMIT_UNSET)
		to->cpu_quota_us = from->cpus / 10; /* millionths of a cpu, per 100,000 us */
	to->cpu_period_us = CPU_PERIOD_US;
	to->cpu_weight = from->cpu_weight;
	to->cpuset = alloc_copy(from->cpuset);
	to->cpuset_mems = alloc_copy(from->cpuset_mems);
	to->pids_is_default = from->pids == LIMIT_UNSET;
	to->pids = to->pids_is_default ? DEFAULT_PIDS : from->pids;
	to->io_weight = from->io_weight;
	c->disk_limit = from->disk == LIMIT_UNSET ? 0 : from->disk;
	for (size_t i = 0; i < from->io_count; i++) {
		struct io_limit *io = alloc_append(&to->io, &to->io_count, sizeof *io);

		*io = (struct io_limit){ .device = alloc_copy(from->io[i].device), .read_bps = written(from->io[i].read_bps),
					 .write_bps = written(from->io[i].write_bps), .read_iops = written(from->io[i].read_iops),
					 .write_iops = written(from->io[i].write_iops) };
	}
}

static int choose_rlimits(const struct app *app, struct container *c, struct error *e)
{
	struct rlimit_entry *core = alloc_append(&c->rlimits, &c->rlimit_count, sizeof *core);

	*core = (struct rlimit_entry){ .resource = RLIMIT_CORE, .soft = 0, .hard = 0 };
	for (size_t i = 0; i < app->ulimits.count; i++) {
		struct rlimit_entry entry, *place = c->rlimits;

		if (app_parse_ulimit(app->ulimits.items[i], &entry, e))
			return error_at(e, "ulimits");
		if (entry.resource != RLIMIT_CORE)
			place = alloc_append(&c->rlimits, &c->rlimit_count, sizeof *place);
		*place = entry;
	}
	return 0;
}

static int choose_devices(const struct app *app, struct container *c, struct error *e)
{
	for (size_t i = 0; i < app->devices.count; i++) {
		struct device_entry device = { 0 }, *place;

		if (app_parse_device(app->devices.items[i], &device, e))
			return error_at(e, "devices[%zu]", i);
		device.field = text_format("devices[%zu]", i);
		place = alloc_append(&c->devices, &c->device_count, sizeof *place);
		*place = device;
	}
	return 0;
}

static void add_sysctl(struct container *c, const char *key, const char *value, bool is_optional)
{
	struct sysctl_entry *entry = alloc_append(&c->sysctls, &c->sysctl_count, sizeof *entry);

	*entry = (struct sysctl_entry){ .key = alloc_copy(key), .value = alloc_copy(value), .is_optional = is_optional };
}

static void choose_kernel_settings(const struct app *app, struct container *c)
{
	/* As Docker and podman do: any port and ping, without a capability. 65535 is the last group that exists inside, unless an ordinary
	 * user has only one. */
	if (container_has_namespace(c, NAMESPACE_NETWORK)) {
		add_sysctl(c, "net.ipv4.ip_unprivileged_port_start", "0", /* is_optional= */ true);
		add_sysctl(c, "net.ipv4.ping_group_range", "0 65535", /* is_optional= */ true);
	}
	for (size_t i = 0; i < app->sysctls.count; i++) {
		autofree char *key = alloc_copy(app->sysctls.items[i]);
		char *value = strchr(key, '=');

		*value++ = '\0';
		add_sysctl(c, key, value, /* is_optional= */ false);
	}
}

static void choose_policy(const struct app *app, struct container *c)
{
	c->read_only_root = app->read_only;
	app_choose_namespaces(app, c);
	choose_security(app, c);
	choose_limits(app, c);
	choose_kernel_settings(app, c);
}

int app_policy(const struct app *app, struct container *ret, struct error *e)
{
	struct container c = { 0 };

	choose_policy(app, &c);
	if (oci_block_merge(app->oci, &c, e)) {
		container_release(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

int app_container(const struct app *app, const struct image_config *image, const struct app_options *options,
		  struct container *ret, struct error *e)
{
	struct container c = { 0 };

	choose_name(app, options, &c);
	c.spec_file = alloc_copy(app->file);
	c.image = alloc_copy(app->rootfs ? app->rootfs : app->image);
	choose_policy(app, &c);
	app_networks(app, &c);
	for (size_t i = 0; i < app->labels.count; i++)
		list_add(&c.labels, app->labels.items[i]);
	if (choose_process(app, image, options, &c, e) || app_health(app, image, &c, e) || choose_rlimits(app, &c, e) ||
	    choose_devices(app, &c, e) || app_mounts(app, image, options, &c, e) || app_files(app, options, &c, e) ||
	    oci_block_merge(app->oci, &c, e)) {
		container_release(&c);
		return -1;
	}
	*ret = c;
	return 0;
}
