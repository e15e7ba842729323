/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build_git.c - addresses of git repositories, and what git must never see.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "specs/build_git.h"

#define COMMIT "0123456789012345678901234567890123456789"

Test(build_git, addresses_are_taken_apart)
{
	static const struct {
		const char *words, *url, *ref, *folder;
		bool is_commit, is_ssh;
	} cases[] = {
		{ "https://h/x.git", "https://h/x.git", "HEAD", ".", false, false },
		{ "https://h/x.git#", "https://h/x.git", "HEAD", ".", false, false },
		{ "https://h:8443/a/x.git#v1.0+b", "https://h:8443/a/x.git", "v1.0+b", ".", false, false },
		{ "https://h/x.git#feature/a:sub//dir/", "https://h/x.git", "feature/a", "sub/dir", false, false },
		{ "https://h/x.git#:sub", "https://h/x.git", "HEAD", "sub", false, false },
		{ "https://h/x.git#" COMMIT ":/sub", "https://h/x.git", COMMIT, "sub", true, false },
		{ "git@h:a/x.git#main", "git@h:a/x.git", "main", ".", false, true },
		{ "ssh://git@h:22/x.git", "ssh://git@h:22/x.git", "HEAD", ".", false, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct build_git git = { 0 };
		struct error e = { 0 };

		cr_assert_eq(build_git_parse(cases[i].words, &git, &e), 0, "%s: %s", cases[i].words, e.text);
		cr_expect_str_eq(git.url, cases[i].url);
		cr_expect_str_eq(git.ref, cases[i].ref);
		cr_expect_str_eq(git.folder, cases[i].folder);
		cr_expect(git.is_commit == cases[i].is_commit && git.is_ssh == cases[i].is_ssh, "%s", cases[i].words);
		build_git_release(&git);
	}
}

Test(build_git, what_git_must_never_see_is_refused)
{
	static const struct {
		const char *words, *error;
	} cases[] = {
		{ "https://h/x.git#--upload-pack=x", "is no name of a branch" },
		{ "https://h/x.git#-x", "is no name of a branch" },
		{ "https://h/x.git#a..b", "is no name of a branch" },
		{ "https://h/x.git#a b", "is no name of a branch" },
		{ "https://h/x.git#a$(id)", "is no name of a branch" },
		{ "https://h/x.git#main:../x", "leads out of the repository" },
		{ "https://h/x.git#main:a/../../x", "leads out of the repository" },
		{ "https://u:p@h/x.git", "a password in it" },
		{ "ssh://u:p@h/x.git", "a password in it" },
		{ "ssh://-oProxyCommand=x/x.git", "names no host" },
		{ "git@-oProxyCommand=x:x.git", "names no host" },
		{ "https:///x.git", "names no host" },
		{ "git://h/x.git", "by https, http or ssh" },
		{ "ext::sh -c x.git", "has no" },
		{ "file:///x.git", "by https, http or ssh" },
		{ "git@h", "by https, http or ssh" },
		{ "https://h/x\nx.git", "has no" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct build_git git = { 0 };
		struct error e = { 0 };

		cr_assert_eq(build_git_parse(cases[i].words, &git, &e), -1, "%s", cases[i].words);
		cr_expect(strstr(e.text, cases[i].error), "%s: %s", cases[i].words, e.text);
	}
}
