/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_reference.c - what the user named: folders, tars, layouts and archives with and without tags.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "images/reference.h"
#include "tests/unit/base/scratch.h"

/* The absolute path of name in the scratch folder, behind word. */
static char *at(const char *word, const char *name)
{
	char here[4096];

	cr_assert_not_null(getcwd(here, sizeof here));
	return text_format("%s%s/%s", word, here, name);
}

static void expect(const char *words, enum reference_kind kind, const char *path, const char *tag)
{
	struct reference reference = { 0 };
	struct error e = { 0 };

	cr_assert_eq(reference_parse(words, &reference, &e), 0, "%s: %s", words, e.text);
	cr_expect_eq(reference.kind, kind, "%s is a %s", words, reference_kind_name(reference.kind));
	cr_expect(text_ends(reference.path, path) && reference.path[0] == '/', "%s has the path %s", words,
		  reference.path);
	cr_expect(text_equal(reference.tag, tag), "%s has the tag %s", words, reference.tag ? reference.tag : "(none)");
	reference_release(&reference);
}

static void expect_error(const char *words, const char *part)
{
	struct reference reference = { 0 };
	struct error e = { 0 };

	cr_expect_eq(reference_parse(words, &reference, &e), -1, "%s was taken", words);
	cr_expect_not_null(strstr(e.text, part), "%s: %s", words, e.text);
	cr_expect_null(reference.path);
}

Test(reference, a_plain_path_is_a_folder_or_a_tar)
{
	SCRATCH();
	autofree char *folder = at("", "folder");
	autofree char *tar = at("", "root.tar");
	autofree char *fifo = at("", "fifo");
	autofree char *missing = at("", "missing");

	cr_assert_eq(mkdir("folder", 0755), 0);
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	put("root.tar", "x");
	expect(folder, REFERENCE_FOLDER, "/folder", NULL);
	expect(tar, REFERENCE_TAR, "/root.tar", NULL);
	expect_error(fifo, "neither a folder nor a file");
	expect_error(missing, "missing: No such file or directory [ENOENT]");
	expect_error("oci:relative:tag", "not absolute");
}

Test(reference, the_tag_is_behind_what_exists)
{
	static const struct {
		const char *rest, *path, *tag;
	} cases[] = {
		{ "layout", "/layout", NULL },
		{ "layout:web", "/layout", "web" },
		{ "layout:", "/layout", NULL },
		{ "layout:docker.io/library/debian:12", "/layout", "docker.io/library/debian:12" },
		{ "odd:name", "/odd:name", NULL },
		{ "odd:name:tag", "/odd:name", "tag" },
		{ "missing", "/missing", NULL },
		{ "missing:tag", "/missing", "tag" },
	};
	SCRATCH();

	cr_assert_eq(mkdir("layout", 0755) | mkdir("odd:name", 0755), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		autofree char *oci = at("oci:", cases[i].rest);
		autofree char *archive = at("oci-archive:", cases[i].rest);
		autofree char *docker = at("docker-archive:", cases[i].rest);

		expect(oci, REFERENCE_OCI, cases[i].path, cases[i].tag);
		expect(archive, REFERENCE_OCI_ARCHIVE, cases[i].path, cases[i].tag);
		expect(docker, REFERENCE_DOCKER_ARCHIVE, cases[i].path, cases[i].tag);
	}
}

Test(reference, kinds_have_names)
{
	for (int i = REFERENCE_FOLDER; i <= REFERENCE_DOCKER_ARCHIVE; i++)
		cr_expect_eq(reference_kind_of(reference_kind_name((enum reference_kind)i)), i);
	cr_expect_eq(reference_kind_of("docker"), -1);
	cr_expect_eq(reference_kind_of(""), -1);
}

Test(reference, relative_paths_begin_in_the_current_folder)
{
	static const char *const cases[][2] = {
		{ "oci:d:tag", "oci:/tmp/d:tag" },
		{ "oci-archive:./a.tar", "oci-archive:/tmp/./a.tar" },
		{ "docker-archive:/a.tar", "docker-archive:/a.tar" },
		{ "./x.tar", "/tmp/./x.tar" },
		{ "localhost:5000/web:1", "localhost:5000/web:1" },
	};

	cr_assert_eq(chdir("/tmp"), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *found = reference_absolute(cases[i][0]);

		cr_expect_str_eq(found, cases[i][1]);
		free(found);
	}
}
