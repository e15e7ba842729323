/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - the child's half of a start: tables of steps, run in order, until the app's program takes over.
 *
 * A table holds for every container of its kind; a step whose part is empty does nothing. The loop names the step in the title that
 * ps shows, in the trace and in every error. The child never returns: it ends in execve or _exit.
 */
#include "runtime/child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "runtime/child/kernel_settings.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

int child_take_mount(struct child *c, struct error *e)
{
	if (c->given.taken == c->given.count)
		return error_set(e, ERROR_INTERNAL, "take mount %zu of %zu from the parent", c->given.taken + 1, c->given.count);
	return take_fd(&c->given.fds[c->given.taken++]);
}

static void keep_descriptors(struct child *c, struct message *message)
{
	for (uint32_t i = 0; i < message->fd_count; i++) {
		int *place = alloc_append(&c->given.fds, &c->given.count, sizeof *c->given.fds);

		*place = take_fd(&message->fds[i]);
	}
}

int child_wait(struct child *c, unsigned stage, struct error *e)
{
	struct message message;
	int got;

	while ((got = channel_receive(c->channel, &message, e)) > 0) {
		keep_descriptors(c, &message);
		if (message.stage == STAGE_GO)
			c->host_pid = (pid_t)message.numbers[0];
		if (message.stage == stage)
			return 0;
		if (message.stage != STAGE_DESCRIPTORS)
			return error_set(e, ERROR_INTERNAL, "wait for stage %u: stage %u came", stage, message.stage);
	}
	if (got < 0)
		return -1;
	_exit(125); /* the parent is gone: there is nobody to run for, and nobody to tell */
}

static int say(struct child *c, unsigned stage, int64_t first, int64_t second, struct error *e)
{
	struct message message;

	message_init(&message, stage);
	message.numbers[0] = first;
	message.numbers[1] = second;
	return channel_send(c->channel, &message, e);
}

static int step_wait_go(struct child *c, struct error *e)
{
	return child_wait(c, STAGE_GO, e);
}

static int step_private_mounts(struct child *c, struct error *e)
{
	(void)c;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_sys(e, "keep mounts from spreading to the host");
	return 0;
}

/* In a running container box is where the app is: "/" is its root. */
static int step_find_root(struct child *c, struct error *e)
{
	c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->root < 0)
		return error_sys(e, "open the container's root");
	c->pts = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); /* -1: no terminal can be made, which streams says */
	return 0;
}

static int step_find_user(struct child *c, struct error *e)
{
	if (users_find(c->root, c->container->user ? c->container->user : "", &c->container->group_add, &c->identity, e))
		return c->container->user_field ? error_at(e, "%s", c->container->user_field) : -1;
	return 0;
}

static int step_user(struct child *c, struct error *e)
{
	if (step_find_user(c, e))
		return -1;
	return say(c, STAGE_ROOT, c->identity.uid, c->identity.gid, e);
}

static int step_wait_mounts(struct child *c, struct error *e)
{
	return child_wait(c, STAGE_MOUNTS, e);
}

static int step_hostname(struct child *c, struct error *e)
{
	return c->container->hostname ? settings_hostname(c->container->hostname, e) : 0;
}

/* Most ways out of a container begin with a user namespace of the app's own. The filter refuses it; this holds where the spec
 * takes the filter away. The limit counts inside this namespace only (user_namespaces(7)). */
static int step_no_more_namespaces(struct child *c, struct error *e)
{
	if (!container_has_namespace(c->container, NAMESPACE_USER) && !c->is_rootless)
		return 0;
	if (file_poke(c->proc, "sys/user/max_user_namespaces", "0"))
		return error_sys(e, "forbid user namespaces inside the container");
	return 0;
}

static int step_sysctls(struct child *c, struct error *e)
{
	return settings_sysctls(c->proc, c->container->sysctls, c->container->sysctl_count, e);
}

static int step_say_ready(struct child *c, struct error *e)
{
	struct message message;

	message_init(&message, STAGE_READY);
	for (int i = 0; i < 3; i++) {
		message.numbers[i] = c->parent_streams[i] >= 0;
		if (c->parent_streams[i] >= 0)
			message.fds[message.fd_count++] = c->parent_streams[i];
	}
	if (channel_send(c->channel, &message, e))
		return -1;
	/* Kept here, the app's own end of file would never come. */
	for (int i = 0; i < 3; i++)
		if (c->parent_streams[i] >= 0)
			close(take_fd(&c->parent_streams[i]));
	return 0;
}

