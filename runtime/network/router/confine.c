/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - what a box-net that somebody has taken over could still reach.
 *
 * As root it has the host's own user 0, to whom most files belong. Two fences stand behind the capabilities (power.c), for box-net and for
 * its spare, which is forked behind them:
 *
 *     Landlock   no file but those of the networks' state, of this network's record, and the kernel's settings of networks; the names of
 *                apps in the background, to see which are gone
 *     seccomp    no program is executed, nothing mounted, no other process touched, no module loaded; the one kind of namespace that can
 *                be entered is the network's
 *
 * A kernel without one of the two is served by the rest.
 */
#include "runtime/network/router/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/sanitized.h"
#include "runtime/network/router/router.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
enum { FOREIGN = 0x40000000 }; /* calls of x32 */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
enum { FOREIGN = 0x40000000 }; /* no call has such a number */
#else
#define ARCHITECTURE 0
enum { FOREIGN = 0 };
#endif

enum { ABI_REFER = 2, ABI_TRUNCATE = 3 };

static const uint64_t all_fs =
	LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
	LANDLOCK_ACCESS_FS_MAKE_SYM;
static const uint64_t access_truncate = 1ULL << 14;
static const uint64_t own_files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;

static int allow(int rules, int folder, uint64_t access)
{
	const struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = folder };

	return (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U);
}

static int fence_files(const struct router *r, struct error *e)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, LANDLOCK_CREATE_RULESET_VERSION);
	const uint64_t truncate = abi >= ABI_TRUNCATE ? access_truncate : 0, handled = all_fs | truncate;
	autoclose int settings = open("/proc/sys/net", O_PATH | O_DIRECTORY | O_CLOEXEC), rules = -1;
	autoclose int apps = open(r->addresses.apps, O_PATH | O_DIRECTORY | O_CLOEXEC); /* -1: there is none in the background yet */

	if (abi < ABI_REFER)
		return 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0U);
	if (rules < 0 || settings < 0 || allow(rules, r->states, LANDLOCK_ACCESS_FS_READ_DIR) || allow(rules, r->networks, own_files | truncate) ||
	    allow(rules, r->addresses.folder, own_files | truncate) || (apps >= 0 && allow(rules, apps, LANDLOCK_ACCESS_FS_READ_DIR)) ||
	    allow(rules, settings, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR | truncate) ||
	    syscall(SYS_landlock_restrict_self, rules, 0U))
		return error_sys(e, "close the host's files to the process of a network");
	return 0;
}

static const int denied[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd, SYS_kill, SYS_tkill,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
	SYS_mount_setattr, SYS_unshare, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_mknodat, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_kexec_load, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_swapon, SYS_swapoff, SYS_reboot, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
	SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_personality,
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm, SYS_mknod,
#endif
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
};

enum { COUNT = sizeof denied / sizeof *denied, HEAD = 5, SETNS = 4, TAIL = 2 };

/* Every jump counts the instructions that it leaves out; behind the last of them are "allow" and "deny". */
static int fence_calls(struct error *e)
{
	struct sock_filter code[HEAD + SETNS + COUNT + TAIL] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, HEAD + SETNS + COUNT + TAIL - 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN, HEAD + SETNS + COUNT + TAIL - 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 0, SETNS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLONE_NEWNET, SETNS - 2 + COUNT, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	for (size_t i = 0; i < COUNT; i++)
		code[HEAD + SETNS + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)denied[i], (uint8_t)(COUNT - i), 0);
	code[HEAD + SETNS + COUNT] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[HEAD + SETNS + COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) && errno != EINVAL) /* a kernel without it */
		return error_sys(e, "keep the process of a network from what it never does");
	return 0;
}

int router_confine(const struct router *r, struct error *e)
{
	if (fence_files(r, e))
		return -1;
	/* The sanitizers themselves do what is forbidden here. */
	return ARCHITECTURE == 0 || IS_SANITIZED ? 0 : fence_calls(e);
}
