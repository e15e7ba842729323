/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env_file.h - files of environment variables. Private to specs/.
 */
#pragma once

struct error;
struct list;

/* Reads path (name in messages) and sets its variables in ret: lines KEY=value (value in double or single
 * quotes or none), KEY alone (from the caller, where it has it), "export " in front, # comments. */
int env_file_read(const char *path, const char *name, struct list *ret, struct error *e);
