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

enum { SECRET_LIMIT = 1 << 20, SECRETS_LIMIT = 8 << 20, HOST_FILE_LIMIT = 1 << 20 };

static struct file_entry *add_file(struct container *c, const char *target, struct text *content)
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

	if (!container_has_namespace(c, NAMESPACE_NETWORK)) {
		read_host_file("/etc/hosts", &hosts);
		read_host_file("/etc/resolv.conf", &resolv);
	} else {
		text_add(&hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
		text_add(&resolv, "# no network: no name server\n");
	}
	text_addf(&hosts, "127.0.1.1\t%s\n", c->hostname);
	text_addf(&hostname, "%s\n", c->hostname);
	if (!is_mounted(c, "/etc/hosts"))
		(void)add_file(c, "/etc/hosts", &hosts);
	if (!is_mounted(c, "/etc/hostname"))
		(void)add_file(c, "/etc/hostname", &hostname);
	if (!is_mounted(c, "/etc/resolv.conf"))
		(void)add_file(c, "/etc/resolv.conf", &resolv);
	text_release(&hosts);
	text_release(&hostname);
	text_release(&resolv);
}

char *app_secret_target(const struct secret *secret)
{
	const char *slash = strrchr(secret->source, '/');
	const char *name = secret->target ? secret->target : slash ? slash + 1 : secret->source;

	return name[0] == '/' ? alloc_copy(name) : text_format("/run/secrets/%s", name);
}

static int add_secret(const struct app *app, size_t index, size_t *total, struct container *c, struct error *e)
{
	const struct secret *secret = &app->secrets[index];
	autofree char *path = app_path(app, secret->source);
	autofree char *target = app_secret_target(secret);
	struct text content = { 0 };
	struct file_entry *file;

	if (file_read(AT_FDCWD, path, SECRET_LIMIT, &content, e)) {
		text_release(&content);
		return error_at(e, "source");
	}
	*total += content.length;
	if (*total > SECRETS_LIMIT) {
		text_release(&content);
		return error_set(e, ERROR_SPEC, "all secrets together have more than 8 MiB");
	}
	file = add_file(c, target, &content);
	file->uid = (uid_t)secret->uid;
	file->gid = (gid_t)secret->gid;
	file->mode = secret->mode ? secret->mode : 0400;
	file->is_secret = true;
	file->is_optional = false;
	file->field = text_format("secrets[%zu]", index);
	return 0;
}

int app_files(const struct app *app, struct container *c, struct error *e)
{
	size_t total = 0;

	add_etc(c);
	for (size_t i = 0; i < app->secret_count; i++)
		if (add_secret(app, i, &total, c, e))
			return error_at(e, "secrets[%zu]", i);
	return 0;
}
