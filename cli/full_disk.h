/* SPDX-License-Identifier: Apache-2.0 */
/*
 * full_disk.h - which of box's own file systems is full.
 */
#pragma once

struct places;
struct text;

/* What to do about it, where the store or the state folder lies on a file system that has hardly any room; else nothing. Adds to ret. */
void full_disk_hint(const struct places *places, struct text *ret);
