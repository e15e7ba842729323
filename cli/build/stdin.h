/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdin.h - a build context that comes by stdin: box build - < context.tar; or a build file alone, with an empty context.
 */
#pragma once

struct build_work;
struct error;
struct text;

/* Reads all of stdin, and opens work->context, a folder of the store. */
int build_stdin_open(struct build_work *work, struct error *e);

/* The build file, --file, which lies in that context. */
int build_stdin_read(struct build_work *work, struct text *ret, struct error *e);

/* Removes the folder. */
void build_stdin_remove(struct build_work *work);
