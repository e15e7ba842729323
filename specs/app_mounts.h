/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_mounts.h - mounts, masks and files of the container that an app.json describes. Private to specs/.
 */
#pragma once

struct app;
struct app_options;
struct container;
struct error;
struct file_entry;
struct image_config;
struct secret;
struct text;
struct volume;

/* Adds box's own mounts, the spec's, the command line's and the image's volumes, parents before children; and
 * the masked paths. */
int app_mounts(const struct app *app, const struct image_config *image, const struct app_options *options, struct container *c,
	       struct error *e);

/* Adds /etc/hosts, /etc/hostname, /etc/resolv.conf and the secrets, whose content is read now. */
int app_files(const struct app *app, const struct app_options *options, struct container *c, struct error *e);

/* One file more; it takes the content. Its mode is 0644, and it is left out where its folder is missing. */
struct file_entry *app_add_file(struct container *c, const char *target, struct text *content);

/* Adds the secrets: a file each, and a variable where one is asked for. */
int app_secrets(const struct app *app, const struct app_options *options, struct container *c, struct error *e);

/* Whether something can be mounted at target, which is clean (paths.h). */
int app_check_target(const char *target, struct error *e);

/* Whether a volume of the spec or the command line says something that makes sense. */
int app_check_volume(const struct volume *volume, struct error *e);

/* What its source is called: the file's name, the variable's, the credential's; NULL for a command, which has none. Borrowed. */
const char *app_secret_name(const struct secret *secret);
/* Where a secret appears; the caller frees it. */
char *app_secret_target(const struct secret *secret);
