/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp_load.c - the default filter in the kernel: real calls in a real process.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/if_alg.h>

#include "base/error.h"
#include "base/places.h"
#include "runtime/seccomp/seccomp.h"
#include "specs/container.h"
#include "tests/unit/base/scratch.h"

enum { UNKNOWN_NUMBER = 4000, TIOCSTI_NUMBER = 0x5412 };

static int expect(long result, int sys)
{
	return sys ? result == -1 && errno == sys : result >= 0;
}

static void *thread(void *argument)
{
	return argument;
}

#if defined(__x86_64__)
/* int 0x80: the i386 table, from a 64-bit process. Returns -errno. */
static long call_i386(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

/* A kernel without IA-32 emulation (ia32_emulation=off) answers such a call with SIGSEGV. */
static bool has_i386(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(call_i386(20, 0, 0, 0) != getpid());
	return pid > 0 && waitpid(pid, &status, 0) == pid && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
#endif

/* Returns the number of the check that failed, 0 where all hold. */
static int check_all(void)
{
	int argument = 0;
	pthread_t id;

	if (!expect(syscall(SYS_getpid), 0))
		return 1;
	if (!expect(syscall(UNKNOWN_NUMBER), ENOSYS))
		return 2;
	if (!expect(syscall(SYS_clone3, NULL, 0), ENOSYS))
		return 3;
	if (!expect(unshare(CLONE_NEWUSER), EPERM))
		return 4;
	if (!expect(socket(AF_ALG, SOCK_SEQPACKET, 0), EPERM))
		return 5;
	if (!expect(socket(AF_INET, SOCK_STREAM, 0), 0))
		return 6;
	if (!expect(syscall(SYS_ioctl, 0, TIOCSTI_NUMBER, &argument), EPERM))
		return 7;
	if (!expect(syscall(SYS_ioctl, 0, TIOCSTI_NUMBER | 1ULL << 32, &argument), EPERM))
		return 8;
	if (!expect(syscall(SYS_keyctl, 0, 0), EPERM))
		return 9;
	if (!expect(syscall(SYS_io_uring_setup, 1, &argument), EPERM))
		return 10;
	if (pthread_create(&id, NULL, thread, NULL) || pthread_join(id, NULL))
		return 11;
#if defined(__x86_64__)
	if (!expect(syscall(0x40000000 | SYS_getpid), ENOSYS))
		return 12;
	if (!has_i386())
		return 0;
	if (call_i386(20, 0, 0, 0) != getpid()) /* getpid */
		return 13;
	if (call_i386(359, AF_ALG, SOCK_SEQPACKET, 0) != -EPERM)
		return 14;
	if (call_i386(54, 0, TIOCSTI_NUMBER, 0) != -EPERM)
		return 15;
	if (call_i386(102, 1, 0, 0) != -EPERM) /* socketcall(SYS_SOCKET) */
		return 16;
	if (call_i386(310, CLONE_NEWUSER, 0, 0) != -EPERM) /* unshare */
		return 17;
#endif
	return 0;
}

Test(seccomp_load, default_profile_in_the_kernel)
{
	SCRATCH();
	struct container container = { .seccomp = SECCOMP_DEFAULT, .capabilities.bounding = 0x405fb };
	struct places places = { .cache = (char *)"cache" };
	struct seccomp_filter filter = { 0 };
	struct error e = { 0 };
	int status = 0;
	pid_t pid;

	cr_assert_eq(seccomp_prepare(&places, &container, &filter, &e), 0, "%s", e.text);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || seccomp_load(&filter, &e))
			_exit(100);
		_exit(check_all());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	cr_expect_eq(WEXITSTATUS(status), 0, "check %d", WEXITSTATUS(status));
	seccomp_filter_release(&filter);
}

Test(seccomp_load, no_filter_is_no_call)
{
	struct seccomp_filter filter = { 0 };
	struct error e = { 0 };

	cr_expect_eq(seccomp_load(&filter, &e), 0);
	cr_expect_eq(prctl(PR_GET_SECCOMP), 0);
}

Test(seccomp_load, refused_without_the_right)
{
	static struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };
	struct seccomp_filter filter = { .code = code, .count = 1 };
	struct error e = { 0 };

	if (geteuid() != 0)
		cr_skip_test("needs root");
	if (fork() == 0) {
		if (setuid(1000))
			_exit(1);
		_exit(seccomp_load(&filter, &e) == -1 && e.sys == EACCES && e.hint[0] ? 0 : 2);
	} else {
		int status = 0;

		cr_assert_neq(wait(&status), -1);
		cr_expect_eq(status, 0);
	}
}
