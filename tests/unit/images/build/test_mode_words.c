/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mode_words.c - what chmod(1) makes of the same words.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/error.h"
#include "images/build/mode_words.h"

struct example {
	char words[24];
	unsigned mode;
	bool is_folder;
	unsigned expected;
};

ParameterizedTestParameters(mode_words, are_those_of_chmod)
{
	static struct example examples[] = {
		{ "755", 0600, false, 0755 },        { "0", 0777, true, 0 },
		{ "4755", 0644, false, 04755 },      { "+x", 0640, false, 0751 },
		{ "u+x", 0640, false, 0740 },        { "go-rwx", 0777, false, 0700 },
		{ "u=rwX,go=rX", 0600, false, 0644 }, { "u=rwX,go=rX", 0700, false, 0755 },
		{ "u=rwX,go=rX", 0600, true, 0755 }, { "a=r", 0777, false, 0444 },
		{ "u+s", 0755, false, 04755 },       { "g+s", 0755, true, 02755 },
		{ "o+s", 0755, false, 0755 },        { "+t", 0777, true, 01777 },
		{ "ug+s", 0755, false, 06755 },      { "u-s", 06755, false, 02755 },
		{ "u=rw,u+x", 0, false, 0700 },      { "u=rwx,g-w+x", 0060, false, 0750 },
		{ "go=", 0777, false, 0700 },        { "=", 0777, false, 0 },
	};

	return cr_make_param_array(struct example, examples, sizeof examples / sizeof *examples);
}

ParameterizedTest(struct example *example, mode_words, are_those_of_chmod)
{
	struct error e = { 0 };
	mode_t mode = 0;

	cr_assert_eq(mode_words_apply(example->words, (mode_t)example->mode, example->is_folder, &mode, &e), 0, "%s: %s", example->words, e.text);
	cr_expect_eq(mode, (mode_t)example->expected, "%s of %04o: %04o, expected %04o", example->words, example->mode, mode, example->expected);
}

Test(mode_words, others_are_refused)
{
	static const char *const wrong[] = { "", "8", "77777", "u", "rwx", "u=rwz", "u+x,", "u+x,,g+x", "x+u", " 755", "755 ", "-1" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error e = { 0 };
		mode_t mode = 01;

		cr_expect_eq(mode_words_apply(wrong[i], 0644, false, &mode, &e), -1, "\"%s\" is taken", wrong[i]);
		cr_expect(mode == 01 && strstr(e.text, "--chmod="), "\"%s\": %s", wrong[i], e.text);
	}
}