static int step_ready(struct child *c, struct error *e)
{
	return step_say_ready(c, e) ? -1 : child_wait(c, STAGE_START, e);
}

struct step {
	const char *name;
	int (*run)(struct child *c, struct error *e);
};

/* A container's first process. */
static const struct step start_steps[] = {
	{ "death signal", step_bind_to_parent },            /* first: from here kill -9 of box ends this process too */
	{ "close-on-exec", step_close_on_exec },            /* before anything is opened: nothing of the caller's survives */
	{ "keyring", step_keyring },                        /* while the keyring can only be the caller's: nothing of it is inside */
	{ "session", step_session },                        /* before the terminal, which becomes this session's */
	{ "wait: cgroup, id maps, layers", step_wait_go },  /* before acting as root of the namespace: the maps are written now */
	{ "root of the user namespace", step_namespace_root }, /* after the maps; before all mounts, which belong to this root */
	{ "cgroup", step_cgroup },                          /* before the cgroup namespace is made: its root is where we are then */
	{ "private mounts", step_private_mounts },          /* before the first mount */
	{ "root", step_root },
	{ "user", step_user },                              /* after root: by the image's own files; before binds: their ids depend on it */
	{ "wait: binds, volumes", step_wait_mounts },
	{ "mounts", step_mounts },                          /* proc is the first of them: sysctls are written through it */
	{ "devices", step_devices },                        /* after the /dev of the mounts */
	{ "files", step_files },                            /* after mounts, which may hold their targets */
	{ "masked and read-only paths", step_masks },       /* after every mount, so that nothing covers a mask */
	{ "pivot", step_pivot },                            /* after everything that comes from the host is attached */
	{ "hostname", step_hostname },
	{ "domainname", step_domainname },
	{ "loopback", step_loopback },
	{ "sysctls", step_sysctls },                        /* after loopback exists; through a procfs that no image can cover */
	{ "no more user namespaces", step_no_more_namespaces },
	{ "streams", step_streams },                        /* after pivot: the terminal is a node of the container's own /dev/pts */
	{ "working folder", step_working_folder },          /* after pivot: it is made where missing */
	{ "umask", step_umask },
	{ "program", step_find_program },                   /* before START: "not found" belongs to the start, not to the app */
	{ "wait: limits, state", step_ready },              /* before seccomp: a profile may forbid the channel */
	{ "scheduling", step_scheduling },                  /* before the capabilities that it may need are gone */
	{ "seccomp early", step_seccomp_early },            /* without no_new_privs it needs CAP_SYS_ADMIN, which goes next */
	{ "bounding set", step_bounding_set },              /* needs CAP_SETPCAP: before capabilities */
	{ "identity", step_identity },                      /* needs CAP_SETUID and CAP_SETGID: before capabilities */
	{ "capabilities", step_capabilities },
	{ "no new privileges", step_no_new_privileges },    /* after identity; before the late filter, which rests on it */
	{ "death signal again", step_bind_again },          /* after identity, which clears it */
	{ "take streams", step_take_streams },              /* after every message that a descriptor 0, 1 or 2 could disturb */
	{ "signals", step_signals },
	{ "close every other descriptor", step_close_others }, /* before the late filter, which may forbid close_range */
	{ "seccomp late", step_seccomp_late },              /* last: the profile need not allow anything of the above */
	{ "execute", step_execute },
};

