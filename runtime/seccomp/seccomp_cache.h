/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_cache.h - compiled filters on disk.
 *
 * A file is named by a short hash of its key and holds the key itself, which is compared byte by byte: a
 * collision costs a compilation, never a wrong filter. Only files and folders of the caller that nobody else can write are read.
 */
#pragma once

#include <stddef.h>

struct seccomp_filter;

/* The filter of key from folder: 1, or 0 where there is none that can be trusted. */
int seccomp_cache_get(const char *folder, const void *key, size_t key_length, struct seccomp_filter *ret);

/* Puts a filter there; failure is a debug line. */
void seccomp_cache_put(const char *folder, const void *key, size_t key_length, const struct seccomp_filter *filter);
