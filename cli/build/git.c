/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git.c - the commit of the build context.
 *
 * The repository is the context's, and so its settings are anybody's: they can name programs for much more than any list of ours would
 * have (a missing commit of a "partial clone" is fetched by one). So git may begin no other process at all, and reach nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/build/work.h"

enum { GIT_TIMEOUT_MS = 5000, HEX = 64 };

#ifdef __x86_64__
#define OWN_ARCH AUDIT_ARCH_X86_64
#define FORK     SYS_fork
#define VFORK    SYS_vfork
#else
#define OWN_ARCH AUDIT_ARCH_AARCH64
#define FORK     SYS_clone3 /* there are no such calls */
#define VFORK    SYS_clone3
#endif

/* No process but itself; threads it may have. Whoever else's program runs here: git's own code asks for nothing in another way. */
static int stay_alone(void *data, struct error *e)
{
	enum { AT_NUMBER = offsetof(struct seccomp_data, nr), AT_ARCH = offsetof(struct seccomp_data, arch),
	       AT_FLAGS = offsetof(struct seccomp_data, args[0]) };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_ARCH),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 0, 9),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FORK, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VFORK, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_FLAGS),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 2),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	(void)data;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		return error_sys(e, "keep git from beginning other programs");
	return 0;
}

/* One line that git says, or NULL. words end with NULL. */
static char *ask(const struct build_work *work, const char *const *words)
{
	autofree char *git = work->context >= 0 && faccessat(work->context, ".git", F_OK, 0) == 0 ? process_find("git") : NULL;
	autorelease(text) struct text out = { 0 };
	autorelease(list) struct list argv = { 0 };
	char *const environment[] = { (char[]){ "GIT_CONFIG_NOSYSTEM=1" }, (char[]){ "HOME=/nonexistent" },
				      (char[]){ "PATH=/usr/local/bin:/usr/bin:/bin" }, (char[]){ "GIT_ALLOW_PROTOCOL=none" },
				      (char[]){ "GIT_NO_LAZY_FETCH=1" }, NULL };
	struct process_run run = { .environment = environment, .input = -1, .timeout_ms = GIT_TIMEOUT_MS, .keep = &work->context,
				   .keep_count = 1, .prepare = stay_alone };
	struct error ignored = { 0 };

	if (!git)
		return NULL;
	for (size_t i = 0; i < 6; i++)
		list_add(&argv, ((const char *const[]){ git, "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C" })[i]);
	list_addf(&argv, "/proc/self/fd/%d", work->context);
	list_add(&argv, "--no-replace-objects");
	for (; *words; words++)
		list_add(&argv, *words);
	run.argv = argv.items;
	if (process_run(&run, &out, &ignored) || !out.length)
		return NULL;
	out.data[strcspn(out.data, "\n")] = '\0';
	return alloc_copy(out.data);
}

int64_t build_git_time(const struct build_work *work)
{
	static const char *const words[] = { "log", "-1", "--no-show-signature", "--format=%ct", NULL };
	autofree char *line = ask(work, words);
	int64_t time;

	return !line || number_parse(line, 0, INT64_MAX, &time) ? -1 : time;
}

char *build_public_address(const char *address)
{
	const char *host = strstr(address, "://"), *path;

	host = host ? host + strlen("://") : address;
	path = memchr(host, '@', strcspn(host, "/?#"));
	path = path ? path + 1 : host;
	return text_format("%.*s%.*s", (int)(host - address), address, (int)strcspn(path, "?#"), path);
}

/* Where it came from: "git+https://host/x.git". A remote that is a path of this host says nothing to others. */
static char *source(const struct build_work *work)
{
	static const char *const words[] = { "config", "--get", "remote.origin.url", NULL };
	autofree char *url = ask(work, words);
	autofree char *public = url && strstr(url, "://") && !text_starts(url, "file:") ? build_public_address(url) : NULL;

	return public ? text_format("git+%s", public) : alloc_copy("box:commit");
}

char *build_git_commit(const struct build_work *work)
{
	static const char *const words[] = { "rev-parse", "--verify", "HEAD", NULL };
	autofree char *commit = ask(work, words);
	autofree char *from = NULL;

	if (!commit || strlen(commit) > HEX || strspn(commit, "0123456789abcdef") != strlen(commit))
		return NULL;
	from = source(work);
	return text_format("gitCommit:%s %s", commit, from);
}
