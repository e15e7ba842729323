/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_diff.c - where two images differ.
 *
 * Files first, because they are the cause: when they are the same, the rest tells what is left.
 */
#include "cli/image_diff.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/text.h"
#include "images/catalogue.h"
#include "images/diff_request.h"
#include "specs/image_story.h"

enum { PARTS = 4, SHOWN = 90 };

/* WHAT, FIRST, SECOND and PATH of a line, which is taken apart. */
static void split(char *line, const char *ret[static PARTS])
{
	for (size_t i = 0; i < PARTS; i++) {
		char *tab = strchr(line, '\t');

		ret[i] = line;
		if (tab)
			*tab = '\0';
		line = tab ? tab + 1 : line + strlen(line);
	}
}

void image_diff_text(const struct list *lines, struct text *ret)
{
	for (size_t i = 0; i < lines->count; i++) {
		autofree char *line = alloc_copy(lines->items[i]);
		const char *parts[PARTS];

		split(line, parts);
		text_addf(ret, "%s: %s", parts[3], parts[0]);
		if (*parts[1] && *parts[2])
			text_addf(ret, " (%s, %s)", parts[1], parts[2]);
		text_add_char(ret, '\n');
	}
}

void image_diff_json(const struct list *lines, struct text *ret)
{
	text_add_char(ret, '[');
	for (size_t i = 0; i < lines->count; i++) {
		autofree char *line = alloc_copy(lines->items[i]);
		const char *parts[PARTS];

		split(line, parts);
		text_add(ret, i ? ",\n {" : "{");
		json_add_member(ret, "path", parts[3]);
		json_add_member(ret, "what", parts[0]);
		json_add_member(ret, "first", *parts[1] ? parts[1] : NULL);
		json_add_member(ret, "second", *parts[2] ? parts[2] : NULL);
		text_add_char(ret, '}');
	}
	text_add(ret, "]\n");
}

/* The end of the line that text begins with. */
static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

static void add_line(struct list *ret, const char *what, const char *a, const char *b, const char *path)
{
	autorelease(text) struct text line = { 0 };

	text_addf(&line, "%s\t", what);
	text_add_escaped(&line, a, strnlen(a, SHOWN));
	text_add_char(&line, '\t');
	text_add_escaped(&line, b, strnlen(b, SHOWN));
	text_addf(&line, "\t%s", path);
	list_add(ret, line.data);
}

static int print_config(const struct places *places, const char *digest, struct text *ret, struct error *e)
{
	autorelease(text) struct text json = { 0 };

	return catalogue_blob(places, digest, &json, e) || image_json_print(json.data, json.length, digest, ret, e) ? -1
														    : 0;
}

/* The first line in which the two configurations differ, as they are printed. */
static int compare_configs(const struct places *places, const struct catalogue_entry *a,
			   const struct catalogue_entry *b, struct list *ret, struct error *e)
{
	autorelease(text) struct text first = { 0 };
	autorelease(text) struct text second = { 0 };
	autofree char *left = NULL;
	autofree char *right = NULL;
	const char *x, *y;

	if (text_equal(a->config.digest, b->config.digest))
		return 0;
	if (print_config(places, a->config.digest, &first, e) || print_config(places, b->config.digest, &second, e))
		return -1;
	x = first.data;
	y = second.data;
	while (*x && *y && line_length(x) == line_length(y) && memcmp(x, y, line_length(x)) == 0) {
		x += line_length(x) + (x[line_length(x)] != '\0');
		y += line_length(y) + (y[line_length(y)] != '\0');
	}
	x += strspn(x, " ");
	y += strspn(y, " ");
	left = alloc_copy_bytes(x, line_length(x));
	right = alloc_copy_bytes(y, line_length(y));
	add_line(ret, "first line that differs", left, right, "configuration");
	return 0;
}

static void compare_layers(const struct catalogue_entry *a, const struct catalogue_entry *b, struct list *ret)
{
	size_t n = 0;

	while (n < a->layer_count && n < b->layer_count && text_equal(a->layers[n].digest, b->layers[n].digest))
		n++;
	if (n == a->layer_count && n == b->layer_count)
		return;
	add_line(ret, "the first blob that differs", n < a->layer_count ? a->layers[n].digest : "none",
		 n < b->layer_count ? b->layers[n].digest : "none", "layers");
}

int image_diff(const struct places *places, const char *first, const char *second, struct list *ret, struct error *e)
{
	struct catalogue_entry a = { 0 }, b = { 0 };
	int result;

	if (strcmp(first, second) == 0)
		return 0;
	result = catalogue_manifest(places, first, &a, e) || catalogue_manifest(places, second, &b, e) ||
		 diff_request(places, first, second, ret, e) || compare_configs(places, &a, &b, ret, e);
	if (!result)
		compare_layers(&a, &b, ret);
	catalogue_entry_release(&a);
	catalogue_entry_release(&b);
	if (!result && !ret->count)
		add_line(ret, "annotations or form", first, second, "manifest");
	return result ? -1 : 0;
}
