/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_digest.c - the SHA-256 of a text.
 *
 * A file of the cache is the digest, an end of line, and the text.
 */
#include "images/text_digest.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/image_request.h"
#include "images/unpack_answer.h"

enum { FILE_LIMIT = 9 << 20 };

static char *file_name(const struct text *content)
{
	return text_format("%08x.digest", text_hash(content->data ? content->data : ""));
}

/* NULL: it is not there, or of another text. */
static char *look_up(const char *folder, const char *name, const struct text *content)
{
	autoclose int fd = file_open_private(folder, name);
	autorelease(text) struct text kept = { 0 };
	struct error ignored = { 0 };
	struct digest digest;
	size_t length;
	char *line;

	if (fd < 0 || file_read_fd(fd, name, FILE_LIMIT, &kept, &ignored) || !kept.data)
		return NULL;
	line = memchr(kept.data, '\n', kept.length);
	if (!line)
		return NULL;
	*line++ = '\0';
	length = kept.length - (size_t)(line - kept.data);
	if (digest_parse(kept.data, &digest) || length != content->length ||
	    (length && memcmp(line, content->data, length) != 0))
		return NULL;
	return alloc_copy(kept.data);
}

static void keep(const char *folder, const char *name, const char *digest, const struct text *content)
{
	autorelease(text) struct text file = { 0 };
	struct error e = { 0 };
	autoclose int fd = folder_make_private(folder, &e);

	text_addf(&file, "%s\n", digest);
	text_add_bytes(&file, content->data ? content->data : "", content->length);
	if (fd < 0 || file_replace(fd, name, file.data, file.length, 0600, &e))
		log_debug("cannot keep a digest: %s, continuing", e.text);
}

static char *compute(const struct text *content, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list words = { 0 };
	autoclose int input = file_in_memory("digest", content->data ? content->data : "", content->length);
	const struct image_request request = { .words = &words, .about = "digest", .input = input };
	struct digest digest;

	list_add(&words, "digest");
	if (input < 0)
		error_sys(e, "hand a text on");
	if (input < 0 || image_request(&request, &answer, e))
		return NULL;
	if (digest_parse(answer.image, &digest)) {
		error_set(e, ERROR_INTERNAL, "box-image calls \"%.80s\" a digest", answer.image);
		return NULL;
	}
	return take_ptr(&answer.image);
}

char *text_digest(const struct places *places, const struct text *content, struct error *e)
{
	autofree char *name = file_name(content);
	char *digest = look_up(places->cache, name, content);

	if (digest)
		return digest;
	digest = compute(content, e);
	if (!digest) {
		error_in(e, "compute a digest");
		return NULL;
	}
	keep(places->cache, name, digest, content);
	return digest;
}
