/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_template.h - the config.json to begin with.
 */
#pragma once

#include <stdbool.h>

struct text;

/* What "spec" writes: a shell with a terminal, in namespaces of its own, in the folder "rootfs". rootless: with a user
 * namespace in which the caller is root, the host's network, and without what an ordinary user may not do. Adds to ret. */
void oci_template(bool rootless, struct text *ret);
