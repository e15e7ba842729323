/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge.h - WWW-Authenticate: how a registry wants to be asked (RFC 9110, section 11.6.1).
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct error;

struct challenge {
	char *scheme;           /* "bearer", in lower case */
	struct list parameters; /* "realm=https://…", keys in lower case, values without their quotes */
};

struct challenges {
	struct challenge *items;
	size_t count;
};

/* Adds the challenges of one header's value. Broken ones are an error; what was read before it stays. */
int challenges_parse(const char *value, struct challenges *ret, struct error *e);
void challenges_release(struct challenges *challenges);

/* The first with that scheme, or NULL. */
const struct challenge *challenges_find(const struct challenges *challenges, const char *scheme);
