/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - the file that execve(2) gets.
 */
#pragma once

struct error;
struct list;

/* Finds name as execvp(3) does, with the PATH of env, below rootfd. A name with a slash is taken from working_dir (absolute, in the
 * container). *ret_path is absolute in the container. ERROR_NOT_FOUND or ERROR_NOT_EXECUTABLE where it cannot be run. */
int program_find(int rootfd, const char *name, const struct list *env, const char *working_dir, char **ret_path,
		 struct error *e);
