/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box-digest.c - the SHA-256 of what comes on stdin, as 64 digits and an end of line; "box-digest lines": of each line without its end.
 *
 * box links no cryptography, and box-image takes 20 times as long to start because of its libraries. This program has one, statically,
 * and of that the hash alone: the older calls of libcrypto, because EVP brings the whole library along.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool finish(SHA256_CTX *hash)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[SHA256_DIGEST_LENGTH];
	char line[2 * SHA256_DIGEST_LENGTH + 1];

	SHA256_Final(bytes, hash);
	for (size_t i = 0; i < sizeof bytes; i++) {
		line[2 * i] = digits[bytes[i] >> 4];
		line[2 * i + 1] = digits[bytes[i] & 15];
	}
	line[sizeof line - 1] = '\n';
	SHA256_Init(hash);
	return fwrite(line, sizeof line, 1, stdout) == 1;
}

/* Adds a piece of input; with by_lines each end of line in it ends a digest. *open: whether bytes of a line wait for its end. */
static bool add(SHA256_CTX *hash, const char *bytes, size_t length, bool by_lines, bool *open)
{
	while (by_lines && length) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end ? (size_t)(end - bytes) : length;

		SHA256_Update(hash, bytes, part);
		*open = !end;
		if (!end)
			return true;
		if (!finish(hash))
			return false;
		bytes += part + 1;
		length -= part + 1;
	}
	SHA256_Update(hash, bytes, length);
	return true;
}

int main(int argc, char **argv)
{
	bool by_lines = argc == 2 && strcmp(argv[1], "lines") == 0, open = false;
	char buffer[64 << 10];
	SHA256_CTX hash;
	ssize_t got;

	if (argc > 2 || (argc == 2 && !by_lines)) {
		(void)fputs("box-digest: expected no word, or \"lines\"\n", stderr); /* the end says that it failed */
		return 2;
	}
	SHA256_Init(&hash);
	while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || !add(&hash, buffer, (size_t)got, by_lines, &open))
			return 1;
	}
	if ((!by_lines || open) && !finish(&hash))
		return 1;
	return fflush(stdout) ? 1 : 0;
}
