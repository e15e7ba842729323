/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor.c - how OCI documents speak about a blob.
 */
#include "images/descriptor.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "specs/field.h"

static const struct field platform_fields[] = {
	{ "architecture", FIELD_TEXT, offsetof(struct platform, architecture), .flags = FIELD_OPEN,
	  .help = "processor" },
	{ "os", FIELD_TEXT, offsetof(struct platform, os), .help = "operating system" },
	{ "variant", FIELD_TEXT, offsetof(struct platform, variant), .help = "of the processor" },
	{ 0 },
};

const struct field descriptor_fields[] = {
	{ "mediaType", FIELD_TEXT, offsetof(struct descriptor, media_type), .flags = FIELD_OPEN,
	  .help = "what the blob is" },
	{ "digest", FIELD_TEXT, offsetof(struct descriptor, digest), .flags = FIELD_REQUIRED,
	  .help = "name of the blob" },
	{ "size", FIELD_INTEGER, offsetof(struct descriptor, size), .flags = FIELD_REQUIRED, .min = 0, .max = INT64_MAX,
	  .help = "bytes" },
	{ "artifactType", FIELD_TEXT, offsetof(struct descriptor, artifact_type), .help = "what an artifact is" },
	{ "platform", FIELD_OBJECT, offsetof(struct descriptor, platform), .sub = platform_fields,
	  .help = "what it runs on" },
	{ "annotations", FIELD_MAP, offsetof(struct descriptor, annotations), .help = "free words" },
	{ 0 },
};

void descriptor_write_annotations(const struct list *annotations, struct text *ret)
{
	json_add_key(ret, "annotations");
	text_add_char(ret, '{');
	for (size_t i = 0; i < annotations->count; i++) {
		const char *equals = strchr(annotations->items[i], '=');
		autofree char *key =
			text_format("%.*s", equals ? (int)(equals - annotations->items[i]) : 0, annotations->items[i]);

		if (i)
			text_add_char(ret, ',');
		json_add_text(ret, key);
		text_add_char(ret, ':');
		json_add_text(ret, equals ? equals + 1 : "");
	}
	text_add_char(ret, '}');
}

void descriptor_write(const struct descriptor *descriptor, struct text *ret)
{
	text_add_char(ret, '{');
	json_add_member(ret, "mediaType", descriptor->media_type ? descriptor->media_type : "application/vnd.oci.image.manifest.v1+json");
	json_add_member(ret, "digest", descriptor->digest);
	text_addf(ret, ",\"size\":%lld", (long long)descriptor->size);
	json_add_member(ret, "artifactType", descriptor->artifact_type);
	if (descriptor->platform.os && descriptor->platform.architecture) {
		json_add_key(ret, "platform");
		text_add_char(ret, '{');
		json_add_member(ret, "architecture", descriptor->platform.architecture);
		json_add_member(ret, "os", descriptor->platform.os);
		json_add_member(ret, "variant", descriptor->platform.variant);
		text_add_char(ret, '}');
	}
	if (descriptor->annotations.count)
		descriptor_write_annotations(&descriptor->annotations, ret);
	text_add_char(ret, '}');
}
