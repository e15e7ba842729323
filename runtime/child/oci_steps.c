/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_steps.c - what the first process of an OCI container does beside the steps that every container has.
 *
 * The engine's configuration is followed to the letter: the root folder is the engine's own, mounts are those of the list, and the
 * caller's descriptors 0, 1 and 2 are the program's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mountapi.h"
#include "base/process.h"
#include "runtime/child/cpu_list.h"
#include "runtime/child/hooks.h"
#include "runtime/child/oci_state.h"
#include "runtime/child/scheduling.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/seccomp/seccomp_filter.h"
#include "specs/container.h"

/* Mounts of the host may still come in, none goes out; nothing of the host's is shared from here on, which pivot_root(2) demands. */
int step_slave_mounts(struct child *c, struct error *e)
{
	(void)c;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return error_sys(e, "keep mounts from spreading to the host");
	return 0;
}

/* The root folder becomes a mount of its own, on itself. */
int step_root_folder(struct child *c, struct error *e)
{
	const char *path = c->container->root_folder;
	unsigned long wanted = c->container->oci->root_propagation;
	const struct mount_change change = { .propagation = wanted & MS_PRIVATE ? MS_PRIVATE : MS_SLAVE, .recursive = true };
	autoclose int place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (place < 0) {
		error_sys(e, "open the root folder %s", path);
		return error_at(e, "root.path");
	}
	c->root = mount_clone(place, "", /* recursive= */ true, e);
	if (c->root < 0 || mount_change(c->root, path, &change, e))
		return -1;
	return mount_attach(c->root, place, path, e);
}

static void describe(const struct child *c, const char *status, struct oci_state *state)
{
	const struct container *container = c->container;

	*state = (struct oci_state){ .version = container->oci->version, .id = container->name, .pid = c->host_pid,
				     .status = (char *)status, .bundle = container->oci->bundle, .rootfs = container->root_folder,
				     .annotations = container->oci->annotations };
}

/* The engine's hooks in its own namespaces are the parent's matter. */
int step_runtime_hooks(struct child *c, struct error *e)
{
	struct message message;

	if (!hooks_has(c->container, HOOK_PRESTART) && !hooks_has(c->container, HOOK_CREATE_RUNTIME))
		return 0;
	message_init(&message, STAGE_HOOKS);
	return channel_send(c->channel, &message, e) ? -1 : child_wait(c, STAGE_HOOKED, e);
}

int step_container_hooks(struct child *c, struct error *e)
{
	struct oci_state state;

	describe(c, "created", &state);
	return hooks_run(c->container, HOOK_CREATE_CONTAINER, &state, e);
}

/* In the process that becomes a hook. Its program is a file of the root folder, as the container's own is: it gets no more than that one.
 * Calls that somebody is to be asked about fail with ENOSYS: who answers knows only the container's own process. */
static int restrain(void *data, struct error *e)
{
	const unsigned asking = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	struct child *c = data;
	struct seccomp_filter filter = *c->filter; /* borrows */
	bool is_late = c->container->no_new_privileges;

	filter.flags &= ~asking;
	if (step_labels(c, e) || (!is_late && seccomp_filter_load(&filter, e)))
		return -1;
	if (step_bounding_set(c, e) || step_identity(c, e) || step_capabilities(c, e) || step_no_new_privileges(c, e))
		return -1;
	return is_late ? seccomp_filter_load(&filter, e) : 0;
}

int step_start_hooks(struct child *c, struct error *e)
{
	struct oci_state state;

	if (!hooks_has(c->container, HOOK_START_CONTAINER))
		return 0;
	describe(c, "created", &state);
	return hooks_run_prepared(c->container, HOOK_START_CONTAINER, &state, restrain, c, e);
}

int step_read_only_root(struct child *c, struct error *e)
{
	const struct mount_change change = { .set = MOUNT_ATTR_RDONLY };

	return c->container->read_only_root ? mount_change(c->root, "/", &change, e) : 0;
}

/* pivot_root(2) does not work on an initramfs: there the root is moved over the old one, which stays below (runc's --no-pivot). */
static int move_root(struct error *e)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return error_sys(e, "move the root over the old one");
	return 0;
}

int step_change_root(struct child *c, struct error *e)
{
	if (!c->container->oci->no_pivot)
		return step_pivot(c, e);
	if (fchdir(c->root))
		return error_sys(e, "enter the root");
	return move_root(e);
}

int step_root_propagation(struct child *c, struct error *e)
{
	unsigned long wanted = c->container->oci->root_propagation;

	if (!(wanted & (MS_SHARED | MS_UNBINDABLE)))
		return 0;
	if (mount(NULL, "/", NULL, wanted, NULL)) {
		error_sys(e, "set the propagation of the root");
		return error_at(e, "linux.rootfsPropagation");
	}
	return 0;
}

