/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h - an archive or image into the store: the half of box-image that stays outside the sandbox.
 */
#pragma once

#include <stdbool.h>

#include "images/reference.h"
#include "base/text.h"

struct error;
struct platform;

struct unpack {
	enum reference_kind kind;
	int store;         /* the store's folder; its lock is held by box */
	int source;        /* the archive, or the layout's folder */
	bool is_known;     /* the file was seen before */
	bool only_folders; /* layers do not become tars with an index */
	const char *words; /* what the user named, for messages */
	const char *tag;   /* or NULL */
	const char *name;  /* the image's name in the store; NULL: one is made of words */
	const char *source_digest; /* what a registry calls it, where that is an index; or NULL */
	bool loads;        /* all images of an archive, under the names that it gives them … */
	bool takes_names;  /* … also where these names stand for other images of the store */
	struct list loaded; /* then: "DIGEST NAME" for each */
	bool imports;      /* a tar becomes an image with a manifest */
	const struct platform *platform; /* of several images; NULL: this host's */
	bool is_survey;    /* unpack_survey; a pull's too */
	struct list told;  /* of a survey: wire.h has its lines */
	struct list warnings;
};

/* The digest of the image, which is in the store afterwards. */
int unpack_run(struct unpack *unpack, char **ret_image, struct error *e);

/* Only reads what the image is for every platform, and puts nothing into the store: lines to unpack->told. The digest of the image, or of
 * its index. For an OCI layout or oci-archive. */
int unpack_survey(struct unpack *unpack, char **ret_digest, struct error *e);

/* What is in the folder root of a layer (listing.h): a descriptor at its beginning. ERROR_IMAGE: the folder cannot be read. */
int unpack_list(int store, int root, struct error *e);

/* Removes what interrupted unpackings and removed images left in the store's staging. */
int unpack_sweep(int store, struct error *e);
