/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_environment.h - what of the caller's environment box-image gets where it speaks to registries.
 */
#pragma once

struct list;

void image_environment(struct list *ret);
