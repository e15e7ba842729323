/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_request.h - what box asks box-image to fetch by its address.
 *
 *     box-image fetch STORE-FD URL [sha256:HEX]
 *
 * The content is STORE/build/fetched/HEX afterwards; whoever has used it removes it. What is there for a day is removed by the next.
 */
#pragma once

struct error;
struct places;

/* expected: "sha256:…", or NULL. The digest of what came, to be freed; NULL and e. */
char *fetch_request(const struct places *places, const char *url, const char *expected, struct error *e);

/* What was fetched, for reading; -1 with errno. digest: "sha256:…" */
int fetch_request_open(int store, const char *digest);
void fetch_request_forget(int store, const char *digest);
