/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h - what the user named: a folder, an archive, an image in a layout, or one in a registry.
 */
#pragma once

#include "images/image_name.h"

struct error;

enum reference_kind {
	REFERENCE_FOLDER,         /* a root folder, used where it lies */
	REFERENCE_TAR,            /* a root folder as a tar, with or without gzip or zstd */
	REFERENCE_OCI,            /* oci:DIR[:TAG]: an OCI image layout */
	REFERENCE_OCI_ARCHIVE,    /* oci-archive:FILE[:TAG]: the same as a tar */
	REFERENCE_DOCKER_ARCHIVE, /* docker-archive:FILE[:TAG]: what docker save writes */
	REFERENCE_REGISTRY,       /* HOST/NAME:TAG@DIGEST, perhaps behind "docker://" */
};

struct reference {
	enum reference_kind kind;
	char *path; /* absolute; NULL for a registry's image */
	char *tag;  /* NULL: the only image there is */
	struct image_name name; /* of a registry's image: full */
};

/* Splits text. Absolute paths are of files, and looked at to tell a folder from a tar; what has no word in front is a registry's image. */
int reference_parse(const char *text, struct reference *ret, struct error *e);
void reference_release(struct reference *reference);

/* The same with a relative path made absolute by the current folder: "oci:DIR:TAG". The caller frees it. */
char *reference_absolute(const char *text);

/* The archive, or the layout's folder. */
int reference_open(const struct reference *reference, struct error *e);

/* The word in front of the path ("oci-archive"); "tar", "folder" and "registry" for those without. Also what box-image is told. */
const char *reference_kind_name(enum reference_kind kind);
/* The kind of such a word, or -1. */
int reference_kind_of(const char *name);
