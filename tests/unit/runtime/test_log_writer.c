/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_writer.c - what an app writes is in its log: lines, files, and what happens on a full disk.
 */
#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/runtime/log_fixture.h"

Test(log_writer, lines_and_what_is_none_yet)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	struct log log;

	fixture_open(&f, &log);
	fixture_say(&f, "one\ntwo\nthr");
	fixture_write(&f, LOG_STDERR, "wrong\n", 6);
	fixture_take(&f, &log);
	fixture_expect(&f, LOG_STDOUT, "one\ntwo\n", 8);
	fixture_expect(&f, LOG_STDERR, "wrong\n", 6);
	fixture_say(&f, "ee\n\nlast");
	fixture_take(&f, &log);
	fixture_expect(&f, LOG_STDOUT, "one\ntwo\nthree\n\n", 15);
	log_end(&log);
	fixture_expect(&f, LOG_STDOUT, "one\ntwo\nthree\n\nlast\n", 20);
	log_end(&log);
	fixture_expect(&f, LOG_STDOUT, "one\ntwo\nthree\n\nlast\n", 20);
	log_release(&log);
}

Test(log_writer, nothing_to_read)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	struct log log;

	fixture_open(&f, &log);
	cr_expect_eq(log_take(&log, LOG_STDOUT, f.fifos[0]), 0);
	log_end(&log);
	fixture_expect(&f, LOG_STDOUT, "", 0);
	log_release(&log);
}

/* Lines around the length at which they are split, and one that is longer than the ring; of characters that must not be cut. */
Test(log_writer, long_lines)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	autorelease(text) struct text all = { 0 }, content = { 0 };
	struct error e = { 0 };
	struct log log;

	cr_assert_gt(fcntl(f.fifos[0], F_SETPIPE_SZ, 1 << 20), 0);
	for (size_t length = 16382; length <= 16388; length++) {
		for (size_t i = 0; i < length / 3; i++)
			text_add(&all, "\xe2\x82\xac");
		text_addf(&all, "%.*s\n", (int)(length % 3), "ab");
	}
	for (size_t i = 0; i < 200000; i++)
		text_add_char(&all, "0123456789"[i % 10]);
	text_add(&all, "\nend\n");
	fixture_write(&f, LOG_STDOUT, all.data, all.length);
	fixture_open(&f, &log);
	fixture_take(&f, &log);
	log_release(&log);
	fixture_expect(&f, LOG_STDOUT, all.data, all.length);
	/* No character was cut: no record needs its bytes beside. */
	cr_assert_eq(file_read(scratch, "1", 1 << 20, &content, &e), 0);
	cr_expect(!strstr(content.data, "\"bytes\""));
}

Test(log_writer, a_new_buffer_goes_on_behind_the_last_whole_record)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	struct error e = { 0 };
	int fd;

	fixture_say(&f, "before\n");
	fixture_live(&f);
	cr_assert_eq(unlinkat(scratch, "buffer", 0), 0); /* as a reboot does */
	fd = openat(scratch, "1", O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(write_all(fd, "{\"time\":\"20\0\0\0", 14), 0);
	close(fd);
	fixture_say(&f, "after\n");
	fixture_live(&f);
	fixture_expect(&f, LOG_STDOUT, "before\nafter\n", 13);
	/* A buffer of another version is none. */
	cr_assert_eq(file_replace(scratch, "buffer", "box log buffer 9", 16, 0600, &e), 0);
	fixture_say(&f, "and on\n");
	fixture_live(&f);
	fixture_expect(&f, LOG_STDOUT, "before\nafter\nand on\n", 20);
}

static size_t size_of(int folder, unsigned number)
{
	autofree char *name = text_format("%u", number);
	struct stat status;

	return fstatat(folder, name, &status, 0) ? 0 : (size_t)status.st_size;
}

Test(log_writer, files_are_bounded_in_size_and_number)
{
	static const int64_t sizes[] = { 4096, 10000, 100000 };

	for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
		SCRATCH();
		struct fixture f = fixture_make(scratch);
		char line[600];
		struct log log;
		unsigned first;

		f.setup.max_size = sizes[n];
		f.setup.max_files = 3;
		fixture_open(&f, &log);
		for (int i = 0; i < 6000; i++) {
			int length = snprintf(line, sizeof line, "line %d %.*s\n", i, i % 80 ? i % 80 : 500, "\x1b\x1b\x1b\x1b\x1b\x1b");

			fixture_write(&f, LOG_STDOUT, line, (size_t)length);
			fixture_take(&f, &log);
		}
		log_release(&log);
		first = fixture_first(scratch);
		cr_expect_gt(first, 1u);
		for (unsigned i = first; i < first + 3; i++) {
			cr_expect_gt(size_of(scratch, i), 0u);
			cr_expect_leq(size_of(scratch, i), (size_t)sizes[n]);
		}
		cr_expect_eq(size_of(scratch, first + 3), 0u, "a fourth file");
		cr_expect_gt(size_of(scratch, first), (size_t)sizes[n] / 2, "a file that was not filled");
		/* Fewer files than before. */
		f.setup.max_files = 1;
		fixture_open(&f, &log);
		log_release(&log);
		cr_expect_eq(fixture_first(scratch), first + 2);
	}
}

