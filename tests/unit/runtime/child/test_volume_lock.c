/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/child/volume_lock.h"

static int make_volume(void)
{
	char path[] = "/tmp/box-volume-XXXXXX";

	cr_assert(mkdtemp(path));
	return open(path, O_RDONLY | O_DIRECTORY);
}

static void remove_volume(int folder)
{
	char link[40], path[100] = "";
	struct error e = { 0 };

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
	cr_assert(readlink(link, path, sizeof path - 1) > 0);
	cr_assert(folder_remove(AT_FDCWD, path, &e) == 0, "%s", e.text);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	cr_assert(pid > 0);
	return pid;
}

static bool can(int folder, bool is_writer)
{
	int lock = volume_lock(folder, is_writer);

	if (lock >= 0)
		close(lock);
	else
		cr_expect_eq(errno, EWOULDBLOCK);
	return lock >= 0;
}

Test(volume_lock, a_living_writer_has_it_alone_without_the_lock)
{
	int folder = make_volume();
	pid_t pid = sleeper();
	struct error e = { 0 };

	cr_assert(volume_note_user(folder, pid, /* is_writer= */ true, &e) == 0, "%s", e.text);
	cr_expect(!can(folder, true) && !can(folder, false));
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	cr_expect(can(folder, true) && can(folder, false));
	remove_volume(folder);
}

Test(volume_lock, readers_are_many)
{
	int folder = make_volume();
	pid_t pid = sleeper();
	struct error e = { 0 };

	cr_assert(volume_note_user(folder, pid, /* is_writer= */ false, &e) == 0, "%s", e.text);
	cr_expect(can(folder, false) && !can(folder, true));
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	cr_expect(can(folder, true));
	remove_volume(folder);
}

Test(volume_lock, notes_of_another_boot_or_another_process_mean_nothing)
{
	int folder = make_volume(), users;
	char note[120];

	cr_assert(mkdirat(folder, "users", 0700) == 0);
	users = openat(folder, "users", O_RDONLY | O_DIRECTORY);
	(void)snprintf(note, sizeof note, "%d.%jd.00000000-0000-0000-0000-000000000000.w", (int)getpid(), (intmax_t)process_start_time(getpid()));
	close(openat(users, note, O_CREAT | O_WRONLY, 0600));
	close(openat(users, "1.99.x.w", O_CREAT | O_WRONLY, 0600));
	close(openat(users, "junk", O_CREAT | O_WRONLY, 0600));
	cr_expect(can(folder, true));
	cr_expect(faccessat(users, note, F_OK, 0) != 0, "the note of another boot stays");
	cr_expect(faccessat(users, "junk", F_OK, 0) == 0, "that is nobody's note");
	remove_volume(folder);
}
