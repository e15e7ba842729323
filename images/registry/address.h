/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - a file by its address, for ADD of a build: fetched in a sandbox with the network and nothing else.
 */
#pragma once

struct error;
struct list;

struct address {
	int store;
	const char *url;
	const char *expected; /* "sha256:…" of its content; "": whatever it is */
};

/* The content becomes STORE/build/fetched/HEX. told: "sha256:HEX". */
int address_run(const struct address *request, struct list *ret_told, struct error *e);
