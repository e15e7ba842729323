/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shorthand.h - the short forms of app.json, as the long ones that the tables know. Private to specs/.
 *
 * The functions are struct field's expand and fold: a new reference, or NULL and e.
 */
#pragma once

#include <stddef.h>

struct error;
struct json_t;

/* "source:/target", "source:/target:ro": a path (it begins with "/", "." or "~") is a bind, everything else the name of a volume. */
struct json_t *shorthand_volume(const char *text, struct error *e);

/* "8080", "80:8080", "127.0.0.1:80:8080/tcp", "[::1]:80:8080". */
struct json_t *shorthand_port(const char *text, struct error *e);

/* "name:address", "name=address": the latter, as a text. */
struct json_t *shorthand_host(const char *text, struct error *e);

/* "./file": of variables. */
struct json_t *shorthand_env_file(const char *text, struct error *e);

/* "./folder": the context of a build. */
struct json_t *shorthand_build(const char *text, struct error *e);

/* "make -j4": a line for /bin/sh, as an array. */
struct json_t *shorthand_run(const char *text, struct error *e);

/* "./file": the source of a secret, and the file of a source. */
struct json_t *shorthand_secret(const char *text, struct error *e);
struct json_t *shorthand_secret_source(const char *text, struct error *e);
/* "restart". */
struct json_t *shorthand_on_change(const char *text, struct error *e);

/* "30 3 * * *": the times of a job. */
struct json_t *shorthand_schedule(const char *text, struct error *e);

/* {"soft": 1024, "hard": 2048} as "1024:2048"; freed by the caller. */
char *shorthand_ulimit(struct json_t *object, struct error *e);

/* Cuts text in place at separator into at most most parts, empty ones included. Their number; 0 where there are more. */
size_t split_text(char *text, char separator, char **ret_parts, size_t most);
