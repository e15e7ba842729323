/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c - a process that reads foreign bytes.
 *
 * libarchive, isa-l, libzstd and jansson read what strangers wrote; whoever takes them over should hold nothing. The order
 * is fixed by the kernel:
 *
 * In somebody else's container that refuses namespaces (base/isolation.h) the first three are a chroot, and the rest has to do.
 *
 *     namespaces   user, mount, pid, net (not for what fetches), ipc, uts: no host id, no process, no network to reach
 *     ids          written by the parent; then the process is the store's id 0
 *     root         a clone of the staging folder's mount, pivoted into: needs CAP_SYS_ADMIN, which goes next
 *     capabilities all but what makes files of other owners
 *     limits       descriptors, file size, memory, time
 *     Landlock     forbids mounting, so it comes after the pivot; needs no_new_privs
 *     seccomp      forbids the calls that set up all of the above
 */
#include "images/unpack/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mountapi.h"
#include "base/process.h"
#include "base/sanitized.h"
#include "images/unpack/budget.h"
#include "images/unpack/sandbox_kind.h"
#include "images/unpack/store_ids.h"

/* Waits for the parent's word that the ids are written; false: the parent is gone. */
static bool wait_for_ids(int pipe)
{
	char go;
	ssize_t got;

	do
		got = read(pipe, &go, 1);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

static int become_owner(const struct id_map *ids, struct error *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return error_sys(e, "tie the sandbox to its parent");
	if (ids->can_setgroups && setgroups(0, NULL))
		return error_sys(e, "drop the groups in the sandbox");
	if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return error_sys(e, "become the owner of the store in the sandbox");
	/* Changing ids clears the parent-death signal. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0))
		return error_sys(e, "tie the sandbox to its parent");
	return 0;
}

/* Without namespaces: nothing that comes later may change the root again, or open what lies outside. */
static int change_root(struct error *e)
{
	return chroot(".") || chdir("/") ? error_sys(e, "make the staging folder the sandbox's root") : 0;
}

/*
 * The staging folder becomes "/". It is the current folder: when a mount namespace is copied, the kernel moves that to the copy's
 * mounts, while an open descriptor would stay in the old namespace, whose mounts cannot be cloned here.
 */
static int enter_root(const struct sandbox *sandbox, struct error *e)
{
	const struct mount_change change = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
						    (sandbox->is_read_only ? MOUNT_ATTR_RDONLY : 0) };
	autoclose int root = -1, target = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_sys(e, "make the sandbox's mounts private");
	root = mount_clone(AT_FDCWD, ".", /* recursive= */ false, e);
	if (root < 0 || mount_change(root, "the sandbox's root", &change, e))
		return -1;
	target = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return error_sys(e, "open the staging folder");
	if (mount_attach(root, target, "the staging folder", e))
		return -1;
	/* The old root is stacked on the new one by pivot_root(".", "."), and then taken away with everything below it. */
	if (fchdir(root) || mount_pivot() || umount2(".", MNT_DETACH) || chdir("/"))
		return error_sys(e, "make the staging folder the sandbox's root");
	return 0;
}

/* Bits of what a file's maker needs: owners, modes, setuid bits, file capabilities of others. */
static int drop_capabilities(bool has_network, struct error *e)
{
	static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP };
	const size_t count = has_network ? 0 : sizeof kept / sizeof kept[0]; /* what fetches makes no files */
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	unsigned long bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= 1UL << kept[i];
	for (int i = 0; i < 64; i++)
		if (!(bits >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) && errno != EINVAL)
			return error_sys(e, "drop capability %d in the sandbox", i);
	data[0].effective = data[0].permitted = (unsigned)bits;
	data[1].effective = data[1].permitted = (unsigned)(bits >> 32);
	if (syscall(SYS_capset, &header, data))
		return error_sys(e, "drop capabilities in the sandbox");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_sys(e, "set no_new_privs in the sandbox");
	return 0;
}

