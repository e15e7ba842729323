/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needed.c - which controllers a host has to have for some limits, whatever this host has.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "cgroups/limit_rows.h"
#include "specs/limits.h"

static void add(struct list *list, const char *name)
{
	if (!list_has(list, name))
		list_add(list, name);
}

static void add_controller(struct list *list, enum controller controller, bool is_needed)
{
	if (is_needed)
		add(list, controller_name(controller, /* is_v2= */ true));
}

/* "memory.high=1g" needs memory; cgroup.* every group has. */
static void add_unified(const struct list *unified, struct list *ret)
{
	for (size_t i = 0; i < unified->count; i++) {
		autofree char *name = text_format("%.*s", (int)strcspn(unified->items[i], ".="), unified->items[i]);

		if (strcmp(name, "cgroup") != 0)
			add(ret, name);
	}
}

void cgroup_needed(const struct limits *limits, struct list *ret)
{
	const struct limits settled = limits_settled(limits);

	for (const struct limit_row *row = limit_rows(); row->name; row++)
		if (row_is_said(&settled, row) && !row_is_unlimited(&settled, row) && !row_is_default(&settled, row))
			add_controller(ret, row->controller, !(row->flags & ROW_PART));
	add_controller(ret, CONTROLLER_IO, settled.io_count || settled.io_weight_count);
	add_controller(ret, CONTROLLER_HUGETLB, settled.hugepage_count);
	add_controller(ret, CONTROLLER_NET_PRIO, settled.net_priorities.count);
	add_controller(ret, CONTROLLER_RDMA, settled.rdma.count);
	add_unified(&settled.unified, ret);
}
