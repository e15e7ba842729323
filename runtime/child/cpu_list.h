/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu_list.h - "0-3,7": cpus or memory nodes as a bit mask (cpuset(7), "List format").
 */
#pragma once

enum { CPU_LIST_LONGS = 64 }; /* 4096 bits */

/* Sets the bit of each number of the list. -1: it is none, or a number is beyond the mask. */
int cpu_list_parse(const char *list, unsigned long ret[static CPU_LIST_LONGS]);
