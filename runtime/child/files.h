/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h - the files that box puts into a container.
 */
#pragma once

struct error;
struct file_entry;

/* Writes the file as name into folder, a tmpfs that is mounted here, and returns a detached mount of it. */
int files_mount(int folder, const char *name, const struct file_entry *file, struct error *e);
