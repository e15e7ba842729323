/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain_tar.c - anybody's archive as a tar that can be understood in one way only.
 *
 * gzip and zstd go through the stream that layers go through. bzip2 and xz, which no layer has, are libarchive's own. Everything that an
 * archive can cost is charged to a budget, as a layer's is.
 */
#include "images/unpack/plain_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tar_writer.h"
#include "base/text.h"
#include "images/unpack/apply_options.h"
#include "images/unpack/budget.h"
#include "images/unpack/member_name.h"
#include "images/unpack/member_rules.h"
#include "images/unpack/stream.h"

enum { BUFFER = 256 << 10, BLOCK = 512 };

struct reading {
	const struct plain_tar *how;
	struct archive *archive;
	struct stream *stream; /* NULL: libarchive decodes */
	unsigned char *buffer;
	int64_t in, out;       /* bytes charged so far, where libarchive decodes */
	struct budget budget;
	struct apply_report report;
	struct error error;    /* of reading; libarchive's words are only an echo of it */
	bool has_failed;
};

static ssize_t next_raw(struct reading *reading, const unsigned char **ret, struct error *e)
{
	int64_t out = archive_filter_bytes(reading->archive, 0), in = archive_filter_bytes(reading->archive, -1);
	ssize_t got;

	if (budget_inflate(&reading->budget, in - reading->in, out - reading->out, e))
		return -1;
	reading->in = in;
	reading->out = out;
	while ((got = read(reading->how->archive, reading->buffer, BUFFER)) < 0 && errno == EINTR)
		;
	*ret = reading->buffer;
	return got < 0 ? error_sys(e, "read it") : got;
}

static la_ssize_t next_bytes(struct archive *archive, void *data, const void **ret)
{
	struct reading *reading = data;
	const unsigned char *bytes = NULL;
	ssize_t got = reading->stream ? stream_next(reading->stream, &bytes, &reading->error) : next_raw(reading, &bytes, &reading->error);

	if (got < 0) {
		reading->has_failed = true;
		archive_set_error(archive, EIO, "it cannot be read");
		return ARCHIVE_FATAL;
	}
	*ret = bytes;
	return got;
}

/* What libarchive decodes by programs of its own. */
static bool is_libarchives(int file)
{
	static const char *const magics[] = { "BZh", "\xfd\x37zXZ" };
	char bytes[6] = "";

	if (pread(file, bytes, sizeof bytes, 0) < 0)
		return false;
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (memcmp(bytes, magics[i], strlen(magics[i])) == 0)
			return true;
	return false;
}

static int open_archive(struct reading *reading, struct error *e)
{
	bool decodes = is_libarchives(reading->how->archive);

	if (lseek(reading->how->archive, 0, SEEK_SET) != 0)
		return error_sys(e, "read it");
	reading->buffer = alloc_zeroed(1, BUFFER);
	reading->archive = archive_read_new();
	if (!decodes && !(reading->stream = stream_open(reading->how->archive, DIGEST_SHA256, &reading->budget, e)))
		return -1;
	if (!reading->archive || archive_read_support_format_tar(reading->archive) != ARCHIVE_OK ||
	    (decodes && (archive_read_support_filter_bzip2(reading->archive) != ARCHIVE_OK ||
			 archive_read_support_filter_xz(reading->archive) != ARCHIVE_OK)))
		return error_set(e, ERROR_UNSUPPORTED, "this host's libarchive reads no tar, or no bzip2 or xz");
	return archive_read_open(reading->archive, reading, NULL, next_bytes, NULL) == ARCHIVE_OK ? 0
													 : error_set(e, ERROR_IMAGE, "it is no archive");
}

static void reading_release(struct reading *reading)
{
	if (reading->archive)
		(void)archive_read_free(reading->archive); /* nothing was written through it */
	stream_free(reading->stream);
	free(reading->buffer);
}

