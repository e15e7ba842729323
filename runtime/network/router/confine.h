/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - fences around a box-net that runs, and around its spare.
 */
#pragma once

struct error;
struct router;

/* Behind router_give_up_power, which sets no_new_privs. */
int router_confine(const struct router *router, struct error *e);
