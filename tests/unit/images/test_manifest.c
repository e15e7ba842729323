/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_manifest.c - indexes and manifests: what is taken, what is refused, and which image is chosen.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/index.h"
#include "images/platform.h"
#include "images/unpack/manifest.h"

#define HEX64            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BLOB             "\"digest\":\"sha256:" HEX64 "\",\"size\":5"
#define NAMED(name)      "{" BLOB ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}}"
#define ON(os, arch)     "{" BLOB ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}}"
#define INDEX(manifests) "{\"schemaVersion\":2,\"manifests\":[" manifests "]}"

static int decode(const char *json, const char *media_type, struct document *ret, struct error *e)
{
	return document_decode(json, strlen(json), "test.json", media_type, ret, e);
}

Test(manifest, is_told_from_an_index_by_what_it_holds)
{
	struct document document = { 0 };
	struct error e = { 0 };

	cr_assert_eq(decode("{\"schemaVersion\":2,\"config\":{" BLOB "},\"layers\":[{" BLOB "}],\"unknown\":[1]}", NULL,
			    &document, &e),
		     0, "%s", e.text);
	cr_expect_eq(document_kind(&document), DOCUMENT_MANIFEST);
	cr_expect_eq(document.layer_count, 1);
	cr_expect_eq(document.layers[0].size, 5);
	document_release(&document);
	cr_assert_eq(decode(INDEX(""), NULL, &document, &e), 0, "%s", e.text);
	cr_expect_eq(document_kind(&document), DOCUMENT_INDEX);
	document_release(&document);
}

Test(manifest, confusion_is_refused)
{
	static const char manifest_type[] = "application/vnd.oci.image.manifest.v1+json";
	static const char index_type[] = "application/vnd.oci.image.index.v1+json";
	static const struct {
		const char *json, *media_type, *part;
	} cases[] = {
		{ "{\"schemaVersion\":2,\"config\":{" BLOB "},\"layers\":[],\"manifests\":[{" BLOB "}]}", NULL,
		  "a manifest and an index at once" },
		{ "{\"schemaVersion\":2,\"layers\":[{" BLOB "}]}", NULL, "no configuration" },
		{ "{\"schemaVersion\":2,\"config\":{" BLOB "},\"layers\":[]}", index_type, "is something else" },
		{ INDEX(""), manifest_type, "is something else" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}",
		  manifest_type, "what led to it" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"text/html\",\"manifests\":[]}", NULL, "does not read" },
		{ "{\"schemaVersion\":1,\"manifests\":[]}", NULL, "schemaVersion is 1" },
		{ "{\"manifests\":[]}", NULL, "schemaVersion" },
		{ "{\"schemaVersion\":2,\"schemaVersion\":2}", NULL, "test.json" },
		{ "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"x\",\"size\":-1}]}", NULL, "size" },
		{ "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"x\"}]}", NULL, "size" },
		{ "[]", NULL, "test.json" },
		{ "", NULL, "test.json" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct document document = { 0 };
		struct error e = { 0 };

		cr_expect_eq(decode(cases[i].json, cases[i].media_type, &document, &e), -1, "taken: %s", cases[i].json);
		cr_expect_not_null(strstr(e.text, cases[i].part), "%s: %s", cases[i].json, e.text);
		cr_expect_eq(e.kind == ERROR_IMAGE || e.kind == ERROR_UNSUPPORTED, true);
	}
}

/* What is chosen in json by tag (index of the entry), or -1 and the error. */
static int choose(const char *json, const char *tag, struct error *e)
{
	struct document document = { 0 };
	const struct descriptor *chosen;
	int result;

	cr_assert_eq(decode(json, NULL, &document, e), 0, "%s", e->text);
	chosen = document_choose_tag(&document, tag, e);
	result = chosen ? (int)(chosen - document.manifests) : -1;
	document_release(&document);
	return result;
}

Test(manifest, a_tag_chooses)
{
	struct error e = { 0 };

	cr_expect_eq(choose(INDEX(NAMED("a")), NULL, &e), 0);
	cr_expect_eq(choose(INDEX("{" BLOB "}"), NULL, &e), 0);
	cr_expect_eq(choose(INDEX(NAMED("a") "," NAMED("b")), "b", &e), 1);
	cr_expect_eq(choose(INDEX(NAMED("a") "," NAMED("b")), NULL, &e), -1);
	cr_expect_str_eq(e.text, "it holds 2 images: a, b");
	cr_expect_neq(e.hint[0], '\0');
	cr_expect_eq(choose(INDEX(NAMED("a")), "c", &e), -1);
	cr_expect_str_eq(e.text, "no image with the tag \"c\"; there are: a");
	cr_expect_eq(e.kind, ERROR_MISSING);
	cr_expect_eq(choose(INDEX(""), NULL, &e), -1);
	cr_expect_str_eq(e.text, "it holds no image");
	/* A tag is shown to people: it must not steer their terminal. */
	cr_expect_eq(choose(INDEX(NAMED("\\u001b[2J") "," NAMED("b")), NULL, &e), -1);
	cr_expect_null(strchr(e.text, 0x1b));
}

