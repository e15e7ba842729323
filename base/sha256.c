/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.c - SHA-256, as FIPS 180-4 describes it: in its section 6.2 the letters and the steps.
 */
#include "base/sha256.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, WORDS = 8, LENGTH = 8 /* of the message's length, at the end of the last block */ };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Likewise of the square roots of the first eight. */
static const uint32_t beginning[WORDS] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t x, int by)
{
	return x >> by | x << (32 - by);
}

static uint32_t read_word(const unsigned char *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* The message schedule: the block's 16 words, and 48 made of them. */
static void make_schedule(const unsigned char block[static BLOCK], uint32_t w[static ROUNDS])
{
	for (size_t t = 0; t < BLOCK / 4; t++)
		w[t] = read_word(block + 4 * t);
	for (size_t t = BLOCK / 4; t < ROUNDS; t++) {
		uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;

		w[t] = w[t - 16] + s0 + w[t - 7] + s1;
	}
}

/* One step, with its constant and its word of the schedule added. The letters a to h do not move: a is where h was in the step before. */
static inline void add_word(uint32_t v[static WORDS], size_t t, uint32_t word)
{
	enum { A, B, C, D, E, F, G, H };
	const uint32_t a = v[(A - t) % WORDS], b = v[(B - t) % WORDS], c = v[(C - t) % WORDS];
	const uint32_t e = v[(E - t) % WORDS], f = v[(F - t) % WORDS], g = v[(G - t) % WORDS];
	uint32_t choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
	uint32_t *d = &v[(D - t) % WORDS], *h = &v[(H - t) % WORDS];
	uint32_t t1 = *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + word;

	*d += t1;
	*h = t1 + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
}

static void add_block(uint32_t state[static WORDS], const unsigned char block[static BLOCK])
{
	uint32_t w[ROUNDS], v[WORDS];

	make_schedule(block, w);
	memcpy(v, state, sizeof v);
	for (size_t t = 0; t < ROUNDS; t += WORDS)
#pragma GCC unroll 8 /* the letters become registers */
		for (size_t i = 0; i < WORDS; i++)
			add_word(v, i, constants[t + i] + w[t + i]);
	for (size_t i = 0; i < WORDS; i++)
		state[i] += v[i];
}

/* What is left of the message, a one, zeros, and the length in bits: one block, or two. */
static void add_end(uint32_t state[static WORDS], const unsigned char *rest, size_t left, uint64_t bits)
{
	unsigned char blocks[2 * BLOCK] = { 0 };
	size_t length = left + 1 + LENGTH <= BLOCK ? BLOCK : 2 * BLOCK;

	if (left)
		memcpy(blocks, rest, left);
	blocks[left] = 0x80;
	for (size_t i = 0; i < LENGTH; i++)
		blocks[length - 1 - i] = (unsigned char)(bits >> (8 * i));
	for (size_t at = 0; at < length; at += BLOCK)
		add_block(state, blocks + at);
}

void sha256_bytes(const void *bytes, size_t length, char ret[static SHA256_TEXT])
{
	const unsigned char *at = bytes;
	uint32_t state[WORDS];
	size_t left = length;

	memcpy(state, beginning, sizeof state);
	for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
		add_block(state, at);
	add_end(state, at, left, (uint64_t)length * 8);
	memcpy(ret, "sha256:", sizeof "sha256:");
	for (size_t i = 0; i < WORDS; i++)
		(void)snprintf(ret + strlen("sha256:") + 8 * i, 9, "%08x", state[i]); /* always fits */
}