/* The first process of an OCI container (oci_steps.c). The reasons of the order are those above, where nothing else is said. */
static const struct step create_steps[] = {
	{ "death signal", step_bind_to_parent },            /* until everything is made: delete --force need not wait for what hangs */
	{ "close-on-exec", step_close_on_exec },
	{ "keyring", step_oci_keyring },
	{ "session", step_session },
	{ "wait: cgroup, id maps", step_wait_go },
	{ "root of the user namespace", step_namespace_root },
	{ "cgroup", step_cgroup },
	{ "slave mounts", step_slave_mounts },
	{ "root", step_root_folder },
	{ "wait: binds", step_wait_mounts },
	{ "mounts", step_oci_mounts },
	{ "devices", step_oci_devices },                    /* after the mounts, one of which is /dev */
	{ "hooks: prestart, createRuntime", step_runtime_hooks }, /* config.md: after the namespaces and mounts, before pivot */
	{ "hooks: createContainer", step_container_hooks },
	{ "masked and read-only paths", step_masks },       /* after the hooks, which may mount as well */
	{ "read-only root", step_read_only_root },          /* after the last mount point was made in it */
	{ "own procfs", step_own_proc },
	{ "pivot", step_change_root },
	{ "propagation of the root", step_root_propagation }, /* after pivot, which refuses a shared root */
	{ "hostname", step_hostname },
	{ "domainname", step_domainname },
	{ "loopback", step_loopback },
	{ "sysctls", step_sysctls },
	{ "user", step_find_user },                         /* after pivot: passwd may be one of the mounts */
	{ "streams", step_oci_streams },
	{ "take streams", step_take_oci_streams },          /* now: an engine waits for the end of the pipes that create was given */
	{ "working folder", step_working_folder },
	{ "umask", step_umask },
	{ "program", step_find_program },
	{ "close the host's descriptors", step_close_hosts }, /* after the last use of a path or a cgroup of the host */
	{ "no death signal", step_unbind_from_parent },     /* before box is told, which then ends; from here its end is seen on the channel */
	{ "limits, state", step_say_ready },
	{ "wait: start", step_wait_start },                 /* before seccomp: a profile may forbid to wait for a connection */
	{ "hooks: startContainer", step_start_hooks },
	{ "scheduling", step_scheduling },                  /* before the capabilities that it may need are gone */
	{ "labels", step_labels },
	{ "seccomp early", step_seccomp_early },
	{ "bounding set", step_bounding_set },
	{ "identity", step_identity },
	{ "capabilities", step_capabilities },
	{ "no new privileges", step_no_new_privileges },
	{ "signals", step_signals },
	{ "close every other descriptor", step_close_others },
	{ "seccomp late", step_seccomp_late },
	{ "execute", step_execute },
};

/* One more process, which is in every namespace and in the cgroup already (enter.c). The reasons of the order are those above. */
static const struct step enter_steps[] = {
	{ "keyring", step_keyring },
	{ "wait: box", step_wait_go },                      /* before anything is said: first the middle process' word reaches box */
	{ "root of the user namespace", step_namespace_root },
	{ "session", step_session },
	{ "root", step_find_root },
	{ "user", step_find_user },
	{ "streams", step_streams },
	{ "working folder", step_working_folder },
	{ "umask", step_umask },
	{ "program", step_find_program },
	{ "wait: limits", step_ready },
	{ "seccomp early", step_seccomp_early },
	{ "bounding set", step_bounding_set },
	{ "identity", step_identity },
	{ "capabilities", step_capabilities },
	{ "no new privileges", step_no_new_privileges },
	{ "death signal", step_bind_again },
	{ "take streams", step_take_streams },
	{ "signals", step_signals },
	{ "close every other descriptor", step_close_others },
	{ "seccomp late", step_seccomp_late },
	{ "execute", step_execute },
};

/* box debug: in every namespace of the app but the mounts; its own begin as a copy of the host's, as those of a start do. */
static const struct step debug_steps[] = {
	{ "keyring", step_keyring },
	{ "wait: layers", step_wait_go },
	{ "root of the user namespace", step_namespace_root }, /* it hides from tracers, too: the app may look from here on */
	{ "session", step_session },
	{ "private mounts", step_private_mounts },
	{ "the app's root", step_app_root },                /* before root, which covers the host's /proc */
	{ "root", step_root },
	{ "user", step_find_app_user },
	{ "mounts", step_mounts },
	{ "files", step_files },
	{ "masked and read-only paths", step_masks },
	{ "no set-id programs", step_no_set_ids },          /* after the last mount point was made in it */
	{ "pivot", step_pivot },
	{ "streams", step_streams },
	{ "working folder", step_working_folder },
	{ "umask", step_umask },
	{ "program", step_find_program },
	{ "wait: limits", step_ready },
	{ "seccomp early", step_seccomp_early },
	{ "bounding set", step_bounding_set },
	{ "identity", step_identity },
	{ "capabilities", step_capabilities },
	{ "no new privileges", step_no_new_privileges },
	{ "death signal", step_bind_again },
	{ "take streams", step_take_streams },
	{ "signals", step_signals },
	{ "close every other descriptor", step_close_others },
	{ "seccomp late", step_seccomp_late },
	{ "execute", step_execute },
};