/* Files that are rotated hold every line together. */
Test(log_writer, rotation_loses_nothing)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	autorelease(text) struct text all = { 0 };
	struct log log;

	f.setup.max_size = 8192;
	fixture_open(&f, &log);
	for (int i = 0; i < 20000; i++) {
		size_t before = all.length;

		text_addf(&all, "%d %.*s\n", i, i % 60, "................................................................");
		fixture_write(&f, LOG_STDOUT, all.data + before, all.length - before);
		if (i % 37 == 0)
			fixture_take(&f, &log);
	}
	fixture_take(&f, &log);
	log_release(&log);
	fixture_expect(&f, LOG_STDOUT, all.data, all.length);
	cr_expect_gt(size_of(scratch, 100), 0u);
}

/* What cannot be written is counted to the byte, and told when there is room again. */
Test(log_writer, a_full_disk)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch), disk = { .setup = { .max_size = 4 << 20, .max_files = 2 } };
	autorelease(text) struct text got = { 0 }, all = { 0 }, told = { 0 }, expected = { 0 };
	struct error e = { 0 };
	struct log log;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mkdirat(scratch, "disk", 0700) ||
	    mount("log", "disk", "tmpfs", 0, "size=256k"))
		cr_skip_test("needs to mount");
	disk.folder = open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(log_open(&log, scratch, disk.folder, &disk.setup, &e), 0, "%s", e.text);
	for (int i = 0; i < 10000; i++) {
		size_t before = all.length;

		text_addf(&all, "line %d with %c and more\n", i, i % 2 ? '\xff' : '"');
		fixture_write(&f, LOG_STDOUT, all.data + before, all.length - before);
		if (i % 50 == 49)
			fixture_take(&f, &log);
	}
	fixture_read(&disk, LOG_STDOUT, &got);
	cr_expect(got.length > 10000 && memcmp(got.data, all.data, got.length) == 0, "not the beginning");
	cr_expect_eq(log_mark(&log.buffer)->lost, all.length - got.length);
	cr_assert_eq(mount(NULL, "disk", NULL, MS_REMOUNT, "size=8m"), 0);
	fixture_say(&f, "room\n");
	fixture_take(&f, &log);
	fixture_read(&disk, LOG_BOX, &told);
	text_addf(&expected, "%zu bytes of output are lost: No space left on device\n", all.length - got.length);
	cr_expect_str_eq(told.data, expected.data);
	text_clear(&got);
	fixture_read(&disk, LOG_STDOUT, &got);
	cr_expect_str_eq(got.data + got.length - 5, "room\n");
	cr_expect_eq(log_mark(&log.buffer)->lost, 0u);
	log_release(&log);
	cr_assert_eq(umount2("disk", MNT_DETACH), 0);
}

/* What an app says that fails because others have filled the disk: its first words, and the last ones behind many. */
Test(log_writer, last_words_on_a_full_disk)
{
	for (int before = 0; before < 4000; before += 1999) {
		SCRATCH();
		struct fixture f = fixture_make(scratch), disk = { .setup = { .max_size = 4 << 20, .max_files = 2 } };
		autorelease(text) struct text expected = { 0 };
		char zeros[4096] = { 0 };
		struct error e = { 0 };
		struct log log;
		int filler;

		if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mkdirat(scratch, "disk", 0700) ||
		    mount("log", "disk", "tmpfs", 0, "size=1m"))
			cr_skip_test("needs to mount");
		disk.folder = open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cr_assert_eq(log_open(&log, scratch, disk.folder, &disk.setup, &e), 0, "%s", e.text);
		for (int i = 0; i < before; i++) {
			fixture_say(&f, "a line\n");
			text_add(&expected, "a line\n");
			fixture_take(&f, &log);
		}
		filler = openat(disk.folder, "filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		while (write(filler, zeros, sizeof zeros) > 0)
			;
		cr_expect_eq(errno, ENOSPC);
		close(filler);
		for (int i = 0; i < 20; i++) {
			fixture_say(&f, "no space, and that in words of some length: it is a pity, but what can one do?\n");
			text_add(&expected, "no space, and that in words of some length: it is a pity, but what can one do?\n");
			fixture_take(&f, &log);
		}
		fixture_expect(&disk, LOG_STDOUT, expected.data, expected.length);
		cr_expect_eq(log_mark(&log.buffer)->lost, 0u);
		log_release(&log);
		close(disk.folder);
		cr_assert_eq(umount2("disk", MNT_DETACH), 0);
	}
}

/* A file that is complete keeps no blocks that it does not need. */
Test(log_writer, a_complete_file_takes_no_more_than_it_holds)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	struct stat status;
	struct log log;

	f.setup.max_size = 100000;
	fixture_open(&f, &log);
	for (int i = 0; log_mark(&log.buffer)->number < 2; i++) {
		fixture_say(&f, "some line\n");
		fixture_take(&f, &log);
	}
	cr_assert_eq(fstatat(scratch, "1", &status, 0), 0);
	/* Two blocks more: its last one, and one that tells a file system where the others are. What is had beforehand is four and more. */
	cr_expect_leq(status.st_blocks * 512, (status.st_size / 4096 + 2) * 4096);
	log_release(&log);
}
