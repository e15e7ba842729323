/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shorthand.h - the short forms of app.json. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct error;

/* Replaces, in the parsed file, short forms by the objects that they stand for: volumes "a:b:ro", ports
 * "127.0.0.1:80:8080/tcp", ulimits {"soft", "hard"} by "soft:hard". */
int shorthand_expand(json_t *root, struct error *e);

/* The object that the text of one volume stands for; a new reference, or NULL and e. */
json_t *shorthand_volume(const char *text, struct error *e);
