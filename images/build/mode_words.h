/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_words.h - chmod(1)'s words: "755", "u=rwX,go=rX", "+x".
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* The mode (permission bits) that words make of mode. */
int mode_words_apply(const char *words, mode_t mode, bool is_folder, mode_t *ret, struct error *e);
