/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/sha256.h"
#include "images/unpack/hash.h"

/* The examples that NIST publishes beside FIPS 180-4. */
Test(sha256, examples)
{
	static const struct {
		const char *message, *digest;
	} cases[] = {
		{ "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char digest[SHA256_TEXT];

		sha256_bytes(cases[i].message, strlen(cases[i].message), digest);
		cr_expect_str_eq(digest, cases[i].digest, "\"%s\": %s", cases[i].message, digest);
	}
}

Test(sha256, a_million)
{
	enum { MILLION = 1000000 };
	autofree char *message = alloc_zeroed(1, MILLION);
	char digest[SHA256_TEXT];

	memset(message, 'a', MILLION);
	sha256_bytes(message, MILLION, digest);
	cr_expect_str_eq(digest, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "%s",
			 digest);
}

/* Every length around the ends of blocks, also at odd addresses: libcrypto says the same. */
Test(sha256, as_libcrypto)
{
	enum { LONGEST = 300 };
	unsigned char message[LONGEST + 1];
	struct error e = { 0 };

	for (size_t i = 0; i < sizeof message; i++)
		message[i] = (unsigned char)(i * 167 + 13);
	cr_assert_eq(hash_prepare(&e), 0);
	for (size_t length = 0; length <= LONGEST; length++) {
		struct hash *hash __attribute__((cleanup(hash_release))) = hash_begin(DIGEST_SHA256, &e);
		struct digest expected;
		char digest[SHA256_TEXT];

		cr_assert_not_null(hash);
		hash_add(hash, message + 1 - length % 2, length);
		hash_end(hash, &expected);
		sha256_bytes(message + 1 - length % 2, length, digest);
		cr_expect_str_eq(digest + strlen("sha256:"), expected.hex, "%zu bytes: %s", length, digest);
	}
}
