/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box-init.c - the optional PID 1 of a container ("init": true).
 *
 *     box-init PROGRAM [ARGUMENT…]
 *
 * It starts the program, passes every signal on to it, reaps orphans, and ends as the program ended: with its exit code, or with
 * 128 + n where signal n ended it. The kernel then kills whatever is left in the pid namespace. A program that
 * cannot be executed is reported on stderr, with exit code 127 where it does not exist and 126 otherwise.
 *
 * The whole program is this file: no libc, a dozen system calls, some kilobytes of memory in every container that asks for it.
 * There is no start-up code that could relocate pointers, so there are no tables of pointers (make check-links looks).
 *
 * Signals are blocked and fetched with rt_sigtimedwait(2), never handled: PID 1 is not sent signals that it
 * ignores, but blocked ones are queued for it. The program gets the mask that box-init was started with; its dispositions were never
 * touched. It leads a process group of its own, so that a kill(0) of the program or a Ctrl-C at the terminal does not
 * reach box-init and through it the program a second time.
 */
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGNAL_CHILD = 17, SET_MASK = 2, MASK_BYTES = 8, TIOCSPGRP_REQUEST = 0x5410, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

#if defined(__x86_64__)
static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* The kernel starts a program with argc, argv and environ on the stack and no return address. */
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n\thlt\n");
#elif defined(__aarch64__)
static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl start\n");
#else
#error "box-init knows x86_64 and aarch64"
#endif

#define call(number, a, b, c, d) call6(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static void say(const char *text)
{
	(void)call(__NR_write, 2, text, length_of(text), 0); /* nobody is left to tell */
}

static _Noreturn void end(int code)
{
	for (;;)
		(void)call(__NR_exit_group, code, 0, 0, 0);
}

static const char *reason_of(long error)
{
	if (error == -ENOENT)
		return "no such file, or its interpreter is missing [ENOENT]\n";
	if (error == -EACCES)
		return "permission denied [EACCES]\n";
	if (error == -ENOEXEC)
		return "not a program of this machine, or a script without #! [ENOEXEC]\n";
	if (error == -ENOTDIR)
		return "a component of its path is not a folder [ENOTDIR]\n";
	if (error == -E2BIG)
		return "arguments and environment are too long [E2BIG]\n";
	if (error == -ENOMEM)
		return "out of memory [ENOMEM]\n";
	return "the kernel refused\n";
}

/* Joins folder (of length bytes) and name; 0 where it does not fit. */
static int join(char *path, size_t size, const char *folder, size_t length, const char *name)
{
	size_t name_length = length_of(name);
	size_t at = 0;

	if (length + name_length + 2 > size)
		return 0;
	for (size_t i = 0; i < length; i++)
		path[at++] = folder[i];
	path[at++] = '/';
	for (size_t i = 0; i <= name_length; i++)
		path[at++] = name[i];
	return 1;
}

static const char *search_path(char *const *environment)
{
	for (; *environment; environment++) {
		const char *e = *environment;

		if (e[0] == 'P' && e[1] == 'A' && e[2] == 'T' && e[3] == 'H' && e[4] == '=')
			return e + 5;
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* As execvp(3), without its fall-back to a shell. Returns the error to report: one that is not ENOENT wins. */
static long execute(char *const *argv, char *const *environment)
{
	const char *folder = search_path(environment);
	long error = -ENOENT;
	char path[4096];

	for (const char *c = argv[0]; *c; c++)
		if (*c == '/')
			return call(__NR_execve, argv[0], argv, environment, 0);
	while (argv[0][0]) {
		const char *stop = folder;
		long result = -ENOENT;

		while (*stop && *stop != ':')
			stop++;
		if (stop > folder && join(path, sizeof(path), folder, (size_t)(stop - folder), argv[0]))
			result = call(__NR_execve, path, argv, environment, 0);
		if (result != -ENOENT && result != -ENOTDIR)
			error = result;
		if (!*stop)
			break;
		folder = stop + 1;
	}
	return error;
}

static _Noreturn void run_program(char *const *argv, char *const *environment, const uint64_t *mask)
{
	int own = 0;
	long error;

	own = (int)call(__NR_getpid, 0, 0, 0, 0);
	(void)call(__NR_setpgid, 0, 0, 0, 0); /* cannot fail in a fresh child */
	/* In front of the terminal, where there is one. SIGTTOU is still blocked, so asking from the background is allowed. */
	(void)call(__NR_ioctl, 0, TIOCSPGRP_REQUEST, &own, 0);
	(void)call(__NR_rt_sigprocmask, SET_MASK, mask, NULL, MASK_BYTES);
	error = execute(argv, environment);
	say("box-init: execute ");
	say(argv[0]);
	say(": ");
	say(reason_of(error));
	end(error == -ENOENT || error == -ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* Reaps whoever ended; returns when nobody else did. Ends box-init with the program. */
static void reap(long program)
{
	for (;;) {
		int status = 0;
		long pid = call(__NR_wait4, -1, &status, WNOHANG, NULL);

		if (pid == -EINTR)
			continue;
		if (pid <= 0)
			return;
		if (pid == program)
			end((status & 0x7f) ? 128 + (status & 0x7f) : (status >> 8) & 0xff);
	}
}

__attribute__((used)) _Noreturn void start(long *stack);

_Noreturn void start(long *stack)
{
	long argc = stack[0];
	char *const *argv = (char *const *)(stack + 1);
	uint64_t everything = ~UINT64_C(0);
	uint64_t inherited = 0;
	long program;

	if (argc < 2) {
		say("usage: box-init PROGRAM [ARGUMENT...]\n");
		end(EXIT_NOT_EXECUTABLE);
	}
	(void)call(__NR_rt_sigprocmask, SET_MASK, &everything, &inherited, MASK_BYTES);
	program = call(__NR_clone, SIGNAL_CHILD, 0, 0, 0); /* fork(2) */
	if (program == 0)
		run_program(argv + 1, argv + argc + 1, &inherited);
	if (program < 0) {
		say("box-init: cannot start a process; is the pids limit too low?\n");
		end(EXIT_NOT_EXECUTABLE);
	}
	for (;;) {
		long signal = call(__NR_rt_sigtimedwait, &everything, NULL, NULL, MASK_BYTES);

		if (signal == SIGNAL_CHILD)
			reap(program);
		else if (signal > 0)
			(void)call(__NR_kill, program, signal, 0, 0); /* it may have ended just now */
	}
}
