/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.h - for which machine an image is.
 */
#pragma once

struct error;
struct platform; /* images/descriptor.h */

/* "amd64" */
const char *platform_host_architecture(void);

/* How well found serves who wants wanted: 0 not at all, more is better. A variant that nobody asked for, or that nobody says, fits. */
int platform_fits(const struct platform *found, const struct platform *wanted);

/* "linux/arm64/v8", "arm64": checked. */
int platform_parse(const char *text, struct platform *ret, struct error *e);
void platform_release(struct platform *platform);
