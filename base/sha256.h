/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.h - SHA-256 (FIPS 180-4) of bytes in memory, for box, which links no library of cryptography.
 *
 * What box has digests of is short: a record of the audit trail, a spec, a seccomp profile. Any other program takes a hundred times as long
 * to start as this takes to hash them. It is for digests of what is no secret: keys and signatures are box-image's and libcrypto's, but for
 * the keyed digests of a shared cache (images/build/cache_records.c). So is whatever is long, because libcrypto uses the processor's
 * own instructions.
 */
#pragma once

#include <stddef.h>

enum { SHA256_TEXT = 72 }; /* "sha256:", 64 digits and a zero byte */

/* Fills ret with "sha256:…". */
void sha256_bytes(const void *bytes, size_t length, char ret[static SHA256_TEXT]);
