/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_helper.h - programs that keep passwords: docker-credential-NAME, found in PATH, as docker and podman call them.
 */
#pragma once

struct credentials;
struct error;

/* 1 with credentials for the host of name; 0: the program keeps none for it. Its only input is that host. */
int credential_helper_get(const char *helper, const char *name, struct credentials *ret, struct error *e);

/* Keeps credentials, or forgets those of host (NULL). */
int credential_helper_set(const char *helper, const char *host, const struct credentials *credentials, struct error *e);
