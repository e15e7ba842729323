/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.h - an image of the store into a registry.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "images/image_name.h"

struct digest;
struct error;

struct push_request {
	int store;
	struct image_name name;   /* what it is to be called there */
	const char *manifest;     /* digest */
	const char *from;         /* another repository of the same registry, or NULL */
	struct list blobs;        /* digests of everything that the manifest names; nothing else of the store is given away */
	void (*progress)(const struct digest *digest, int64_t at, int64_t size, void *data);
	void *data;
};

int push_run(const struct push_request *request, struct error *e);
