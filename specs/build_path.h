/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_path.h - paths of build files as texts: made clean, never looked up. Private to specs/.
 */
#pragma once

#include <stdbool.h>

/* path below folder, which is absolute and clean; absolute paths stay below "/". "/a" and "../b/./c/" are "/b/c". New, the caller
 * frees it. */
char *build_path_absolute(const char *folder, const char *path);

/* The same without a leading "/": "." for the root itself. */
char *build_path_relative(const char *path);

/* Whether it says that it is a folder: it ends in "/" or is "", ".", "..", or ends in one of them. */
bool build_path_is_folder(const char *path);
