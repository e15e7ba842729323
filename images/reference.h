/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h - what the user named: a folder, an archive, or an image in a layout.
 */
#pragma once

struct error;

enum reference_kind {
	REFERENCE_FOLDER,         /* a root folder, used where it lies */
	REFERENCE_TAR,            /* a root folder as a tar, with or without gzip or zstd */
	REFERENCE_OCI,            /* oci:DIR[:TAG]: an OCI image layout */
	REFERENCE_OCI_ARCHIVE,    /* oci-archive:FILE[:TAG]: the same as a tar */
	REFERENCE_DOCKER_ARCHIVE, /* docker-archive:FILE[:TAG]: what docker save writes */
};

struct reference {
	enum reference_kind kind;
	char *path; /* absolute */
	char *tag;  /* NULL: the only image there is */
};

/* Splits text; a path without a word in front is looked at to tell a folder from a tar. */
int reference_parse(const char *text, struct reference *ret, struct error *e);
void reference_release(struct reference *reference);

/* The word in front of the path ("oci-archive"); "tar" and "folder" for those without. Also what box-image is told. */
const char *reference_kind_name(enum reference_kind kind);
/* The kind of such a word, or -1. */
int reference_kind_of(const char *name);
