/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_mounts.h - mounts, masks and files of the container that an app.json describes. Private to specs/.
 */
#pragma once

struct app;
struct app_options;
struct container;
struct error;
struct image_config;

/* Adds box's own mounts, the spec's, the command line's and the image's volumes, parents before children; and
 * the masked paths. */
int app_mounts(const struct app *app, const struct image_config *image, const struct app_options *options, struct container *c,
	       struct error *e);

/* Adds /etc/hosts, /etc/hostname, /etc/resolv.conf and the secrets, whose content is read now. */
int app_files(const struct app *app, struct container *c, struct error *e);
