/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - the filter of system calls: prepared by the parent, loaded by the child.
 */
#pragma once

#include "runtime/seccomp/seccomp_filter.h"

struct container;
struct error;
struct places;
struct text;

/* The JSON that the container's filter is compiled from, box's own default included; empty for SECCOMP_UNCONFINED. Adds to ret. */
int seccomp_profile_text(const struct container *container, struct text *ret, struct error *e);

/* The filter of this container, before clone: from the cache, else compiled and put there. SECCOMP_UNCONFINED gives count 0.
 * Errors in the profile name "security.seccomp". */
int seccomp_prepare(const struct places *places, const struct container *container, struct seccomp_filter *ret,
		    struct error *e);

/* Loads the filter into the calling thread; needs no_new_privs or CAP_SYS_ADMIN. Does nothing for count 0. */
int seccomp_filter_load(const struct seccomp_filter *filter, struct error *e);

/* The same by the name that the steps use. Inline, because libseccomp, which is linked into the same program, has a symbol seccomp_load. */
static inline int seccomp_load(const struct seccomp_filter *filter, struct error *e)
{
	return seccomp_filter_load(filter, e);
}
