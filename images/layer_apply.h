/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_apply.h - a layer's tar on top of a folder that holds the layers below it.
 *
 * For builds where nobody may mount (base/isolation.h). The tar is one that has an index: the strict reader took all of it.
 */
#pragma once

struct error;

/* In root, which nobody else changes; tar is a file. Owners are those of the tar. */
int layer_apply(int tar, int root, struct error *e);
