/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.c - a piece of box's own code, run as the root of a user namespace.
 */
#include "runtime/child/inside.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/isolation.h"
#include "base/names.h"
#include "base/process.h"
#include "runtime/child/capabilities.h"
#include "runtime/state/state.h"
#include "specs/container.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* What reading and writing somebody's files takes. */
static const uint64_t file_capabilities = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |
					  BIT(CAP_SETFCAP);

static int take_ids(const struct inside *request, struct error *e)
{
	bool can_setgroups = !request->map || request->map->can_setgroups;

	/* A container's namespace may forbid setgroups; the groups then are ones that nobody inside has. */
	if (can_setgroups && setgroups(0, NULL) && request->map)
		return error_sys(e, "leave all groups");
	return setresgid(0, 0, 0) || setresuid(0, 0, 0) ? error_sys(e, "become root of the user namespace") : 0;
}

static int prepare(const struct inside *request, struct error *e)
{
	if (!request->prepare)
		return 0;
	if (take_ids(request, e))
		return -1;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_sys(e, "make a mount namespace");
	return request->prepare(request->data, e);
}

static int join(const struct inside *request, struct error *e)
{
	if (request->map)
		return prepare(request, e);
	/* The user namespace first: it gives the right to the other one. That of box itself cannot be joined (EINVAL), and need not be. */
	(void)setns(request->first, CLONE_NEWUSER);
	if (prepare(request, e))
		return -1;
	return setns(request->first, CLONE_NEWNS) ? error_sys(e, "join the container's mount namespace") : 0;
}

static int become_root(const struct inside *request, struct error *e)
{
	const uint64_t powers = file_capabilities | (request->can_mount ? BIT(CAP_SYS_ADMIN) : 0);
	struct capability_sets sets;

	if (request->map && request->confine >= 0 && (fchdir(request->confine) || chroot(".")))
		return error_sys(e, "change the root folder");
	if (take_ids(request, e))
		return -1;
	sets = (struct capability_sets){ .bounding = powers, .permitted = powers, .effective = powers };
	capabilities_lower(&sets);
	if (capabilities_bound(sets.bounding, e) || capabilities_set(&sets, e))
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? error_sys(e, "give up new privileges") : 0;
}

static _Noreturn void run_inside(const struct inside *request, int channel)
{
	int first = request->first, confine = request->confine;
	struct inside own = *request;
	struct error e = { 0 };
	struct message message;
	int **kept = alloc_zeroed(request->kept_count + 3, sizeof *kept);
	size_t count = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_DUMPABLE, 0); /* before anybody in the container can look */
	for (; count < request->kept_count; count++)
		kept[count] = request->kept[count];
	kept[count++] = &channel;
	kept[count++] = &first;
	kept[count++] = &confine;
	if (channel_receive(channel, &message, &e) <= 0)
		_exit(125);
	if (process_keep_only(3, kept, count, &e) == 0) {
		own.first = first;
		own.confine = confine;
		if (join(&own, &e) == 0 && become_root(&own, &e) == 0) {
			if (first >= 0)
				close(first);
			if (confine >= 0)
				close(confine);
			(void)request->work(request->data, &e); /* e says how it went */
		}
	}
	message_init(&message, 0);
	message.error = e;
	(void)channel_send(channel, &message, &e); /* nobody left to tell otherwise */
	_exit(0);
}

int inside_start(const struct inside *request, struct inside_process *ret, struct error *e)
{
	bool is_mapped = request->map && !isolation_is_chroot();
	const struct process_clone clone = { .flags = is_mapped ? CLONE_NEWUSER : 0, .cgroup = -1 };
	struct inside_process process = { .pidfd = -1, .channel = -1 };
	struct error ignored = { 0 };
	struct message message;
	int ends[2];

	if (channel_open(ends, e))
		return -1;
	process.pid = process_clone(&clone, &process.pidfd, e);
	if (process.pid == 0) {
		close(ends[0]);
		run_inside(request, ends[1]);
	}
	close(ends[1]);
	if (process.pid < 0) {
		close(ends[0]);
		return -1;
	}
	process.channel = ends[0];
	message_init(&message, 0);
	if ((is_mapped && id_map_write(process.pid, request->map, e)) || channel_send(process.channel, &message, e)) {
		(void)process_signal(process.pidfd, SIGKILL); /* it cannot have ended: it waits for us */
		(void)inside_finish(&process, &ignored);      /* e has the cause */
		return -1;
	}
	*ret = process;
	return 0;
}

int inside_finish(struct inside_process *process, struct error *e)
{
	struct error ignored = { 0 };
	struct process_end end;
	struct message message;
	int got = channel_receive(process->channel, &message, e);

	(void)process_wait(process->pidfd, &end, &ignored); /* its answer is what counts */
	close(take_fd(&process->channel));
	close(take_fd(&process->pidfd));
	if (got <= 0)
		return got < 0 ? -1 : error_set(e, ERROR_INTERNAL, "the process that works on the files died");
	if (message.error.kind == ERROR_NONE)
		return 0;
	*e = message.error;
	return -1;
}

int inside_run(const struct inside *request, struct error *e)
{
	struct inside_process process;

	return inside_start(request, &process, e) ? -1 : inside_finish(&process, e);
}

struct removal {
	int folder;
	const char *name;
};

static int remove_it(void *data, struct error *e)
{
	struct removal *removal = data;

	return folder_remove(removal->folder, removal->name, e);
}

int inside_remove(int folder, const char *name, const struct id_map *map, struct error *e)
{
	struct removal removal = { folder, name };
	int *const kept[] = { &removal.folder };
	const struct inside inside = { .map = map, .first = -1, .confine = -1, .kept = kept, .kept_count = 1, .work = remove_it,
				       .data = &removal };

	if (folder_remove(folder, name, e) == 0)
		return 0;
	if (geteuid() == 0 || (e->sys != EACCES && e->sys != EPERM))
		return -1;
	error_clear(e);
	/* The folder itself belongs to the caller, who may remove it once it is empty. */
	return inside_run(&inside, e) ? -1 : folder_remove(folder, name, e);
}

int inside_open(const struct places *places, const char *name, int *ret_root, struct error *e)
{
	struct record record = { 0 };
	autoclose int pidfd = -1, root = -1;
	bool alive = false;
	char path[48];

	if (name_check(name, e) || state_read(places, name, &record, &alive, e))
		return -1;
	pidfd = alive ? process_open((pid_t)record.pid) : -1;
	/* An engine's --no-pivot leaves the host's root under the container's. An app's first process may have gone deeper (chroot). */
	(void)snprintf(path, sizeof path, "/proc/%jd/root", (intmax_t)record.pid); /* always fits */
	if (pidfd >= 0 && record.bundle && (root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		error_sys(e, "open the root folder of %s", name);
	/* Asked again: the number may have become another process' meanwhile. */
	if (e->kind == ERROR_NONE && (pidfd < 0 || !process_lives((pid_t)record.pid, record.start_time)))
		error_set(e, ERROR_MISSING, "enter %s: container not running", name);
	record_release(&record);
	if (e->kind != ERROR_NONE)
		return -1;
	*ret_root = take_fd(&root);
	return take_fd(&pidfd);
}
