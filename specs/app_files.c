/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_files.c - the files that box puts into the container that an app.json describes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/app_mounts.h"
#include "specs/container.h"

enum { HOST_FILE_LIMIT = 1 << 20 };

struct file_entry *app_add_file(struct container *c, const char *target, struct text *content)
{
	struct file_entry *file = alloc_append(&c->files, &c->file_count, sizeof *file);
	size_t length = content->length;

	*file = (struct file_entry){ .target = alloc_copy(target), .data = text_take(content), .length = length, .mode = 0644,
				     .is_optional = true };
	return file;
}

static bool is_mounted(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (strcmp(c->mounts[i].target, target) == 0)
			return true;
	return false;
}

/* A file of the host's, with its network; empty where it cannot be read. */
static void read_host_file(const char *path, struct text *ret)
{
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, path, HOST_FILE_LIMIT, ret, &ignored))
		text_clear(ret);
}

static void add_etc(struct container *c)
{
	struct text hosts = { 0 }, hostname = { 0 }, resolv = { 0 };

	if (!is_mounted(c, "/etc/hostname")) {
		text_addf(&hostname, "%s\n", c->hostname);
		(void)app_add_file(c, "/etc/hostname", &hostname);
		text_release(&hostname);
	}
	/* What is in them is known when it has joined them (runtime/network/etc.h). */
	if (c->network_count)
		return;
	if (!container_has_namespace(c, NAMESPACE_NETWORK)) {
		read_host_file("/etc/hosts", &hosts);
		read_host_file("/etc/resolv.conf", &resolv);
	} else {
		text_add(&hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
		text_add(&resolv, "# no network: no name server\n");
	}
	text_addf(&hosts, "127.0.1.1\t%s\n", c->hostname);
	if (!is_mounted(c, "/etc/hosts"))
		(void)app_add_file(c, "/etc/hosts", &hosts);
	if (!is_mounted(c, "/etc/resolv.conf"))
		(void)app_add_file(c, "/etc/resolv.conf", &resolv);
	text_release(&hosts);
	text_release(&resolv);
}

int app_files(const struct app *app, const struct app_options *options, struct container *c, struct error *e)
{
	add_etc(c);
	return app_secrets(app, options, c, e);
}
