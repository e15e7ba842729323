/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_selection.c - what a COPY takes, and what its key says about it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/build/selection.h"
#include "specs/build_ignore.h"
#include "specs/build_plan.h"
#include "tests/unit/base/scratch.h"

static void make(const char *path, mode_t mode)
{
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	cr_assert_eq(chmod(path, mode), 0);
}

/* What COPY pattern takes of the current folder, as the cache's key has it, or the error. To be freed. */
static char *describe(const char *pattern, const char *ignored, mode_t without)
{
	autoclose int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *path = alloc_copy(pattern);
	struct build_source source = { .kind = BUILD_SOURCE_PATH, .path = path };
	const struct build_step step = { .sources = &source, .source_count = 1 };
	struct build_ignore ignore = { 0 };
	const struct selection_wish wish = { .root = root, .what = "the context", .step = &step, .ignore = &ignore, .without = without };
	struct selection selection = { 0 };
	struct text text = { 0 };
	struct error e = { 0 };

	text_add(&text, "");
	cr_assert_eq(build_ignore_parse(ignored, strlen(ignored), "ignore", &ignore, &e), 0);
	if (selection_add(&wish, &selection, &e) == 0)
		selection_describe(&selection, /* has_owners= */ false, &text);
	else
		text_add(&text, e.text);
	selection_release(&selection);
	build_ignore_release(&ignore);
	return text_take(&text);
}

static void expect(const char *pattern, const char *ignored, mode_t without, const char *expected)
{
	autofree char *found = describe(pattern, ignored, without);

	cr_expect_str_eq(found, expected);
}

Test(selection, folders_come_before_what_they_hold_in_the_order_of_bytes)
{
	SCRATCH();

	cr_assert_eq(mkdir("d", 0755) + mkdir("d/b", 0700) + symlink("../etc", "d/a"), 0);
	make("d/b/x", 0644);
	make("d/b-", 0755);
	make("d/Z", 0600);
	expect("d", "", 0,
	       "folder 0755 0: \nfile 0600 1:Z \nlink 0777 1:a 6:../etc \nfolder 0700 1:b \nfile 0644 3:b/x \nfile 0755 2:b- \n");
	expect("d/*", "", 0, "file 0600 1:Z \nfolder 0700 0: \nfile 0644 1:x \nfile 0755 2:b- \n");
}

Test(selection, what_a_checkout_decides_does_not_count)
{
	SCRATCH();

	cr_assert_eq(mkdir("d", 0775), 0);
	cr_assert_eq(chmod("d", 0775), 0);
	make("d/x", 0664);
	expect("d", "", 022, "folder 0755 0: \nfile 0644 1:x \n");
}

Test(selection, what_is_hidden_is_as_if_it_were_not_there)
{
	SCRATCH();

	cr_assert_eq(mkdir("d", 0755) + mkdir("d/no", 0755) + mkdir("d/some", 0755), 0);
	make("d/no/x", 0644);
	make("d/some/x", 0644);
	make("d/some/y", 0644);
	expect("d", "d/no\nd/some\n!d/some/y\n", 0, "folder 0755 0: \nfolder 0755 4:some \nfile 0644 6:some/y \n");
	expect("d/no/x", "d/no\n", 0, "d/no/x: there is no such file in the context");
}

Test(selection, a_link_leads_no_further_than_the_root)
{
	SCRATCH();

	cr_assert_eq(symlink("/etc/passwd", "absolute") + symlink("../../../../../etc/passwd", "up") + symlink("file", "good"), 0);
	make("file", 0644);
	expect("absolute", "", 0, "absolute: there is no such file in the context");
	expect("up", "", 0, "up: there is no such file in the context");
	expect("good", "", 0, "file 0644 4:good \n");
	cr_assert_eq(mkdir("etc", 0755), 0);
	make("etc/passwd", 0604);
	expect("absolute", "", 0, "file 0604 8:absolute \n");
	expect("up", "", 0, "file 0604 2:up \n");
}

/* A name with an end of line or a space in it cannot look like two items. */
Test(selection, no_name_looks_like_another_item)
{
	SCRATCH();
	autofree char *one = NULL;
	autofree char *two = NULL;

	cr_assert_eq(mkdir("d", 0755), 0);
	make("d/a", 0644);
	make("d/b", 0644);
	one = describe("d", "", 0);
	unlink("d/b");
	unlink("d/a");
	make("d/a \nfile 0644 1:b", 0644);
	two = describe("d", "", 0);
	cr_expect_str_neq(one, two);
}

Test(selection, a_literal_is_no_pattern)
{
	SCRATCH();
	autofree char *literal = selection_literal("a[1]*?\\");

	make("a[1]*?\\", 0600);
	make("a1xx", 0600);
	expect(literal, "", 0, "file 0600 7:a[1]*?\\ \n");
}

/* The first file of the current folder, opened as it was found. */
static int open_found(const struct selection *selection, struct error *e)
{
	autoclose int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return selection_open(root, &selection->items[0], e);
}

Test(selection, other_content_with_the_old_size_and_time_is_a_change)
{
	autoclose int root = -1, file = -1;
	char path[] = "f";
	struct build_source source = { .kind = BUILD_SOURCE_PATH, .path = path };
	const struct build_step step = { .sources = &source, .source_count = 1 };
	struct selection selection = { 0 };
	struct error e = { 0 };
	struct stat st;
	int found;

	SCRATCH();
	make("f", 0644);
	file = open("f", O_WRONLY | O_CLOEXEC);
	cr_assert_eq(write(file, "good", 4), 4);
	root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(selection_add(&(struct selection_wish){ .root = root, .what = "the context", .step = &step }, &selection, &e), 0);
	found = open_found(&selection, &e);
	cr_assert_geq(found, 0, "%s", e.text);
	close(found);
	cr_assert_eq(fstat(file, &st), 0);
	usleep(20000); /* ctimes are some milliseconds apart */
	cr_assert_eq(pwrite(file, "evil", 4, 0), 4);
	cr_assert_eq(futimens(file, (struct timespec[]){ st.st_atim, st.st_mtim }), 0);
	cr_expect_eq(open_found(&selection, &e), -1);
	cr_expect_str_eq(e.text, "copy f: it was changed while it was copied");
	selection_release(&selection);
}
