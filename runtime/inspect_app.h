/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect_app.h - what is known about an app in the background, as JSON.
 */
#pragma once

struct error;
struct places;
struct text;

/* Adds members to the object of a container: restart, spec_file, health, exits (the last one first) and the frozen spec. Nothing where it
 * is no app in the background. */
void app_inspect_add(const struct places *places, const char *name, struct text *ret);

/* Adds one object about an app of which no process runs. ERROR_MISSING where there is no such app. */
int app_inspect(const struct places *places, const char *name, struct text *ret, struct error *e);
