/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "images/tar_header.h"

/* Records of so many attributes with different names. */
static void add_attributes(struct text *to, int count)
{
	for (int i = 0; i < count; i++)
		text_addf(to, "23 SCHILY.xattr.u%04d=\n", i);
}

static int parse(int count, struct tar_pax *ret, struct error *e)
{
	struct text body = { 0 };
	int result;

	add_attributes(&body, count);
	result = tar_pax_parse(ret, body.data, body.length, e);
	text_release(&body);
	return result;
}

Test(tar_pax, as_many_attributes_as_a_file_may_have)
{
	struct tar_pax pax = { 0 };
	struct error e = { 0 };

	cr_assert_eq(parse(512, &pax, &e), 0, "%s", e.text);
	cr_expect_eq(pax.xattr_count, 512);
	cr_expect_str_eq(pax.xattrs[511].name, "u0511");
	tar_pax_release(&pax);
}

/* Every name is compared with those before it: 40000 of them, which fit into the header, took seconds. */
Test(tar_pax, more_attributes_are_unusual)
{
	struct tar_pax pax = { 0 };
	struct error e = { 0 };

	cr_expect_neq(parse(513, &pax, &e), 0);
	cr_expect_neq(strstr(e.text, "unusual"), NULL, "%s", e.text);
	tar_pax_release(&pax);
}
