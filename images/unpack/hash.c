/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.c - digests of streams.
 */
#include "images/unpack/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"

struct hash {
	EVP_MD_CTX *context;
	enum digest_algorithm algorithm;
};

/* Fetched once: an implicit fetch per stream costs more than a small file's hash. */
static EVP_MD *methods[2];

int hash_prepare(struct error *e)
{
	for (int i = DIGEST_SHA256; i <= DIGEST_SHA512; i++) {
		if (!methods[i])
			methods[i] = EVP_MD_fetch(NULL, digest_algorithm_name((enum digest_algorithm)i), NULL);
		if (!methods[i])
			return error_set(e, ERROR_INTERNAL, "libcrypto offers no %s",
					 digest_algorithm_name((enum digest_algorithm)i));
	}
	return 0;
}

struct hash *hash_begin(enum digest_algorithm algorithm, struct error *e)
{
	struct hash *hash;

	if (hash_prepare(e))
		return NULL;
	hash = alloc_zeroed(1, sizeof *hash);
	hash->algorithm = algorithm;
	hash->context = EVP_MD_CTX_new();
	if (hash->context && EVP_DigestInit_ex(hash->context, methods[algorithm], NULL))
		return hash;
	error_set(e, ERROR_INTERNAL, "libcrypto cannot begin a %s", digest_algorithm_name(algorithm));
	hash_free(hash);
	return NULL;
}

void hash_add(struct hash *hash, const void *bytes, size_t length)
{
	(void)EVP_DigestUpdate(hash->context, bytes, length); /* fails only for an unset method */
}

void hash_end(struct hash *hash, struct digest *ret)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	*ret = (struct digest){ .algorithm = hash->algorithm };
	(void)EVP_DigestFinal_ex(hash->context, bytes,
				 &length); /* fails only for an unset method; the digest is then empty */
	/* Not by snprintf: a listing has a digest for each of many thousand files. ret is all zeros behind them. */
	for (unsigned i = 0; i < length; i++) {
		ret->hex[2 * i] = digits[bytes[i] >> 4];
		ret->hex[2 * i + 1] = digits[bytes[i] & 15];
	}
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}
