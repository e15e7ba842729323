/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_container.h - a container from its config.json: of a bundle at create, of the state folder afterwards.
 */
#pragma once

#include <stdbool.h>

struct container;
struct error;
struct places;
struct seccomp_filter;
struct text;

/* Reads and decodes BUNDLE/config.json; bundle is absolute. config becomes its text, and its seccomp profile the filter. The caller names
 * the container. */
int oci_container_load(const struct places *places, const char *bundle, struct text *config, struct container *ret,
		       struct seccomp_filter *ret_filter, struct error *e);

/* The same from the copy that create kept in the state folder: what happens to the bundle afterwards changes nothing (runtime.md,
 * "Lifecycle"). */
int oci_container_of(int folder, const char *name, struct text *config, struct container *ret, struct error *e);

/* Whether that copy has to be decoded for start and delete: it may have hooks, or a listener. False is certain. */
bool oci_container_concerns_start(int folder);
