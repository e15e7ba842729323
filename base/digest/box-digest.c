/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box-digest.c - the SHA-256 of what comes on stdin, as 64 digits and an end of line; "box-digest lines": of each line without its end;
 * "box-digest files FD": of the file of each name, which a zero byte ends, below the folder that FD is open for.
 *
 * box links no cryptography, and box-image takes 20 times as long to start because of its libraries. This program has one, statically,
 * and of that the hash alone: the older calls of libcrypto, because EVP brings the whole library along.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char dashes[] = "----------------------------------------------------------------";

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

/* One name: the digest of the file, or a line of "-" where it is none that can be read. */
static bool hash_file(int folder, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
	static char buffer[256 << 10];
	SHA256_CTX hash;
	struct stat st;
	ssize_t got = -1;

	SHA256_Init(&hash);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while ((got = read(fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))
			if (got > 0)
				SHA256_Update(&hash, buffer, (size_t)got);
	if (fd >= 0)
		close(fd);
	return got == 0 ? finish(&hash) : printf("%.*s\n", 2 * SHA256_DIGEST_LENGTH, dashes) > 0;
}

static int hash_files(int folder)
{
	char *name = NULL;
	size_t capacity = 0;
	int result = 0;

	while (result == 0 && getdelim(&name, &capacity, '\0', stdin) > 0)
		result = hash_file(folder, name) ? 0 : 1;
	free(name);
	return result || ferror(stdin) || fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool by_lines = argc == 2 && strcmp(argv[1], "lines") == 0, open = false;
	char buffer[64 << 10];
	SHA256_CTX hash;
	ssize_t got;
	int folder;

	if (argc == 3 && strcmp(argv[1], "files") == 0 && sscanf(argv[2], "%d", &folder) == 1)
		return hash_files(folder);
	if (argc > 2 || (argc == 2 && !by_lines)) {
		(void)fputs("box-digest: expected no word, \"lines\", or \"files FD\"\n", stderr); /* the end says that it failed */
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
