/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - box-image: everything of box that reads foreign bytes.
 *
 * Started by box only (images/unpack_request.h says how). It answers with one JSON object on stdout; the exit code is 0 wherever an answer
 * could be given, also where the answer is an error.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "images/unpack/hash.h"
#include "images/unpack/unpack.h"
#include "images/unpack_request.h"

enum { WORDS = 7 }; /* program, unpack, kind, store, source, known, reference; then perhaps a tag */

static int parse_fd(const char *words, int *ret, struct error *e)
{
	int64_t number;

	if (number_parse(words, 3, 1 << 20, &number) || fcntl((int)number, F_SETFD, FD_CLOEXEC))
		return error_set(e, ERROR_USAGE, "box-image: \"%s\" is no descriptor", words);
	*ret = (int)number;
	return 0;
}

static int parse(int argc, char **argv, struct unpack *ret, struct error *e)
{
	int kind;

	if (argc < WORDS || argc > WORDS + 1 || strcmp(argv[1], "unpack") != 0)
		return error_set(e, ERROR_USAGE, "box-image is started by box; it has no words for people");
	kind = reference_kind_of(argv[2]);
	if (kind < 0 || kind == REFERENCE_FOLDER)
		return error_set(e, ERROR_USAGE, "box-image: nothing to unpack in a \"%s\"", argv[2]);
	ret->kind = (enum reference_kind)kind;
	ret->is_known = strcmp(argv[5], "known") == 0;
	ret->words = argv[6];
	ret->tag = argc > WORDS ? argv[WORDS] : NULL;
	return parse_fd(argv[3], &ret->store, e) || parse_fd(argv[4], &ret->source, e) ? -1 : 0;
}

static int work(int argc, char **argv, struct unpack *unpack, char **ret_image, struct error *e)
{
	if (parse(argc, argv, unpack, e))
		return -1;
	/* Names in tars are UTF-8; the locale's tables are read now, since the sandbox has no files. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return error_set(e, ERROR_UNSUPPORTED,
				 "this host has no locale C.UTF-8, which libarchive needs to read names");
	if (hash_prepare(e) || unpack_run(unpack, ret_image, e))
		return error_in(e, "unpack %s", unpack->words ? unpack->words : "");
	return 0;
}

int main(int argc, char **argv)
{
	struct unpack unpack = { .store = -1, .source = -1 };
	struct unpack_answer answer = { 0 };
	autorelease(text) struct text json = { 0 };
	struct error e = { 0 };
	int result;

	umask(0); /* modes are set as the archive says */
	if (work(argc, argv, &unpack, &answer.image, &e)) {
		answer.kind = e.kind;
		answer.sys = e.sys;
		answer.text = e.text;
		answer.hint = e.hint;
	}
	answer.warnings = unpack.warnings;
	unpack_answer_dump(&answer, &json);
	result = write_all(STDOUT_FILENO, json.data, json.length);
	list_release(&unpack.warnings);
	free(answer.image);
	return result ? 1 : 0;
}
