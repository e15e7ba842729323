/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - test builds: BOX_FAIL_STEP="network: NAME" makes a step of box-net fail.
 */
#pragma once

struct error;

/* Everywhere else 0. */
int network_step(const char *name, struct error *e);
