/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tar_tree.c - what GNU tar makes of it is what was there.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/tar_tree.h"
#include "base/text.h"
#include "tests/unit/base/scratch.h"

static void run(const char *script)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-ec" }, (char *)(uintptr_t)script, NULL };
	char *environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };
	const struct process_run shell = { .path = "/bin/sh", .argv = argv, .environment = environment, .input = -1 };
	struct error e = { 0 };

	cr_assert_eq(process_run(&shell, NULL, &e), 0, "%s", e.text);
}

static struct tar_tree_report write_tree(const char *folder, const char *tar)
{
	autoclose int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = open(tar, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct tar_tree_report report = { 0 };
	struct error e = { 0 };

	cr_assert_eq(tar_tree_write(fd, root, &report, &e), 0, "%s", e.text);
	return report;
}

Test(tar_tree, every_kind_of_member_comes_back)
{
	SCRATCH();
	run("mkdir -p in/b/c in/a in/empty; echo one >in/b/one; ln in/b/one in/a/again; ln -s nowhere in/link; mkfifo in/fifo\n"
	    "chmod 1777 in/empty; chmod 4750 in/b/one; touch -d @1700000000.123456789 in/b/c in/b/one; head -c 100000 /dev/urandom >in/large\n"
	    "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"in/socket\")'");
	/* "./", a, a/again, b, b/c, b/one, empty, fifo, large, link */
	cr_expect_eq(write_tree("in", "in.tar").members, 10);
	run("rm in/socket; touch -d @1800000000 in; mkdir out");
	(void)write_tree("in", "in.tar");
	run("tar -xpf in.tar -C out\n"
	    "look() { cd $1; find . -printf '%p %y %m %U %G %l %n %T@\\n' | sort; find . -type f -exec sha256sum {} + | sort; cd ..; }\n"
	    "look in >in.list; look out >out.list; cmp in.list out.list; test out/a/again -ef out/b/one");
}

Test(tar_tree, the_same_tree_is_the_same_tar_however_the_folder_is_ordered)
{
	SCRATCH();
	run("mkdir one two; for i in $(seq 50); do echo x >one/$i; done; for i in $(seq 50 -1 1); do echo x >two/$i; done\n"
	    "touch -d @1700000000 one one/* two two/*");
	(void)write_tree("one", "one.tar");
	(void)write_tree("two", "two.tar");
	run("cmp one.tar two.tar; tar -tf one.tar | tail -n +2 >names; LC_ALL=C sort -c names");
}

Test(tar_tree, attributes_of_the_host_stay_behind)
{
	SCRATCH();
	run("mkdir in; echo x >in/file");
	if (setxattr("in/file", "user.kept", "yes", 3, 0) || setxattr("in/file", "user.overlay.origin", "no", 2, 0))
		cr_skip_test("no extended attributes here");
	(void)write_tree("in", "in.tar");
	run("grep -q SCHILY.xattr.user.kept=yes in.tar; ! grep -q user.overlay in.tar");
}

Test(tar_tree, a_tree_without_end_is_refused)
{
	SCRATCH();
	struct tar_tree_report report = { 0 };
	struct error e = { 0 };
	autoclose int root = -1, fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	run("python3 -c 'import os\nfor i in range(1000): os.mkdir(\"d\"); os.chdir(\"d\")'");
	root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_expect_eq(tar_tree_write(fd, root, &report, &e), -1);
	cr_expect(strstr(e.text, "lies below more than 900 folders") != NULL, "%s", e.text);
}
