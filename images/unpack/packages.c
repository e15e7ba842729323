/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packages.c - what the package databases of an image say is in it.
 */
#include "images/unpack/packages.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/image_tree.h"
#include "specs/field.h"

enum { DATABASE_LIMIT = 64 << 20, FILE_LIMIT = 1 << 20, VALUE_LIMIT = 256 };

/* Where what is found goes, and what all of it shares. */
struct search {
	struct packages *packages;
	const char *found;
	char *distribution; /* "debian"; NULL: nobody says */
};

enum kind { KIND_NONE, KIND_RELEASE, KIND_DPKG, KIND_APK, KIND_NPM, KIND_PYTHON, KIND_RPM };

/* ".../node_modules/NAME/package.json" or ".../node_modules/@SCOPE/NAME/package.json": a package's own, no file of its tests. */
static bool is_npm(const char *path)
{
	const char *modules = NULL, *next = path;
	int parts = 0;

	while ((next = strstr(next, "node_modules/"))) {
		next += strlen("node_modules/");
		modules = next;
	}
	if (!modules || !text_ends(modules, "/package.json"))
		return false;
	for (const char *c = modules; *c; c++)
		parts += *c == '/';
	return parts == (*modules == '@' ? 2 : 1);
}

static enum kind kind_of(const char *path)
{
	static const struct {
		const char *path;
		enum kind kind;
	} files[] = {
		{ "etc/os-release", KIND_RELEASE },
		{ "usr/lib/os-release", KIND_RELEASE },
		{ "var/lib/dpkg/status", KIND_DPKG },
		{ "lib/apk/db/installed", KIND_APK },
		{ "usr/lib/apk/db/installed", KIND_APK },
		{ "var/lib/rpm/rpmdb.sqlite", KIND_RPM },
		{ "var/lib/rpm/Packages", KIND_RPM },
		{ "var/lib/rpm/Packages.db", KIND_RPM },
		{ "usr/lib/sysimage/rpm/rpmdb.sqlite", KIND_RPM },
	};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (strcmp(files[i].path, path) == 0)
			return files[i].kind;
	if (text_starts(path, "var/lib/dpkg/status.d/"))
		return text_ends(path, ".md5sums") ? KIND_NONE : KIND_DPKG;
	if (text_ends(path, ".dist-info/METADATA") || text_ends(path, ".egg-info/PKG-INFO"))
		return KIND_PYTHON;
	return is_npm(path) ? KIND_NPM : KIND_NONE;
}

size_t packages_keep(const char *path, const void *data)
{
	enum kind kind = kind_of(path);

	(void)data;
	if (kind == KIND_NONE || kind == KIND_RPM)
		return 0;
	return kind == KIND_DPKG || kind == KIND_APK ? DATABASE_LIMIT : FILE_LIMIT;
}

/* As a part of a package URL. */
static void add_escaped(struct text *ret, const char *value)
{
	for (const char *c = value; c && *c; c++) {
		if (isalnum((unsigned char)*c) || strchr(".-_~:", *c))
			text_add_char(ret, *c);
		else
			text_addf(ret, "%%%02X", (unsigned char)*c);
	}
}

static bool is_sound(const char *value)
{
	size_t length = value ? strnlen(value, VALUE_LIMIT) : 0;

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return false;
	return length > 0 && length < VALUE_LIMIT;
}

/* type: "deb"; space: what stands before the name, or NULL. */
static void add_package(struct search *search, const char *type, const char *space, const char *name,
			const char *version, const char *arch)
{
	autorelease(text) struct text purl = { 0 };
	struct package *package;

	if (!is_sound(name) || !is_sound(version) || (arch && !is_sound(arch)))
		return;
	text_addf(&purl, "pkg:%s/", type);
	if (space) {
		add_escaped(&purl, space);
		text_add_char(&purl, '/');
	}
	add_escaped(&purl, name);
	text_add_char(&purl, '@');
	add_escaped(&purl, version);
	if (arch) {
		text_add(&purl, "?arch=");
		add_escaped(&purl, arch);
	}
	package = alloc_append(&search->packages->items, &search->packages->count, sizeof *package);
	*package =
		(struct package){ alloc_copy(name), alloc_copy(version), text_take(&purl), alloc_copy(search->found) };
}

/* The value of key in the paragraph, which ends at end; NULL without one. To be freed. */
static char *value_of(const char *paragraph, const char *end, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = paragraph; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		const char *stop = next ? next : end;

		if ((size_t)(stop - line) > length && strncasecmp(line, key, length) == 0) {
			line += length;
			while (line < stop && (*line == ' ' || *line == '\t'))
				line++;
			while (stop > line && (stop[-1] == ' ' || stop[-1] == '\r'))
				stop--;
			return alloc_copy_bytes(line, (size_t)(stop - line));
		}
		line = stop + 1;
	}
	return NULL;
}

