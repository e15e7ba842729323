/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tables.c - the tables of app.json themselves: documented, without doubles, and with a place of its own for each field.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"

static void check_row(const struct field *table, const struct field *f, const struct text *page)
{
	cr_expect_not_null(f->help, "%s", f->key);
	cr_expect(text_ends(f->help, "."), "the help of %s is no sentence: %s", f->key, f->help);
	cr_expect_not_null(strstr(page->data, f->help), "%s is missing on the reference page", f->key);
	cr_expect_eq(f->kind == FIELD_ENUM, f->names != NULL, "%s", f->key);
	cr_expect_eq(f->kind == FIELD_OBJECT || f->kind == FIELD_OBJECT_LIST || f->kind == FIELD_OBJECT_MAP, f->sub != NULL, "%s", f->key);
	for (const struct field *other = table; other < f; other++) {
		cr_expect_str_neq(other->key, f->key);
		cr_expect(other->kind == FIELD_OPAQUE || f->kind == FIELD_OPAQUE || other->offset != f->offset, "%s and %s share a place",
			  other->key, f->key);
	}
}

static size_t check_table(const struct field *table, const struct text *page)
{
	size_t count = 0;

	for (const struct field *f = table; f->key; f++, count++) {
		check_row(table, f, page);
		if (f->sub)
			count += check_table(f->sub, page);
	}
	return count;
}

Test(tables, rows)
{
	struct text page = { 0 };

	app_field_list(&page);
	cr_assert_gt(check_table(app_table, &page), 80u);
	text_release(&page);
}

Test(tables, init_and_release)
{
	struct app app = { 0 };

	app_init(&app);
	cr_expect_str_eq(app.restart, "no");
	app_release(&app);
	cr_expect_null(app.restart);
	app_release(&app); /* twice is harmless */
}
