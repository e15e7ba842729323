/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_program.c - the lookup in the container's PATH.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/child/program.h"
#include "tests/unit/base/scratch.h"

static void program(const char *path, mode_t mode)
{
	put(path, "#!/bin/sh\n");
	cr_assert(chmod(path, mode) == 0);
}

static void fill(void)
{
	static const char *const folders[] = { "bin", "usr", "usr/bin", "app", "app/bin", "bin/folder" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		cr_assert(mkdir(folders[i], 0755) == 0);
	program("bin/sh", 0755);
	program("usr/bin/tool", 0755);
	program("usr/bin/sh", 0755);
	program("bin/closed", 0644);
	program("app/run", 0755);
	program("app/bin/own", 0755);
	cr_assert(symlink("/usr/bin/tool", "bin/link") == 0);
	cr_assert(symlink("/bin/sh", "app/out") == 0);
	cr_assert(symlink("../../../../../../bin/true", "bin/escape") == 0);
	cr_assert(mkfifo("bin/fifo", 0755) == 0);
}

static const struct {
	const char *path, *name, *found;
	enum error_kind kind;
	int sys;
	const char *text;
} cases[] = {
	{ "PATH=/usr/bin:/bin", "sh", "/usr/bin/sh", 0, 0, NULL },
	{ "PATH=/bin:/usr/bin", "sh", "/bin/sh", 0, 0, NULL },
	{ "PATH=/none:/bin", "sh", "/bin/sh", 0, 0, NULL },
	{ "OTHER=x", "tool", "/usr/bin/tool", 0, 0, NULL },
	{ "PATH=/bin", "link", "/bin/link", 0, 0, NULL },
	{ "PATH=", "run", "/app/run", 0, 0, NULL },
	{ "PATH=bin", "own", "/app/bin/own", 0, 0, NULL },
	{ "PATH=/bin", "/app/run", "/app/run", 0, 0, NULL },
	{ "PATH=/bin", "./run", "/app/./run", 0, 0, NULL },
	{ "PATH=/bin", "bin/own", "/app/bin/own", 0, 0, NULL },
	{ "PATH=/bin", "nginx", NULL, ERROR_NOT_FOUND, ENOENT, "exec: \"nginx\": executable file not found in $PATH" },
	{ "PATH=/bin", "escape", NULL, ERROR_NOT_FOUND, ENOENT,
	  "exec: \"escape\": executable file not found in $PATH" },
	{ "PATH=/bin", "folder", NULL, ERROR_NOT_FOUND, ENOENT,
	  "exec: \"folder\": executable file not found in $PATH" },
	{ "PATH=/bin", "a\033[2J", NULL, ERROR_NOT_FOUND, ENOENT,
	  "exec: \"a\\x1b[2J\": executable file not found in $PATH" },
	{ "PATH=/bin", "closed", NULL, ERROR_NOT_EXECUTABLE, EACCES,
	  "exec: \"closed\": permission denied: no file of that name in $PATH has an execute bit" },
	{ "PATH=/bin", "/bin/closed", NULL, ERROR_NOT_EXECUTABLE, EACCES,
	  "exec: \"/bin/closed\": permission denied: it is not a regular file with an execute bit" },
	{ "PATH=/bin", "/bin/fifo", NULL, ERROR_NOT_EXECUTABLE, EACCES,
	  "exec: \"/bin/fifo\": permission denied: it is not a regular file with an execute bit" },
	{ "PATH=/bin", "/bin/folder", NULL, ERROR_NOT_EXECUTABLE, EISDIR, "exec: \"/bin/folder\": is a directory" },
	{ "PATH=/bin", "/no/such", NULL, ERROR_NOT_FOUND, ENOENT, "exec: \"/no/such\": no such file or directory" },
	{ "PATH=/bin", "/bin/sh/x", NULL, ERROR_NOT_EXECUTABLE, ENOTDIR, "exec: \"/bin/sh/x\": Not a directory" },
	{ "PATH=/bin", "", NULL, ERROR_NOT_FOUND, ENOENT, "exec: \"\": the program's name is empty" },
};

Test(program, cases)
{
	SCRATCH();

	fill();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autorelease(list) struct list env = { 0 };
		autofree char *found = NULL;
		struct error e = { 0 };
		int status;

		list_add(&env, cases[i].path);
		status = program_find(scratch, cases[i].name, &env, "/app", &found, &e);
		cr_expect_eq(status, cases[i].found ? 0 : -1, "%s %s: %s", cases[i].path, cases[i].name, e.text);
		cr_expect(text_equal(found, cases[i].found), "%s %s: found %s", cases[i].path, cases[i].name, found);
		cr_expect_eq(e.kind, cases[i].kind, "%s: kind %d", cases[i].name, (int)e.kind);
		cr_expect_eq(e.sys, cases[i].sys, "%s: errno %d", cases[i].name, e.sys);
		cr_expect_str_eq(e.text, cases[i].text ? cases[i].text : "");
	}
}
