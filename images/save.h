/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.h - images of the store as one archive: their blobs as they are, so that every digest is kept.
 */
#pragma once

struct error;
struct list;
struct places;

enum save_format {
	SAVE_OCI,    /* an OCI image layout as a tar */
	SAVE_DOCKER, /* what docker save writes, with layers as compressed as they came */
};

/* "oci-archive" and "docker-archive", as references have them; -1 for another word. */
int save_format_of(const char *word);

/* Writes the images that words name to fd, which may be a pipe. The same images make the same bytes. */
int image_save(const struct places *places, const struct list *words, enum save_format format, int fd, struct error *e);
