/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_locate.c - lines of values in documents that nobody wrote by hand.
 *
 * A generator writes a random document, with escapes, dots and brackets in keys and texts, and remembers the line of every
 * value; every one of them has to be found again.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "specs/locate.h"

enum { DOCUMENTS = 150, DEEPEST = 4 };

struct known {
	char *path;
	int line;
};

struct generator {
	unsigned state;
	struct text json;
	int line;
	struct known known[4096];
	size_t count;
};

static unsigned pick(struct generator *g, unsigned below)
{
	g->state = g->state * 1103515245U + 12345U;
	return (g->state >> 16) % below;
}

static void space(struct generator *g)
{
	for (unsigned n = pick(g, 3); n; n--) {
		bool is_line = pick(g, 2);

		text_add_char(&g->json, is_line ? '\n' : '\t');
		g->line += is_line;
	}
}

/* Keys as JSON writes them, and as a path has them. No two of one row are equal, and none begins with another and a dot. */
static const char *const keys[][2] = {
	{ "plain", "plain" },       { "with.dot", "with.dot" }, { "\\u0065scaped", "escaped" },  { "quo\\\"te", "quo\"te" },
	{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" }, { "b{r}ace", "b{r}ace" },   { "com,ma: x", "com,ma: x" }, { "\\u00e4", "\xc3\xa4" },
	{ "back\\\\slash", "back\\slash" },       { "tab\\t", "tab\t" },
};
static const char *const leaves[] = { "1", "-2.5e3", "true", "null", "\"\"", "\"}]\\\"{[\"", "\"\\\\\"", "{}", "[]" };

static void value(struct generator *g, const char *path, unsigned depth);

static void remember(struct generator *g, const char *path)
{
	if (g->count < sizeof g->known / sizeof *g->known)
		g->known[g->count++] = (struct known){ text_format("%s", path), g->line };
}

static void object(struct generator *g, const char *path, unsigned depth)
{
	size_t first = pick(g, sizeof keys / sizeof *keys), count = 1 + pick(g, 5);

	text_add_char(&g->json, '{');
	for (size_t i = 0; i < count; i++) {
		size_t k = (first + i) % (sizeof keys / sizeof *keys);
		char *below = text_format("%s%s%s", path, *path ? "." : "", keys[k][1]);

		if (i)
			text_add_char(&g->json, ',');
		space(g);
		remember(g, below); /* the key's line */
		text_addf(&g->json, "\"%s\"", keys[k][0]);
		space(g);
		text_add_char(&g->json, ':');
		space(g);
		value(g, below, depth + 1);
		space(g);
		free(below);
	}
	text_add_char(&g->json, '}');
}

static void array(struct generator *g, const char *path, unsigned depth)
{
	text_add_char(&g->json, '[');
	for (size_t i = 0, count = 1 + pick(g, 4); i < count; i++) {
		char *below = text_format("%s[%zu]", path, i);

		if (i)
			text_add_char(&g->json, ',');
		space(g);
		remember(g, below);
		value(g, below, depth + 1);
		space(g);
		free(below);
	}
	text_add_char(&g->json, ']');
}

static void value(struct generator *g, const char *path, unsigned depth)
{
	unsigned kind = depth >= DEEPEST ? 0 : pick(g, 3);

	if (kind == 1 || !depth)
		object(g, path, depth);
	else if (kind == 2)
		array(g, path, depth);
	else
		text_add(&g->json, leaves[pick(g, sizeof leaves / sizeof *leaves)]);
}

Test(locate, random_documents)
{
	static struct generator g;
	size_t checked = 0;

	for (unsigned seed = 1; seed <= DOCUMENTS; seed++) {
		g = (struct generator){ .state = seed, .line = 1 };
		space(&g);
		value(&g, "", 0);
		for (size_t i = 0; i < g.count; i++) {
			int found = locate_line(g.json.data, g.json.length, g.known[i].path);

			cr_assert_eq(found, g.known[i].line, "seed %u: %s is on line %d, not %d, of\n%s", seed, g.known[i].path,
				     g.known[i].line, found, g.json.data);
			cr_assert_eq(locate_exact(g.json.data, g.json.length, g.known[i].path), g.known[i].line);
			free(g.known[i].path);
			checked++;
		}
		text_release(&g.json);
	}
	cr_assert_gt(checked, 2000u, "the generator makes too little: %zu", checked);
}

Test(locate, the_deepest_that_exists)
{
	static const char json[] = "{\n\"a\":\n{\"b\": [\n{}]}}";

	cr_expect_eq(locate_line(json, strlen(json), "a.b[0].missing"), 4);
	cr_expect_eq(locate_line(json, strlen(json), "a.b[7]"), 3);
	cr_expect_eq(locate_line(json, strlen(json), "a.c"), 2);
	cr_expect_eq(locate_line(json, strlen(json), "c"), 1);
	cr_expect_eq(locate_line(json, strlen(json), "a["), 2);
	cr_expect_eq(locate_exact(json, strlen(json), "a.b[7]"), 0);
}

Test(locate, the_value_itself)
{
	static const char json[] = "{\"a\": {\"b\" : [1, {\"c\": \"}\"}] , \"d\": 12}}";
	size_t start, length;

	cr_assert(locate_value(json, strlen(json), "a.b", &start, &length));
	cr_expect_eq(strncmp(json + start, "[1, {\"c\": \"}\"}]", length), 0);
	cr_expect_eq(length, strlen("[1, {\"c\": \"}\"}]"));
	cr_assert(locate_value(json, strlen(json), "a.d", &start, &length));
	cr_expect_eq(strncmp(json + start, "12", length), 0);
	cr_expect_eq(length, 2u);
	cr_expect_not(locate_value(json, strlen(json), "a.x", &start, &length));
}
