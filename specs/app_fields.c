/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_fields.c - the tables of app.json: top level, in the order of the manual.
 */
#include "specs/app_fields.h"

#include "base/alloc.h"
#include "specs/app_tables.h"
#include "specs/limits.h"
#include "specs/shorthand.h"

#define AT(member) offsetof(struct app, member)

static const char *const network_modes[] = { "none", "host", "private", NULL };

const struct field app_table[] = {
	{ "$schema", FIELD_OPAQUE, 0, .help = "For editors: the path of app.schema.json. box does not read it." },
	{ "name", FIELD_TEXT, AT(name), .pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$",
	  .help = "Name of the app: letters, digits, \"_\", \".\", \"-\". Default: the file's folder." },
	{ "image", FIELD_TEXT, AT(image), .help = "Image to run: REGISTRY/NAME:TAG, oci:DIR:TAG, oci-archive:FILE or docker-archive:FILE." },
	{ "rootfs", FIELD_TEXT, AT(rootfs), .help = "Root file system instead of an image: a folder, or a tar (also gzip, zstd)." },
	{ "build", FIELD_OBJECT, AT(build), .sub = build_fields, .expand = shorthand_build,
	  .help = "How to build the image." },
	{ "entrypoint", FIELD_TEXT_LIST, AT(entrypoint), .help = "Program and first arguments; replaces the image's, and its command." },
	{ "command", FIELD_TEXT_LIST, AT(command), .help = "Arguments behind the entrypoint; replaces the image's." },
	{ "working_dir", FIELD_PATH, AT(working_dir),
	  .help = "Folder in which the program starts; made where missing. Default: the image's, else /." },
	{ "user", FIELD_TEXT, AT(user), .help = "user, uid, user:group or uid:gid, looked up in the image. Default: the image's, else root." },
	{ "group_add", FIELD_TEXT_LIST, AT(group_add), .help = "Further groups, by name or number." },
	{ "hostname", FIELD_TEXT, AT(hostname), .help = "Host name inside. Default: the name of the container." },
	{ "environment", FIELD_MAP, AT(environment), .flags = FIELD_VARIABLES,
	  .help = "Environment variables; an object, or an array of \"KEY=value\"." },
	{ "env_file", FIELD_OBJECT_LIST, AT(env_file), .sub = env_source_fields, .size = sizeof(struct env_source),
	  .count_offset = AT(env_file_count), .expand = shorthand_env_file,
	  .help = "Files of KEY=value lines, read before environment; a path each, or an object." },
	{ "volumes", FIELD_OBJECT_LIST, AT(volumes), .sub = volume_fields, .size = sizeof(struct volume), .count_offset = AT(volume_count),
	  .expand = shorthand_volume, .help = "Mounts; an object each, or \"source:target[:ro]\"." },
	{ "tmpfs", FIELD_TEXT_LIST, AT(tmpfs), .help = "Folders in memory: \"/target\" or \"/target:size=64m,mode=1777\"." },
	{ "read_only", FIELD_BOOL, AT(read_only), .help = "No writable layer: the root cannot be written. Default: false." },
	{ "networks", FIELD_OBJECT_MAP, AT(networks), .flags = FIELD_NAMES, .sub = app_network_fields, .size = sizeof(struct app_network),
	  .count_offset = AT(network_count), .help = "Networks to be in: an array of names, or an object of objects." },
	{ "network_mode", FIELD_ENUM, AT(network_mode), .names = network_modes,
	  .help = "none (loopback only), host, or private (a network of its own). Default: private where ports are published, else none." },
	{ "extra_hosts", FIELD_MAP, AT(extra_hosts), .flags = FIELD_SPARSE, .expand = shorthand_host,
	  .help = "Further lines of /etc/hosts, of one that is in a network: an object, or an array of \"name:address\"." },
	{ "ports", FIELD_OBJECT_LIST, AT(ports), .sub = port_fields, .size = sizeof(struct port), .count_offset = AT(port_count),
	  .expand = shorthand_port, .help = "Published ports; an object each, or \"127.0.0.1:8080:80/tcp\"." },
	{ "resources", FIELD_OBJECT, AT(resources), .sub = resource_fields, .help = "Limits and reservations." },
	{ "ulimits", FIELD_MAP, AT(ulimits), .fold = shorthand_ulimit,
	  .help = "Limits per process: a number, or {\"soft\": n, \"hard\": n}." },
	{ "sysctls", FIELD_MAP, AT(sysctls), .help = "Kernel settings of the container's own namespaces." },
	{ "shm_size", FIELD_SIZE, AT(shm_size), .help = "Size of /dev/shm. Default: 64m." },
	{ "devices", FIELD_TEXT_LIST, AT(devices), .help = "Devices of the host: \"/dev/x[:/dev/y[:rwm]]\"." },
	{ "cap_drop", FIELD_TEXT_LIST, AT(cap_drop), .help = "Capabilities to take away; ALL takes every one." },
	{ "cap_add", FIELD_TEXT_LIST, AT(cap_add), .help = "Capabilities to add to the default set; ALL adds every one." },
	{ "security", FIELD_OBJECT, AT(security), .sub = security_fields, .help = "User namespace, seccomp, new privileges." },
	{ "healthcheck", FIELD_OBJECT, AT(healthcheck), .sub = healthcheck_fields, .help = "How to tell that the app works." },
	{ "restart", FIELD_TEXT, AT(restart), .pattern = "^(no|always|unless-stopped|on-failure(:[1-9][0-9]*)?)$",
	  .help = "no, always, on-failure[:n] or unless-stopped. Default: no." },
	{ "secrets", FIELD_OBJECT_LIST, AT(secrets), .sub = secret_fields, .size = sizeof(struct secret), .count_offset = AT(secret_count),
	  .expand = shorthand_secret, .help = "Files that only the app sees, on a tmpfs." },
	{ "init", FIELD_BOOL, AT(init), .help = "A small init as PID 1: forwards signals, reaps orphans. Default: false." },
	{ "stop_signal", FIELD_TEXT, AT(stop_signal), .help = "Signal that asks the app to end. Default: the image's, else SIGTERM." },
	{ "stop_grace_period", FIELD_DURATION, AT(stop_grace_period), .help = "Time between that signal and SIGKILL. Default: 10s." },
	{ "reload", FIELD_OBJECT, AT(reload), .sub = reload_fields, .help = "How box reload has the app read its files again." },
	{ "logging", FIELD_OBJECT, AT(logging), .sub = logging_fields,
	  .help = "Where the output of an app in the background (box run -d) is kept, and how much of it." },
	{ "update", FIELD_OBJECT, AT(update), .sub = update_fields, .help = "How a new generation replaces the old." },
	{ "schedule", FIELD_OBJECT, AT(schedule), .sub = schedule_fields, .expand = shorthand_schedule,
	  .help = "A job: it runs at these times (box run -d), and ends. An object, or the times alone: \"30 3 * * *\"." },
	{ "replicas", FIELD_INTEGER, AT(replicas), .min = 1, .max = 1000,
	  .help = "How many instances of it run side by side under box up. Default: 1." },
	{ "profiles", FIELD_TEXT_LIST, AT(profiles), .flags = FIELD_SPARSE,
	  .help = "In a file with services: it is started with --profile, or where it is named. Default: always." },
	{ "labels", FIELD_MAP, AT(labels), .help = "Words for people and tools; box does not read them." },
	{ "annotations", FIELD_MAP, AT(annotations), .help = "Words for OCI tools; box does not read them." },
	{ "depends_on", FIELD_OPAQUE, 0, .help = "In a file with services: those that have to run before, as an array or with conditions." },
	{ "overrides", FIELD_OPAQUE, 0, .help = "Named JSON Merge Patches (RFC 7386), chosen with --override NAME." },
	{ "oci", FIELD_OPAQUE, 0, .help = "What only the OCI runtime-spec has words for, merged last." },
	{ 0 },
};

void app_init(struct app *app)
{
	struct app_limits *l = &app->resources.limits;
	struct healthcheck *health = &app->healthcheck;

	l->cpus = l->cpu_weight = l->memory = l->swap = l->pids = l->disk = l->io_weight = LIMIT_UNSET;
	app->resources.reservations.memory = LIMIT_UNSET;
	app->build.epoch = LIMIT_UNSET;
	app->shm_size = 64 << 20;
	app->security.no_new_privileges = true;
	app->stop_grace_period = 10 * 1000000;
	app->reload.timeout = 30 * 1000000;
	app->restart = alloc_copy("no");
	app->security.seccomp = alloc_copy("default");
	health->http.port = health->tcp.port = LIMIT_UNSET;
	health->interval = health->timeout = health->retries = health->start_period = health->start_interval = LIMIT_UNSET;
	app->schedule.timeout = LIMIT_UNSET;
	app->logging.max_size = LOG_MAX_SIZE;
	app->logging.max_files = LOG_MAX_FILES;
	app->replicas = 1;
	app->update.monitor = 2 * 1000000;
	app->update.timeout = 60 * 1000000;
	app->update.drain = 10 * 1000000;
}

bool app_has(const struct app *app, const char *key)
{
	return list_has(&app->written, key);
}
