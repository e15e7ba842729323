/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.c - what a build made, as JSON for CI. Its members are named as docker buildx names them.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "images/catalogue.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

static void add_names(const struct list *names, struct text *ret)
{
	autorelease(text) struct text joined = { 0 };

	for (size_t i = 0; i < names->count; i++)
		text_addf(&joined, "%s%s", i ? "," : "", names->items[i]);
	if (joined.length)
		json_add_member(ret, "image.name", joined.data);
}

static int describe(const struct build_work *work, const struct list *names, const char *digest, const struct text *predicate,
		    struct text *ret, struct error *e)
{
	autorelease(text) struct text manifest = { 0 };
	struct catalogue_entry entry = { 0 };

	if (catalogue_blob(work->call->places, digest, &manifest, e) || catalogue_manifest(work->call->places, digest, &entry, e))
		return -1;
	text_add_char(ret, '{');
	if (predicate->length) {
		json_add_key(ret, "buildx.build.provenance");
		text_add(ret, predicate->data);
	}
	json_add_member(ret, "containerimage.config.digest", entry.config.digest);
	json_add_key(ret, "containerimage.descriptor");
	text_add_char(ret, '{');
	json_add_member(ret, "mediaType", MANIFEST_TYPE);
	json_add_member(ret, "digest", digest);
	json_add_number(ret, "size", manifest.length);
	text_add_char(ret, '}');
	json_add_member(ret, "containerimage.digest", digest);
	add_names(names, ret);
	json_add_number(ret, "io.box.created", (uint64_t)work->created);
	if (work->options->verify) {
		json_add_key(ret, "io.box.verified"); /* else nothing is written */
		text_add(ret, "true");
	}
	text_add(ret, "}\n");
	catalogue_entry_release(&entry);
	return 0;
}

int build_metadata_write(const struct build_work *work, const struct list *names, const char *digest, const struct text *predicate,
			 struct error *e)
{
	autorelease(text) struct text json = { 0 };

	return describe(work, names, digest, predicate, &json, e) ||
			       output_file_write(work->options->metadata_file, json.data, json.length, e) ? -1 : 0;
}
