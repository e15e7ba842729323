/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repository.h - what ADD takes from git repositories.
 *
 * The host's git does it, in a container of its own: an empty root with the host's programs read-only, the network, no capability, no
 * configuration, no hook, no filter, no submodule. What it has checked out is a layer of the store, which no image gets; files are taken
 * from there as from any other stage.
 */
#pragma once

struct build_step;
struct build_work;
struct error;
struct list;

/* In a worker, whose stdout it takes: the commit that the address means now. The caller frees it; NULL and e. */
char *build_repository_resolve(struct build_work *work, const char *words, struct error *e);

/* In a worker: the layer with the commit's files in the folder "src"; its digest is added to ret. */
int build_repository_checkout(struct build_work *work, const struct build_step *step, const char *words, const char *commit,
			      struct list *ret, struct error *e);
