/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_lines.c - the text of a Dockerfile as instructions: directives, comments, continued lines, heredocs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"

enum { HEREDOC_LIMIT = 100 };

static const char blanks[] = " \t\v\f\r";

/* Lines that were not read yet. */
struct reader {
	const char *at, *end;
	int64_t line; /* of what was read last */
	char escape;
};

/* The next line; *ret_length without its end, *ret_whole with it. False at the end. */
static bool next_line(struct reader *r, const char **ret, size_t *ret_length, size_t *ret_whole)
{
	const char *newline;

	if (r->at == r->end)
		return false;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	*ret = r->at;
	*ret_whole = newline ? (size_t)(newline + 1 - r->at) : (size_t)(r->end - r->at);
	*ret_length = *ret_whole - !!newline;
	if (*ret_length && r->at[*ret_length - 1] == '\r')
		--*ret_length;
	r->at += *ret_whole;
	r->line++;
	return true;
}

/* Whether the line goes on in the next one; *length without the character that says so. One that is escaped itself does not. */
static bool goes_on(const char *line, size_t *length, char escape)
{
	size_t end = *length;

	while (end && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	if (!end || line[end - 1] != escape || (end > 1 && line[end - 2] == escape))
		return false;
	*length = end - 1;
	return true;
}

static size_t leading_blanks(const char *line, size_t length)
{
	size_t count = 0;

	while (count < length && strchr(blanks, line[count]) && line[count])
		count++;
	return count;
}

/* "# escape=`", "# syntax=x", "# check=x" at the top. False: it is none, and no more will come. */
static int read_directive(const char *line, size_t length, struct reader *r, struct list *seen, bool *ret_is_one,
			  struct error *e)
{
	static const char *const known[] = { "escape", "syntax", "check", NULL };
	autofree char *copy = alloc_copy_bytes(line, length);
	char *key = copy + 1, *equals = strchr(copy, '='), *end;

	*ret_is_one = false;
	if (*copy != '#' || !equals)
		return 0;
	key += strspn(key, blanks);
	end = key + strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	if (end + strspn(end, blanks) != equals)
		return 0;
	*end = '\0';
	for (size_t i = 0; known[i]; i++)
		*ret_is_one |= strcasecmp(known[i], key) == 0;
	if (!*ret_is_one)
		return 0;
	for (char *c = key; *c; c++)
		*c |= 0x20;
	if (list_has(seen, key))
		return error_set(e, ERROR_SPEC, "the directive \"%s\" stands here a second time", key);
	list_add(seen, key);
	if (strcmp(key, "escape") != 0)
		return 0;
	equals += 1 + strspn(equals + 1, blanks);
	equals[strcspn(equals, blanks)] = '\0';
	if (strcmp(equals, "\\") != 0 && strcmp(equals, "`") != 0)
		return error_set(e, ERROR_SPEC, "the escape character has to be \\ or `, not \"%s\"", equals);
	r->escape = *equals;
	return 0;
}

/* Joins the lines of one instruction, the first of which is line. */
static void join_lines(struct reader *r, const char *line, size_t length, struct text *ret)
{
	bool more = goes_on(line, &length, r->escape);

	text_add_bytes(ret, line, length);
	while (more) {
		size_t whole, indent;

		if (!next_line(r, &line, &length, &whole))
			return;
		indent = leading_blanks(line, length);
		if (indent == length || line[indent] == '#')
			continue; /* empty lines and comments may stand between */
		more = goes_on(line, &length, r->escape);
		text_add_bytes(ret, line, length);
	}
}

/* The lines up to the heredoc's name. */
static int read_heredoc(struct reader *r, struct build_heredoc *doc, struct error *e)
{
	autorelease(text) struct text content = { 0 };
	size_t length, whole, name_length = strlen(doc->name);
	int64_t begin = r->line;
	const char *line;

	while (next_line(r, &line, &length, &whole)) {
		size_t tabs = 0;

		while (doc->chomp && tabs < length && line[tabs] == '\t')
			tabs++;
		if (length - tabs == name_length && memcmp(line + tabs, doc->name, name_length) == 0) {
			doc->content = text_take(&content);
			return 0;
		}
		text_add_bytes(&content, line + tabs, whole - tabs);
	}
	r->line = begin;
	error_set(e, ERROR_SPEC, "the heredoc \"%s\" has no end", doc->name);
	return error_hint(e, "a line with \"%s\" alone has to follow", doc->name);
}

static int read_heredocs(struct reader *r, struct build_instruction *i, struct error *e)
{
	autorelease(list) struct list words = { 0 };

	/* ["…"] is no line of a shell. */
	if (*i->rest == '[') {
		autorelease(list) struct list items = { 0 };
		struct error ignored = { 0 };

		if (build_parts_json(i->rest, &items, &ignored))
			return 0;
	}
	build_parts_quoted(i->rest, r->escape, &words);
	for (size_t w = 0; w < words.count; w++) {
		struct build_heredoc *doc;

		if (!build_parts_heredoc(words.items[w], NULL))
			continue;
		if (i->heredoc_count == HEREDOC_LIMIT)
			return error_set(e, ERROR_SPEC, "more than %d heredocs in one instruction", HEREDOC_LIMIT);
		doc = alloc_append(&i->heredocs, &i->heredoc_count, sizeof *i->heredocs);
		build_parts_heredoc(words.items[w], doc);
		if (read_heredoc(r, doc, e))
			return -1;
	}
	return 0;
}

/* Word, flags and rest of a joined line, then the heredocs behind it. */
static int read_instruction(struct reader *r, const char *joined, struct build_instruction *i, struct error *e)
{
	size_t length = strcspn(joined, " \t\v\f\r\n"), end = strlen(joined);
	const char *rest = joined + length;

	while (end > length && strchr(blanks, joined[end - 1]))
		end--;
	i->text = alloc_copy_bytes(joined, end);
	rest = i->text + length;
	i->word = build_word_find(joined, length);
	if (!i->word) {
		autofree char *word = alloc_copy_bytes(joined, length < 60 ? length : 60);
		const char *nearest = build_word_nearest(word);

		error_set(e, ERROR_SPEC, "unknown instruction \"%s\"%s%s%s", word, nearest ? ": did you mean \"" : "",
			  nearest ? nearest : "", nearest ? "\"?" : "");
		return -1;
	}
	build_parts_flags(&rest, &i->flags);
	i->rest = alloc_copy(rest);
	return i->word->has_heredocs ? read_heredocs(r, i, e) : 0;
}

void build_instruction_release(struct build_instruction *i)
{
	int saved = errno;

	for (size_t d = 0; d < i->heredoc_count; d++) {
		free(i->heredocs[d].name);
		free(i->heredocs[d].content);
	}
	free(i->heredocs);
	free(i->text);
	free(i->rest);
	list_release(&i->flags);
	*i = (struct build_instruction){ 0 };
	errno = saved;
}

/* What cannot be written into an image's configuration is refused before anything looks at it. */
static int check_text(const char *text, size_t length, const char *name, struct error *e)
{
	int64_t line = 1;

	if (length > BUILD_TEXT_LIMIT)
		return error_set(e, ERROR_SPEC, "%s has %zu bytes, more than %d", name, length, BUILD_TEXT_LIMIT);
	for (size_t i = 0; i < length;) {
		const unsigned char *bytes = (const unsigned char *)text + i;
		size_t step = *bytes < 0x80 ? *bytes != '\0' : utf8_length(bytes, length - i);

		if (!step)
			return error_set(e, ERROR_SPEC, "%s:%jd: the line has %s", name, (intmax_t)line,
					 *bytes ? "bytes that are no UTF-8" : "a zero byte");
		line += *bytes == '\n';
		i += step;
	}
	return 0;
}

int build_lines_read(const char *text, size_t length, struct build_file *file, struct error *e)
{
	struct reader r = { .at = text, .end = text + length, .escape = '\\' };
	autorelease(list) struct list directives = { 0 };
	bool is_top = true;
	size_t line_length, whole;
	const char *line;

	if (check_text(text, length, file->name, e))
		return -1;
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	while (next_line(&r, &line, &line_length, &whole)) {
		size_t indent = leading_blanks(line, line_length);
		autorelease(text) struct text joined = { 0 };
		struct build_instruction *i;
		int64_t begin = r.line;

		if (is_top && read_directive(line, line_length, &r, &directives, &is_top, e))
			return error_in(e, "%s:%jd", file->name, (intmax_t)begin);
		line += indent;
		line_length -= indent;
		if (!line_length || *line == '#')
			continue;
		join_lines(&r, line, line_length, &joined);
		if (!joined.length || joined.data[strspn(joined.data, blanks)] == '\0')
			continue;
		if (file->instruction_count == BUILD_INSTRUCTION_LIMIT)
			return error_set(e, ERROR_SPEC, "%s:%jd: more than %d instructions", file->name,
					 (intmax_t)begin, BUILD_INSTRUCTION_LIMIT);
		i = alloc_append(&file->instructions, &file->instruction_count, sizeof *file->instructions);
		i->line = begin;
		if (read_instruction(&r, joined.data + strspn(joined.data, blanks), i, e))
			return error_in(e, "%s:%jd", file->name, (intmax_t)begin);
	}
	file->escape = r.escape;
	return 0;
}

int build_lines_one(const struct build_file *file, const char *text, struct build_instruction *ret, struct error *e)
{
	struct build_file one = { .name = file->name };
	int result = build_lines_read(text, strlen(text), &one, e);

	if (result == 0 && one.instruction_count != 1)
		result = error_set(e, ERROR_SPEC, "\"%s\" is not one instruction", text);
	if (result == 0 && one.instructions) {
		*ret = one.instructions[0];
		one.instruction_count = 0;
	}
	for (size_t i = 0; i < one.instruction_count; i++)
		build_instruction_release(&one.instructions[i]);
	free(one.instructions);
	return result;
}
