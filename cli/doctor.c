/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.c - the rows of box doctor.
 *
 * Every row is tried, not guessed from version numbers, wherever trying is harmless.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/landlock.h"
#include "base/number.h"
#include "base/places.h"
#include "cgroups/cgroup.h"
#include "images/layer_mount.h"
#include "runtime/state/idmap.h"
#include "runtime/storage/disk_quota.h"

enum { LITTLE_SPACE = 1 << 30 };

static void check_kernel(const struct places *places, struct finding *ret)
{
	struct utsname name;
	int major = 0, minor = 0;

	(void)places;
	(void)uname(&name); /* cannot fail with a valid pointer */
	(void)sscanf(name.release, "%d.%d", &major, &minor); /* 0.0 where it says something else */
	text_addf(&ret->detail, "Linux %s", name.release);
	ret->level = major > 5 || (major == 5 && minor >= 19) ? FINDING_FINE : FINDING_BROKEN;
}

static void check_seccomp(const struct places *places, struct finding *ret)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	(void)places;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)) {
		ret->level = FINDING_BROKEN;
		text_addf(&ret->detail, "no filters: %s", strerror(errno));
	} else {
		text_add(&ret->detail, "filters work");
	}
}

static void check_landlock(const struct places *places, struct finding *ret)
{
	long version = landlock_version();

	(void)places;
	if (version > 0) {
		text_addf(&ret->detail, "version %ld", version);
	} else {
		ret->level = FINDING_LESS;
		text_add(&ret->detail, "missing: the sandbox around unpacking has one wall less");
	}
}

static void check_cgroups(const struct places *places, struct finding *ret)
{
	static const char *const versions[] = { "none", "v1", "v2", "v1 controllers beside a v2 tree" };
	struct cgroup_host host = { 0 };
	struct error e = { 0 };

	(void)places;
	if (cgroup_host_find(&host, &e)) {
		ret->level = FINDING_LESS;
		text_add(&ret->detail, e.text);
		return;
	}
	/* Without them an app runs, without limits; a spec that asks for one is refused. */
	ret->level = host.reason ? FINDING_LESS : FINDING_FINE;
	if (host.controllers.count)
		text_addf(&ret->detail, "%s:", versions[host.version]);
	for (size_t i = 0; i < host.controllers.count; i++)
		text_addf(&ret->detail, " %s", host.controllers.items[i]);
	if (host.reason)
		text_addf(&ret->detail, "%s%s", host.controllers.count ? "; " : "nothing can be limited: ", host.reason);
	cgroup_host_release(&host);
}

static void check_helpers(const struct places *places, struct finding *ret)
{
	static const char *const helpers[] = { "box-image", "box-init", "box-net" };

	(void)places;
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
		struct error e = { 0 };
		char *path = places_helper(helpers[i], &e);

		if (!path)
			ret->level = FINDING_BROKEN;
		text_addf(&ret->detail, "%s%s %s", i ? ", " : "", helpers[i], path ? "found" : "missing");
		free(path);
	}
}

static void check_subordinate_ids(const struct places *places, struct finding *ret)
{
	bool has_helpers = access("/usr/bin/newuidmap", X_OK) == 0 && access("/usr/bin/newgidmap", X_OK) == 0;
	struct id_map map;

	if (!places->rootless) {
		text_add(&ret->detail, "not needed by root: 65,536 ids per app from box's own pool");
		return;
	}
	id_map_for_caller(&map);
	if (map.uid_count > 1) {
		text_addf(&ret->detail, "%u users and %u groups", map.uids[1].count, map.gids[1].count);
	} else {
		ret->level = FINDING_LESS;
		text_addf(&ret->detail, "%s: only one user exists in a container",
			  has_helpers ? "no range of this user in /etc/subuid and /etc/subgid" : "newuidmap and newgidmap are missing");
	}
}

static void check_state(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };
	autoclose int fd = folder_make_private(places->state, &e);

	ret->level = fd >= 0 ? FINDING_FINE : FINDING_BROKEN;
	text_add(&ret->detail, fd >= 0 ? places->state : e.text);
	if (places->rootless && !getenv("XDG_RUNTIME_DIR"))
		text_add(&ret->detail, "; XDG_RUNTIME_DIR is not set");
}

