/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_brief.c - what create found out about a container.
 *
 * A header, the text, the instructions. Only this program writes it, into a folder of its own; its sizes are checked against its length
 * all the same, because a full disk cuts files off.
 */
#include "runtime/launch/oci_brief.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/child/hooks.h"
#include "runtime/seccomp/seccomp_filter.h"
#include "runtime/state/state.h"
#include "specs/container.h"

enum { LIMIT = 32 << 20 };

struct header {
	char magic[8];
	uint64_t bounding;
	uint64_t json_length;
	uint32_t filter_flags, filter_count;
	uint32_t concerns_start, unused;
};

static const char magic[8] = "BOXOCI1";

static bool has_later_part(const struct container *container)
{
	for (enum hook_point point = 0; point < HOOK_COUNT; point++)
		if (hooks_has(container, point))
			return true;
	return container->oci->seccomp_listener != NULL;
}

void oci_brief_make(const struct container *container, const struct text *rest, const struct seccomp_filter *filter, struct text *ret)
{
	struct header header = {
		.bounding = container->capabilities.bounding, .json_length = rest->length, .filter_flags = filter->flags,
		.filter_count = (uint32_t)filter->count, .concerns_start = has_later_part(container),
	};

	if (!rest->length)
		return;
	memcpy(header.magic, magic, sizeof magic);
	text_add_bytes(ret, &header, sizeof header);
	text_add_bytes(ret, rest->data, rest->length);
	text_add_bytes(ret, filter->code, filter->count * sizeof *filter->code);
}

bool oci_brief_read(int folder, struct text *content, struct oci_brief *ret)
{
	struct header header;
	struct error ignored = { 0 };
	size_t code_length;

	if (file_read(folder, STATE_BRIEF, LIMIT, content, &ignored) || content->length < sizeof header)
		return false;
	memcpy(&header, content->data, sizeof header);
	code_length = header.filter_count * sizeof(struct sock_filter);
	if (memcmp(header.magic, magic, sizeof magic) != 0 || header.filter_count > BPF_MAXINSNS || header.json_length > LIMIT ||
	    content->length != sizeof header + header.json_length + code_length)
		return false;
	*ret = (struct oci_brief){
		.json = content->data + sizeof header,
		.json_length = header.json_length,
		.bounding = header.bounding,
		.code = content->data + sizeof header + header.json_length,
		.count = header.filter_count,
		.flags = header.filter_flags,
	};
	return true;
}

void oci_brief_filter(const struct oci_brief *brief, struct seccomp_filter *ret)
{
	*ret = (struct seccomp_filter){ .count = brief->count, .flags = brief->flags };
	if (brief->count)
		ret->code = (struct sock_filter *)(void *)alloc_copy_bytes(brief->code, brief->count * sizeof *ret->code);
}

bool oci_brief_concerns_start(int folder)
{
	autoclose int fd = openat(folder, STATE_BRIEF, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct header header;

	if (fd < 0 || read(fd, &header, sizeof header) != (ssize_t)sizeof header || memcmp(header.magic, magic, sizeof magic) != 0)
		return true;
	return header.concerns_start;
}
