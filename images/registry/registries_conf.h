/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries_conf.h - registries.conf, version 2, of containers-registries.conf(5): what podman, buildah and skopeo read.
 */
#pragma once

#include <stddef.h>

struct error;
struct registry_settings;

/*
 * Adds its registries and mirrors. It is TOML, of which tables, arrays of tables, strings, booleans and arrays of strings are read; keys
 * that are not about registries and mirrors (aliases, credential helpers) are passed over. name is for messages.
 */
int registries_conf_parse(const char *text, size_t length, const char *name, struct registry_settings *ret, struct error *e);
