/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest.h - documents about an image of the store: its SBOM, its provenance.
 *
 * The same image gives the same documents: their time is the image's own.
 */
#pragma once

#include <stdbool.h>

struct error;
struct places;
struct provenance;
struct text;

/* The image's SBOM (SPDX 2.3, JSON): what the package databases in it say. Adds it to ret; NULL: nobody wants to see it. name: of the
 * image.
 * attaches: it becomes a referrer of the image (referrers.h), in place of an older one. */
int attest_sbom(const struct places *places, const char *manifest, const char *name, bool attaches, struct text *ret,
		struct error *e);

/* Attaches the provenance to the image that it is about. */
int attest_provenance(const struct places *places, const struct provenance *provenance, struct error *e);
