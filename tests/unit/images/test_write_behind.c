/* SPDX-License-Identifier: Apache-2.0 */
/* A file written past the page cache holds what was given, whatever its size and pieces; an error comes out at the latest at the end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/write_behind.h"

static void check(const char *folder, size_t size, size_t piece)
{
	autofree char *bytes = alloc_zeroed(size + 1, 1), *found = alloc_zeroed(size + 1, 1);
	autoclose int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct write_behind *behind;
	struct error e = { 0 };
	struct stat st;

	cr_assert_geq(fd, 0, "%s: %s", folder, strerror(errno));
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 + i / 4093);
	behind = write_behind_begin(fd, "write it");
	for (size_t at = 0; at < size; at += piece)
		cr_assert_eq(write_behind_add(behind, bytes + at, size - at < piece ? size - at : piece, &e), 0, "%s", e.text);
	cr_assert_eq(write_behind_end(behind, &e), 0, "%s", e.text);
	write_behind_free(behind);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(st.st_size, (off_t)size);
	cr_assert_eq(pread(fd, found, size, 0), (ssize_t)size);
	cr_assert_eq(memcmp(bytes, found, size), 0, "%zu bytes in pieces of %zu", size, piece);
	cr_assert_eq(fcntl(fd, F_GETFL) & O_DIRECT, 0, "who writes to it next would have to align");
}

static void check_sizes(const char *folder)
{
	const size_t sizes[] = { 0, 1, WRITE_BEHIND_WORTH - 1, WRITE_BEHIND_WORTH, WRITE_BEHIND_WORTH + 1, 5 * WRITE_BEHIND_WORTH + 517 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		check(folder, sizes[i], 65521);
		check(folder, sizes[i], 3 * WRITE_BEHIND_WORTH + 1);
	}
}

Test(write_behind, every_size_on_the_disk)
{
	check_sizes("/var/tmp");
}

Test(write_behind, every_size_in_memory)
{
	check_sizes("/dev/shm");
}

Test(write_behind, an_error_is_told_at_the_latest_at_the_end)
{
	const size_t size = 3 * WRITE_BEHIND_WORTH;
	autofree char *bytes = alloc_zeroed(size, 1);
	autoclose int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct write_behind *behind = write_behind_begin(full, "write the layer's tar");
	struct error e = { 0 };

	cr_assert(write_behind_add(behind, bytes, size, &e) || write_behind_end(behind, &e));
	cr_assert_eq(e.sys, ENOSPC);
	cr_assert_not_null(strstr(e.text, "write the layer's tar"), "%s", e.text);
	write_behind_free(behind);
}
