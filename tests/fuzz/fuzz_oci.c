/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_oci.c - OCI's documents from any bytes: config.json, process.json over what came of it, resources.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "specs/container.h"
#include "specs/oci_config.h"
#include "specs/seccomp_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one part took, the next must take, too. */
static void check_container(const struct container *c)
{
	struct seccomp_spec spec;
	struct error e = { 0 };

	if (!c->root_folder || c->root_folder[0] != '/' || !c->oci || !c->oci->bundle)
		abort();
	for (size_t i = 0; i < c->mount_count; i++)
		if (c->mounts[i].target[0] != '/' || strstr(c->mounts[i].target, "/../"))
			abort();
	if (c->seccomp != SECCOMP_TEXT)
		return;
	if (seccomp_spec_decode(c->seccomp_text, strlen(c->seccomp_text), "seccomp", &spec, &e))
		abort();
	seccomp_spec_release(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct log_setup quiet = { .level = LOG_LEVEL_ERROR, .fd = 2 };
	const char *json = (const char *)data;
	struct container c = { 0 };
	struct limits limits;
	struct error e = { 0 };

	log_setup(&quiet);
	if (oci_config_decode(json, size, "config.json", "/bundle", &c, &e) == 0)
		check_container(&c);
	(void)oci_process_decode(json, size, "process.json", &c, &e); /* the answer does not matter, the memory does */
	container_release(&c);
	if (oci_resources_decode(json, size, "resources.json", &limits, &e) == 0)
		limits_release(&limits);
	return 0;
}
