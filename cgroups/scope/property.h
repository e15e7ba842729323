/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property.h - "Name=VALUE", the value as GVariant text.
 */
#pragma once

#include "cgroups/scope/variant.h"

struct error;

struct property {
	char *name;
	struct variant value;
};

/* A name in letters; one that ends in "Sec" is taken as runc takes it: seconds, for the property that ends in "USec". */
int property_parse(const char *line, struct property *ret, struct error *e);
void property_release(struct property *property);

/* The first version of systemd that has the property, where box can do without it (it writes the same limit itself); else 0. */
int property_since(const struct property *property);
