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
#include "base/sha256.h"
#include "base/text.h"
#include "images/digest.h"

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

char *text_digest(const struct places *places, const struct text *content, struct error *e)
{
	autofree char *name = file_name(content);
	char *digest = look_up(places->cache, name, content);
	char computed[SHA256_TEXT];

	if (digest)
		return digest;
	if (sha256_bytes(content->data ? content->data : "", content->length, computed, e)) {
		error_in(e, "compute a digest");
		return NULL;
	}
	keep(places->cache, name, computed, content);
	return alloc_copy(computed);
}
