/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_kind.h - how much less there is inside somebody else's container; box tells (images/image_request.c).
 */
#pragma once

#include <stdbool.h>

/* Sandboxes have no namespaces, and the store's files the ids of the container around: BOX_SANDBOX=chroot. */
bool sandbox_is_chroot(void);

/* Layers are kept as tars, although nobody here could mount their indexes: BOX_LAYERS=tar. */
bool sandbox_keeps_tars(void);
