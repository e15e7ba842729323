/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_url.h - URLs, taken apart by libcurl's own parser, so that two parsers cannot disagree about a host.
 */
#pragma once

#include <stdbool.h>

/* What next (absolute or relative) means at from; NULL where it is no http or https URL, or holds a user. To be freed. */
char *http_url_join(const char *from, const char *next);

/* Whether both URLs have one scheme, host and port. */
bool http_same_origin(const char *a, const char *b);

/* The host of a URL, or its "host:port" where that port is not the scheme's own; NULL where it is none with https or http. To be freed. */
char *http_url_host(const char *url);

/* Whether "HOST" or "HOST:PORT" can only be this machine, so that nobody on the way reads or answers. */
bool http_host_is_loopback(const char *host);

/* text as one part of a query or form. To be freed. */
char *http_escape(const char *text);
