/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build_glob.c - patterns of COPY and .dockerignore, with the answers that Docker gives.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/build_ignore.h"
#include "specs/build_path.h"

static const struct {
	const char *pattern, *path;
	bool deep, is_match;
} globs[] = {
	{ "a", "a", true, true },
	{ "a", "ab", true, false },
	{ "*.c", "x.c", false, true },
	{ "*.c", "d/x.c", false, false },
	{ "?.c", "é.c", false, true },
	{ "??.c", "é.c", false, false },
	{ "[a-c]x", "bx", false, true },
	{ "[^a-c]x", "bx", false, false },
	{ "[^a-c]x", "dx", false, true },
	{ "a[^b]c", "a/c", false, false },
	{ "[\\]]", "]", false, true },
	{ "\\*", "*", false, true },
	{ "\\*", "a", false, false },
	{ "**", "a/b/c", true, true },
	{ "**/a", "a", true, true },
	{ "**/a", "x/y/a", true, true },
	{ "**/a", "xa", true, false },
	{ "**/*.go", "x.go", true, true },
	{ "**/*.go", "a/b/x.go", true, true },
	{ "**/*.go", "a/b/x.goo", true, false },
	{ "a/**", "a", true, false },
	{ "a/**", "a/b/c", true, true },
	{ "a/**/b", "a/b", true, true },
	{ "a/**/b", "a/x/y/b", true, true },
	{ "a/**/b", "a/xb", true, false },
	{ "**.md", "docs/a.md", true, true },
	{ "a/**", "a/b/c", false, false }, /* COPY without --parents: "**" is "*" */
	{ "a/**", "a/b", false, true },
	{ "src/*/[a-z]*.[ch]", "src/base/text.c", false, true },
	{ "*a*b*c", "xaybzc", false, true },
	{ "*a*b*c", "xaybz", false, false },
	{ "日*", "日本", false, true },
};

Test(build_glob, paths_match_as_docker_has_it)
{
	for (size_t i = 0; i < sizeof globs / sizeof *globs; i++) {
		struct build_glob glob = { 0 };
		struct error e = { 0 };

		cr_assert_eq(build_glob_compile(globs[i].pattern, globs[i].deep, &glob, &e), 0, "%s: %s",
			     globs[i].pattern, e.text);
		cr_expect_eq(build_glob_match(&glob, globs[i].path), globs[i].is_match, "\"%s\" and \"%s\"",
			     globs[i].pattern, globs[i].path);
		build_glob_release(&glob);
	}
}

Test(build_glob, what_is_no_pattern_is_refused)
{
	static const char *const wrong[] = { "[", "[a", "[]", "[-]", "a\\", "[a-]", NULL };

	for (size_t i = 0; wrong[i]; i++) {
		struct build_glob glob = { 0 };
		struct error e = { 0 };

		cr_expect_eq(build_glob_compile(wrong[i], true, &glob, &e), -1, "%s", wrong[i]);
		cr_expect_eq(e.kind, ERROR_SPEC);
		build_glob_release(&glob);
	}
}

Test(build_glob, a_hostile_pattern_takes_no_time, .timeout = 20)
{
	struct build_glob glob = { 0 };
	struct error e = { 0 };
	struct text pattern = { 0 }, path = { 0 };

	for (int i = 0; i < 500; i++)
		text_add(&pattern, "**/*a");
	text_add(&pattern, "b");
	for (int i = 0; i < 2000; i++)
		text_add(&path, "a/");
	text_add(&path, "xb");
	cr_assert_eq(build_glob_compile(pattern.data, true, &glob, &e), 0);
	cr_expect_not(build_glob_match(&glob, path.data));
	build_glob_release(&glob);
	text_release(&pattern);
	text_release(&path);
}

Test(build_glob, a_walk_enters_only_what_can_match)
{
	static const struct {
		const char *pattern, *folder;
		bool leads;
	} rows[] = { { "a/b/*.c", "", true },    { "a/b/*.c", "a", true },      { "a/b/*.c", "b", false },
		     { "a/b/*.c", "a/b", true }, { "a/b/*.c", "a/b/c", false }, { "**/x", "any/thing", true },
		     { "a*/x", "ab", true },     { "a*/x", "b", false } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct build_glob glob = { 0 };
		struct error e = { 0 };

		cr_assert_eq(build_glob_compile(rows[i].pattern, true, &glob, &e), 0);
		cr_expect_eq(build_glob_leads(&glob, rows[i].folder), rows[i].leads, "%s below %s", rows[i].pattern,
			     rows[i].folder);
		build_glob_release(&glob);
	}
	cr_expect_eq(build_glob_folder("a/b/c*"), 4);
	cr_expect_eq(build_glob_folder("*"), 0);
	cr_expect_eq(build_glob_folder("a/b"), 2);
}

static const char rules[] =
	"# comment\n\n  /build/ \nnode_modules\n!node_modules/keep\n*.log\n!important.log\n**/*.tmp\r\n! "
	"docs/../docs/a.tmp\n";

Test(build_ignore, the_last_rule_that_takes_a_path_decides)
{
	static const struct {
		const char *path;
		bool is_hidden;
	} rows[] = { { "src/a.c", false },
		     { "build", true },
		     { "build/x/y", true },
		     { "node_modules/a/b", true },
		     { "node_modules/keep/x", false },
		     { "x.log", true },
		     { "d/x.log", false },
		     { "important.log", false },
		     { "d/e/x.tmp", true },
		     { "docs/a.tmp", false },
		     { "comment", false } };
	struct build_ignore ignore = { 0 };
	struct error e = { 0 };

	cr_assert_eq(build_ignore_parse(rules, strlen(rules), ".dockerignore", &ignore, &e), 0, "%s", e.text);
	cr_expect_eq(ignore.count, 7);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(build_ignore_hides(&ignore, rows[i].path), rows[i].is_hidden, "%s", rows[i].path);
	cr_expect(build_ignore_enters(&ignore, "node_modules"));
	cr_expect_not(build_ignore_enters(&ignore, "build"));
	build_ignore_release(&ignore);
}

Test(build_ignore, a_wrong_rule_has_its_line)
{
	struct build_ignore ignore = { 0 };
	struct error e = { 0 };

	cr_assert_eq(build_ignore_parse("a\n[\n", 4, ".dockerignore", &ignore, &e), -1);
	cr_expect(text_starts(e.text, ".dockerignore:2: "), "%s", e.text);
	build_ignore_release(&ignore);
	error_clear(&e);
	cr_assert_eq(build_ignore_parse("!\n", 2, ".dockerignore", &ignore, &e), -1);
	build_ignore_release(&ignore);
}

Test(build_path, dots_never_leave_the_root)
{
	static const struct {
		const char *folder, *path, *absolute, *relative;
	} rows[] = { { "/w", "a", "/w/a", "a" },
		     { "/w", "/a/./b//c/", "/a/b/c", "a/b/c" },
		     { "/w/x", "../../../../etc", "/etc", "etc" },
		     { "/", "../..", "/", "." },
		     { "/w", ".", "/w", "." },
		     { "/w", "a/../..", "/", "." },
		     { "/w", "..a/b..", "/w/..a/b..", "..a/b.." } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *absolute = build_path_absolute(rows[i].folder, rows[i].path),
		     *relative = build_path_relative(rows[i].path);

		cr_expect_str_eq(absolute, rows[i].absolute);
		cr_expect_str_eq(relative, rows[i].relative);
		free(absolute);
		free(relative);
	}
	cr_expect(build_path_is_folder("a/"));
	cr_expect(build_path_is_folder("."));
	cr_expect_not(build_path_is_folder("a/b"));
}
