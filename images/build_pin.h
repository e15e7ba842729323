/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_pin.h - what a build made stays in the store while the build goes on.
 *
 * Layers and blobs that no image needs are what prune removes; a build's are such until its image is written. It holds a shared flock(2) on
 * STORE/builds.lock; while somebody does, prune leaves what it does not know. While prune works it holds it exclusively, and a build that
 * begins waits: it must not find in the cache what is about to go.
 */
#pragma once

#include <stdbool.h>

struct error;

/* A descriptor that holds the lock while it is open, also across fork and exec without close-on-exec. */
int build_pin(int store, struct error *e);

/* A descriptor that keeps builds from beginning; -1: somebody builds. The caller holds store_lock. */
int build_claim(int store);

/* Whether somebody builds. The caller holds store_lock. */
bool build_is_pinned(int store);
