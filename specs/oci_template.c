/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_template.c - the config.json to begin with, as runc's: engines and tutorials build on it.
 */
#include "specs/oci_template.h"

#include <jansson.h>
#include <stddef.h>
#include <unistd.h>

#include "base/text.h"
#include "specs/container.h"
#include "specs/field_json.h"
#include "specs/oci_config.h"

enum { MOUNT_WORDS = 8 };

struct template_mount {
	const char *destination, *type, *source;
	const char *options[MOUNT_WORDS];
};

static const struct template_mount mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
	{ .destination = NULL },
};

/* Group 5 does not exist where one id is mapped; sysfs belongs to the host's network, and cgroups to its root. */
static const struct template_mount rootless_mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	{ .destination = NULL },
};

static const char *const args[] = { "sh", NULL };
static const char *const env[] = { "PATH=" CONTAINER_DEFAULT_PATH, "TERM=xterm", NULL };
static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
static const char *const namespaces[] = { "pid", "network", "ipc", "uts", "mount", "cgroup", NULL };
static const char *const rootless_namespaces[] = { "pid", "ipc", "uts", "mount", "cgroup", "user", NULL };

static const char *const masked_paths[] = {
	"/proc/acpi",       "/proc/asound",      "/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
	NULL,
};

static const char *const read_only_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static json_t *texts(const char *const *items)
{
	json_t *array = json_array();

	for (; *items; items++)
		json_array_append_new(array, json_string(*items));
	return array;
}

static json_t *process(void)
{
	json_t *sets = json_pack("{s:o, s:o, s:o}", "bounding", texts(capabilities), "effective", texts(capabilities), "permitted",
				 texts(capabilities));
	json_t *rlimits = json_pack("[{s:s, s:i, s:i}]", "type", "RLIMIT_NOFILE", "hard", 1024, "soft", 1024);

	return json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:o, s:o, s:b}", "terminal", 1, "user", "uid", 0, "gid", 0, "args", texts(args),
			 "env", texts(env), "cwd", "/", "capabilities", sets, "rlimits", rlimits, "noNewPrivileges", 1);
}

static json_t *mount_list(const struct template_mount *list)
{
	json_t *array = json_array();

	for (; list->destination; list++) {
		json_t *mount = json_pack("{s:s, s:s, s:s}", "destination", list->destination, "type", list->type, "source", list->source);

		if (list->options[0])
			json_object_set_new(mount, "options", texts(list->options));
		json_array_append_new(array, mount);
	}
	return array;
}

static json_t *namespace_list(const char *const *types)
{
	json_t *array = json_array();

	for (; *types; types++)
		json_array_append_new(array, json_pack("{s:s}", "type", *types));
	return array;
}

/* The caller, as root. */
static json_t *mapping(unsigned id)
{
	return json_pack("[{s:i, s:I, s:i}]", "containerID", 0, "hostID", (json_int_t)id, "size", 1);
}

static json_t *linux_object(bool rootless)
{
	json_t *object = json_object();

	if (rootless) {
		json_object_set_new(object, "uidMappings", mapping(geteuid()));
		json_object_set_new(object, "gidMappings", mapping(getegid()));
	} else {
		json_object_set_new(object, "resources", json_pack("{s:[{s:b, s:s}]}", "devices", "allow", 0, "access", "rwm"));
	}
	json_object_set_new(object, "namespaces", namespace_list(rootless ? rootless_namespaces : namespaces));
	json_object_set_new(object, "maskedPaths", texts(masked_paths));
	json_object_set_new(object, "readonlyPaths", texts(read_only_paths));
	return object;
}

void oci_template(bool rootless, struct text *ret)
{
	json_t *config = json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", OCI_VERSION, "process", process(), "root", "path",
				   "rootfs", "readonly", 1, "hostname", "box", "mounts", mount_list(rootless ? rootless_mounts : mounts),
				   "linux", linux_object(rootless));

	field_print(config, ret);
	json_decref(config);
}
