/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs_follow.h - what the services of a file write, as it comes.
 */
#pragma once

struct call;
struct error;

/* Shows what every live instance of word has written and writes, each line with its name in front, until all have been stopped. */
int logs_follow(const struct call *call, const char *word, struct error *e);
