/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_filter.c - a compiled filter.
 */
#include "runtime/seccomp_filter.h"

#include <stdlib.h>

void seccomp_filter_release(struct seccomp_filter *filter)
{
	free(filter->code);
	*filter = (struct seccomp_filter){ 0 };
}
