/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_url.c - URLs.
 */
#include "images/registry/http_url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"

static void free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

#define autourl __attribute__((cleanup(free_url)))

/* A part as a text of our own; NULL where there is none. */
static char *part(CURLU *url, CURLUPart which, unsigned flags)
{
	char *found = NULL, *copy = NULL;

	if (curl_url_get(url, which, &found, flags) == CURLUE_OK)
		copy = alloc_copy(found);
	curl_free(found);
	return copy;
}

static bool is_web(CURLU *url)
{
	autofree char *scheme = part(url, CURLUPART_SCHEME, 0);

	return text_equal(scheme, "https") || text_equal(scheme, "http");
}

char *http_url_join(const char *from, const char *next)
{
	autourl CURLU *url = curl_url();
	autofree char *user = NULL, *password = NULL;

	if (curl_url_set(url, CURLUPART_URL, from, 0) || curl_url_set(url, CURLUPART_URL, next, 0) || !is_web(url))
		return NULL;
	user = part(url, CURLUPART_USER, 0);
	password = part(url, CURLUPART_PASSWORD, 0);
	return user || password ? NULL : part(url, CURLUPART_URL, 0);
}

bool http_same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
	autourl CURLU *first = curl_url();
	autourl CURLU *second = curl_url();

	if (curl_url_set(first, CURLUPART_URL, a, 0) || curl_url_set(second, CURLUPART_URL, b, 0))
		return false;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		autofree char *one = part(first, parts[i], CURLU_DEFAULT_PORT);
		autofree char *other = part(second, parts[i], CURLU_DEFAULT_PORT);

		if (!one || !text_equal(one, other))
			return false;
	}
	return true;
}

char *http_url_host(const char *words)
{
	autourl CURLU *url = curl_url();
	autofree char *host = NULL, *port = NULL;

	if (curl_url_set(url, CURLUPART_URL, words, 0) || !is_web(url))
		return NULL;
	host = part(url, CURLUPART_HOST, 0);
	port = part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
	if (!host)
		return NULL;
	return port ? text_format("%s:%s", host, port) : take_ptr(&host);
}

bool http_host_is_loopback(const char *host)
{
	size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	autofree char *name = alloc_copy_bytes(host, length);

	if (strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	return text_starts(name, "127.") && !name[strspn(name, "0123456789.")];
}

char *http_escape(const char *text)
{
	char *found = curl_easy_escape(NULL, text, (int)strlen(text));
	char *copy = alloc_copy(found ? found : "");

	curl_free(found);
	return copy;
}
