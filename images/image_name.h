/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_name.h - the name of an image in a registry: [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST].
 *
 * The first part is a host only if it holds a dot or a colon, or is "localhost". Without a host it is docker.io, without a folder there
 * "library/", without tag and digest the tag "latest", as with all other tools. What is kept and printed is always the full name.
 */
#pragma once

#include <stdbool.h>

struct error;

struct image_name {
	char *host;       /* "docker.io", "localhost:5000", "[::1]:5000" */
	char *repository; /* "library/debian" */
	char *tag;        /* NULL only where there is a digest */
	char *digest;     /* "sha256:…", or NULL; it wins over the tag */
	bool is_short;    /* no host was written */
};

/* On failure ret is untouched. The text is not repeated where it may hold a password. A digest alone ("sha256:…") is no name. */
int image_name_parse(const char *text, struct image_name *ret, struct error *e);
void image_name_release(struct image_name *name);

/* The same for a host alone, as login and configuration name it ("https://index.docker.io/v1/" is docker.io). A new text, or NULL. */
char *image_name_host(const char *text, struct error *e);

/* Where full is a name in the same repository of the same registry: what follows that in it (":TAG", "@DIGEST" or ""); else NULL. */
const char *image_name_behind(const struct image_name *name, const char *full);

/* "docker.io/library/debian:12@sha256:…": the caller frees it. */
char *image_name_text(const struct image_name *name);

/* The same, without the host where none was written: what reads it knows that, too. The caller frees it. */
char *image_name_written(const struct image_name *name);
