/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_lock.c - app.lock.json from any bytes: what is taken is written in one form, which means the same and is written the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/lock.h"

static void read_again(const struct text *json, const struct lock *before)
{
	autorelease(lock) struct lock again = { 0 };
	autorelease(list) struct list differences = { 0 };
	autorelease(text) struct text twice = { 0 };
	struct error e = { 0 };

	if (lock_decode(json->data, json->length, "again", &again, &e))
		abort();
	lock_compare(before, &again, &differences);
	lock_dump(&again, &twice);
	if (differences.count || twice.length != json->length || memcmp(twice.data, json->data, json->length) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autorelease(lock) struct lock lock = { 0 };
	autorelease(text) struct text json = { 0 };
	struct error e = { 0 };

	if (lock_decode((const char *)data, size, "fuzz", &lock, &e)) {
		if (e.kind == ERROR_NONE || !e.text[0])
			abort(); /* an error has a kind and words */
		return 0;
	}
	lock_dump(&lock, &json);
	read_again(&json, &lock);
	return 0;
}
