/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - several apps in one file. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct app;
struct problems;

/* Decodes and checks every service of the file that root is (its overrides merged), then tells that this version of box cannot run
 * them. file: whose name and folder they have. Never 0. */
int services_refuse(const struct app *file, json_t *root, struct problems *p);
