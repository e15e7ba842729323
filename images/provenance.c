/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provenance.c - how an image was made.
 */
#include "images/provenance.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"

/* "digest":{"sha256":"…"} */
static void add_digest(struct text *ret, const char *digest)
{
	size_t length = strcspn(digest, ":");
	autofree char *algorithm = text_format("%.*s", (int)length, digest);

	json_add_key(ret, "digest");
	text_add_char(ret, '{');
	json_add_member(ret, algorithm, digest[length] ? digest + length + 1 : "");
	text_add_char(ret, '}');
}

static void begin_object(struct text *ret, const char *key)
{
	json_add_key(ret, key);
	text_add_char(ret, '{');
}

static void add_flag(struct text *ret, const char *key, bool value)
{
	json_add_key(ret, key);
	text_add(ret, value ? "true" : "false");
}

static void add_dependency(struct text *ret, const char *uri, const char *digest, bool is_first)
{
	text_add(ret, is_first ? "{" : ",{");
	json_add_member(ret, "uri", uri);
	add_digest(ret, digest);
	text_add_char(ret, '}');
}

static void add_dependencies(const struct provenance *provenance, struct text *ret)
{
	size_t count = 0;

	json_add_key(ret, "resolvedDependencies");
	text_add_char(ret, '[');
	for (size_t i = 0; provenance->materials && i < provenance->materials->count; i++) {
		const char *material = provenance->materials->items[i], *space = strchr(material, ' ');
		autofree char *digest = text_format("%.*s", (int)strcspn(material, " "), material);

		add_dependency(ret, space ? space + 1 : "", digest, count++ == 0);
	}
	if (provenance->context_digest)
		add_dependency(ret, "box:context", provenance->context_digest, count++ == 0);
	if (provenance->file_digest) {
		autofree char *uri = text_format("box:file:%s", provenance->file_name);

		add_dependency(ret, uri, provenance->file_digest, count++ == 0);
	}
	text_add_char(ret, ']');
}

static void add_steps(const struct provenance *provenance, struct text *ret)
{
	if (!provenance->steps)
		return;
	json_add_key(ret, "steps");
	text_add_char(ret, '[');
	for (size_t i = 0; i < provenance->step_count; i++) {
		const struct provenance_step *step = &provenance->steps[i];

		text_add(ret, i ? ",{" : "{");
		json_add_member(ret, "stage", step->stage);
		if (step->line)
			json_add_number(ret, "line", (uint64_t)step->line);
		json_add_member(ret, "step", step->words);
		json_add_member(ret, "layer", step->layer);
		add_flag(ret, "network", step->has_network);
		text_add_char(ret, '}');
	}
	text_add_char(ret, ']');
}

static void add_definition(const struct provenance *provenance, struct text *ret)
{
	static const struct list nothing = { 0 };

	begin_object(ret, "buildDefinition");
	json_add_member(ret, "buildType", "urn:box:build:1");
	begin_object(ret, "externalParameters");
	json_add_member(ret, "file", provenance->file_name);
	json_add_member(ret, "target", provenance->target);
	json_add_member(ret, "platform", provenance->platform);
	json_add_key(ret, "arguments");
	json_add_array(ret, provenance->args ? provenance->args : &nothing);
	text_add_char(ret, '}');
	begin_object(ret, "internalParameters");
	json_add_number(ret, "sourceDateEpoch", (uint64_t)provenance->epoch);
	json_add_member(ret, "compression", provenance->compression);
	add_flag(ret, "hermetic", provenance->is_hermetic);
	if (provenance->secrets) {
		json_add_key(ret, "secrets");
		json_add_array(ret, provenance->secrets);
	}
	add_steps(provenance, ret);
	text_add_char(ret, '}');
	add_dependencies(provenance, ret);
	text_add_char(ret, '}');
}

void provenance_write_predicate(const struct provenance *provenance, struct text *ret)
{
	text_add_char(ret, '{');
	add_definition(provenance, ret);
	begin_object(ret, "runDetails");
	begin_object(ret, "builder");
	json_add_member(ret, "id", "urn:box:builder");
	begin_object(ret, "version");
	json_add_member(ret, "box", BOX_VERSION);
	text_add(ret, "}}}}");
}

void provenance_write(const struct provenance *provenance, struct text *ret)
{
	text_add(ret, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{");
	json_add_member(ret, "name", provenance->name);
	add_digest(ret, provenance->digest);
	text_add(ret, "}]");
	json_add_member(ret, "predicateType", PROVENANCE_PREDICATE);
	json_add_key(ret, "predicate");
	provenance_write_predicate(provenance, ret);
	text_add_char(ret, '}');
}
