/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_sbom.c - the software bill of materials of an image (SPDX 2.3, JSON), in the sandbox.
 *
 * What is listed is what the image's own package databases say (packages.h); nothing is guessed from files. The same image gives the same
 * bytes: packages are sorted, the time is the image's, and the namespace is its digest.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/text.h"
#include "images/unpack/image_tree.h"
#include "images/unpack/packages.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"
#include "images/unpack/worker_reading.h"

/* SPDX's identifiers have letters, digits, "." and "-". */
static void add_id(struct text *ret, size_t n)
{
	text_addf(ret, "SPDXRef-Package-%zu", n + 1);
}

static void add_package(struct text *ret, const struct package *package, size_t n)
{
	text_add(ret, ",{\"name\":");
	json_add_text(ret, package->name);
	json_add_key(ret, "SPDXID");
	text_add_char(ret, '"');
	add_id(ret, n);
	text_add_char(ret, '"');
	json_add_member(ret, "versionInfo", package->version);
	json_add_member(ret, "downloadLocation", "NOASSERTION");
	json_add_key(ret, "filesAnalyzed");
	text_add(ret, "false");
	json_add_member(ret, "licenseConcluded", "NOASSERTION");
	/* What a database says need not be one of SPDX's names for licences. */
	json_add_member(ret, "licenseDeclared", "NOASSERTION");
	json_add_member(ret, "copyrightText", "NOASSERTION");
	json_add_member(ret, "sourceInfo", package->found);
	json_add_key(ret, "externalRefs");
	text_add(ret, "[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\"");
	json_add_member(ret, "referenceLocator", package->purl);
	text_add(ret, "}]}");
}

static void write_sbom(const struct worker_sbom *sbom, const struct packages *packages, struct text *ret)
{
	text_add(ret, "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":\"SPDXRef-DOCUMENT\"");
	json_add_member(ret, "name", sbom->name);
	json_add_key(ret, "documentNamespace");
	text_addf(ret, "\"urn:box:spdx:%s\"", sbom->digest);
	json_add_key(ret, "creationInfo");
	text_add(ret, "{\"creators\":[\"Tool: box-" BOX_VERSION "\"]");
	json_add_member(ret, "created", sbom->created);
	text_add(ret, "},\"packages\":[{");
	json_add_member(ret, "name", sbom->name);
	json_add_member(ret, "SPDXID", "SPDXRef-Image");
	json_add_member(ret, "versionInfo", sbom->digest);
	json_add_member(ret, "downloadLocation", "NOASSERTION");
	json_add_key(ret, "filesAnalyzed");
	text_add(ret, "false,\"primaryPackagePurpose\":\"CONTAINER\"}");
	for (size_t i = 0; i < packages->count; i++)
		add_package(ret, &packages->items[i], i);
	text_add(ret, "],\"relationships\":[{\"spdxElementId\":\"SPDXRef-DOCUMENT\",\"relationshipType\":\"DESCRIBES\","
		      "\"relatedSpdxElement\":\"SPDXRef-Image\"}");
	for (size_t i = 0; i < packages->count; i++) {
		text_add(ret, ",{\"spdxElementId\":\"SPDXRef-Image\",\"relationshipType\":\"CONTAINS\","
			      "\"relatedSpdxElement\":\"");
		add_id(ret, i);
		text_add(ret, "\"}");
	}
	text_add(ret, "]}");
}

static int make(int channel, const struct worker_sbom *sbom, struct error *e)
{
	const struct tree_wish wish = { .channel = channel, .blobs = sbom->layers, .keep = packages_keep };
	autorelease(image_tree) struct image_tree tree = { 0 };
	autorelease(packages) struct packages packages = { 0 };
	autorelease(text) struct text json = { 0 };
	autofree char *told = NULL;
	struct wire_message answer;
	autoclose int file = -1, blob = -1;

	if (image_tree_read(&wish, &tree, e))
		return -1;
	packages_find(&tree, &packages);
	for (size_t i = 0; i < packages.unread.count; i++)
		if (wire_ask(channel, WIRE_WARN, packages.unread.items[i], 0, NULL, NULL, e))
			return -1;
	write_sbom(sbom, &packages, &json);
	file = openat(AT_FDCWD, "sbom", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0 || write_all(file, json.data, json.length))
		return error_sys(e, "write the SBOM");
	if (wire_ask(channel, WIRE_MADE, "sbom", 0, &answer, &blob, e))
		return -1;
	told = text_format("%.150s %lld", answer.text, (long long)answer.number);
	return wire_ask(channel, WIRE_TELL, told, 0, NULL, NULL, e);
}

int worker_sbom(int channel, void *data)
{
	struct error e = { 0 };

	if (make(channel, data, &e) == 0 && wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, &e) == 0)
		return 0;
	worker_fail(channel, &e);
	return 1;
}
