/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - whole files and folders that box owns or that the user named.
 *
 * Paths here are trusted: they come from box itself or from the person who typed the command. What an image
 * or a container can influence goes through beneath.h. Every open is O_CLOEXEC; dirfd may be AT_FDCWD.
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct list;
struct text;

/* Adds the whole file to ret; more than limit bytes is an error. Never blocks on a FIFO: only regular files are read. */
int file_read(int dirfd, const char *path, size_t limit, struct text *ret, struct error *e);

/* The same from an open descriptor of any kind, up to its end. name is for messages. */
int file_read_fd(int fd, const char *name, size_t limit, struct text *ret, struct error *e);

/* Writes everything, however often write(2) stops early. Returns 0, or -1 with errno. */
int write_all(int fd, const void *bytes, size_t length);

/* Opens an existing file (no creation) and writes once; for /proc, /sys and cgroup files. Returns 0, or -1 with errno. */
int file_poke(int dirfd, const char *path, const char *content);

/* A file without a name that holds the bytes, at its beginning. name is what /proc shows. -1 with errno. */
int file_in_memory(const char *name, const void *bytes, size_t length);

/* Creates path anew or replaces it as one step: temporary name, fsync, rename. */
int file_replace(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode, struct error *e);

/* mkdir -p; existing folders are fine. The last one is opened (O_RDONLY | O_DIRECTORY) and returned. */
int folder_make(const char *path, mode_t mode, struct error *e);

/* A regular file in folder for reading, where both are the caller's and nobody else may write them; else -1. For caches. */
int file_open_private(const char *folder, const char *name);

/* As folder_make, and refuses a last folder that belongs to somebody else or that others may write: for state and store. */
int folder_make_private(const char *path, struct error *e);

/* The same of a folder that is there; -1 with e->sys ENOENT where there is none. */
int folder_open_private(const char *path, struct error *e);

/* The same, and refuses one that others may enter: for what keeps other users' hands off setuid files of containers. */
int folder_make_closed(const char *path, struct error *e);

/* The folder, to be read with readdir(3) and closed with closedir(3); NULL with errno. flags: O_NOFOLLOW, or 0. */
DIR *folder_open(int dirfd, const char *path, int flags);

/* Adds the names in the open folder but "." and "..", sorted. -1 and errno where it cannot be read. */
int folder_names(int folder, struct list *ret);

/* Removes name below dirfd with all it holds: never follows a link, never crosses a mount. Missing is fine. Its descriptors are at most 20,
 * however deep the tree is; deep folders are moved up within name on the way, which shows where it fails. */
int folder_remove(int dirfd, const char *name, struct error *e);

/* Bytes on disk of what is in the open folder, as far as the caller can read it; what lies deeper than 128 levels is not counted.
 * Follows no link. */
int64_t folder_size(int folder);

/* An exclusive flock(2) on a lock file made where missing. wait false: errno EWOULDBLOCK where another holds it. */
int file_lock(int dirfd, const char *path, bool wait, struct error *e);
