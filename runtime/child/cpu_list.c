/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu_list.c - "0-3,7": cpus or memory nodes as a bit mask.
 */
#include "runtime/child/cpu_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 64, LIMIT = CPU_LIST_LONGS * BITS };

static int number(const char **at, long *ret)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return -1;
	*ret = strtol(*at, &end, 10);
	*at = end;
	return *ret < LIMIT ? 0 : -1;
}

int cpu_list_parse(const char *list, unsigned long ret[static CPU_LIST_LONGS])
{
	for (const char *at = list;; at++) {
		long first, last;

		at += strspn(at, " ");
		if (number(&at, &first))
			return -1;
		last = first;
		if (*at == '-' && (at++, number(&at, &last)))
			return -1;
		if (last < first)
			return -1;
		for (long i = first; i <= last; i++)
			ret[i / BITS] |= 1UL << i % BITS;
		if (*at == '\0')
			return 0;
		if (*at != ',')
			return -1;
	}
}
