/* SPDX-License-Identifier: Apache-2.0 */
#include "count.h"
#include <ctype.h>

struct counts count(FILE *file)
{
	struct counts counts = { 0 };
	int c, before = ' ';

	for (; (c = getc(file)) != EOF; before = c) {
		counts.bytes++;
		counts.lines += c == '\n';
		counts.words += isspace(before) && !isspace(c);
	}
	return counts;
}
