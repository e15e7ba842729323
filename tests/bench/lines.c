/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.c - an app that writes lines as fast as they are taken: lines MEBIBYTES [LINE [WRITE]]
 *
 * Lines of LINE bytes (default 100, with the newline) that begin with their number, in writes of WRITE bytes (default 4096, as stdio
 * does into a pipe).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAST = 24, MOST = 1 << 20 };

static size_t argument(char *const *argv, int argc, int n, size_t otherwise)
{
	return argc > n ? strtoul(argv[n], NULL, 10) : otherwise;
}

/* The number of a line, at its beginning. */
static void put_number(char *line, size_t number)
{
	for (int i = 11; i >= 0; i--) {
		line[i] = (char)('0' + number % 10);
		number /= 10;
	}
}

int main(int argc, char **argv)
{
	static char lines[2 * MOST];
	size_t total = argument(argv, argc, 1, 0) << 20, length = argument(argv, argc, 2, 100), step = argument(argv, argc, 3, 4096);
	size_t number = 0, filled = 0;

	if (argc < 2 || length < LEAST || length > MOST || step < 1 || step > MOST) {
		(void)fprintf(stderr, "usage: lines MEBIBYTES [LINE [WRITE]]\n");
		return 2;
	}
	for (size_t done = 0; done < total;) {
		for (; filled < step; filled += length) {
			memset(lines + filled, "abcdefghijklmnopqrstuvwxyz"[number % 26], length - 1);
			put_number(lines + filled, number++);
			lines[filled + 12] = ' ';
			lines[filled + length - 1] = '\n';
		}
		for (size_t at = 0; at < step;) {
			ssize_t count = write(STDOUT_FILENO, lines + at, step - at);

			if (count < 0)
				return 1;
			at += (size_t)count;
		}
		memmove(lines, lines + step, filled - step);
		filled -= step;
		done += step;
	}
	return 0;
}
