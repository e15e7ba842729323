/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leases.c - where a network keeps who has which address.
 */
#include "runtime/network/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/record.h"
#include "runtime/network/words.h"

enum { LIMIT = 16 << 20 };

/* Another version of box has kept them beside the record. */
static char *former_path(const struct network_record *record)
{
	return text_format("%s/" NETWORK_ADDRESSES, record->folder);
}

int network_leases_make(const struct network_record *record, char **ret, struct error *e)
{
	autofree char *path = text_format("%s/leases", record->folder), *former = former_path(record);
	autofree char *now = text_format("%s/" NETWORK_ADDRESSES, path);
	autoclose int folder = record->is_volatile ? -1 : folder_make_private(path, e);

	if (!record->is_volatile && folder < 0)
		return -1;
	if (!record->is_volatile && rename(former, now) && errno != ENOENT)
		return error_sys(e, "move %s to %s", former, now);
	*ret = record->is_volatile ? NULL : take_ptr(&path);
	return 0;
}

static bool read_at(const char *path, struct text *ret)
{
	size_t before = ret->length;
	struct error missing = { 0 };

	(void)file_read(AT_FDCWD, path, LIMIT, ret, &missing); /* what cannot be read says nothing */
	return ret->length > before;
}

void network_leases_read(const struct network_record *record, struct text *ret)
{
	autofree char *path = text_format("%s/leases/" NETWORK_ADDRESSES, record->folder), *former = former_path(record);

	if (!read_at(path, ret))
		(void)read_at(former, ret);
}
