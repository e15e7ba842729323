/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.h - the part of an OCI (or Docker) image configuration that says how to run it.
 *
 * All of it is hostile input: it may set arguments, environment, user, working folder, volumes, the stop
 * signal and the health check, and nothing else.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct error;

struct image_config {
	char *architecture; /* "amd64"; NULL where it says none */
	char *os;
	char *user;         /* NULL: none said */
	struct list env;
	struct list entrypoint;
	struct list command;
	char *working_dir;
	struct list volumes; /* targets, sorted */
	char *stop_signal;
	struct list diff_ids; /* "sha256:…" of the uncompressed layers, lowest first */
	struct list labels;   /* "key=value" */
	struct {
		struct list test; /* empty: none */
		int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries; /* 0: not said */
	} health;             /* Docker's "Healthcheck" */
};

/* Decodes the JSON of an image configuration (config.json of an image, at most 4 MiB). name is for messages. */
int image_config_decode(const char *json, size_t length, const char *name, struct image_config *ret, struct error *e);
void image_config_release(struct image_config *config);
