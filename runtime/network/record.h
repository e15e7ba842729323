/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - what is known of a network while nobody is in it: STORE/networks/NAME/.
 *
 *     record             its subnet and kind: struct network_record. Box writes it; box-net cannot
 *     leases/addresses   who has which address in it, a line each: "instance NAME INDEX", "service NAME INDEX" (router/addresses.h).
 *                        box-net writes it, and nothing else on the disk
 *
 * The network of a single app in the foreground is volatile: its record lies in STATE/.networks/NAME/, and goes with its box-net.
 * STORE/networks/.prefix has the first 48 bits of all IPv6 addresses (RFC 4193), drawn once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct list;
struct places;

struct network_record {
	char *name;
	char *subnet;        /* "10.200.4.0/22" */
	char *prefix6;       /* "fd12:3456:789a:c804::", of 64 bits */
	char *folder;        /* where the record lies */
	int64_t is_internal; /* 1: no way out */
	int64_t is_kept;     /* 1: box network create has made it; else it goes with the last definition that names it */
	int64_t is_own;      /* 1: one app's own */
	int64_t created;     /* seconds since 1970 */
	bool is_volatile;
};

struct network_wish {
	const char *name;
	const char *subnet; /* NULL: one that neither the host nor another network has */
	bool is_internal, is_kept, is_own, is_volatile;
};

/* The record of that name; ERROR_MISSING where there is none. */
int network_record_read(const struct places *places, const char *name, struct network_record *ret, struct error *e);

/* The same, made where there is none: with the lock of all networks where the wish is for a volatile one. One that is there and differs
 * from a wish for a subnet is an error. */
int network_record_make(const struct places *places, const struct network_wish *wish, struct network_record *ret, struct error *e);

/* Adds all names, sorted. */
int network_record_names(const struct places *places, struct list *ret, struct error *e);

/* Removes it from the disk, with its addresses. Nobody is in the network. */
int network_record_remove(const struct places *places, const char *name, struct error *e);

void network_record_release(struct network_record *record);

/* "10.200.4.0/22" in host order and bits: false where it is none, has bits beside its prefix, or is not from /16 to /27. */
bool network_subnet_parse(const char *text, uint32_t *ret_address, int *ret_bits);
