/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_container.h - a container from its config.json: of a bundle at create, of the state folder afterwards.
 */
#pragma once

#include "base/text.h"

struct container;
struct error;
struct oci_brief;
struct places;
struct seccomp_filter;

/* What the state folder keeps of a container. */
struct oci_texts {
	struct text config;
	struct text brief; /* oci_brief.h; empty: there is none */
};

void oci_texts_release(struct oci_texts *texts);

/* Reads and decodes BUNDLE/config.json; bundle is absolute. Its seccomp profile becomes the filter. The caller names the container. */
int oci_container_load(const struct places *places, const char *bundle, struct oci_texts *ret_texts, struct container *ret,
		       struct seccomp_filter *ret_filter, struct error *e);

/* The same from the copy that create kept in the state folder: what happens to the bundle afterwards changes nothing (runtime.md,
 * "Lifecycle"). */
int oci_container_of(int folder, const char *name, struct container *ret, struct error *e);

/* The same from what create found out, without a profile. */
int oci_container_of_brief(const struct oci_brief *brief, const char *name, struct container *ret, struct error *e);