static void check_store(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };
	struct statvfs fs = { 0 };
	char size[32];
	autoclose int fd = folder_make_private(places->store, &e);

	if (fd < 0 || fstatvfs(fd, &fs)) {
		ret->level = FINDING_BROKEN;
		text_add(&ret->detail, fd < 0 ? e.text : strerror(errno));
		return;
	}
	text_addf(&ret->detail, "%s, %s free", places->store, size_format((uint64_t)fs.f_bavail * fs.f_frsize, size));
	if ((uint64_t)fs.f_bavail * fs.f_frsize < LITTLE_SPACE)
		ret->level = FINDING_LESS;
}

static void check_layers(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };
	autoclose int store = -1;
	const char *words;

	if (places->rootless) {
		text_add(&ret->detail, "become folders: an ordinary user cannot mount an index");
		return;
	}
	store = folder_make_private(places->store, &e);
	words = store < 0 ? NULL : layer_mount_probe(store, &e);
	if (words) {
		text_addf(&ret->detail, "become %s", words);
	} else {
		ret->level = FINDING_LESS;
		text_addf(&ret->detail, "become folders, which take longer to make: %s", e.text);
	}
}

static void check_disk_limits(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };
	autoclose int store = places->rootless ? -1 : folder_make_private(places->store, &e);

	if (places->rootless) {
		text_add(&ret->detail, "only root can set the quota of a project");
	} else if (store < 0 || disk_quota_probe(store, &e)) {
		ret->level = FINDING_LESS;
		text_add(&ret->detail, e.text);
	} else {
		text_add(&ret->detail, "the store's file system holds projects to their quotas");
	}
}

/* The store is before what is tried on its file system. */
const struct doctor_row doctor_rows[] = {
	{ "kernel", check_kernel, "everything", "boot Linux 5.19 or later (it has id-mapped layers below an overlay)" },
	{ "user namespaces", doctor_user_namespaces, "everything",
	  "sysctl -w user.max_user_namespaces=15000; where it exists: sysctl -w kernel.unprivileged_userns_clone=1" },
	{ "time namespaces", doctor_time_namespaces, "everything", "boot a kernel with CONFIG_TIME_NS" },
	{ "store", check_store, "images and volumes", "choose a folder of your own with space, by --store FOLDER or BOX_STORE" },
	{ "state", check_state, "everything", "choose a folder of your own by --root FOLDER or XDG_RUNTIME_DIR" },
	{ "layers", check_layers, "fast unpacking", "boot Linux 6.12 or later, or 6.4 with loop devices; modprobe erofs loop" },
	{ "overlayfs", doctor_overlay, "the writable layer, images with several layers", "modprobe overlay" },
	{ "id-mapped mounts", doctor_idmap, "layers and volumes under a user namespace",
	  "move the store to ext4, xfs or btrfs by --store FOLDER or BOX_STORE (tmpfs: from Linux 6.3)" },
	{ "disk limits", check_disk_limits, "resources.limits.disk",
	  "xfs: mount it with prjquota; ext4: tune2fs -O project,quota -Q prjquota DEVICE while it is not mounted, then mount it with prjquota" },
	{ "seccomp", check_seccomp, "security.seccomp", "boot a kernel with CONFIG_SECCOMP_FILTER" },
	{ "landlock", check_landlock, "unpacking images", "boot with lsm=landlock,… and CONFIG_SECURITY_LANDLOCK" },
	{ "networks", doctor_networks, "networks, ports, several services", NULL },
	{ "way out", doctor_way_out, "networks of ordinary users", NULL },
	{ "cgroups", check_cgroups, "resources.limits, box pause", NULL },
	{ "helper programs", check_helpers, "unpacking images, init", "make install again: box and its libexec folder belong together" },
	{ "subordinate ids", check_subordinate_ids, "more than one user in a container",
	  "as root: apt install uidmap; usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER" },
	{ 0 },
};
