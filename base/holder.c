/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holder.c - who has what somebody else wants.
 */
#include "base/holder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { COMM_MOST = 64, TITLE_MOST = 4096 };

char *holder_name(const char *pid)
{
	autofree char *path = text_format("/proc/%s", pid);
	autoclose int process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autorelease(text) struct text comm = { 0 }, shown = { 0 };
	struct error e = { 0 };

	if (process < 0 || file_read(process, "comm", COMM_MOST, &comm, &e) || !comm.length)
		return text_format("process %s", pid);
	if (text_starts(comm.data, "box:[")) { /* its title is longer: "box:[network] shop_front" */
		text_clear(&comm);
		if (file_read(process, "cmdline", TITLE_MOST, &comm, &e) || !comm.length)
			return text_format("process %s", pid);
	}
	/* Whoever it is about chooses it: it may be empty. */
	text_add_escaped(&shown, comm.data, strcspn(comm.data, "\n"));
	if (!shown.length)
		return text_format("process %s", pid);
	return text_format("%s (process %s)", shown.data, pid);
}

/* "7: FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF"; "7: -> FLOCK …" only waits for it. */
char *holder_of_lock(int fd)
{
	autofclose FILE *table = fopen("/proc/locks", "re");
	struct stat st;
	char line[256];

	if (!table || fstat(fd, &st))
		return NULL;
	while (fgets(line, sizeof line, table)) {
		unsigned first, second;
		uint64_t inode;
		int pid;

		if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%" SCNu64, &pid, &first, &second, &inode) == 4 && pid > 0 &&
		    first == major(st.st_dev) && second == minor(st.st_dev) && inode == st.st_ino) {
			autofree char *number = text_format("%d", pid);

			return holder_name(number);
		}
	}
	return NULL;
}
