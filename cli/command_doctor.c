/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_doctor.c - box doctor: what this host can do, and how to mend what it cannot.
 *
 * Every row is tried, not guessed from version numbers, wherever trying is harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/places.h"
#include "cgroups/cgroup.h"
#include "cli/commands.h"
#include "cli/report.h"

struct finding {
	bool is_fine;
	struct text detail; /* what was found */
	const char *fix;    /* NULL where nothing is to be done */
};

/* Runs probe in a child, so that what it changes dies with it; true where it returns 0. */
static bool in_child(int (*probe)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(probe() ? 1 : 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check_kernel(const struct places *places, struct finding *ret)
{
	struct utsname name;
	int major = 0, minor = 0;

	(void)places;
	(void)uname(&name); /* cannot fail with a valid pointer */
	(void)sscanf(name.release, "%d.%d", &major, &minor);
	text_addf(&ret->detail, "Linux %s", name.release);
	ret->is_fine = major > 5 || (major == 5 && minor >= 19);
	ret->fix = "box needs Linux 5.19 or later (id-mapped layers below overlayfs)";
}

static int new_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static void check_user_namespaces(const struct places *places, struct finding *ret)
{
	(void)places;
	ret->is_fine = in_child(new_user_namespace);
	text_add(&ret->detail, ret->is_fine ? "can be made" : "cannot be made");
	ret->fix = "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000";
}

static int new_time_namespace(void)
{
	return unshare(CLONE_NEWUSER | 0x80 /* CLONE_NEWTIME */);
}

static void check_time_namespaces(const struct places *places, struct finding *ret)
{
	(void)places;
	ret->is_fine = in_child(new_time_namespace);
	text_add(&ret->detail, ret->is_fine ? "can be made" : "cannot be made");
	ret->fix = "a kernel with CONFIG_TIME_NS (5.6 or later)";
}

/* An overlay as a container has it: mounted by the root of a user namespace, whiteouts in user.* attributes. */
static int mount_overlay(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	(void)file_poke(AT_FDCWD, "/proc/self/setgroups", "deny"); /* needed for an ordinary user's own map */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("box", "/proc", "tmpfs", 0, NULL) || chdir("/proc"))
		return -1;
	if (mkdir("l", 0755) || mkdir("m", 0755) || mkdir("u", 0755) || mkdir("w", 0755) || mkdir("r", 0755))
		return -1;
	return mount("overlay", "r", "overlay", 0, "lowerdir=l:m,userxattr");
}

static void check_overlay(const struct places *places, struct finding *ret)
{
	(void)places;
	ret->is_fine = in_child(mount_overlay);
	text_add(&ret->detail, ret->is_fine ? "can be mounted in a user namespace" : "cannot be mounted in a user namespace");
	ret->fix = "modprobe overlay; needs Linux 5.11 or later";
}

static void check_seccomp(const struct places *places, struct finding *ret)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	(void)places;
	ret->is_fine = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
	text_add(&ret->detail, ret->is_fine ? "filters work" : "filters do not work");
	ret->fix = "a kernel with CONFIG_SECCOMP_FILTER";
}

static void check_landlock(const struct places *places, struct finding *ret)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	(void)places;
	ret->is_fine = true; /* a second wall around unpacking; the first stands without it */
	if (abi > 0)
		text_addf(&ret->detail, "version %ld", abi);
	else
		text_add(&ret->detail, "missing: unpacking has one wall less");
}

static void check_cgroups(const struct places *places, struct finding *ret)
{
	static const char *const versions[] = { "none", "v1", "v2", "v1 controllers beside a v2 tree" };
	struct cgroup_host host = { 0 };
	struct error e = { 0 };

	(void)places;
	if (cgroup_host_find(&host, &e)) {
		text_add(&ret->detail, e.text);
		return;
	}
	text_addf(&ret->detail, "%s;", versions[host.version]);
	for (size_t i = 0; i < host.controllers.count; i++)
		text_addf(&ret->detail, " %s", host.controllers.items[i]);
	ret->is_fine = !host.reason;
	if (host.reason)
		text_addf(&ret->detail, "%s: %s", host.controllers.count ? "" : " nothing can be limited", host.reason);
	cgroup_host_release(&host);
}

static void check_helpers(const struct places *places, struct finding *ret)
{
	static const char *const helpers[] = { "box-image", "box-init" };
	struct error e = { 0 };

	(void)places;
	ret->is_fine = true;
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
		char *path = places_helper(helpers[i], &e);

		if (!path)
			ret->is_fine = false;
		text_addf(&ret->detail, "%s%s %s", i ? ", " : "", helpers[i], path ? "found" : "missing");
		free(path);
	}
	ret->fix = "make install again: box and its libexec folder belong together";
}

static void check_subordinate_ids(const struct places *places, struct finding *ret)
{
	bool has_helpers = access("/usr/bin/newuidmap", X_OK) == 0 && access("/usr/bin/newgidmap", X_OK) == 0;

	if (!places->rootless) {
		ret->is_fine = true;
		text_add(&ret->detail, "not needed by root: 65,536 ids per app from box's own pool");
		return;
	}
	ret->is_fine = has_helpers && access("/etc/subuid", R_OK) == 0;
	text_add(&ret->detail, ret->is_fine ? "newuidmap and /etc/subuid found" : "missing: only one user exists in a container");
	ret->fix = "as root: apt install uidmap && usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER";
}

static void check_store(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };
	struct statvfs fs;
	char size[32];
	int fd = folder_make_private(places->store, &e);

	ret->is_fine = fd >= 0;
	if (fd >= 0 && fstatvfs(fd, &fs) == 0)
		text_addf(&ret->detail, "%s, %s free", places->store, size_format((uint64_t)fs.f_bavail * fs.f_frsize, size));
	else
		text_add(&ret->detail, e.text);
	if (fd >= 0)
		close(fd);
	ret->fix = "choose another folder with --store or BOX_STORE";
}

static const struct row {
	const char *name;
	void (*check)(const struct places *places, struct finding *ret);
} rows[] = {
	{ "kernel", check_kernel },
	{ "user namespaces", check_user_namespaces },
	{ "time namespaces", check_time_namespaces },
	{ "overlayfs", check_overlay },
	{ "seccomp", check_seccomp },
	{ "landlock", check_landlock },
	{ "cgroups", check_cgroups },
	{ "helper programs", check_helpers },
	{ "subordinate ids", check_subordinate_ids },
	{ "store", check_store },
};

int command_doctor(const struct call *call)
{
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int status = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct finding finding = { 0 };

		rows[i].check(call->places, &finding);
		text_addf(&out, "%-8s %-16s %s\n", finding.is_fine ? "ok" : "MISSING", rows[i].name,
			  finding.detail.data ? finding.detail.data : "");
		if (!finding.is_fine && finding.fix)
			text_addf(&out, "%-25s fix: %s\n", "", finding.fix);
		if (!finding.is_fine)
			status = 1;
		text_release(&finding.detail);
	}
	if (report_text(&out, &e)) {
		report_error(NULL, NULL, &e);
		return EXIT_BOX_FAILED;
	}
	return status;
}
