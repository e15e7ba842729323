/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_inner.h - addresses that a stranger's redirect must not lead to: this machine, its link, and private networks.
 */
#pragma once

#include <stdbool.h>

struct sockaddr;

enum http_inner {
	HTTP_OUTER,
	HTTP_PRIVATE, /* this machine, or a network that is nobody else's */
	HTTP_LINK,    /* of the link alone: where clouds keep their instances' credentials (169.254.169.254) */
};

enum http_inner http_inner_of(const struct sockaddr *address);

/* The same of a "HOST:PORT" of an URL, as far as its words say it; a name that has to be looked up is HTTP_OUTER. */
enum http_inner http_inner_of_host(const char *host);
