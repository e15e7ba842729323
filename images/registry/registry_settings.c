/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_settings.c - what this host says about registries.
 */
#include "images/registry/registry_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/field.h"

/* One entry of registries.json. */
struct written {
	char *host;
	bool is_insecure, is_blocked;
	struct list mirrors, token_hosts;
};

struct written_file {
	struct written *items;
	size_t count;
	int64_t idle_us;
	int short_names;
};

static const char *const short_names[] = { "docker.io", "refuse", NULL };

static const struct field written_fields[] = {
	{ "insecure", FIELD_BOOL, offsetof(struct written, is_insecure),
	  .help = "http is allowed, and a certificate that nobody vouches for" },
	{ "blocked", FIELD_BOOL, offsetof(struct written, is_blocked), .help = "never ask it" },
	{ "mirrors", FIELD_TEXT_LIST, offsetof(struct written, mirrors), .help = "HOST[:PORT][/PATH], asked first" },
	{ "token_hosts", FIELD_TEXT_LIST, offsetof(struct written, token_hosts),
	  .help = "token servers of other names that may see its password" },
	{ 0 },
};

static const struct field file_fields[] = {
	{ "registries", FIELD_OBJECT_MAP, offsetof(struct written_file, items), .sub = written_fields,
	  .size = sizeof(struct written), .count_offset = offsetof(struct written_file, count),
	  .help = "by host, or host and path" },
	{ "idle_timeout", FIELD_DURATION, offsetof(struct written_file, idle_us), .min = 1000000,
	  .help = "how long a registry may say nothing (default: 30s)" },
	{ "short_names", FIELD_ENUM, offsetof(struct written_file, short_names), .names = short_names,
	  .min = SHORT_NAMES_DOCKER, .help = "what a name without a host means (default: docker.io)" },
	{ 0 },
};

static void registry_release(struct registry_setting *registry)
{
	for (size_t i = 0; i < registry->mirror_count; i++)
		free(registry->mirrors[i].location);
	free(registry->mirrors);
	free(registry->prefix);
	free(registry->location);
	list_release(&registry->token_hosts);
}

void registry_settings_release(struct registry_settings *settings)
{
	int saved = errno;

	for (size_t i = 0; i < settings->count; i++)
		registry_release(&settings->registries[i]);
	free(settings->registries);
	*settings = (struct registry_settings){ 0 };
	errno = saved;
}

struct registry_setting *registry_settings_add(struct registry_settings *settings, const char *prefix)
{
	struct registry_setting *registry = NULL;

	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->registries[i].prefix, prefix) == 0)
			registry = &settings->registries[i];
	if (registry)
		registry_release(registry);
	else
		registry = alloc_append(&settings->registries, &settings->count, sizeof *registry);
	*registry = (struct registry_setting){ .prefix = alloc_copy(prefix) };
	return registry;
}

struct mirror_setting *registry_settings_add_mirror(struct registry_setting *registry, const char *location)
{
	struct mirror_setting *mirror = alloc_append(&registry->mirrors, &registry->mirror_count, sizeof *mirror);

	mirror->location = alloc_copy(location);
	return mirror;
}

static bool ends_with(const char *host, size_t length, const char *tail)
{
	size_t end = strlen(tail);

	return length > end && strncasecmp(host + length - end, tail, end) == 0;
}

/* Length of the part of name that prefix stands for: all of it, or up to a "/" or ":"; 0: none. In a host's name, capitals say nothing. */
static size_t fits(const char *prefix, const char *name)
{
	size_t length = strlen(prefix);

	if (text_starts(prefix, "*.")) {
		const char *tail = prefix + 1; /* ".example.com", of every port, or ".example.com:5000" */
		size_t host = strcspn(name, "/");

		return ends_with(name, host, tail) || ends_with(name, strcspn(name, "/:"), tail) ? host : 0;
	}
	if (strncasecmp(prefix, name, length) != 0)
		return 0;
	return name[length] == '\0' || name[length] == '/' || name[length] == ':' || name[length] == '@' ? length : 0;
}

const struct registry_setting *registry_settings_find(const struct registry_settings *settings, const char *name)
{
	const struct registry_setting *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < settings->count; i++) {
		size_t length = fits(settings->registries[i].prefix, name);
		/* A name that is written out wins over a pattern for the same host. */
		bool is_better = length > longest || (length == longest && best && text_starts(best->prefix, "*."));

		if (length && is_better) {
			best = &settings->registries[i];
			longest = length;
		}
	}
	return best;
}

int registry_settings_add_json(const char *json, size_t length, const char *name, struct registry_settings *ret,
			       struct error *e)
{
	struct written_file file = { 0 };

	if (field_decode_text(json, length, name, file_fields, &file, e)) {
		field_release(file_fields, &file);
		return error_in(e, "read %s", name);
	}
	for (size_t i = 0; i < file.count; i++) {
		struct written *written = &file.items[i];
		struct registry_setting *registry = registry_settings_add(ret, written->host);

		registry->is_insecure = written->is_insecure;
		registry->is_blocked = written->is_blocked;
		list_copy(&registry->token_hosts, &written->token_hosts);
		for (size_t k = 0; k < written->mirrors.count; k++)
			(void)registry_settings_add_mirror(registry, written->mirrors.items[k]); /* never NULL */
	}
	if (file.idle_us)
		ret->idle_us = file.idle_us;
	if (file.short_names)
		ret->short_names = file.short_names;
	field_release(file_fields, &file);
	return 0;
}