static int set_limits(struct error *e)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, 4096 },
		{ RLIMIT_FSIZE, (rlim_t)budget_default_limits()->bytes },
		{ RLIMIT_CPU, 3600 },
		{ RLIMIT_AS,
		  IS_SANITIZED ? RLIM_INFINITY : (rlim_t)1 << 30 }, /* a sanitizer's shadow is terabytes wide */
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit limit;

		if (getrlimit(limits[i].resource, &limit))
			return error_sys(e, "read limit %d in the sandbox", (int)limits[i].resource);
		if (limit.rlim_max > limits[i].value)
			limit.rlim_max = limits[i].value; /* a lower one of the caller stays */
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(limits[i].resource, &limit))
			return error_sys(e, "set limit %d in the sandbox", (int)limits[i].resource);
	}
	return 0;
}

/* Everything but stderr and the channel goes: the channel becomes descriptor 3, stdin and stdout /dev/null. */
static int close_others(int *channel, struct error *e)
{
	int null;

	if (*channel != 3 && dup3(*channel, 3, O_CLOEXEC) < 0)
		return error_sys(e, "keep the channel in the sandbox");
	*channel = 3;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Descriptors 0 and 1 stay taken: what is opened later must not become somebody's stdout. */
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return error_sys(e, "open /dev/null in the sandbox");
	if (syscall(SYS_close_range, 4U, ~0U, 0))
		return error_sys(e, "close descriptors in the sandbox");
	return 0;
}

static int lock_in(const struct sandbox *sandbox, int *channel, struct error *e)
{
	if (become_owner(sandbox->ids, e) || close_others(channel, e) || (sandbox_is_chroot() ? change_root(e) : enter_root(sandbox, e)) ||
	    drop_capabilities(sandbox->has_network, e) || set_limits(e))
		return -1;
	return sandbox_landlock(sandbox->has_network, e) || sandbox_seccomp(sandbox->has_network, e) ? -1 : 0;
}

static _Noreturn void child(const struct sandbox *sandbox, int pipe, int (*task)(int, void *),
			    void (*fail)(int, const struct error *), void *data)
{
	struct error e = { 0 };
	int channel = sandbox->channel;

	process_title(sandbox->has_network ? "box-image:fetch" : "box-image:apply");
	if (!wait_for_ids(pipe))
		_exit(125);
	if (lock_in(sandbox, &channel, &e)) {
		fail(channel, &e);
		_exit(125);
	}
	_exit(task(channel, data));
}

int sandbox_start(const struct sandbox *sandbox, int (*task)(int channel, void *data),
		  void (*fail)(int channel, const struct error *error), void *data, struct error *e)
{
	const struct process_clone request = {
		.flags = sandbox_is_chroot() ? 0
					     : CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
						       (sandbox->has_network ? 0 : CLONE_NEWNET),
		.cgroup = -1,
	};
	autoclose int pidfd = -1, go_read = -1, go_write = -1;
	struct process_end end;
	struct error ignored = { 0 };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for the sandbox");
	go_read = ends[0];
	go_write = ends[1];
	if (fchdir(sandbox->folder))
		return error_sys(e, "enter the staging folder");
	pid = process_clone(&request, &pidfd, e);
	if (pid == 0) {
		close(take_fd(&go_write)); /* else the child would never see that its parent is gone */
		child(sandbox, go_read, task, fail, data);
	}
	/* So that the staging folder is not held; every path here is absolute or relative to a descriptor. */
	if (chdir("/"))
		log_debug("leave the staging folder: errno %d", errno);
	if (pid < 0) {
		error_hint(e, "unpacking needs user namespaces: see /proc/sys/user/max_user_namespaces and "
			      "kernel.unprivileged_userns_clone");
		return error_in(e, "start the sandbox for unpacking");
	}
	if ((sandbox_is_chroot() || store_ids_write(pid, sandbox->ids, e) == 0) && write(go_write, "g", 1) == 1)
		return take_fd(&pidfd);
	if (e->kind == ERROR_NONE)
		error_sys(e, "start the sandbox for unpacking");
	(void)process_signal(pidfd, SIGKILL); /* it waits for our word and has done nothing yet */
	(void)process_wait(pidfd, &end, &ignored);
	return -1;
}
