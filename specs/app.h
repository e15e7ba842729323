/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app.h - the door of specs/: app.json from text to a container.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/text.h"

struct build;
struct app; /* what one app.json says, decoded and checked: app_fields.h */
struct container;
struct image_config;
struct reload;
struct secret_change;
struct error;

/* What the command line says on top of the file. */
struct app_options {
	const char *override;      /* --override NAME, or NULL */
	const char *service;       /* of a file with services: the one that is meant; NULL: the file is one app */
	bool is_beside;            /* a run beside that service, called name: without its ports, replicas and times, and none of its names
				    * lead there; fields are for it alone */
	const char *name;          /* --name, or NULL */
	const char *hostname;      /* where the file has none; NULL: the name */
	const char *volumes_of;    /* the name by which its image's volumes are called; NULL: its own */
	const struct list *env;    /* -e KEY=VALUE or KEY (taken from the caller's environment) */
	const struct list *volumes; /* -v SOURCE:TARGET[:ro] */
	const struct list *fields; /* "memory=64m": options that stand for fields (option_fields.h), NULL: none */
	const struct list *command; /* -- COMMAND…, replaces command (not entrypoint); NULL or empty: none */
	bool terminal;             /* -t */
	bool keep_stdin;           /* -i */
};

/* Reads, interpolates, decodes and checks path (or standard input for "-"). Everything that this version of
 * box cannot do is an error that names the field. The result is freed by app_free. */
int app_load(const char *path, const struct app_options *options, struct app **ret, struct error *e);

/* What it is called by what runs of it: its "name", or that of its folder, of one app as of several services. Nothing else of the file is
 * looked at. The caller frees it. */
int app_called(const char *path, char **ret, struct error *e);

/* The same for an image without a file: "box run NAME". name is the app's. Relative paths of options are the caller's. */
int app_from_image(const char *image, const char *name, const struct app_options *options, struct app **ret, struct error *e);

/* As app_load, and goes on after an error: adds every error's line to problems, and to hints, which may be NULL, what to do about it
 * ("": it has no hint). Returns 0 where there is none. */
int app_check(const char *path, const struct app_options *options, struct list *problems, struct list *hints, struct error *e);

void app_free(struct app *app);

/* The image that it runs: "./folder", "./x.tar.zst", "oci:DIR:TAG" … with relative paths made absolute by the file's folder.
 * Borrowed. field: the spec's word for it ("rootfs"). */
const char *app_image(const struct app *app, const char **ret_field);

/* The same as the file has it, variables replaced: "./folder". Borrowed. */
const char *app_source(const struct app *app);

/* "build" of the file; texts are borrowed. */
struct app_build {
	const struct build *build; /* for build_file_from_spec (build_plan.h) */
	bool is_native;            /* it has steps of its own; else it names a Dockerfile */
	const char *context, *dockerfile, *target; /* as the file has them; NULL: not said */
	const struct list *args;   /* "KEY=value" */
	const struct list *contexts; /* "NAME=value" */
	int64_t epoch;             /* seconds; -1: not said */
};

/* False: the file has none. */
bool app_build_of(const struct app *app, struct app_build *ret);

/* security.seccomp: "default", "unconfined", or a profile as the file names it. Borrowed. */
const char *app_seccomp(const struct app *app);

/* The file in one fixed form: no comments, no spaces, keys sorted, without "$schema"; variables as they are written, because their values
 * belong to the host, and all overrides. Adds to ret. */
void app_canonical(const struct app *app, struct text *ret);

/* Adds the names of the file's overrides. */
void app_override_names(const struct app *app, struct list *ret);

/* The line of a field ("volumes[2].source") in the file, or of what of it the file has; 0 for "". For errors
 * that come about later. */
int app_error_line(const struct app *app, const char *field);

/* The option that set this field ("memory"), or NULL. For errors as above. */
const char *app_option(const struct app *app, const char *field);

/* The resolved spec as JSON, as box config prints it: defaults filled in, secrets left out. */
void app_dump(const struct app *app, struct text *ret);

/* Whether it can be started again by a supervisor, when its caller is gone. */
int app_check_background(const struct app *app, struct error *e);

/* The spec as one that needs neither its file's folder, nor other files of it, nor the caller's variables and command line (options):
 * c is what app_container made of them. Adds to ret. -1 where it says something that only the caller has. */
int app_freeze(const struct app *app, const struct app_options *options, const struct container *c, struct text *ret, struct error *e);

/* What tells two instances apart: the same digest is the same spec and image (digest of it, NULL: a folder), whatever they are called. */
int app_frozen_digest(const struct text *frozen, const char *image, char ret[static SHA256_TEXT], struct error *e);

/* Adds the top-level keys in which two such specs differ: "command, environment". */
int app_frozen_differences(const struct text *before, const struct text *after, struct text *ret, struct error *e);

/* Where in its file the app stands: "services.web"; NULL: it is the file. Borrowed. */
const char *app_prefix(const struct app *app);

/* What app_freeze wrote, with another name. Adds to ret. */
int app_frozen_rename(const char *json, size_t length, const char *name, struct text *ret, struct error *e);

/* Whether the file, not the image alone, wants health checks. */
bool app_wants_health(const struct app *app);

/* Whether a secret of it follows its source while the app runs. */
bool app_watches_secrets(const struct app *app);

/* The secrets of the file, by number; and number index as its source has it now, for an app that runs. CHANGE_NOTHING, and nothing read:
 * it does not follow its source. An empty source is an error: it is being written, or lost. ret is released in any case. */
size_t app_secret_count(const struct app *app);
int app_secret_again(const struct app *app, size_t index, struct secret_change *ret, struct error *e);

/* restart, as the file has it: "no", "on-failure:5" … Borrowed. */
const char *app_restart(const struct app *app);

/* So many sockets of the host its published ports are, and the network that holds them: NULL where that is its own. Borrowed. */
size_t app_port_sockets(const struct app *app);
const char *app_port_network(const struct app *app);

/* What box reload does with it. ret->exec is to be released. */
void app_reload(const struct app *app, struct reload *ret);

/* Where its output is kept in the background; driver is "file" or "journald". */
struct app_log {
	const char *driver;
	int64_t max_size, max_files;
};
struct app_log app_log(const struct app *app);

/* The times at which a job runs; texts are borrowed. */
struct app_schedule {
	const char *cron, *tz; /* cron.h, zone.h; cron NULL: it is no job, tz NULL: UTC */
	const char *overlap;   /* "skip", "queue" or "replace" */
	int64_t timeout_us;    /* 0: none */
	bool catch_up;
};
struct app_schedule app_schedule(const struct app *app);

/* The container that app describes, with the image's configuration under it (NULL: a folder without one). layers, name suffix and
 * host-dependent choices are left to the caller. */
int app_container(const struct app *app, const struct image_config *image, const struct app_options *options,
		  struct container *ret, struct error *e);

/* That part of it in which the image has no word: namespaces, limits, capabilities, the filter's kind, a read-only root, the "oci" block.
 * Reads no file. */
int app_policy(const struct app *app, struct container *ret, struct error *e);

/* The JSON Schema of app.json, made from the tables. */
void app_schema(struct text *ret);

/* The reference page: one line per field, made from the tables. */
void app_field_list(struct text *ret);
