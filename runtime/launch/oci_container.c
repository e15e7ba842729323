/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_container.c - a container from its config.json.
 */
#include "runtime/launch/oci_container.h"

#include <fcntl.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/launch/oci_brief.h"
#include "runtime/seccomp/seccomp.h"
#include "specs/container.h"
#include "specs/oci_config.h"

enum { CONFIG_LIMIT = 16 << 20 };

void oci_texts_release(struct oci_texts *texts)
{
	text_release(&texts->config);
	text_release(&texts->brief);
}

int oci_container_load(const struct places *places, const char *bundle, struct oci_texts *ret_texts, struct container *ret,
		       struct seccomp_filter *ret_filter, struct error *e)
{
	autofree char *path = text_format("%s/config.json", bundle);
	autorelease(text) struct text rest = { 0 };
	struct text *config = &ret_texts->config;
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, path, CONFIG_LIMIT, config, e))
		return -1;
	if (oci_config_decode_open(config->data ? config->data : "", config->length, path, bundle, ret, &rest, e))
		return -1;
	if (seccomp_prepare(places, ret, ret_filter, &ignored) == 0) {
		oci_brief_make(ret, ret->seccomp == SECCOMP_UNCONFINED ? config : &rest, ret_filter, &ret_texts->brief);
		return 0;
	}
	/* Says what is wrong with the profile, and in which line. */
	container_release(ret);
	if (oci_config_decode(config->data, config->length, path, bundle, ret, e))
		return -1;
	if (seccomp_prepare(places, ret, ret_filter, e) == 0)
		return 0;
	container_release(ret);
	return -1;
}

int oci_container_of(int folder, const char *name, struct container *ret, struct error *e)
{
	autorelease(text) struct text config = { 0 };
	autorelease(text) struct text rest = { 0 };

	if (file_read(folder, "config.json", CONFIG_LIMIT, &config, e))
		return error_in(e, "read the configuration of %s", name);
	/* Its paths were made absolute when it was decoded first; the copy says what the bundle's said. */
	if (oci_config_decode_open(config.data ? config.data : "", config.length, "config.json", "/", ret, &rest, e))
		return -1;
	ret->name = alloc_copy(name);
	return 0;
}

int oci_container_of_brief(const struct oci_brief *brief, const char *name, struct container *ret, struct error *e)
{
	if (oci_config_decode(brief->json, brief->json_length, "config.json", "/", ret, e))
		return -1;
	ret->name = alloc_copy(name);
	return 0;
}
