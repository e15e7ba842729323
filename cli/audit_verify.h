/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_verify.h - whether the audit trail is whole.
 */
#pragma once

#include <stdint.h>

struct error;
struct text;

/* A head that was kept elsewhere (box audit --head): "NUMBER DIGEST". */
struct audit_head {
	int64_t seq; /* 0: none */
	const char *digest;
};

/* Compares every record in the folder with the digest that the next one holds. Adds to ret what there is to tell, a line each: how many
 * there are, where older ones are gone, where one was cut by a crash. -1 at the first record that does not fit, which e names. */
int audit_verify(int folder, const struct audit_head *kept, struct text *ret, struct error *e);
