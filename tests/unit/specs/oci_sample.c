/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_sample.c - small OCI documents for tests.
 */
#include "tests/unit/specs/oci_sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/container.h"
#include "specs/oci_config.h"

static void quote(const char *text, struct text *ret)
{
	for (; *text; text++)
		text_add_char(ret, *text == '\'' ? '"' : *text);
}

int oci_sample_whole(const char *json, struct container *ret, struct error *e)
{
	struct text text = { 0 };
	int result;

	quote(json, &text);
	result = oci_config_decode(text.data ? text.data : "", text.length, "config.json", "/bundle", ret, e);
	text_release(&text);
	return result;
}

int oci_sample_config(const char *parts, struct container *ret, struct error *e)
{
	struct text text = { 0 };
	int result;

	text_addf(&text, "{'ociVersion': '1.3.0', 'root': {'path': 'rootfs'}%s\n%s}", *parts ? "," : "", parts);
	result = oci_sample_whole(text.data, ret, e);
	text_release(&text);
	return result;
}

void oci_sample_good(const char *parts, struct container *ret)
{
	struct error e = { 0 };

	cr_assert_eq(oci_sample_config(parts, ret, &e), 0, "%s: %s", parts, e.text);
}

int oci_sample_process(const char *json, struct container *ret, struct error *e)
{
	struct text text = { 0 };
	int result;

	quote(json, &text);
	result = oci_process_decode(text.data, text.length, "process.json", ret, e);
	text_release(&text);
	return result;
}

int oci_sample_resources(const char *json, struct limits *ret, struct error *e)
{
	struct text text = { 0 };
	int result;

	quote(json, &text);
	result = oci_resources_decode(text.data, text.length, "resources.json", ret, e);
	text_release(&text);
	return result;
}

void oci_sample_read(const char *name, struct text *ret)
{
	char path[256], bytes[4096];
	size_t count;
	FILE *file;

	(void)snprintf(path, sizeof path, "tests/fuzz/corpus/oci/%s", name);
	file = fopen(path, "re");
	cr_assert_not_null(file, "%s: run this from the top folder", path);
	while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
		text_add_bytes(ret, bytes, count);
	(void)fclose(file);
}

void oci_sample_engine(const char *name, struct container *ret)
{
	struct text json = { 0 };
	struct error e = { 0 };

	oci_sample_read(name, &json);
	cr_assert_eq(oci_config_decode(json.data, json.length, name, "/bundle", ret, &e), 0, "%s", e.text);
	text_release(&json);
}
