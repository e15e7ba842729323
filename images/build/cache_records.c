/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_records.c - what a shared cache says about steps.
 */
#include "images/build/cache_records.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/sha256.h"
#include "images/digest.h"

enum { BLOCK = 64, HASH = 32, HEX = 64, PREFIX = 7 };
#define NONE "none"

/* The 32 bytes that "sha256:…" means. */
static void hash(const void *bytes, size_t length, unsigned char ret[static HASH])
{
	char words[SHA256_TEXT];

	sha256_bytes(bytes, length, words);
	for (size_t i = 0; i < HASH; i++)
		(void)sscanf(words + PREFIX + 2 * i, "%2hhx", &ret[i]); /* they are digits */
}

/* HMAC-SHA256 (RFC 2104) as 64 digits. */
static void authenticate(const struct cache_secret *secret, const char *message, char ret[static HEX + 1])
{
	autorelease(text) struct text inner = { 0 };
	unsigned char key[BLOCK] = { 0 }, pad[BLOCK + HASH];
	char words[SHA256_TEXT];

	if (secret->length > BLOCK)
		hash(secret->bytes, secret->length, key);
	else
		memcpy(key, secret->bytes, secret->length);
	for (size_t i = 0; i < BLOCK; i++) {
		text_add_char(&inner, (char)(key[i] ^ 0x36));
		pad[i] = key[i] ^ 0x5c;
	}
	text_add(&inner, message);
	hash(inner.data, inner.length, pad + BLOCK);
	sha256_bytes(pad, sizeof pad, words);
	memcpy(ret, words + PREFIX, HEX + 1);
	explicit_bzero(inner.data, inner.length);
	explicit_bzero(key, sizeof key);
	explicit_bzero(pad, sizeof pad);
}

/* The first word of the key's line. */
static void name_key(const char *key_digest, const struct cache_secret *secret, char ret[static HEX + 1])
{
	if (secret->bytes)
		authenticate(secret, key_digest, ret);
	else
		(void)snprintf(ret, HEX + 1, "%s", key_digest + PREFIX); /* a digest fits */
}

/* " MAC" of the line that begins with these two words, or nothing. */
static char *seal(const char *name, const char *result, const struct cache_secret *secret)
{
	autofree char *line = text_format("%s %s", name, result);
	char mac[HEX + 1] = "";

	if (secret->bytes)
		authenticate(secret, line, mac);
	return text_format("%s%s", secret->bytes ? " " : "", mac);
}

void cache_records_add(const char *key_digest, const char *diff_id, const struct cache_secret *secret, struct text *ret)
{
	const char *result = diff_id ? diff_id : NONE;
	autofree char *end = NULL;
	char name[HEX + 1];

	name_key(key_digest, secret, name);
	end = seal(name, result, secret);
	text_addf(ret, "%s %s%s\n", name, result, end);
}

/* What stands behind "HEX " up to the end of the line: 0 where all of it is as it has to be. */
static int take(const char *name, const char *rest, const struct cache_secret *secret, char **ret_diff_id)
{
	size_t whole = strcspn(rest, "\n"), length = strcspn(rest, " \n");
	autofree char *result = alloc_copy_bytes(rest, length);
	autofree char *end = seal(name, result, secret);
	struct digest digest;

	if (whole - length != strlen(end) || strncmp(rest + length, end, strlen(end)) != 0)
		return -1;
	if (strcmp(result, NONE) != 0 && digest_parse(result, &digest))
		return -1;
	*ret_diff_id = strcmp(result, NONE) == 0 ? NULL : alloc_copy(result);
	return 0;
}

bool cache_records_find(const char *records, const char *key_digest, const struct cache_secret *secret, char **ret_diff_id)
{
	char name[HEX + 1];

	name_key(key_digest, secret, name);
	for (const char *line = records; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, name, HEX) == 0 && line[HEX] == ' ' && take(name, line + HEX + 1, secret, ret_diff_id) == 0)
			return true;
	return false;
}
