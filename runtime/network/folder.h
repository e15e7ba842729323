/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.h - STATE/.networks/NAME: what belongs to one box-net while it runs.
 */
#pragma once

struct error;
struct places;

/* Opens it, made where it is missing: with the lock of all networks. There is always a file "run" in it, because a process of another
 * network may remove folders that are empty (router/confine.c). */
int network_folder(const struct places *places, const char *name, struct error *e);