static int write_zeros(int out, int64_t length, struct error *e)
{
	static const char zeros[64 << 10];

	while (length > 0) {
		size_t piece = length < (int64_t)sizeof zeros ? (size_t)length : sizeof zeros;

		if (write_all(out, zeros, piece))
			return error_sys(e, "hand it on");
		length -= (int64_t)piece;
	}
	return 0;
}

/* Blocks in rising order; holes become zeros, which tar_apply makes holes again. */
static int write_content(struct reading *reading, int64_t size, struct error *e)
{
	const void *block;
	size_t length;
	int64_t at, end = 0;
	int code;

	while ((code = archive_read_data_block(reading->archive, &block, &length, &at)) == ARCHIVE_OK) {
		if (at < end || at > size || (int64_t)length > size - at)
			return error_set(e, ERROR_IMAGE, "its pieces overlap or reach past its size");
		if (write_zeros(reading->how->out, at - end, e))
			return -1;
		if (write_all(reading->how->out, block, length))
			return error_sys(e, "hand it on");
		end = at + (int64_t)length;
	}
	if (code != ARCHIVE_EOF)
		return error_set(e, ERROR_IMAGE, "its content is broken");
	return write_zeros(reading->how->out, size - end + (BLOCK - size % BLOCK) % BLOCK, e);
}

/* Those that layers keep, too. The caller frees. */
static int find_attributes(struct archive_entry *entry, const struct budget_limits *limits, unsigned char capability[static CAPABILITY_V2],
			   struct tar_entry *to, struct tar_attribute **ret, struct error *e)
{
	int64_t total = 0;
	const char *name;
	const void *value;
	size_t size;

	(void)archive_entry_xattr_reset(entry); /* the count, which the loop does not need */
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		enum xattr_rule rule = name ? member_rule_xattr(name, to->type == TAR_FOLDER) : XATTR_DROPPED;
		struct tar_attribute *attribute;

		total += (int64_t)((name ? strlen(name) : 0) + size);
		if (member_rule_xattr_bytes(total, limits->xattr_bytes, e))
			return -1;
		if (rule == XATTR_DROPPED)
			continue;
		attribute = alloc_append(ret, &to->attribute_count, sizeof *attribute);
		*attribute = (struct tar_attribute){ name, value, size };
		if (rule == XATTR_KEPT)
			continue;
		if (member_rule_capability(value, size, capability, e))
			return -1;
		attribute->value = capability;
		attribute->size = CAPABILITY_V2;
	}
	to->attributes = *ret;
	return 0;
}

/* What it becomes; 0: nothing. -1: it is refused. */
static int find_type(struct reading *reading, struct archive_entry *entry, struct error *e)
{
	mode_t type = archive_entry_filetype(entry);

	if (archive_entry_hardlink(entry))
		return TAR_HARD_LINK;
	switch (type) {
	case AE_IFREG: return TAR_FILE;
	case AE_IFDIR: return TAR_FOLDER;
	case AE_IFIFO: return TAR_FIFO;
	case AE_IFLNK: return member_rule_target(archive_entry_symlink(entry), reading->budget.limits->path, e) ? -1 : TAR_LINK;
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFSOCK:
		return member_rule_node(&reading->report, type == AE_IFCHR, archive_entry_rdevmajor(entry), archive_entry_rdevminor(entry), e);
	default: return error_set(e, ERROR_IMAGE, "it is of an unknown kind");
	}
}

/* Owners that no app has are refused where the file is made; here they only have to be ids. */
static int set_owner(struct archive_entry *entry, struct tar_entry *to, struct error *e)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return error_set(e, ERROR_IMAGE, "its owner %lld:%lld is no user id", (long long)uid, (long long)gid);
	to->uid = (uid_t)uid;
	to->gid = (gid_t)gid;
	return 0;
}

