/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_settings.h - what this host says about registries.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct error;

struct mirror_setting {
	char *location; /* "mirror.example.com:5000/hub" */
	bool is_insecure;
	bool by_digest_only;
};

struct registry_setting {
	char *prefix;   /* "docker.io", "example.com/team", "*.example.com" */
	char *location; /* what stands for prefix when it is asked; NULL: itself */
	bool is_insecure, is_blocked;
	struct mirror_setting *mirrors;
	size_t mirror_count;
	struct list token_hosts;
};

/* What becomes of names without a host. */
enum short_names { SHORT_NAMES_UNSAID, SHORT_NAMES_DOCKER, SHORT_NAMES_REFUSED };

struct registry_settings {
	struct registry_setting *registries;
	size_t count;
	int64_t idle_us; /* 0: the default */
	int short_names; /* enum short_names */
};

void registry_settings_release(struct registry_settings *settings);

/* The setting with the longest prefix of name ("docker.io/library/debian"), or NULL. Borrowed. */
const struct registry_setting *registry_settings_find(const struct registry_settings *settings, const char *name);

/* A new setting for prefix, in place of an older one. Borrowed. */
struct registry_setting *registry_settings_add(struct registry_settings *settings, const char *prefix);
struct mirror_setting *registry_settings_add_mirror(struct registry_setting *registry, const char *location);

/* Adds a registries.json. name is for messages. */
int registry_settings_add_json(const char *json, size_t length, const char *name, struct registry_settings *ret,
			       struct error *e);
