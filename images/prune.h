/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - the store gives back what it does not need.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct places;

/* What was removed, or would be. */
struct prune_report {
	void (*image)(const char *name, int64_t last_use_s, void *data); /* told for each name, or the digest of one without */
	void *data;
	int images;
	int used; /* images that would go, but that somebody uses */
	int blobs, layers; /* that no image needs any more */
	int64_t bytes;     /* freed */
	int64_t left;      /* bytes of blobs and layers that stay */
	bool is_pulling;   /* a pull is under way: blobs without an image may be its own, and stay */
	bool is_building;  /* a build is under way (build_pin.h): all blobs and layers may be its own, and stay */
};

struct prune_options {
	bool all;      /* also images with names */
	bool dry_run;
	int64_t until; /* only images last used before this (seconds since 1970); 0: all */
	int64_t keep;  /* the store may have so many bytes: images go, the one last used longest ago first, until it does; -1: all go */
};

/*
 * Removes images that no container and no lock file uses: those without a name (and whose archive is gone), or all. And whatever blobs and
 * layers no image needs. The order is as in store_remove.h: a crash leaves nothing that the next prune does not find.
 */
int store_prune(const struct places *places, const struct prune_options *options, struct prune_report *report, struct error *e);
