/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume_lock.c - who uses a volume.
 */
#include "runtime/child/volume_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

enum { BOOT_MOST = 64 };

#define USERS "users"

/* The note's name. The same number and the same time since the boot are another process after the next boot. NULL: this cannot be told. */
static char *note_name(pid_t pid, int64_t start_time, char use)
{
	autorelease(text) struct text boot = { 0 };
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", BOOT_MOST, &boot, &ignored) || !boot.length)
		return NULL;
	boot.data[strcspn(boot.data, "\n")] = '\0';
	return text_format("%d.%jd.%s.%c", (int)pid, (intmax_t)start_time, boot.data, use);
}

/* Whether the process of that note lives and its use conflicts. The note of one that is dead goes. */
static bool conflicts(int users, const char *note, bool is_writer)
{
	const char *use = strrchr(note, '.');
	char *end;
	long pid = strtol(note, &end, 10);
	int64_t start_time = *end == '.' ? strtoll(end + 1, NULL, 10) : 0;
	autofree char *living = NULL;

	if (pid <= 0 || !use || (strcmp(use, ".w") != 0 && strcmp(use, ".r") != 0))
		return false;
	if (process_lives((pid_t)pid, start_time))
		living = note_name((pid_t)pid, start_time, use[1]);
	if (living && strcmp(living, note) == 0)
		return is_writer || use[1] == 'w';
	(void)unlinkat(users, note, 0); /* somebody else may have done it */
	return false;
}

static bool is_used(int folder, bool is_writer)
{
	autoclosedir DIR *users = folder_open(folder, USERS, O_NOFOLLOW);
	struct dirent *entry;
	bool is_used = false;

	while (users && !is_used && (entry = readdir(users)))
		is_used = conflicts(dirfd(users), entry->d_name, is_writer);
	return is_used;
}

int volume_lock(int folder, bool is_writer)
{
	autoclose int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock < 0 || flock(lock, (is_writer ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return -1;
	if (is_used(folder, is_writer)) {
		errno = EWOULDBLOCK;
		return -1;
	}
	return take_fd(&lock);
}

int volume_note_user(int folder, pid_t pid, bool is_writer, struct error *e)
{
	autofree char *note = note_name(pid, process_start_time(pid), is_writer ? 'w' : 'r');
	autoclose int users = -1, file = -1;

	if (mkdirat(folder, USERS, 0700) && errno != EEXIST)
		return error_sys(e, "make the folder of a volume's users");
	users = openat(folder, USERS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	file = users < 0 || !note ? -1 : openat(users, note, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return file < 0 && note ? error_sys(e, "note a user of a volume") : 0;
}
