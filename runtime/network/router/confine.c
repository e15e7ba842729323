/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - what a process of a network that somebody has taken over could still reach.
 *
 * Its files are root's (split.c), to whom most files belong. Two fences stand behind the capabilities:
 *
 *     Landlock   written: the addresses that it has given, alone in their folder; removed: what box has put into this network's state, and
 *                that folder; read: those, and the kernel's settings of networks. Nothing else is opened, also no folder: who has a
 *                descriptor of it has its lock (flock(2)). No signal to another process, no abstract socket of one
 *     seccomp    no program is executed, nothing mounted, no other process touched, no module loaded, no namespace entered or made; no
 *                socket speaks to a service of the host by a path, which would let user 0 do anything
 *
 * A kernel without one of the two is served by the rest.
 */
#include "runtime/network/router/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/landlock.h"
#include "base/sanitized.h"

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

static const uint64_t own_files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
				  LANDLOCK_FILE_TRUNCATE;
static const uint64_t read_settings = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t write_settings = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_FILE_TRUNCATE;
/* What it only has to clear away in the end. */
static const uint64_t cleared_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE;

static int allow(int set, int folder, uint64_t files, uint64_t ruled)
{
	return folder < 0 ? 0 : landlock_allow(set, folder, files & ruled);
}

static int fence_files(const struct confine *plan, struct error *e)
{
	autoclose int settings = open("/proc/sys/net", O_PATH | O_DIRECTORY | O_CLOEXEC), set = -1;
	struct landlock_rules rules;

	if (!landlock_find(&rules))
		return 0;
	if (plan->has_tcp)
		rules.tcp = 0;
	set = landlock_make(&rules);
	if (set < 0 || settings < 0 || allow(set, plan->files, own_files, rules.files) || allow(set, plan->own, cleared_files, rules.files) ||
	    allow(set, plan->shared, LANDLOCK_ACCESS_FS_REMOVE_DIR, rules.files) ||
	    allow(set, settings, read_settings | (plan->has_settings ? write_settings : 0), rules.files) || landlock_enter(set))
		return error_sys(e, "close the host's files to the process of a network");
	return 0;
}

static const int denied[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd, SYS_kill, SYS_tkill,
	SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_setpriority, SYS_ioprio_set, SYS_sched_setaffinity, SYS_sched_setattr,
	SYS_sched_setparam, SYS_sched_setscheduler, SYS_migrate_pages, SYS_move_pages,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
	SYS_mount_setattr, SYS_unshare, SYS_setns, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_mknodat, SYS_init_module, SYS_finit_module,
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

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define ARGUMENT(number) (offsetof(struct seccomp_data, args) + (number) * sizeof(uint64_t)) /* its low half */
#define DENY BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
/* Where they differ the next so many instructions are left out. */
#define ONLY_IF(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))

static const struct sock_filter head[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
	DENY,
	LOAD(offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN, 0, 1),
	DENY,
	/* Who makes a user namespace has every power in it. The flags of clone3 lie where they cannot be read: callers fall back. */
	ONLY_IF(SYS_clone3, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	ONLY_IF(SYS_clone, 4),
	LOAD(ARGUMENT(0)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
	DENY,
	ALLOW,
	/* Its own limits, not another process'. */
	ONLY_IF(SYS_prlimit64, 4),
	LOAD(ARGUMENT(0)),
	ONLY_IF(0, 1),
	ALLOW,
	DENY,
	ONLY_IF(SYS_socket, 4),
	LOAD(ARGUMENT(0)),
	ONLY_IF(AF_UNIX, 1),
	DENY,
	ALLOW,
	/* A pair of these is connected for good; datagrams could be sent to a path. */
	ONLY_IF(SYS_socketpair, 5),
	LOAD(ARGUMENT(1)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK)),
	ONLY_IF(SOCK_SEQPACKET, 1),
	ALLOW,
	DENY,
};

enum { COUNT = sizeof denied / sizeof *denied, HEAD = sizeof head / sizeof *head, TAIL = 2 };

static int fence_calls(struct error *e)
{
	struct sock_filter code[HEAD + COUNT + TAIL];
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	memcpy(code, head, sizeof head);
	/* Every jump counts the instructions that it leaves out; behind the last of them are "allow" and "deny". */
	for (size_t i = 0; i < COUNT; i++)
		code[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)denied[i], (uint8_t)(COUNT - i), 0);
	code[HEAD + COUNT] = (struct sock_filter)ALLOW;
	code[HEAD + COUNT + 1] = (struct sock_filter)DENY;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) && errno != EINVAL) /* a kernel without it */
		return error_sys(e, "keep the process of a network from what it never does");
	return 0;
}

int confine_powers(uint32_t held, struct error *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { { .effective = held, .permitted = held } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, sets))
		return error_sys(e, "give up what the process of a network does not need");
	return 0;
}

int confine(const struct confine *plan, struct error *e)
{
	if (fence_files(plan, e))
		return -1;
	/* The sanitizers themselves do what is forbidden here. */
	return ARCHITECTURE == 0 || IS_SANITIZED ? 0 : fence_calls(e);
}
