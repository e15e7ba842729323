/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>
#include "count.h"

int main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "r") : stdin;
	struct counts counts;

	if (!file) {
		perror(argv[1]);
		return 1;
	}
	counts = count(file);
	printf("%ld %ld %ld\n", counts.lines, counts.words, counts.bytes);
	return 0;
}
