/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h - memory that is always there.
 *
 * box's programs are short-lived: out of memory ends the process with one message and exit code 125. Sizes
 * that come from files or from the network are bounded by the caller before they reach these functions.
 */
#pragma once

#include <stddef.h>

/* Zeroed memory for count objects; never NULL. */
void *alloc_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* size bytes at a multiple of alignment, which divides size; not zeroed; never NULL. */
void *alloc_aligned(size_t alignment, size_t size) __attribute__((malloc, returns_nonnull));

/* realloc(3) for count objects; never NULL. New bytes are not initialised. */
void *alloc_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));

/* A copy of text; NULL for NULL. */
char *alloc_copy(const char *text) __attribute__((malloc));

/* A copy of length bytes with a zero byte behind them. */
char *alloc_copy_bytes(const void *bytes, size_t length) __attribute__((malloc, returns_nonnull));

/* Grows *items (of size bytes each) so that index count fits, and zeroes the new item; returns its address. */
void *alloc_append(void *items_pointer, size_t *count, size_t size) __attribute__((returns_nonnull));