/* A procfs that nothing of the container's can cover: sysctls and labels are written through it. */
int step_own_proc(struct child *c, struct error *e)
{
	const struct oci_part *oci = c->container->oci;

	if (c->proc >= 0 || (!c->container->sysctl_count && !oci->apparmor_profile && !oci->selinux_label))
		return 0;
	c->proc = mount_make("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	return c->proc < 0 ? error_in(e, "open the container's procfs") : 0;
}

int step_domainname(struct child *c, struct error *e)
{
	const struct oci_part *extra = container_extra(c->container);
	const char *name = extra ? extra->domainname : NULL;

	if (name && setdomainname(name, strlen(name))) {
		error_sys(e, "set the domain name to \"%s\"", name);
		return error_at(e, "domainname");
	}
	return 0;
}

/* The caller's own streams are the program's; a terminal is one of the container's /dev/pts. */
int step_oci_streams(struct child *c, struct error *e)
{
	const struct oci_part *oci = c->container->oci;
	const struct winsize size = { .ws_row = oci->console_rows, .ws_col = oci->console_columns };

	if (!c->container->terminal)
		return 0;
	if (c->pts < 0)
		c->pts = beneath_open(c->root, "/dev/pts", O_RDONLY | O_DIRECTORY, 0, e);
	if (c->pts < 0 || step_streams(c, e))
		return error_in(e, "make a terminal");
	if (size.ws_row && ioctl(c->streams[0], TIOCSWINSZ, &size))
		return error_sys(e, "set the terminal's size");
	return 0;
}

int step_take_oci_streams(struct child *c, struct error *e)
{
	return c->container->terminal ? step_take_streams(c, e) : 0;
}

/* Until start comes: a message where the parent stays, else a connection to the socket in the state folder. The parent ends after
 * PARK; its end before that is the end of this start. */
int step_wait_start(struct child *c, struct error *e)
{
	int connection;

	if (c->start < 0)
		return child_wait(c, STAGE_START, e);
	if (child_wait(c, STAGE_PARK, e))
		return -1;
	process_title("box:[created]");
	while ((connection = accept4(c->start, NULL, NULL, SOCK_CLOEXEC)) < 0)
		if (errno != EINTR)
			return error_sys(e, "wait for the start");
	close(c->channel);
	close(take_fd(&c->start));
	c->channel = connection;
	return 0;
}

static int set_memory_policy(const struct oci_part *oci, struct error *e)
{
	unsigned long nodes[CPU_LIST_LONGS] = { 0 };

	if (oci->memory_policy < 0)
		return 0;
	if (oci->memory_nodes && cpu_list_parse(oci->memory_nodes, nodes)) {
		error_set(e, ERROR_SPEC, "expected nodes such as \"0-3,7\", found \"%s\"", oci->memory_nodes);
		return error_at(e, "linux.memoryPolicy.nodes");
	}
	if (syscall(SYS_set_mempolicy, oci->memory_policy, oci->memory_nodes ? nodes : NULL, (unsigned long)CPU_LIST_LONGS * 64)) {
		error_sys(e, "set the memory policy");
		return error_at(e, "linux.memoryPolicy");
	}
	return 0;
}

int step_scheduling(struct child *c, struct error *e)
{
	const struct oci_part *oci = container_extra(c->container);

	if (!oci)
		return 0;
	/* An app has a user namespace, in which nothing can be raised: its parent sees to it. */
	if ((c->container->oci && scheduling_set(0, oci, e)) || set_memory_policy(oci, e))
		return -1;
	if (oci->personality >= 0 && personality((unsigned long)oci->personality) < 0) {
		error_sys(e, "set the personality");
		return error_at(e, "linux.personality");
	}
	return 0;
}

/* What security modules shall make of the program that is executed next. The file is the thread's own: no path of the container's leads
 * there. */
static int set_label(struct child *c, const char *path, const char *word, const char *label, const char *field, struct error *e)
{
	autofree char *content = text_format("%s%s", word, label);

	if (file_poke(c->proc, path, content) == 0)
		return 0;
	error_sys(e, "set the label \"%s\"", label);
	if (e->sys == ENOENT || e->sys == EINVAL)
		error_hint(e, "this kernel does not have that security module, or does not know the label");
	return error_at(e, "%s", field);
}

int step_labels(struct child *c, struct error *e)
{
	const struct oci_part *oci = c->container->oci;

	if (oci->apparmor_profile &&
	    set_label(c, "thread-self/attr/apparmor/exec", "exec ", oci->apparmor_profile, "process.apparmorProfile", e))
		return -1;
	if (oci->selinux_label && set_label(c, "thread-self/attr/exec", "", oci->selinux_label, "process.selinuxLabel", e))
		return -1;
	return 0;
}
