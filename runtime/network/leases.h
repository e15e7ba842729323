/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leases.h - where a network keeps who has which address: the folder "leases" of its record, of all that is on the disk the only one in
 * which its box-net may write.
 */
#pragma once

struct error;
struct network_record;
struct text;

/* That folder, made where it is missing; NULL for a volatile network, which keeps none. *ret is the caller's. */
int network_leases_make(const struct network_record *record, char **ret, struct error *e);

/* Adds the lines of who has which address (record.h): nothing where it is not known. */
void network_leases_read(const struct network_record *record, struct text *ret);
