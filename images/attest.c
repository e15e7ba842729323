/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest.c - documents about an image of the store.
 */
#include "images/attest.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/sha256.h"
#include "base/text.h"
#include "images/catalogue.h"
#include "images/diff_request.h"
#include "images/image_write.h"
#include "images/provenance.h"
#include "images/referrers.h"
#include "images/store.h"
#include "specs/image_story.h"

#define SBOM_TYPE "application/spdx+json"
#define NO_TIME   "1970-01-01T00:00:00Z"

/* When the image says that it was made, in whole seconds, as SPDX has it; to be freed. NULL: its configuration cannot be read. */
static char *created_of(const struct places *places, const char *manifest, struct error *e)
{
	autorelease(image_story) struct image_story story = { 0 };
	autorelease(text) struct text json = { 0 };
	struct catalogue_entry entry = { 0 };
	int result = catalogue_manifest(places, manifest, &entry, e) ||
		     catalogue_blob(places, entry.config.digest, &json, e) ||
		     image_story_decode(json.data, json.length, entry.config.digest, &story, e);
	size_t whole = story.created ? strspn(story.created, "0123456789-:T") : 0;

	catalogue_entry_release(&entry);
	if (result)
		return NULL;
	/* With another zone than UTC it would be another time. */
	if (whole != strlen("1970-01-01T00:00:00") || !text_ends(story.created, "Z"))
		return alloc_copy(NO_TIME);
	return text_format("%.*sZ", (int)whole, story.created);
}

int attest_sbom(const struct places *places, const char *manifest, const char *name, bool attaches, struct text *ret,
		struct error *e)
{
	autofree char *created = created_of(places, manifest, e);
	autofree char *document = NULL;
	autofree char *referrer_digest = NULL;
	struct referrer referrer = { .artifact_type = SBOM_TYPE };

	if (!created || sbom_request(places, manifest, name, created, &document, &referrer.size, e))
		return -1;
	referrer.document = document;
	if (attaches && referrers_add(places, manifest, &referrer, &referrer_digest, e))
		return -1;
	return ret ? catalogue_blob(places, document, ret, e) : 0;
}

int attest_provenance(const struct places *places, const struct provenance *provenance, struct error *e)
{
	autorelease(list) struct list annotations = { 0 };
	autorelease(text) struct text json = { 0 };
	autoclose int store = store_open(places->store, e);
	autofree char *referrer_digest = NULL;
	char digest[SHA256_TEXT];
	struct referrer referrer = { .artifact_type = PROVENANCE_TYPE,
				     .document = digest,
				     .annotations = &annotations };

	if (store < 0)
		return -1;
	provenance_write(provenance, &json);
	referrer.size = (int64_t)json.length;
	list_add(&annotations, "in-toto.io/predicate-type=" PROVENANCE_PREDICATE);
	if (image_write_blob(store, &json, digest, e))
		return error_in(e, "write the provenance");
	return referrers_add(places, provenance->digest, &referrer, &referrer_digest, e);
}
