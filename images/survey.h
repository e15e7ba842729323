/* SPDX-License-Identifier: Apache-2.0 */
/*
 * survey.h - what an image is for every platform, by digests: what a lock holds.
 *
 *     box-image survey registry STORE-FD NAME
 *     box-image survey oci|oci-archive STORE-FD SOURCE-FD REFERENCE [TAG]
 */
#pragma once

#include <stdbool.h>

struct error;
struct lock_image;
struct places;

/* Fills all of ret but its reference. Of a registry's image nothing is fetched but manifests and configurations; it is asked now, whatever
 * the store has. A docker-archive is unpacked into the store, as its manifest comes about there. Where the registry cannot tell and
 * needs_registry is false, an image that the store has (box import, box load) is surveyed there, with a warning. Not for folders
 * and tars. */
int image_survey(const struct places *places, const char *reference, bool needs_registry, struct lock_image *ret, struct error *e);