static void add_paragraph(struct search *search, enum kind kind, const char *begin, const char *end)
{
	bool is_dpkg = kind == KIND_DPKG;
	autofree char *name = value_of(begin, end, is_dpkg ? "Package:" : "P:");
	autofree char *version = value_of(begin, end, is_dpkg ? "Version:" : "V:");
	autofree char *arch = value_of(begin, end, is_dpkg ? "Architecture:" : "A:");
	autofree char *status = is_dpkg ? value_of(begin, end, "Status:") : NULL;

	/* What was removed and left its configuration stays in the database. Distroless images say no status. */
	if (status && !text_ends(status, " installed"))
		return;
	add_package(search, is_dpkg ? "deb" : "apk",
		    search->distribution ? search->distribution
		    : is_dpkg            ? "debian"
					 : "alpine",
		    name, version, arch);
}

static void read_paragraphs(struct search *search, enum kind kind, const char *content)
{
	for (const char *begin = content; *begin;) {
		const char *end = strstr(begin, "\n\n");

		add_paragraph(search, kind, begin, end ? end : begin + strlen(begin));
		if (!end)
			return;
		begin = end + strspn(end, "\n");
	}
}

static void read_python(struct search *search, const char *content)
{
	const char *blank = strstr(content, "\n\n");
	const char *end = blank ? blank : content + strlen(content);
	autofree char *name = value_of(content, end, "Name:");
	autofree char *version = value_of(content, end, "Version:");

	/* Python's packages have one name, however it is written. */
	for (char *c = name; c && *c; c++)
		*c = *c == '_' || *c == '.' ? '-' : (char)tolower((unsigned char)*c);
	add_package(search, "pypi", NULL, name, version, NULL);
}

struct npm {
	char *name, *version;
};

static void read_npm(struct search *search, const char *content, size_t length)
{
	static const struct field fields[] = {
		{ "name", FIELD_TEXT, offsetof(struct npm, name), .flags = FIELD_OPEN, .help = "name" },
		{ "version", FIELD_TEXT, offsetof(struct npm, version), .help = "version" },
		{ 0 },
	};
	struct npm npm = { 0 };
	struct error ignored = { 0 };
	char *slash;

	if (field_decode_text(content, length, "package.json", fields, &npm, &ignored) == 0 && npm.name) {
		slash = *npm.name == '@' ? strchr(npm.name, '/') : NULL;
		if (slash)
			*slash = '\0';
		add_package(search, "npm", slash ? npm.name : NULL, slash ? slash + 1 : npm.name, npm.version, NULL);
	}
	field_release(fields, &npm);
}

static void read_release(struct search *search, const char *content)
{
	const char *end = content + strlen(content);
	char *id = value_of(content, end, "ID=");
	size_t length = id ? strlen(id) : 0;

	if (length >= 2 && (*id == '"' || *id == '\'') && id[length - 1] == *id) {
		id[length - 1] = '\0';
		memmove(id, id + 1, length - 1);
	}
	free(search->distribution);
	search->distribution = id;
	if (is_sound(id))
		return;
	free(search->distribution);
	search->distribution = NULL;
}

static void read_entry(struct search *search, const struct tree_entry *entry)
{
	enum kind kind = kind_of(entry->path);

	search->found = entry->path;
	if (kind == KIND_RPM && entry->type == TAR_FILE)
		list_addf(&search->packages->unread,
			  "/%s is a database of rpm, which is not read: its packages are not listed", entry->path);
	if (!entry->kept)
		return;
	if (kind == KIND_DPKG || kind == KIND_APK)
		read_paragraphs(search, kind, entry->kept);
	else if (kind == KIND_PYTHON)
		read_python(search, entry->kept);
	else if (kind == KIND_NPM)
		read_npm(search, entry->kept, entry->kept_length);
}

static int compare(const void *a, const void *b)
{
	const struct package *left = a, *right = b;
	int order = strcmp(left->purl, right->purl);

	return order ? order : strcmp(left->found, right->found);
}

static void package_release(struct package *package)
{
	free(package->name);
	free(package->version);
	free(package->purl);
	free(package->found);
}

static void keep_each_once(struct packages *packages)
{
	size_t kept = 0;

	if (packages->count)
		qsort(packages->items, packages->count, sizeof *packages->items, compare);
	for (size_t i = 0; i < packages->count; i++) {
		if (kept && strcmp(packages->items[kept - 1].purl, packages->items[i].purl) == 0)
			package_release(&packages->items[i]);
		else
			packages->items[kept++] = packages->items[i];
	}
	packages->count = kept;
}

void packages_find(const struct image_tree *tree, struct packages *ret)
{
	static const char *const releases[] = { "usr/lib/os-release", "etc/os-release" };
	struct search search = { .packages = ret };

	for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
		const struct tree_entry *entry = image_tree_find(tree, releases[i]);

		if (entry && entry->kept)
			read_release(&search, entry->kept);
	}
	for (size_t i = 0; i < tree->count; i++)
		read_entry(&search, &tree->items[i]);
	free(search.distribution);
	keep_each_once(ret);
}

void packages_release(struct packages *packages)
{
	int saved = errno;

	for (size_t i = 0; i < packages->count; i++)
		package_release(&packages->items[i]);
	free(packages->items);
	list_release(&packages->unread);
	*packages = (struct packages){ 0 };
	errno = saved;
}