static int choose_platform(const char *json, struct error *e)
{
	struct document document = { 0 };
	const struct descriptor *chosen;
	int result;

	cr_assert_eq(decode(json, NULL, &document, e), 0, "%s", e->text);
	chosen = document_choose_platform(&document, NULL, e);
	result = chosen ? (int)(chosen - document.manifests) : -1;
	document_release(&document);
	return result;
}

Test(manifest, the_host_chooses_among_platforms)
{
	struct error e = { 0 };
	autofree char *mine = text_format(INDEX(ON("linux", "s390x") "," ON("windows", "%s") "," ON("linux", "%s")),
					  platform_host_architecture(), platform_host_architecture());

	cr_expect_eq(choose_platform(mine, &e), 2);
	cr_expect_eq(choose_platform(INDEX("{" BLOB "}"), &e), 0);
	cr_expect_eq(choose_platform(INDEX(ON("linux", "s390x") "," ON("unknown", "unknown")), &e), -1);
	cr_expect_not_null(strstr(e.text, "linux/s390x, unknown/unknown"), "%s", e.text);
}

Test(manifest, layers_are_tars_or_nothing)
{
	enum compression compression = COMPRESSION_NONE;
	struct error e = { 0 };

	cr_expect_eq(layer_media_type("application/vnd.oci.image.layer.v1.tar+zstd", &compression, &e), 0);
	cr_expect_eq(compression, COMPRESSION_ZSTD);
	cr_expect_eq(layer_media_type("application/vnd.docker.image.rootfs.diff.tar.gzip", &compression, &e), 0);
	cr_expect_eq(compression, COMPRESSION_GZIP);
	cr_expect_eq(layer_media_type("application/vnd.erofs", &compression, &e), -1);
	cr_expect_eq(layer_media_type(NULL, &compression, &e), -1);
	for (int i = COMPRESSION_NONE; i <= COMPRESSION_ZSTD; i++) {
		cr_expect_eq(layer_media_type(layer_media_type_of((enum compression)i), &compression, &e), 0);
		cr_expect_eq(compression, i);
	}
}

Test(manifest, names_for_the_index_follow_its_grammar)
{
	static const char *const cases[][2] = {
		{ "oci:/srv/images:web", "srv/images:web" },
		{ "/tmp/x.tar.gz", "tmp/x.tar.gz" },
		{ "oci:/a b//c", "a-b/c" },
		{ "/.hidden/-x-", "hidden/x" },
		{ "/a..b", "a.b" },
		{ "/", "" },
		{ "/\xc3\xa4/b", "b" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text name = { 0 };

		index_name(cases[i][0], &name);
		cr_expect_str_eq(name.data ? name.data : "", cases[i][1], "%s becomes %s", cases[i][0], name.data);
		text_release(&name);
	}
}

Test(manifest, the_index_keeps_others_and_replaces_its_own)
{
	static char media_type[] = "application/vnd.oci.image.manifest.v1+json", digest[] = "sha256:" HEX64;
	struct descriptor descriptor = { .media_type = media_type, .digest = digest, .size = 77 };
	const char *old = INDEX(NAMED("keep") "," NAMED("mine"));
	struct text new = { 0 };
	struct error e = { 0 };

	cr_assert_eq(index_change(old, strlen(old), "mine", &descriptor, &new, &e), 0, "%s", e.text);
	cr_expect_eq(choose(new.data, "keep", &e), 0);
	cr_expect_eq(choose(new.data, "mine", &e), 1);
	cr_expect_not_null(strstr(new.data, "\"size\":77"));
	cr_expect_null(strstr(strstr(new.data, "mine") + 1, "mine"));
	text_release(&new);
}

Test(manifest, docker_save_names_images_in_several_ways)
{
	static const char json[] =
		"[{\"Config\":\"a.json\",\"RepoTags\":[\"docker.io/library/debian:12\"],\"Layers\":[\"1\"]},"
		"{\"Config\":\"b.json\",\"RepoTags\":[\"web:latest\"],\"Layers\":[\"2\",\"3\"]},"
		"{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"4\"]}]";
	static const char *const cases[][2] = {
		{ "debian:12", "a.json" },
		{ "docker.io/library/debian:12", "a.json" },
		{ "web", "b.json" },
		{ "web:latest", "b.json" },
	};
	struct docker_archive archive = { 0 };
	struct error e = { 0 };

	cr_assert_eq(docker_archive_decode(json, strlen(json), "manifest.json", &archive, &e), 0, "%s", e.text);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct docker_image *image = docker_archive_choose(&archive, cases[i][0], &e);

		cr_assert_not_null(image, "%s: %s", cases[i][0], e.text);
		cr_expect_str_eq(image->config, cases[i][1]);
	}
	cr_expect_null(docker_archive_choose(&archive, "debian", &e));
	cr_expect_null(docker_archive_choose(&archive, NULL, &e));
	docker_archive_release(&archive);
}