static int write_member(struct reading *reading, struct archive_entry *entry, const char *name, struct error *e)
{
	const struct budget_limits *limits = reading->budget.limits;
	unsigned char capability[CAPABILITY_V2];
	autofree struct tar_attribute *attributes = NULL;
	autofree char *folder = text_format("%s/", *name ? name : "."), *target = NULL;
	int type = find_type(reading, entry, e);
	struct tar_entry to = { .path = name, .mode = archive_entry_perm(entry) & 07777 };

	if (type <= 0)
		return type;
	to.type = (enum tar_type)type;
	to.mtime.tv_sec = archive_entry_mtime(entry);
	if (!*name && type != TAR_FOLDER)
		return member_rule_refuse_root(e);
	if (type == TAR_FOLDER)
		to.path = folder;
	if (type == TAR_LINK)
		to.target = archive_entry_symlink(entry);
	if (type == TAR_HARD_LINK) {
		target = member_name_clean(archive_entry_hardlink(entry), limits, e);
		if (!target || !*target || strcmp(target, name) == 0)
			return target ? error_set(e, ERROR_IMAGE, "it is a hard link to itself or to the root folder") : error_in(e, "link it");
		to.target = target;
	}
	if (type == TAR_FILE)
		to.size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
	if (set_owner(entry, &to, e) || (type == TAR_FILE && budget_file(&reading->budget, to.size, e)) ||
	    ((type == TAR_FILE || type == TAR_FOLDER) && find_attributes(entry, limits, capability, &to, &attributes, e)) ||
	    tar_write_header(reading->how->out, &to, e))
		return -1;
	return type == TAR_FILE ? write_content(reading, to.size, e) : 0;
}

static int write_entry(struct reading *reading, struct archive_entry *entry, struct error *e)
{
	const char *raw = archive_entry_pathname(entry);
	autorelease(text) struct text shown = { 0 };
	autofree char *name = NULL;

	if (budget_entry(&reading->budget, e))
		return -1;
	if (!raw)
		return error_set(e, ERROR_IMAGE, "member %lld has no readable name", (long long)reading->budget.entries);
	name = member_name_clean(raw, reading->budget.limits, e);
	if (name && write_member(reading, entry, name, e) == 0)
		return 0;
	text_add_escaped(&shown, raw, strlen(raw) > 200 ? 200 : strlen(raw));
	return error_in(e, "member \"%s\"", shown.data ? shown.data : "");
}

static int write_members(struct reading *reading, struct archive_entry *entry, struct error *e)
{
	int code;

	do {
		if (write_entry(reading, entry, e)) {
			if (reading->has_failed)
				*e = reading->error;
			return -1;
		}
		code = archive_read_next_header(reading->archive, &entry);
	} while (code == ARCHIVE_OK || code == ARCHIVE_WARN);
	if (code == ARCHIVE_EOF)
		return 0;
	if (reading->has_failed) {
		*e = reading->error;
		return -1;
	}
	return error_set(e, ERROR_IMAGE, "broken tar after %lld members: %s", (long long)reading->budget.entries,
			 archive_error_string(reading->archive) ? archive_error_string(reading->archive) : "unknown header");
}

int plain_tar_write(const struct plain_tar *how, bool *ret_is_archive, long long *ret_left_out, struct error *e)
{
	struct reading reading = { .how = how };
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct archive_entry *entry;
	struct error ignored = { 0 };
	char kind = PLAIN_TAR_FILE;
	int result = 0, code;

	/* The sandbox's root lies in the store, which what it hands on will fill. */
	budget_init(&reading.budget, budget_default_limits(), root);
	/* Whatever is wrong before the first member: it is no archive, but a file that happens to begin as one. */
	code = open_archive(&reading, &ignored) ? ARCHIVE_FATAL : archive_read_next_header(reading.archive, &entry);
	*ret_is_archive = code == ARCHIVE_OK || code == ARCHIVE_WARN;
	if (*ret_is_archive)
		kind = PLAIN_TAR_ARCHIVE;
	if (how->says_kind && write_all(how->out, &kind, 1))
		result = error_sys(e, "hand it on");
	if (result == 0 && *ret_is_archive)
		result = write_members(&reading, entry, e);
	*ret_left_out = reading.report.devices;
	reading_release(&reading);
	return result;
}
