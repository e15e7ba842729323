/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.c - SHA-256 by the kernel or by box-digest.
 */
#include "base/sha256.h"

#include <linux/if_alg.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"

enum { TIMEOUT_MS = 30000, DIGITS = 64 };

static int begin(char *const *argv, const void *bytes, size_t length, struct process_run *run, struct process_job *ret, struct error *e)
{
	autoclose int input = file_in_memory("digest", bytes, length);

	if (input < 0)
		return error_sys(e, "hand %zu bytes to box-digest", length);
	run->argv = argv;
	run->input = input;
	return process_begin(run, ret, e);
}

/* False where this kernel, or a filter that box itself runs under, has no AF_ALG. */
static bool ask_kernel(const unsigned char *bytes, size_t length, char ret[static SHA256_TEXT])
{
	static const struct sockaddr_alg name = { .salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256" };
	autoclose int transform = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	autoclose int hash = -1;
	unsigned char digest[DIGITS / 2];
	size_t at = 0;

	if (transform < 0 || bind(transform, (const struct sockaddr *)&name, sizeof name))
		return false;
	hash = accept4(transform, NULL, NULL, SOCK_CLOEXEC);
	while (hash >= 0 && at < length) {
		ssize_t sent = send(hash, bytes + at, length - at, MSG_MORE | MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += (size_t)sent;
	}
	if (hash < 0 || read(hash, digest, sizeof digest) != sizeof digest)
		return false;
	memcpy(ret, "sha256:", sizeof "sha256:");
	for (size_t i = 0; i < sizeof digest; i++)
		(void)snprintf(ret + strlen("sha256:") + 2 * i, 3, "%02x", digest[i]); /* always fits */
	return true;
}

int sha256_begin(const void *bytes, size_t length, struct sha256 *ret, struct error *e)
{
	struct sha256 hash = SHA256_NONE;
	autofree char *program = ask_kernel(bytes, length, hash.digest) ? NULL : places_helper("box-digest", e);
	struct process_run run = { .path = program };
	char *argv[] = { program, NULL };

	if (!*hash.digest && (!program || begin(argv, bytes, length, &run, &hash.job, e)))
		return -1;
	*ret = hash;
	return 0;
}

int sha256_end(struct sha256 *hash, char ret[static SHA256_TEXT], struct error *e)
{
	const struct process_run run = { .path = "box-digest", .timeout_ms = TIMEOUT_MS };
	autorelease(text) struct text out = { 0 };

	if (*hash->digest) {
		memcpy(ret, hash->digest, sizeof hash->digest);
		return 0;
	}
	if (process_end(&run, &hash->job, &out, e))
		return -1;
	if (out.length != DIGITS + 1 || strspn(out.data, "0123456789abcdef") != DIGITS)
		return error_set(e, ERROR_INTERNAL, "box-digest said \"%.80s\"", out.data ? out.data : "");
	(void)snprintf(ret, SHA256_TEXT, "sha256:%.64s", out.data); /* always fits */
	return 0;
}

void sha256_release(struct sha256 *hash)
{
	process_job_release(&hash->job);
}

bool sha256_is_done(const struct sha256 *hash)
{
	struct pollfd end = { .fd = hash->job.pidfd, .events = POLLIN };

	return *hash->digest || poll(&end, 1, /* timeout= */ 0) > 0;
}

int sha256_bytes(const void *bytes, size_t length, char ret[static SHA256_TEXT], struct error *e)
{
	struct sha256 hash;

	return sha256_begin(bytes, length, &hash, e) || sha256_end(&hash, ret, e) ? -1 : 0;
}

/* Behind all of them, more than process_run would keep. */
static void hear(const char *bytes, size_t length, void *data)
{
	text_add_bytes(data, bytes, length);
}

int sha256_lines(const void *bytes, size_t length, struct text *ret, struct error *e)
{
	autofree char *program = places_helper("box-digest", e);
	char lines[] = "lines";
	char *argv[] = { program, lines, NULL };
	struct process_run run = { .path = program, .timeout_ms = TIMEOUT_MS, .hear = hear, .data = ret };
	struct process_job job;

	return !program || begin(argv, bytes, length, &run, &job, e) || process_end(&run, &job, NULL, e) ? -1 : 0;
}

int sha256_files(int root, const char *names, size_t length, struct text *ret, struct error *e)
{
	autofree char *program = places_helper("box-digest", e);
	autofree char *folder = text_format("%d", root);
	char word[] = "files";
	char *argv[] = { program, word, folder, NULL };
	struct process_run run = { .path = program, .hear = hear, .data = ret, .keep = &root, .keep_count = 1 };
	struct process_job job;

	return !program || begin(argv, names, length, &run, &job, e) || process_end(&run, &job, NULL, e) ? -1 : 0;
}
