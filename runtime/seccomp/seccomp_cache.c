/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_cache.c - compiled filters on disk.
 *
 * A file is a header, the key and the instructions. It is replaced as one step, so readers see a whole file or none; its
 * sizes are checked against its length all the same.
 */
#include "runtime/seccomp/seccomp_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/seccomp/seccomp_filter.h"

enum { FILE_LIMIT = 4 << 20 };

struct header {
	char magic[8];
	uint32_t flags;
	uint32_t count;
	uint64_t key_length;
};

static const char magic[8] = "BOXSECC";

/* FNV-1a in steps of eight bytes, folded: spreads names, protects nothing. */
static void file_name(const void *key, size_t length, char ret[static 32])
{
	const unsigned char *bytes = key;
	uint64_t hash = UINT64_C(14695981039346656037) ^ length;

	for (size_t i = 0; i < length; i += sizeof hash) {
		uint64_t step = 0;

		memcpy(&step, bytes + i, length - i < sizeof step ? length - i : sizeof step);
		hash = (hash ^ step) * UINT64_C(1099511628211);
		hash ^= hash >> 32;
	}
	(void)snprintf(ret, 32, "%016llx.bpf", (unsigned long long)hash); /* always fits */
}

int seccomp_cache_get(const char *folder, const void *key, size_t key_length, struct seccomp_filter *ret)
{
	autorelease(text) struct text content = { 0 };
	autoclose int fd = -1;
	struct header header;
	struct error ignored = { 0 };
	size_t code_length;
	char name[32];

	file_name(key, key_length, name);
	fd = file_open_private(folder, name); /* somebody else's could allow anything */
	if (fd < 0 || file_read_fd(fd, name, FILE_LIMIT, &content, &ignored) || content.length < sizeof header)
		return 0;
	memcpy(&header, content.data, sizeof header);
	code_length = (size_t)header.count * sizeof *ret->code;
	if (memcmp(header.magic, magic, sizeof magic) != 0 || header.count == 0 || header.count > BPF_MAXINSNS ||
	    header.key_length != key_length || content.length != sizeof header + key_length + code_length ||
	    memcmp(content.data + sizeof header, key, key_length) != 0)
		return 0;
	*ret = (struct seccomp_filter){
		.code = (struct sock_filter *)alloc_copy_bytes(content.data + sizeof header + key_length, code_length),
		.count = header.count,
		.flags = header.flags,
	};
	return 1;
}

void seccomp_cache_put(const char *folder, const void *key, size_t key_length, const struct seccomp_filter *filter)
{
	autorelease(text) struct text content = { 0 };
	struct header header = { .flags = filter->flags, .count = (uint32_t)filter->count, .key_length = key_length };
	struct error e = { 0 };
	autoclose int folder_fd = folder_make_private(folder, &e);
	char name[32];

	memcpy(header.magic, magic, sizeof magic);
	file_name(key, key_length, name);
	text_add_bytes(&content, &header, sizeof header);
	text_add_bytes(&content, key, key_length);
	text_add_bytes(&content, filter->code, filter->count * sizeof *filter->code);
	if (folder_fd < 0 || file_replace(folder_fd, name, content.data, content.length, 0600, &e))
		log_debug("seccomp: cannot keep the compiled filter: %s, continuing", e.text);
}
