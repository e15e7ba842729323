/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_image_name.c - names of images in registries: what they are completed to, and what is none.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/image_name.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D "sha256:" HEX

Test(image_name, is_completed)
{
	static const char *const cases[][2] = {
		{ "debian", "docker.io/library/debian:latest" },
		{ "debian:12", "docker.io/library/debian:12" },
		{ "team/app", "docker.io/team/app:latest" },
		{ "docker.io/debian", "docker.io/library/debian:latest" },
		{ "index.docker.io/library/debian", "docker.io/library/debian:latest" },
		{ "registry-1.docker.io/a/b:c", "docker.io/a/b:c" },
		{ "localhost/app", "localhost/app:latest" },
		{ "localhost:5000/app", "localhost:5000/app:latest" },
		{ "example.com/a/b/c:1.0-rc_2", "example.com/a/b/c:1.0-rc_2" },
		{ "EXAMPLE.com:443/a", "EXAMPLE.com:443/a:latest" },
		{ "[::1]:5000/a", "[::1]:5000/a:latest" },
		{ "127.0.0.1:5000/a@" D, "127.0.0.1:5000/a@" D },
		{ "debian:12@" D, "docker.io/library/debian:12@" D },
		{ "a.b/c__d/e--f/g.h/i_j", "a.b/c__d/e--f/g.h/i_j:latest" },
		{ "ho-st.x/a", "ho-st.x/a:latest" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		autorelease(image_name) struct image_name name = { 0 };
		autofree char *full = NULL;
		struct error e = { 0 };

		cr_assert_eq(image_name_parse(cases[i][0], &name, &e), 0, "%s: %s", cases[i][0], e.text);
		full = image_name_text(&name);
		cr_expect_str_eq(full, cases[i][1], "%s becomes %s", cases[i][0], full);
	}
}

Test(image_name, is_parsed_again_to_the_same)
{
	autorelease(image_name) struct image_name name = { 0 };
	struct error e = { 0 };

	cr_assert_eq(image_name_parse("example.com:5000/a/b:c@" D, &name, &e), 0);
	cr_expect_str_eq(name.host, "example.com:5000");
	cr_expect_str_eq(name.repository, "a/b");
	cr_expect_str_eq(name.tag, "c");
	cr_expect_str_eq(name.digest, D);
}

Test(image_name, what_is_none_is_refused)
{
	static const char *const cases[] = {
		"",	       "/",	      "a//b",	     "a/",	   ":tag",	    "a:",	  "Debian",	  "a/B",
		"a..b/",       "-a",	      "a-",	     "a___b",	   "a.-b",	    "a/../b",	  "example.com/", "a b",
		"a:tag with",  "a:.tag",      "a:-t",	     "a?x",	   "a#b",	    "a%2fb",	  "..",		  "./a",
		"a@sha256:12", "a@md5:" HEX,  "a@" D "0",    "-o.x/a",	   "a-.x/a",	    "a..b/c",	  "a.b:0/c",	  "a.b:65536/c",
		"a.b:x/c",     "[::1/a",      "a.b:5000:1/c", "user@host/a", "a.b/c\n",	    "\xc3\xa4/b", "a.b_c/d",	  "--help",
		D,	       "sha256:1234", "sha512:" HEX HEX,
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image_name name = { 0 };
		struct error e = { 0 };

		cr_expect_eq(image_name_parse(cases[i], &name, &e), -1, "%s was taken", cases[i]);
		cr_expect_eq(e.kind, ERROR_USAGE, "%s", cases[i]);
		cr_expect_null(name.host);
		image_name_release(&name);
	}
}

Test(image_name, lengths_have_limits)
{
	autofree char *longest = text_format("a:%0128d", 0);
	autofree char *longer = text_format("a:%0129d", 0);
	autofree char *repository = text_format("example.com/%0256d", 0);
	struct image_name name = { 0 };
	struct error e = { 0 };

	cr_expect_eq(image_name_parse(longest, &name, &e), 0, "%s", e.text);
	image_name_release(&name);
	cr_expect_eq(image_name_parse(longer, &name, &e), -1);
	cr_expect_eq(image_name_parse(repository, &name, &e), -1);
}

Test(image_name, a_password_is_not_repeated)
{
	static const char *const cases[] = { "robot:canary@example.com/a", "https://robot:canary@example.com/a", "robot:canary@example.com/a@" D };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image_name name = { 0 };
		struct error e = { 0 };

		cr_expect_eq(image_name_parse(cases[i], &name, &e), -1, "%s was taken", cases[i]);
		cr_expect_null(strstr(e.text, "canary"), "%s", e.text);
		cr_expect_null(strstr(e.hint, "canary"), "%s", e.hint);
	}
}

Test(image_name, hosts_of_files_with_passwords)
{
	static const char *const cases[][2] = {
		{ "https://index.docker.io/v1/", "docker.io" }, { "docker.io", "docker.io" },	   { "quay.io/team", "quay.io" },
		{ "http://localhost:5000", "localhost:5000" },	{ "example.com/v2/", "example.com" },
	};
	struct error e = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		autofree char *host = image_name_host(cases[i][0], &e);

		cr_expect_str_eq(host, cases[i][1], "%s", cases[i][0]);
	}
	cr_expect_null(image_name_host("user:word@host", &e));
	cr_expect_null(strstr(e.text, "word"), "%s", e.text);
	cr_expect_null(image_name_host("", &e));
}

Test(image_name, what_was_written_without_a_host_stays_so)
{
	static const struct {
		const char *text, *written;
		bool is_short;
	} cases[] = {
		{ "debian", "library/debian:latest", true },
		{ "acme/web:1", "acme/web:1", true },
		{ "docker.io/debian", "docker.io/library/debian:latest", false },
		{ "localhost/web", "localhost/web:latest", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image_name name = { 0 }, again = { 0 };
		struct error e = { 0 };
		autofree char *written = NULL;

		cr_assert_eq(image_name_parse(cases[i].text, &name, &e), 0, "%s", e.text);
		written = image_name_written(&name);
		cr_expect_eq(name.is_short, cases[i].is_short, "%s", cases[i].text);
		cr_expect_str_eq(written, cases[i].written);
		cr_assert_eq(image_name_parse(written, &again, &e), 0, "%s", e.text);
		cr_expect_eq(again.is_short, name.is_short, "%s", written);
		cr_expect_str_eq(again.host, name.host);
		cr_expect_str_eq(again.repository, name.repository);
		image_name_release(&name);
		image_name_release(&again);
	}
}