/* A step of a build inside somebody else's container (chroot_run.c). The reasons of the order are those above. */
static const struct step chroot_steps[] = {
	{ "death signal", step_bind_to_parent },
	{ "close-on-exec", step_close_on_exec },
	{ "keyring", step_chroot_keyring },
	{ "session", step_session },
	{ "wait: id map", step_wait_go },
	{ "root of the user namespace", step_namespace_root },
	{ "root", step_chroot },
	{ "user", step_find_user },
	{ "streams", step_streams },
	{ "working folder", step_working_folder },
	{ "umask", step_umask },
	{ "program", step_find_program },
	{ "wait: limits", step_ready },
	{ "bounding set", step_bounding_set },
	{ "identity", step_identity },
	{ "capabilities", step_chroot_capabilities },
	{ "no new privileges", step_no_new_privileges },
	{ "death signal again", step_bind_again },
	{ "take streams", step_take_streams },
	{ "signals", step_signals },
	{ "close every other descriptor", step_close_others },
	{ "another world", step_chroot_world },             /* after no_new_privs, without which it needs CAP_SYS_ADMIN */
	{ "no sockets", step_no_sockets },                  /* before the late filter, which may forbid to load another one */
	{ "no strangers", step_no_strangers },              /* likewise */
	{ "seccomp late", step_seccomp_late },
	{ "execute", step_execute },
};

/* The same in an OCI container, whose program may outlive the command. */
static const struct step enter_oci_steps[] = {
	{ "keyring", step_oci_keyring },
	{ "wait: box", step_wait_go },
	{ "root of the user namespace", step_oci_namespace_root },
	{ "session", step_session },
	{ "root", step_find_root },
	{ "own procfs", step_own_proc },
	{ "user", step_find_user },
	{ "streams", step_oci_streams },
	{ "take streams", step_take_oci_streams },
	{ "working folder", step_working_folder },
	{ "umask", step_umask },
	{ "program", step_find_program },
	{ "wait: limits", step_ready },
	{ "scheduling", step_scheduling },
	{ "labels", step_labels },
	{ "seccomp early", step_seccomp_early },
	{ "bounding set", step_bounding_set },
	{ "identity", step_identity },
	{ "capabilities", step_capabilities },
	{ "no new privileges", step_no_new_privileges },
	{ "signals", step_signals },
	{ "close every other descriptor", step_close_others },
	{ "seccomp late", step_seccomp_late },
	{ "execute", step_execute },
};

/* Test builds: BOX_FAIL_STEP makes a step fail, BOX_PAUSE_STEP waits before it for ever, for a debugger or a
 * kill (SIGSTOP does nothing to a pid namespace's first process). */
static int interfere(const struct step *step, struct error *e)
{
#ifdef BOX_TEST_HOOKS
	const char *fail = getenv("BOX_FAIL_STEP"), *stop = getenv("BOX_PAUSE_STEP");

	if (stop && strcmp(stop, step->name) == 0) {
		process_title("box:[paused]");
		for (;;)
			pause();
	}
	if (fail && strcmp(fail, step->name) == 0)
		return error_set(e, ERROR_INTERNAL, "failed on purpose");
#else
	(void)step;
	(void)e;
#endif
	return 0;
}

static _Noreturn void run_steps(struct child *c, const struct step *steps, size_t count)
{
	struct message message;
	struct error ignored = { 0 };

	process_title("box:[child]");
	for (size_t i = 0; i < count; i++) {
		struct error e = { 0 };

		if (interfere(&steps[i], &e) == 0 && steps[i].run(c, &e) == 0) {
			trace_step("child", steps[i].name);
			continue;
		}
		message_init(&message, STAGE_FAILED);
		message.error = e;
		/* Errors that the user can mend speak for themselves; others say where box was. */
		if (e.kind == ERROR_KERNEL || e.kind == ERROR_DENIED || e.kind == ERROR_INTERNAL)
			error_in(&message.error, "%s", steps[i].name);
		(void)channel_send(c->channel, &message, &ignored); /* if the parent is gone nobody is left to tell */
		break;
	}
	_exit(125);
}

_Noreturn void child_main(struct child *c)
{
	if (c->container->oci)
		run_steps(c, create_steps, sizeof create_steps / sizeof *create_steps);
	run_steps(c, start_steps, sizeof start_steps / sizeof *start_steps);
}

_Noreturn void child_chroot(struct child *c)
{
	run_steps(c, chroot_steps, sizeof chroot_steps / sizeof *chroot_steps);
}

_Noreturn void child_debug(struct child *c)
{
	run_steps(c, debug_steps, sizeof debug_steps / sizeof *debug_steps);
}

_Noreturn void child_enter(struct child *c)
{
	if (c->container->oci)
		run_steps(c, enter_oci_steps, sizeof enter_oci_steps / sizeof *enter_oci_steps);
	run_steps(c, enter_steps, sizeof enter_steps / sizeof *enter_steps);
}
