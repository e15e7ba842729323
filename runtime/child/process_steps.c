/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_steps.c - what a process of a container becomes: session, keys, ids, capabilities, filter, signals, descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/identity.h"
#include "runtime/child/listener.h"
#include "runtime/child/other_world.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

/* Below it lie the standard streams, and what an engine passes on to the program. */
static int first_own(const struct child *c)
{
	return 3 + (c->container->oci ? c->container->oci->preserved : 0);
}

int step_bind_to_parent(struct child *c, struct error *e)
{
	(void)c;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return error_sys(e, "ask for the end together with box");
	return 0;
}

/* After the last change of ids, each of which clears the death signal: box may have been killed in between, which the channel tells. */
int step_bind_again(struct child *c, struct error *e)
{
	struct pollfd channel = { .fd = c->channel };

	/* In the background it lives on; until its program runs, box notices its own end on the channel, and its supervisor that of box. */
	if (c->is_background)
		return step_unbind_from_parent(c, e);
	if (step_bind_to_parent(c, e))
		return -1;
	if (poll(&channel, 1, 0) > 0 && (channel.revents & POLLHUP))
		_exit(125); /* nobody is left to tell */
	return 0;
}

/* The session keyring of who called box holds their secrets, and goes along with every fork: the container gets an empty one
 * (session-keyring(7)). ENOSYS: this kernel has no keys. */
int step_keyring(struct child *c, struct error *e)
{
	(void)c;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS) {
		error_sys(e, "begin a session keyring");
		if (e->sys == EDQUOT)
			error_hint(e, "sysctl kernel.keys.maxkeys and kernel.keys.maxbytes limit the keys of a user");
		return -1;
	}
	return 0;
}

int step_oci_keyring(struct child *c, struct error *e)
{
	return c->container->oci->no_new_keyring ? 0 : step_keyring(c, e);
}

int step_close_on_exec(struct child *c, struct error *e)
{
	if (syscall(SYS_close_range, (unsigned)first_own(c), ~0U, CLOSE_RANGE_CLOEXEC))
		return error_sys(e, "mark every descriptor close-on-exec");
	return 0;
}

int step_session(struct child *c, struct error *e)
{
	(void)c;
	return setsid() < 0 ? error_sys(e, "begin a session") : 0;
}

static int become_namespace_root(struct child *c, struct error *e)
{
	if (!container_has_namespace(c->container, NAMESPACE_USER) && !c->is_rootless)
		return 0;
	if (c->can_setgroups && setgroups(0, NULL))
		return error_sys(e, "drop the caller's groups");
	if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return error_sys(e, "become root of the container's user namespace");
	return 0;
}

int step_namespace_root(struct child *c, struct error *e)
{
	if (become_namespace_root(c, e))
		return -1;
	/* Changing the user cleared the death signal (prctl(2)); and what runs from here is nothing that
	 * others of this user may trace. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0))
		return error_sys(e, "ask for the end together with box");
	return 0;
}

/* An OCI container does not end with the command that makes it; but what hangs half-way (a hook, a file system) ends with it. */
int step_unbind_from_parent(struct child *c, struct error *e)
{
	(void)c;
	return prctl(PR_SET_PDEATHSIG, 0) ? error_sys(e, "live on without box") : 0;
}

/* exec: may live on from the beginning, and waits for nothing but box. */
int step_oci_namespace_root(struct child *c, struct error *e)
{
	if (become_namespace_root(c, e))
		return -1;
	return prctl(PR_SET_DUMPABLE, 0) ? error_sys(e, "hide from tracers") : 0;
}

int step_cgroup(struct child *c, struct error *e)
{
	if (cgroup_enter(c->cgroup, c->entered_cgroup, e))
		return -1;
	if (c->container->namespaces[NAMESPACE_CGROUP].choice == NAMESPACE_NEW && unshare(CLONE_NEWCGROUP))
		return error_sys(e, "make a cgroup namespace");
	return 0;
}

int step_umask(struct child *c, struct error *e)
{
	(void)e;
	umask(c->container->umask);
	return 0;
}

int step_bounding_set(struct child *c, struct error *e)
{
	return capabilities_bound(c->container->capabilities.bounding, e);
}

int step_identity(struct child *c, struct error *e)
{
	return identity_take(&c->identity, c->container->capabilities.permitted, c->can_setgroups, e);
}

int step_capabilities(struct child *c, struct error *e)
{
	static const struct capability_sets none;

	return capabilities_set(c->identity.uid && c->container->only_root_has_capabilities ? &none : &c->container->capabilities, e);
}

int step_no_new_privileges(struct child *c, struct error *e)
{
	if (c->container->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_sys(e, "give up new privileges");
	return 0;
}

int step_seccomp_early(struct child *c, struct error *e)
{
	/* With no_new_privs it could still be loaded, but no step of a build has that. */
	if (other_world_is_other(&c->container->world) && other_world_filter(&c->container->world, e))
		return -1;
	return c->container->no_new_privileges ? 0 : listener_load_filter(c->filter, c->channel, e);
}

int step_seccomp_late(struct child *c, struct error *e)
{
	return c->container->no_new_privileges ? listener_load_filter(c->filter, c->channel, e) : 0;
}

/* Signals: the parent blocked what it forwards, and ignores SIGPIPE; the app gets every default (execve(2) keeps ignored ones). By the
 * raw call, because libc's refuses the two signals that it keeps to itself, which the caller may have ignored all the same. */
int step_signals(struct child *c, struct error *e)
{
	/* The kernel's own struct: handler, flags, restorer, mask; all zero is the default action. */
	static const unsigned long defaults[4];
	sigset_t none;

	(void)c;
	for (int i = 1; i < NSIG; i++)
		(void)syscall(SYS_rt_sigaction, i, defaults, NULL, sizeof(unsigned long)); /* SIGKILL and SIGSTOP refuse, as they may */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL))
		return error_sys(e, "unblock signals");
	return 0;
}

/* The channel and the init program stay. */
int step_close_others(struct child *c, struct error *e)
{
	int *const kept[] = { &c->channel, &c->init_program };

	trace_close();
	return process_keep_only(first_own(c), kept, sizeof kept / sizeof *kept, e);
}

/* A created container waits for start as long as the engine likes, and a container that shares its pid namespace may look: nothing of the
 * host stays open meanwhile, nor the lock of its state. */
int step_close_hosts(struct child *c, struct error *e)
{
	int *const kept[] = { &c->channel, &c->start, &c->proc, &c->parent_streams[0] };

	trace_close();
	return process_keep_only(first_own(c), kept, sizeof kept / sizeof *kept, e);
}
