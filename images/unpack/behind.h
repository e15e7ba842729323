/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behind.h - a thread that works on pieces one after the other, a few behind whoever has them.
 */
#pragma once

#include <stddef.h>

struct behind;

/* work is called by the thread with data and the piece's place: its number, counted from 0 without end, modulo places. Where no thread can
 * be had, behind_add calls it. */
struct behind *behind_begin(size_t places, void (*work)(void *data, size_t place), void *data);

/* The place of the next piece. Only whoever adds may ask. */
size_t behind_place(const struct behind *behind);

/* The next piece lies in its place. Waits until the place behind it is free: what lay there is done when this returns. */
void behind_add(struct behind *behind);

/* Waits until all pieces are done, and ends the thread. */
void behind_end(struct behind *behind);

/* behind_end as well, where that was not called; NULL is fine. */
void behind_free(struct behind *behind);
