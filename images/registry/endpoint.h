/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.h - where an image may be had: the registry itself and its mirrors, with all that is needed to ask them.
 *
 * It is put together outside the sandbox (plan.c) from configuration and credentials, and used inside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "images/image_name.h"
#include "images/registry/http.h"

struct credentials {
	char *user, *password; /* both or none */
	char *identity;        /* a refresh token in place of a password */
};

struct endpoint {
	char *host;           /* as configuration and messages name it */
	char *address;        /* where it is asked: "registry-1.docker.io" for docker.io */
	char *repository;     /* there */
	bool is_mirror;
	bool is_insecure;     /* http, and https whoever it is, are allowed by configuration */
	bool is_loopback;     /* http is allowed where it speaks no TLS */
	struct credentials credentials;
	struct list token_hosts; /* hosts beside its own that may see the credentials */
	char *authorities, *certificate, *key; /* PEM */
};

struct plan {
	struct image_name name;
	struct endpoint *endpoints; /* in the order of trial; the registry itself is the last */
	size_t count;
	int idle_s;
};

void credentials_release(struct credentials *credentials);

/* base64 of "USER:PASSWORD", to be freed and wiped: what basic authentication sends and auth.json keeps. Both must be there. */
char *credentials_encode(const struct credentials *credentials);

void plan_release(struct plan *plan);
