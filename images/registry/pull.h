/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull.h - an image from its registry into the store.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "images/descriptor.h"
#include "images/image_name.h"

struct digest;
struct error;

struct pull {
	int store;
	struct image_name name;
	struct platform platform; /* empty: this host's */
	bool is_known;            /* the store has an image by that name: ask first whether it is still the same */
	bool only_folders;        /* layers do not become tars with an index */
	void (*progress)(const struct digest *digest, int64_t at, int64_t size, void *data);
	void *data;
	bool is_survey; /* nothing but manifests and configurations is fetched; what they say comes to told (images/unpack/unpack.h) */
	struct list told;
	struct list warnings;
};

/* The digest of the image's manifest, and what the registry calls the image (the same, or the digest of an index). Both to be freed. */
int pull_run(struct pull *pull, char **ret_image, char **ret_source, struct error *e);
