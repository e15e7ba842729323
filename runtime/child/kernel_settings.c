/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_settings.c - host name and sysctls of the container's namespaces.
 */
#include "runtime/child/kernel_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "specs/container.h"

enum { HOST_NAME_MAX_BYTES = 64 }; /* of the kernel's utsname */

int settings_hostname(const char *name, struct error *e)
{
	size_t length = strlen(name);

	if (length > HOST_NAME_MAX_BYTES) {
		error_set(e, ERROR_SPEC, "set the host name: it has %zu bytes, the kernel takes %d", length,
			  HOST_NAME_MAX_BYTES);
		return error_at(e, "hostname");
	}
	if (sethostname(name, length)) {
		error_sys(e, "set the host name to \"%s\"", name);
		return error_at(e, "hostname");
	}
	return 0;
}

/*
 * "net.ipv4.ip_forward" is sys/net/ipv4/ip_forward. As sysctl(8) has it, a key whose first separator is a slash is a
 * path already, so that the dots of "net/ipv4/conf/eth0.100/forwarding" are dots. Empty parts, "." and ".." have no place in a key.
 */
static char *key_path(const char *key, struct error *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
	const char *first = strpbrk(key, "./");
	bool is_path = first && *first == '/';
	struct text path = { 0 };
	size_t part = 0;

	if (!first || key[strspn(key, allowed)] != '\0' || strlen(key) > 255)
		goto refuse;
	text_add(&path, "sys/");
	for (const char *c = key;; c++) {
		bool ends = *c == '\0' || (is_path ? *c == '/' : *c == '.');
		const char *begin = path.data + path.length - part;

		if (!ends && *c == '/')
			goto refuse; /* both separators in one key: two readings */
		if (ends && (part == 0 || (part == 1 && *begin == '.') || (part == 2 && strncmp(begin, "..", 2) == 0)))
			goto refuse;
		if (*c == '\0')
			return text_take(&path);
		text_add_char(&path, ends ? '/' : *c);
		part = ends ? 0 : part + 1;
	}
refuse:
	text_release(&path);
	error_set(e, ERROR_SPEC, "expected a sysctl such as \"net.core.somaxconn\", found \"%.128s\"", key);
	return NULL;
}

static int write_setting(int procfd, const struct sysctl_entry *entry, struct error *e)
{
	autofree char *path = key_path(entry->key, e);
	autoclose int fd = -1;
	size_t length = strlen(entry->value);
	struct statfs fs;
	ssize_t done;

	if (!path)
		return -1;
	if (strpbrk(entry->value, "\n") || length > 4096)
		return error_set(e, ERROR_SPEC, "write %s: the value has a line break or more than 4096 bytes",
				 entry->key);
	fd = beneath_try(procfd, path, O_WRONLY | O_NOFOLLOW | O_NOCTTY, 0);
	if (fd < 0) {
		error_sys(e, "open /proc/%s", path);
		if (e->sys == ENOENT)
			error_hint(e, "This kernel has no setting of that name in the container's namespaces.");
		return -1;
	}
	/* Nothing can lie on this detached procfs; that it is one is checked where it costs nothing. */
	if (fstatfs(fd, &fs) || fs.f_type != PROC_SUPER_MAGIC)
		return error_set(e, ERROR_DENIED, "write /proc/%s: it is not a file of procfs", path);
	done = write(fd, entry->value, length);
	if (done < 0)
		return error_sys(e, "write \"%s\" to /proc/%s", entry->value, path);
	if ((size_t)done != length)
		return error_set(e, ERROR_KERNEL, "write \"%s\" to /proc/%s: the kernel took %zd of %zu bytes",
				 entry->value, path, done, length);
	return 0;
}

int settings_sysctls(int procfd, const struct sysctl_entry *entries, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		if (write_setting(procfd, &entries[i], e) == 0)
			continue;
		if (!entries[i].is_optional)
			return error_at(e, "sysctls.%s", entries[i].key);
		log_debug("%s, ignoring", e->text);
		error_clear(e);
	}
	return 0;
}
