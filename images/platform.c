/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.c - for which machine an image is.
 */
#include "images/platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "images/descriptor.h"

const char *platform_host_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#else
	return "unknown";
#endif
}

int platform_fits(const struct platform *found, const struct platform *wanted)
{
	const char *variant = found->variant ? found->variant : "";
	/* All 64-bit ARM processors are v8; those who name it and those who do not mean the same. */
	bool is_plain = !*variant || (text_equal(found->architecture, "arm64") && strcmp(variant, "v8") == 0);

	if (!text_equal(found->os, wanted->os) || !text_equal(found->architecture, wanted->architecture))
		return 0;
	if (!wanted->variant)
		return is_plain ? 2 : 1;
	if (strcmp(variant, wanted->variant) == 0)
		return 3;
	return is_plain ? 1 : 0;
}

void platform_release(struct platform *platform)
{
	int saved = errno;

	free(platform->architecture);
	free(platform->os);
	free(platform->variant);
	*platform = (struct platform){ 0 };
	errno = saved;
}

int platform_parse(const char *text, struct platform *ret, struct error *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	const char *parts[3] = { NULL };
	size_t lengths[3] = { 0 }, count = 0;

	for (const char *at = text; count < 3; at++) {
		size_t length = strspn(at, letters);

		parts[count] = at;
		lengths[count++] = length;
		at += length;
		if (*at == '\0' && length) {
			bool is_short = count == 1; /* "arm64" is linux's */

			ret->os = is_short ? alloc_copy("linux") : alloc_copy_bytes(parts[0], lengths[0]);
			ret->architecture = alloc_copy_bytes(parts[is_short ? 0 : 1], lengths[is_short ? 0 : 1]);
			ret->variant = count == 3 ? alloc_copy_bytes(parts[2], lengths[2]) : NULL;
			return 0;
		}
		if (*at != '/' || !length)
			break;
	}
	return error_set(e, ERROR_USAGE,
			 "\"%.60s\" is no platform: expected OS/ARCHITECTURE[/VARIANT], such as linux/arm64", text);
}
