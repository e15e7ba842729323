/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - processes held by pidfd, and short helper programs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct text;

struct process_clone {
	uint64_t flags; /* CLONE_NEW*; CLONE_PIDFD is added */
	int cgroup;     /* a v2 cgroup's descriptor for CLONE_INTO_CGROUP, or -1 */
};

/* clone3(2) without a shared address space: returns twice, as fork(2) does: the pid in the parent (with
 * *ret_pidfd), 0 in the child. */
pid_t process_clone(const struct process_clone *request, int *ret_pidfd, struct error *e);

/* The same without namespaces, for a process that is of use to this one alone: it is killed when this one ends. ret_pidfd NULL: it is
 * waited for by its pid. */
pid_t process_clone_bound(int *ret_pidfd, struct error *e);

struct process_end {
	int code;   /* exit code, or -1 */
	int signal; /* the signal that ended it, or 0 */
	int core;   /* a core was dumped */
};

/* Waits for and reaps the child behind pidfd. */
int process_wait(int pidfd, struct process_end *ret, struct error *e);

/* The same without waiting: 1, or 0 where it has not ended, or another process traces it and has not let it go. */
int process_try_wait(int pidfd, struct process_end *ret, struct error *e);

/* How the process behind pidfd ended, whosever child it was: -1 with errno where the kernel does not tell (EAGAIN: not yet, nobody has
 * waited for it; ENOTTY or EINVAL: Linux before 6.15; ESRCH: the pidfd was opened too late). */
int process_end_info(int pidfd, struct process_end *ret);

/* The status of wait(2). */
void process_end_from_status(int status, struct process_end *ret);

/* pidfd_send_signal(2); -1 with errno. */
int process_signal(int pidfd, int signal);

/* pidfd_open(2); -1 with errno. */
int process_open(pid_t pid);

/* Field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it names a process for good. -1 where it is gone. */
int64_t process_start_time(pid_t pid);

/* The fields of /proc/PID/stat (proc(5)) from 4 on, below count, each at its number in ret; -1 where it is gone or has fewer. */
int process_stat_fields(pid_t pid, uint64_t *ret, int count);

/* A pidfd of the process that had this pid and this start time; -1 where it has ended. Asked again once it is open, because the number may
 * have become another process'. */
int process_open_living(pid_t pid, int64_t start_time);

/* Whether the process that had this pid and this start time has not ended. */
bool process_lives(pid_t pid, int64_t start_time);

/* Whether it has ended, and nobody has waited for it yet. */
bool process_is_zombie(pid_t pid);

/* Whether the kernel would drop the signal: a pid namespace's first process gets none that it does not handle. */
bool process_drops(int pidfd, int signal);

/* Closes every descriptor from at on but these, which become at, at + 1 and so on, close-on-exec; -1 among them is left out. Closed,
 * not only marked, because a path such as /proc/self/fd/7 must lead nowhere even for execve itself (CVE-2024-21626). */
int process_keep_only(int at, int *const kept[], size_t count, struct error *e);

struct process_run {
	const char *path; /* absolute; NULL: argv[0] is it */
	char *const *argv;
	char *const *environment; /* NULL: empty */
	const int *keep;          /* descriptors that the program inherits under their own numbers, or NULL */
	size_t keep_count;
	int input;      /* descriptor for its stdin, or -1: /dev/null */
	int timeout_ms; /* 0: none; then killed, and an error */
	/* Gets its stdout as it comes, of whatever length, in place of out; NULL: out gets it. */
	void (*hear)(const char *bytes, size_t length, void *data);
	/* In the new process, right before its program, or NULL. Where it fails its error is what process_run fails with. */
	int (*prepare)(void *data, struct error *e);
	void *data; /* of both */
};

/* Runs a helper program to its end. Its stdout is added to out (may be NULL: discarded), its last stderr line becomes
 * the error text where it fails (non-zero exit). Output is bounded to 1 MiB. */
int process_run(const struct process_run *run, struct text *out, struct error *e);

/* The absolute path of a program in the caller's PATH; NULL where it is in no folder of it. The caller frees it. */
char *process_find(const char *name);

/* Overwrites the words that this process was started with: /proc/PID/cmdline asks nobody for a right. What borrows from argv is void
 * then. */
void process_hide_words(void);

/* Raises the limit of open descriptors as far as this process may. How many they can be then. */
int process_most_files(void);

/* The title that ps shows: prctl(PR_SET_NAME), at most 15 bytes are kept. */
void process_title(const char *title);
