/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs.h - --output: the image, or its files, also somewhere else than in the store.
 */
#pragma once

struct build_options;
struct build_work;
struct error;
struct list;
struct stage;

/* Refuses what is none, before anything is built. Sets is_stdout_taken. */
int build_outputs_check(struct build_options *options, struct error *e);

/* Writes them all. images: names of the image in the store, or its digest; an archive has all of them. */
int build_outputs_write(struct build_work *work, const struct stage *target, const struct list *images, struct error *e);
