/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_file.h - who the caller is at a registry, in the order of containers-auth.json(5):
 *
 *     $REGISTRY_AUTH_FILE                                    alone, where it is set
 *     $XDG_RUNTIME_DIR/containers/auth.json                  (/run/containers/UID/auth.json without that variable)
 *     $XDG_CONFIG_HOME/containers/auth.json                  (~/.config/containers/auth.json)
 *     $DOCKER_CONFIG/config.json                             (~/.docker/config.json)
 *
 * A file that others may read, or that is a link, or somebody else's, is refused where it would give a password.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct credentials;
struct error;

/* Paths in that order. */
void auth_file_paths(struct list *ret);

/* What one file says of name ("docker.io/library/debian"): 1 and credentials, or 1 and *ret_helper (a credential helper's name, to be
 * freed); 0: nothing. */
int auth_file_look(const char *json, size_t length, const char *path, const char *name, struct credentials *ret, char **ret_helper,
		   struct error *e);

/* The first of the files that knows name; helpers are asked. No credentials at all is fine. */
int auth_find(const char *name, struct credentials *ret, struct error *e);
