/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.h - "name:group" to numbers, by the container's own passwd and group files.
 *
 * Both files are hostile input. They are opened below the container's root, have to be regular files, are bounded, and are
 * read by a parser of our own: no NSS, nothing of the container's is ever loaded.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct error;
struct list;

struct identity {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary; always has gid itself (CVE-2022-36109) */
	size_t group_count;
	char *home; /* "/" where passwd does not know the uid */
	char *name; /* NULL where passwd does not know the uid */
};

/* user: "", "name", "1000", "name:group", "1000:1000"; NULL is "". group_add: names or numbers, or NULL. Digits are always a number,
 * never a name (CVE-2024-40635 and the like); a name that passwd does not have is an error, never root. The group file's members count only
 * where user is a name without a group. Errors have the kind ERROR_SPEC; the caller adds the field. */
int users_find(int rootfd, const char *user, const struct list *group_add, struct identity *ret, struct error *e);
void identity_release(struct identity *identity);
