/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.h - clearing away what a box that was killed, or a reboot, left; box_sweep (box.h) does it for all.
 */
#pragma once

struct error;
struct places;

/* One container whose box is gone: 1, or 0 where there was nothing to do, or -1. */
int sweep_one(const struct places *places, const char *name, struct error *e);
