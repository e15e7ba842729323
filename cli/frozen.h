/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frozen.h - an app in the background as its definition says it (runtime/apps/apps.h).
 */
#pragma once

#include "images/image.h"
#include "specs/container.h"

struct app;
struct error;
struct places;

struct frozen {
	struct app *app;
	struct image image; /* begins with pin -1 */
	struct container container;
};

/* From the frozen spec and the pinned image to the container. definition: its open folder. ret is released in any case. */
int frozen_read(const struct places *places, const char *name, int definition, struct frozen *ret, struct error *e);
void frozen_release(struct frozen *frozen);
