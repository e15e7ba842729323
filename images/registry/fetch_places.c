/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_places.c - the root folder of a fetcher.
 */
#include "images/registry/fetch_places.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { LIMIT = 1 << 20 };

/* Names by file and DNS alone: every other way is a library of the host's, or a socket. */
static const char switches[] = "hosts: files dns\n";

static int put(int folder, const char *name, const char *bytes, size_t length, struct error *e)
{
	autoclose int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || write_all(fd, bytes, length) || fchmod(fd, 0644))
		return error_sys(e, "write etc/%s for the process that talks to the registry", name);
	return 0;
}

static int copy(int folder, const char *name, struct error *e)
{
	autofree char *path = text_format("/etc/%s", name);
	autorelease(text) struct text content = { 0 };
	struct error failed = { 0 };

	/* A host may do without either. */
	if (file_read(AT_FDCWD, path, LIMIT, &content, &failed) && failed.sys != ENOENT) {
		*e = failed;
		return -1;
	}
	return put(folder, name, content.data ? content.data : "", content.length, e);
}

/* 0755 whatever the umask is: another id has to read there. */
static int make_folder(int parent, const char *name, struct error *e)
{
	int fd;

	if (mkdirat(parent, name, 0755))
		return error_sys(e, "make the folder %s for the process that talks to the registry", name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fchmod(fd, 0755) == 0)
		return fd;
	error_sys(e, "open the folder %s for the process that talks to the registry", name);
	if (fd >= 0)
		close(fd);
	return -1;
}

int fetch_places_make(int staging, struct error *e)
{
	autoclose int root = make_folder(staging, "net", e);
	autoclose int etc = root >= 0 ? make_folder(root, "etc", e) : -1;

	if (etc < 0 || copy(etc, "hosts", e) || copy(etc, "resolv.conf", e) ||
	    put(etc, "nsswitch.conf", switches, sizeof switches - 1, e))
		return -1;
	return take_fd(&root);
}
