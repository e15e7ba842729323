/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_locks.c - Landlock and seccomp for the process that unpacks.
 *
 * Landlock is a second fence around the root folder, for the case that the first (the mount namespace) has a hole; kernels without it are
 * served by the first alone. seccomp names the calls that unpacking makes; the rest fails, and what only an intruder would try
 * ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/landlock.h"
#include "images/unpack/sandbox.h"

enum { SOCKET_TYPE = 0xf /* without the flags in the same argument */ };

/* What fetches reads three files below /etc, and no more. */
static uint64_t allowed_files(uint64_t all, bool has_network)
{
	if (has_network)
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	return all & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_FILE_IOCTL);
}

int sandbox_landlock(bool has_network, struct error *e)
{
	struct landlock_rules rules;
	autoclose int set = -1, root = -1;

	if (!landlock_find(&rules))
		return 0;
	if (has_network)
		rules.tcp &= ~(uint64_t)LANDLOCK_TCP_CONNECT;
	set = landlock_make(&rules);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (set < 0 || root < 0)
		return error_sys(e, "make the sandbox's Landlock rules");
	if (landlock_allow(set, root, allowed_files(rules.files, has_network)) || landlock_enter(set))
		return error_sys(e, "apply the sandbox's Landlock rules");
	return 0;
}

static const int allowed_by_all[] = {
	/* what was opened */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(fsync),
	SCMP_SYS(sync_file_range),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(openat),
	/* memory and the process itself */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(getrandom),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
};

static const int allowed_to_unpack[] = {
	SCMP_SYS(openat2),
	SCMP_SYS(mkdirat),
	SCMP_SYS(symlinkat),
	SCMP_SYS(linkat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(renameat), /* removing deep folders; libc has one or the other */
	SCMP_SYS(renameat2),
	SCMP_SYS(fchown),
	SCMP_SYS(fchownat),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(fsetxattr),
	SCMP_SYS(fgetxattr), /* listings; as the next */
	SCMP_SYS(flistxattr),
	SCMP_SYS(utimensat),
	SCMP_SYS(ftruncate),
	SCMP_SYS(readlinkat),
};

static const int allowed_to_fetch[] = {
	SCMP_SYS(connect),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendmmsg), /* the resolver's two questions */
	SCMP_SYS(shutdown),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(uname),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
};

/* No code path of box-image makes these behind this point: whoever does has taken it over. */
static const int fatal_to_all[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(ptrace),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsopen),
	SCMP_SYS(mount_setattr),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(bpf),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(kexec_load),
};

static const int fatal_to_unpacking[] = { SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind) };
static const int fatal_to_fetching[] = { SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept4) };

#define ADD_ALL(filter, action, table) add_all(filter, action, table, sizeof(table) / sizeof(table)[0])

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *table, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count; i++)
		failed |= seccomp_rule_add(filter, action, table[i], 0);
	return failed;
}

/* The only nodes are FIFOs, whiteouts and regular files; the kernel itself refuses any device but 0:0 here. */
static int add_unpacking(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp modes[] = {
		SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, 0170000, 0010000),
		SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, 0170000, 0020000),
		SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, 0170000, 0100000),
	};
	int failed = ADD_ALL(filter, SCMP_ACT_ALLOW, allowed_to_unpack);

	failed |= ADD_ALL(filter, SCMP_ACT_KILL_PROCESS, fatal_to_unpacking);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mknodat), 1, &modes[i]);
	return failed;
}

/* Threads, but no processes. libc asks for clone3 first, and must hear that there is none. */
static int add_threads(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp thread = SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNS, CLONE_THREAD);
	int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	return failed | seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);
}

/* A call with one value of one of its arguments, the bits of mask: what else the call can do is refused. */
static const struct {
	int call;
	unsigned argument;
	uint64_t mask, value;
} narrow_to_fetch[] = {
	{ SCMP_SYS(ioctl), 1, UINT32_MAX, FIONREAD },   /* of the resolver; TIOCSTI would type into a terminal */
	{ SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_NAME }, /* of a thread */
};

/* How libcurl's thread wakes it. A pair of datagram sockets could be connected to another one of this host. */
static int add_pair(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp stream[] = {
		SCMP_CMP64(0, SCMP_CMP_EQ, AF_UNIX, 0),
		SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_STREAM),
	};

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2, stream);
}

/* Sockets of TCP and UDP alone: other protocols of the two families are code of the kernel that nothing here needs. */
static int add_sockets(scmp_filter_ctx filter)
{
	static const struct {
		int type, protocol;
	} kinds[] = { { SOCK_STREAM, 0 }, { SOCK_STREAM, IPPROTO_TCP }, { SOCK_DGRAM, 0 }, { SOCK_DGRAM, IPPROTO_UDP } };
	static const int families[] = { AF_INET, AF_INET6 };
	int failed = 0;

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
			const struct scmp_arg_cmp socket[] = {
				SCMP_CMP64(0, SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
				SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, (scmp_datum_t)kinds[k].type),
				SCMP_CMP64(2, SCMP_CMP_EQ, (scmp_datum_t)kinds[k].protocol, 0),
			};

			failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, socket);
		}
	return failed;
}

static int add_fetching(scmp_filter_ctx filter)
{
	int failed = ADD_ALL(filter, SCMP_ACT_ALLOW, allowed_to_fetch);

	failed |= ADD_ALL(filter, SCMP_ACT_KILL_PROCESS, fatal_to_fetching);
	for (size_t i = 0; i < sizeof narrow_to_fetch / sizeof narrow_to_fetch[0]; i++) {
		const struct scmp_arg_cmp one = SCMP_CMP64(narrow_to_fetch[i].argument, SCMP_CMP_MASKED_EQ, narrow_to_fetch[i].mask,
							  narrow_to_fetch[i].value);

		failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, narrow_to_fetch[i].call, 1, &one);
	}
	return failed | add_pair(filter) | add_sockets(filter);
}

static int add_rules(scmp_filter_ctx filter, bool has_network)
{
	const struct scmp_arg_cmp not_executable = SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int failed = ADD_ALL(filter, SCMP_ACT_ALLOW, allowed_by_all);

	failed |= ADD_ALL(filter, SCMP_ACT_KILL_PROCESS, fatal_to_all);
	failed |= add_threads(filter);
	failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &not_executable);
	failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &not_executable);
	return failed | (has_network ? add_fetching(filter) : add_unpacking(filter));
}

int sandbox_seccomp(bool has_network, struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int code;

	if (!filter)
		return error_set(e, ERROR_INTERNAL, "make the sandbox's seccomp filter: no memory");
	/* no_new_privs is set already; libseccomp need not repeat it. */
	code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (!code)
		code = add_rules(filter, has_network) ? -EINVAL : seccomp_load(filter);
	seccomp_release(filter);
	if (code) {
		errno = -code;
		return error_sys(e, "load the sandbox's seccomp filter");
	}
	return 0;
}
