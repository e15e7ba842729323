/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_container.h - a RUN step of a build as a container: an app with box's defaults, but for what a build needs.
 *
 * /tmp and /run are the image's own, because later steps find there what earlier ones left; setuid programs work, as in a docker build; its
 * root may set file capabilities. Nothing that differs from one machine or run to the next is in it: no name, no host, no time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct build_step;
struct container;
struct error;

/* What a mount of the step, of the same number, comes from. */
struct build_mount_source {
	bool is_there;    /* a secret or socket that nobody gave, and that is not required: left out */
	int descriptor;   /* BIND, CACHE, SSH: O_PATH, borrowed while the container lives */
	const char *path; /* where that is, absolute */
	const char *data; /* SECRET: borrowed */
	size_t length;
};

struct build_container_wish {
	const struct build_step *step;
	const char *name;        /* of the container: unique */
	const char *image;       /* what ps says it was made from */
	int64_t epoch;           /* SOURCE_DATE_EPOCH of its environment, unless that has one */
	const char *host_name;   /* NULL: every build's */
	bool shifts_clock;       /* its programs see another time of day (container.h, struct other_world) */
	bool reverses_names;     /* folders list their names in another order, likewise */
	bool has_network;
	bool is_limited;         /* in its number of processes: where that can be */
	const struct build_mount_source *sources;
	const struct list *fields; /* "NAME=VALUE", as options of box run have them; or NULL */
	const struct list *hosts;  /* lines for /etc/hosts: "ADDRESS\tNAME"; or NULL */
};

/* Layers are left to the caller. */
int build_container(const struct build_container_wish *wish, struct container *ret, struct error *e);
