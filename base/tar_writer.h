/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_writer.h - tars (ustar, with pax records for what has no place in that): equal members are equal bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct error;

enum tar_type {
	TAR_FILE = '0',
	TAR_HARD_LINK = '1',
	TAR_LINK = '2', /* symbolic */
	TAR_CHARACTER = '3',
	TAR_BLOCK = '4',
	TAR_FOLDER = '5',
	TAR_FIFO = '6',
};

struct tar_attribute {
	const char *name; /* "user.…", "security.capability" */
	const void *value;
	size_t size;
};

/* One member; texts are borrowed. */
struct tar_entry {
	enum tar_type type;
	const char *path; /* a folder's ends in "/" */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	int64_t size; /* of a file's content, which follows */
	struct timespec mtime;
	const char *target;          /* of a link of either kind, or NULL */
	unsigned int major, minor;   /* of a device */
	const struct tar_attribute *attributes;
	size_t attribute_count;
};

/* The header; a file's content comes next, by tar_write_content. fd may be a pipe. */
int tar_write_header(int fd, const struct tar_entry *entry, struct error *e);
/* The size bytes that from holds, from where it stands, and what fills the last block. Where there are fewer: with ret_missing zeros take
 * their place and it gets their number, without it is an error. name is for messages. */
int tar_write_content(int fd, const char *name, int from, int64_t size, int64_t *ret_missing, struct error *e);

/* Members as archives of images have them: root's, without a time. */
int tar_write_folder(int fd, const char *name, struct error *e);
int tar_write_bytes(int fd, const char *name, const void *bytes, size_t length, struct error *e);
/* The size bytes that from holds, from where it stands; fewer are an error. */
int tar_write_file(int fd, const char *name, int from, int64_t size, struct error *e);
/* The two empty blocks behind the last member. */
int tar_write_end(int fd, struct error *e);
