/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beneath.h - paths that an image or a container can influence.
 *
 * Every lookup is one openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS (Linux 5.6), so that no link,
 * no ".." and no race leads out of rootfd. What is created is created by one basename below an O_PATH parent
 * that was looked up that way, exclusively and without following links. O_CLOEXEC is always set.
 */
#pragma once

#include <sys/types.h>

struct error;

/* openat2 below rootfd; mode only with O_CREAT. EAGAIN (a rename in between) is retried a bounded number of times. */
int beneath_open(int rootfd, const char *path, int flags, mode_t mode, struct error *e);

/* The same without words: -1 and errno. */
int beneath_try(int rootfd, const char *path, int flags, mode_t mode);

/* mkdir -p below rootfd, links inside the root followed; returns an O_PATH | O_DIRECTORY descriptor of the last folder. */
int beneath_make_folder(int rootfd, const char *path, mode_t mode, struct error *e);

/* An O_PATH descriptor of path; where missing, an empty regular file is made (and its parents): a mount target. */
int beneath_make_file(int rootfd, const char *path, mode_t mode, struct error *e);

/* The parent folder of path as an O_PATH descriptor, and the basename (at most 255 bytes). "." ".." and "" are refused. */
int beneath_parent(int rootfd, const char *path, char ret_name[static 256], struct error *e);
