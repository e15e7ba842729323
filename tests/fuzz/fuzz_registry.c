/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_registry.c - what registries and the configuration about them say: names, challenges, registries.conf, files with passwords.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/image_name.h"
#include "images/registry/auth_file.h"
#include "images/registry/challenge.h"
#include "images/registry/endpoint.h"
#include "images/registry/registries_conf.h"
#include "images/registry/registry_settings.h"

/* An error has a kind and words. */
static void refused(const struct error *e)
{
	if (e->kind == ERROR_NONE || !e->text[0])
		abort();
}

/* A full name means itself. */
static void read_name(const char *text, size_t length)
{
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(image_name) struct image_name again = { 0 };
	autofree char *full = NULL;
	autofree char *twice = NULL;
	struct error e = { 0 };

	(void)length;
	if (image_name_parse(text, &name, &e))
		return refused(&e);
	full = image_name_text(&name);
	if (strstr(full, "..") || full[strcspn(full, "?#% \\\n")] || image_name_parse(full, &again, &e))
		abort();
	twice = image_name_text(&again);
	if (strcmp(full, twice) != 0)
		abort();
}

static void read_challenge(const char *text, size_t length)
{
	autorelease(challenges) struct challenges challenges = { 0 };
	struct error e = { 0 };

	(void)length;
	if (challenges_parse(text, &challenges, &e))
		refused(&e);
}

static void read_conf(const char *text, size_t length)
{
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	struct error e = { 0 };

	if (registries_conf_parse(text, length, "fuzz", &settings, &e))
		refused(&e);
	(void)registry_settings_find(&settings, "docker.io/library/debian"); /* only that it reads no other memory */
}

static void read_auth(const char *text, size_t length)
{
	autorelease(credentials) struct credentials credentials = { 0 };
	autofree char *helper = NULL;
	struct error e = { 0 };

	if (auth_file_look(text, length, "fuzz", "docker.io/library/debian", &credentials, &helper, &e) < 0)
		refused(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = { read_name, read_challenge, read_conf, read_auth };
	autofree char *text = size > 0 ? alloc_copy_bytes(data + 1, size - 1) : NULL;

	if (text)
		readers[data[0] % 4](text, size - 1);
	return 0;
}
