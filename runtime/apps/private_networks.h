/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private_networks.h - the networks of this store: what there is, who uses them, and what a killed box has left of them.
 *
 * A network is used as long as somebody is in it, and as long as the definition of an app has an address in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/network/record.h"

struct error;
struct places;
struct text;

struct network_info {
	struct network_record record;
	size_t members; /* that are in it now */
	bool is_used;
};

/* Sorted by name. */
int private_networks_list(const struct places *places, struct network_info **ret, size_t *ret_count, struct error *e);
void private_networks_free(struct network_info *infos, size_t count);

/* One that stays, whoever uses it. A name that is taken is ERROR_EXISTS. */
int private_network_create(const struct places *places, const struct network_wish *wish, struct error *e);

/* ERROR_EXISTS where it is used. */
int private_network_remove(const struct places *places, const char *name, struct error *e);

/* The definition of an app has gone: networks that only it had named go, too. */
int private_networks_forget(const struct places *places, struct error *e);

/* Its record, members, services and ports as a JSON object, added to ret. */
int private_network_inspect(const struct places *places, const char *name, struct text *ret, struct error *e);

/* Removes what killed processes left, the host's rules and settings among it, and networks that nobody has made with box network create
 * and nobody uses any more. */
int private_networks_sweep(const struct places *places, struct error *e);
