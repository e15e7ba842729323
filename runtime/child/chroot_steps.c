/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_steps.c - steps of a process whose root is a chroot (chroot_run.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/chroot_devices.h"
#include "runtime/child/other_world.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

/* Docker's filter refuses it; what the keyring holds is then the container's, which keeps its own from others by that same filter. */
int step_chroot_keyring(struct child *c, struct error *e)
{
	(void)c;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS && errno != EPERM)
		return error_sys(e, "begin a session keyring");
	return 0;
}

/* The root is the current folder: where the process has a mount namespace of its own, that has moved to it, and a descriptor has not. */
int step_chroot(struct child *c, struct error *e)
{
	c->root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	c->streams[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (c->root < 0 || c->streams[0] < 0)
		return error_sys(e, "open the root");
	if (chroot_devices_mount(c, e))
		return -1;
	if (fchdir(c->root) || chroot("."))
		return error_sys(e, "change the root folder");
	close(c->root);
	c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? error_sys(e, "open the root") : 0;
}

/* What this container does not have, nobody in it can be given; without a word, as it is the same for every step. */
int step_chroot_capabilities(struct child *c, struct error *e)
{
	static const struct capability_sets none;
	struct capability_sets sets = c->container->capabilities;

	sets.permitted &= capabilities_own();
	sets.effective &= sets.permitted;
	return capabilities_set(c->identity.uid && c->container->only_root_has_capabilities ? &none : &sets, e);
}

int step_chroot_world(struct child *c, struct error *e)
{
	return other_world_is_other(&c->container->world) ? other_world_filter(&c->container->world, e) : 0;
}

struct rule {
	int call;
	unsigned argument_count;
	struct scmp_arg_cmp argument;
};

/* Refuses calls that only programs of this machine's own kind have; those of another kind this filter cannot read. */
static int refuse(const struct rule *rules, size_t count, int error, const char *doing, struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int code;

	if (!filter)
		return error_set(e, ERROR_INTERNAL, "%s: no memory", doing);
	code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	code = code ? code : seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	for (size_t i = 0; code == 0 && i < count; i++)
		code = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned)error), rules[i].call, rules[i].argument_count, &rules[i].argument);
	code = code ? code : seccomp_load(filter);
	seccomp_release(filter);
	if (code) {
		errno = -code;
		return error_sys(e, "%s", doing);
	}
	return 0;
}

/* Instead of a network namespace: no socket but those between processes of this machine. */
int step_no_sockets(struct child *c, struct error *e)
{
	const struct rule rules[] = { { SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0) } };

	if (c->can_mount || c->container->namespaces[NAMESPACE_NETWORK].choice == NAMESPACE_HOST)
		return 0;
	return refuse(rules, sizeof rules / sizeof *rules, EACCES, "take the network away", e);
}

/* Instead of a user namespace: who has no more power than a step, as another step or the job's own processes of an ordinary user, could be
 * traced by it, and does what the tracer says outside of the chroot. A program may still trace what it has begun (PTRACE_TRACEME). */
int step_no_strangers(struct child *c, struct error *e)
{
	const struct rule rules[] = {
		{ SCMP_SYS(ptrace), 1, SCMP_A0(SCMP_CMP_EQ, PTRACE_ATTACH, 0) },
		{ SCMP_SYS(ptrace), 1, SCMP_A0(SCMP_CMP_EQ, PTRACE_SEIZE, 0) },
		{ .call = SCMP_SYS(process_vm_readv) },
		{ .call = SCMP_SYS(process_vm_writev) },
		{ .call = SCMP_SYS(pidfd_getfd) },
	};

	return c->can_mount ? 0 : refuse(rules, sizeof rules / sizeof *rules, EPERM, "keep other processes from the step", e);
}
