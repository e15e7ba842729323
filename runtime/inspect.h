/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - what a container is, as JSON.
 */
#pragma once

struct error;
struct places;
struct text;

/* Adds one JSON object about the container: what it runs, as whom, with which rights and limits, and what it uses; of an app in the
 * background, also of one that does not run, its health, its exits and its spec as well. ERROR_MISSING where there is none of that
 * name. */
int container_inspect(const struct places *places, const char *name, struct text *ret, struct error *e);
