/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - how a registry that answered 401 is asked again.
 */
#pragma once

#include <stdbool.h>

struct endpoint;
struct error;
struct http;
struct http_answer;
struct http_tls;

struct token_request {
	struct http *http;
	const struct endpoint *endpoint;
	const struct http_tls *tls;
	const char *origin; /* "https://host:port": whom we asked */
	const char *access; /* "pull", "pull,push"; NULL: only who we are (login) */
};

/*
 * The Authorization for a second attempt ("Basic …" or "Bearer …"), to be freed and wiped. Credentials go to the registry's own host
 * and to those that configuration or the table in token.c names; to any other realm nobody is sent, and *ret_withheld (to be freed) names
 * it.
 */
char *token_get(const struct token_request *request, const struct http_answer *answer, char **ret_withheld, struct error *e);
