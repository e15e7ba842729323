/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_lines.c - the kernel's cgroup files as parts of runc's JSON.
 */
#include "cgroups/stats_lines.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/text.h"

enum { SET_MAX = 4096 };

static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

uint64_t lines_number(const char *text)
{
	if (!text)
		return 0;
	if (strncmp(text, "max", 3) == 0)
		return UINT64_MAX;
	return isdigit((unsigned char)*text) ? strtoull(text, NULL, 10) : 0;
}

uint64_t lines_key(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (; text && *text; text = next_line(text))
		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return lines_number(text + length + 1);
	return 0;
}

void lines_add_set(struct text *ret, const char *set)
{
	const char *comma = "";
	unsigned count = 0;

	text_add_char(ret, '[');
	while (isdigit((unsigned char)*set)) {
		char *end;
		unsigned long first = strtoul(set, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		for (; first <= last && count < SET_MAX; first++, count++, comma = ",")
			text_addf(ret, "%s%lu", comma, first);
		set = *end == ',' ? end + 1 : end;
	}
	text_add_char(ret, ']');
}

void lines_add_row(struct text *ret, const char *row)
{
	const char *comma = "";

	text_add_char(ret, '[');
	while (isdigit((unsigned char)*row)) {
		char *end;

		text_addf(ret, "%s%" PRIu64, comma, (uint64_t)strtoull(row, &end, 10));
		comma = ",";
		row = end + strspn(end, " ");
	}
	text_add_char(ret, ']');
}

void lines_add_object(struct text *ret, const char *lines)
{
	text_add_char(ret, '{');
	for (; *lines; lines = next_line(lines)) {
		char key[128];
		uint64_t value;

		if (sscanf(lines, "%127s %" SCNu64, key, &value) == 2)
			json_add_number(ret, key, value);
	}
	text_add_char(ret, '}');
}

static void add_entry(struct text *ret, unsigned major, unsigned minor, const char *op, uint64_t value)
{
	text_add(ret, ret->data[ret->length - 1] == '[' ? "{" : ",{");
	json_add_nonzero(ret, "major", major);
	json_add_nonzero(ret, "minor", minor);
	if (*op) {
		json_add_key(ret, "op");
		json_add_text(ret, op);
	}
	json_add_nonzero(ret, "value", value);
	text_add_char(ret, '}');
}

void lines_add_blkio(struct text *ret, const char *lines)
{
	text_add_char(ret, '[');
	for (; *lines; lines = next_line(lines)) {
		unsigned major, minor;
		char op[32] = "";
		uint64_t value;

		if (sscanf(lines, "%u:%u %31[A-Za-z] %" SCNu64, &major, &minor, op, &value) == 4 ||
		    sscanf(lines, "%u:%u %" SCNu64, &major, &minor, &value) == 3)
			add_entry(ret, major, minor, op, value);
	}
	text_add_char(ret, ']');
}

/* The number behind " key=" in one line. False: it is not there. */
static bool find_in_line(const char *line, const char *key, uint64_t *ret)
{
	const char *end = line + strcspn(line, "\n");
	size_t length = strlen(key);

	for (const char *at = line; at < end; at += strcspn(at, " \n") + 1)
		if (strncmp(at, key, length) == 0 && at[length] == '=') {
			*ret = lines_number(at + length + 1);
			return true;
		}
	return false;
}

void lines_add_io(struct text *ret, const char *lines, const char *read_key, const char *write_key)
{
	text_add_char(ret, '[');
	for (; *lines; lines = next_line(lines)) {
		unsigned major, minor;
		uint64_t value;

		if (sscanf(lines, "%u:%u ", &major, &minor) != 2)
			continue;
		if (find_in_line(lines, read_key, &value))
			add_entry(ret, major, minor, "Read", value);
		if (find_in_line(lines, write_key, &value))
			add_entry(ret, major, minor, "Write", value);
	}
	text_add_char(ret, ']');
}
