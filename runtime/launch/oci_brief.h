/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_brief.h - what create found out about a container, so that later verbs need not find it out again: STATE/NAME/brief.
 *
 * Beside config.json, which says everything, it holds the configuration without its seccomp profile (most of the text), the filter that
 * the profile became, and whether start and delete have anything to do with the configuration. Whoever finds no brief reads config.json.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct container;
struct seccomp_filter;
struct text;

struct oci_brief {
	const char *json; /* borrowed, as all here is, from the content; without the profile */
	size_t json_length;
	uint64_t bounding; /* the capabilities that the filter was made for */
	const char *code;
	size_t count;
	unsigned flags;
};

/* The bytes of the file. rest is the configuration without its profile; empty where it could not be taken apart: then ret stays empty. */
void oci_brief_make(const struct container *container, const struct text *rest, const struct seccomp_filter *filter, struct text *ret);

/* Reads the file into content. False: there is none, or none of this version. */
bool oci_brief_read(int folder, struct text *content, struct oci_brief *ret);

/* A copy of the filter, which the caller releases. */
void oci_brief_filter(const struct oci_brief *brief, struct seccomp_filter *ret);

/* Whether the configuration has to be decoded for start and delete: it may have hooks, or a listener. False is certain. */
bool oci_brief_concerns_start(int folder);
