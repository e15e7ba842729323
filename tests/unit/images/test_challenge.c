/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_challenge.c - WWW-Authenticate as registries write it, and as they should not.
 */
#include <criterion/criterion.h>

#include "base/error.h"
#include "base/text.h"
#include "images/registry/challenge.h"

/* All challenges as one text: "scheme key=value key=value; scheme". */
static void expect(const char *value, const char *expected)
{
	struct challenges challenges = { 0 };
	struct text found = { 0 };
	struct error e = { 0 };

	cr_assert_eq(challenges_parse(value, &challenges, &e), 0, "%s: %s", value, e.text);
	for (size_t i = 0; i < challenges.count; i++) {
		text_addf(&found, "%s%s", i ? "; " : "", challenges.items[i].scheme);
		for (size_t k = 0; k < challenges.items[i].parameters.count; k++)
			text_addf(&found, " %s", challenges.items[i].parameters.items[k]);
	}
	cr_expect_str_eq(found.data ? found.data : "", expected, "%s is read as %s", value, found.data);
	text_release(&found);
	challenges_release(&challenges);
}

Test(challenge, is_read)
{
	expect("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\"",
	       "bearer realm=https://auth.docker.io/token service=registry.docker.io scope=repository:a/b:pull,push");
	expect("Basic realm=\"x\"", "basic realm=x");
	expect("basic", "basic");
	expect("Basic realm=\"x\", Bearer realm=\"y\",service=z", "basic realm=x; bearer realm=y service=z");
	expect("BEARER REALM = \"a\" , Service= b", "bearer realm=a service=b");
	expect("Bearer realm=https://a.b/c?d=e,service=f", "bearer realm=https://a.b/c?d=e service=f");
	expect("Bearer realm=\"a\\\"b\\\\c\"", "bearer realm=a\"b\\c");
	expect("Negotiate, Basic realm=\"\"", "negotiate; basic realm=");
	expect("", "");
	expect(" , ,", "");
}

Test(challenge, what_is_broken_is_refused)
{
	static const char *const cases[] = { "Bearer realm=\"open", "realm=\"x\"",
					     "Bearer \"x\"", "Bearer realm=\"x\" \"y\"", "=", "Bearer =x", "(" };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct challenges challenges = { 0 };
		struct error e = { 0 };

		/* A word with an equals sign in front of every challenge is a challenge of that name, and its value is broken. */
		cr_expect_eq(challenges_parse(cases[i], &challenges, &e), -1, "%s was taken", cases[i]);
		challenges_release(&challenges);
	}
}

Test(challenge, numbers_have_limits)
{
	struct challenges challenges = { 0 };
	struct text many = { 0 };
	struct error e = { 0 };

	for (int i = 0; i < 1000; i++)
		text_add(&many, "Basic, ");
	cr_expect_eq(challenges_parse(many.data, &challenges, &e), -1);
	challenges_release(&challenges);
	text_clear(&many);
	text_add(&many, "Basic a=b");
	for (int i = 0; i < 1000; i++)
		text_add(&many, ", a=b");
	cr_expect_eq(challenges_parse(many.data, &challenges, &e), -1);
	challenges_release(&challenges);
	text_release(&many);
}

Test(challenge, the_first_of_a_kind_counts)
{
	struct challenges challenges = { 0 };
	struct error e = { 0 };

	cr_assert_eq(challenges_parse("Basic realm=1", &challenges, &e), 0);
	cr_assert_eq(challenges_parse("Bearer realm=2, Bearer realm=3", &challenges, &e), 0);
	cr_expect_str_eq(list_env_get(&challenges_find(&challenges, "bearer")->parameters, "realm"), "2");
	cr_expect_null(challenges_find(&challenges, "digest"));
	challenges_release(&challenges);
}
