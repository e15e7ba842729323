/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_images.h - which images of the store the apps in the background are started from, again and again.
 *
 *     apps/NAME/image     the digest of one; whoever makes the app writes it, and it goes with the app
 */
#pragma once

struct error;
struct list;

/* Adds the digests. What cannot be read is an error: it may be any image. */
int app_images_digests(int store, struct list *ret, struct error *e);
