/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>

struct counts {
	long lines, words, bytes;
};

struct counts count(FILE *file);
