/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - box-image: everything of box that reads foreign bytes or speaks to the network.
 *
 * Started by box only (images/unpack_request.h and images/pull_request.h say how). It answers with one JSON object on stdout; the exit
 * code is 0 wherever an answer could be given, also where the answer is an error.
 */
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "images/commit_document.h"
#include "images/digest.h"
#include "images/platform.h"
#include "images/registry/address.h"
#include "images/registry/endpoint.h"
#include "images/registry/http.h"
#include "images/registry/login.h"
#include "images/registry/plan.h"
#include "images/registry/pull.h"
#include "images/registry/push.h"
#include "images/registry/question.h"
#include "images/unpack/commit.h"
#include "images/unpack/compressor.h"
#include "images/unpack/digest_files.h"
#include "images/unpack/extract.h"
#include "images/unpack/hash.h"
#include "images/unpack/image_format.h"
#include "images/unpack/reading.h"
#include "images/unpack/store_hash.h"
#include "images/unpack/unpack.h"
#include "images/unpack/worker_reading.h"
#include "images/unpack_answer.h"

enum { SECRET_LIMIT = 256 << 10, DOCUMENT_LIMIT = 4 << 20 };

static int wrong_words(struct error *e)
{
	return error_set(e, ERROR_USAGE, "box-image is started by box; it has no words for people");
}

static int parse_fd(const char *words, int *ret, struct error *e)
{
	int64_t number;

	if (number_parse(words, 3, 1 << 20, &number) || fcntl((int)number, F_SETFD, FD_CLOEXEC))
		return error_set(e, ERROR_USAGE, "box-image: \"%s\" is no descriptor", words);
	*ret = (int)number;
	return 0;
}

/* KIND STORE-FD SOURCE-FD known|new any|folders REFERENCE [TAG] */
static int unpack(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct unpack request = { .store = -1, .source = -1 };
	int kind, result;

	kind = reference_kind_of(words[0]);
	if (kind < 0 || !image_format((enum reference_kind)kind))
		return error_set(e, ERROR_USAGE, "box-image: nothing to unpack in a \"%s\"", words[0]);
	request.kind = (enum reference_kind)kind;
	request.is_known = strcmp(words[3], "known") == 0;
	request.only_folders = strcmp(words[4], "folders") == 0;
	request.words = words[5];
	request.tag = words[6];
	if (parse_fd(words[1], &request.store, e) || parse_fd(words[2], &request.source, e))
		return -1;
	result = unpack_run(&request, &ret->image, e);
	ret->warnings = request.warnings;
	return result ? error_in(e, "unpack %s", request.words) : 0;
}

/* STORE-FD SOURCE-FD force|keep WORDS */
static int load(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct unpack request = { .store = -1, .source = -1, .kind = REFERENCE_OCI_ARCHIVE, .loads = true };
	int result;

	request.takes_names = strcmp(words[2], "force") == 0;
	request.words = words[3];
	if (parse_fd(words[0], &request.store, e) || parse_fd(words[1], &request.source, e))
		return -1;
	result = unpack_run(&request, &ret->image, e);
	ret->warnings = request.warnings;
	ret->loaded = request.loaded;
	return result ? error_in(e, "load %s", request.words) : 0;
}

/* STORE-FD SOURCE-FD NAME WORDS */
static int import(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct unpack request = { .store = -1, .source = -1, .kind = REFERENCE_TAR, .imports = true };
	int result;

	request.name = words[2];
	request.words = words[3];
	if (parse_fd(words[0], &request.store, e) || parse_fd(words[1], &request.source, e))
		return -1;
	result = unpack_run(&request, &ret->image, e);
	ret->warnings = request.warnings;
	return result ? error_in(e, "import %s", request.words) : 0;
}

/* One line for box, which draws it. A line that is lost is only a bar that stands still. */
static void progress(const struct digest *digest, int64_t at, int64_t size, void *data)
{
	autofree char *line = NULL;
	char name[DIGEST_TEXT];

	(void)data;
	digest_text(digest, name);
	line = text_format("blob %s %lld %lld\n", name, (long long)at, (long long)size);
	(void)write_all(STDOUT_FILENO, line, strlen(line));
}

/* By the full name, where the words are one. */
static int name_attempt(const char *verb, const struct image_name *name, const char *words, struct error *e)
{
	autofree char *full = name->host ? image_name_text(name) : alloc_copy(words);

	return error_in(e, "%s %s", verb, full);
}

/* STORE-FD NAME known|new any|folders [PLATFORM] */
static int pull(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct pull request = { .store = -1, .progress = progress };
	int result;

	request.is_known = strcmp(words[2], "known") == 0;
	request.only_folders = strcmp(words[3], "folders") == 0;
	result = parse_fd(words[0], &request.store, e) || image_name_parse(words[1], &request.name, e) ||
		 (words[4] && platform_parse(words[4], &request.platform, e)) || http_prepare(e) ||
		 pull_run(&request, &ret->image, &ret->source, e);
	ret->warnings = request.warnings;
	if (result)
		(void)name_attempt("pull", &request.name, words[1], e);
	image_name_release(&request.name);
	platform_release(&request.platform);
	return result ? -1 : 0;
}

/* registry STORE-FD NAME */
static int survey_registry(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct pull request = { .store = -1, .progress = progress, .is_survey = true };
	int result;

	result = parse_fd(words[1], &request.store, e) || image_name_parse(words[2], &request.name, e) || http_prepare(e) ||
		 pull_run(&request, &ret->image, &ret->source, e);
	ret->told = request.told;
	ret->warnings = request.warnings;
	image_name_release(&request.name);
	return result ? error_in(e, "look at %s", words[2]) : 0;
}

/* KIND STORE-FD SOURCE-FD REFERENCE [TAG], or the above */
static int survey(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct unpack request = { .store = -1, .source = -1 };
	int result;

	if (reference_kind_of(words[0]) == REFERENCE_REGISTRY)
		return survey_registry(words, ret, e);
	if (!words[3])
		return wrong_words(e);
	request.kind = strcmp(words[0], "oci") == 0 ? REFERENCE_OCI : REFERENCE_OCI_ARCHIVE;
	request.words = words[3];
	request.tag = words[4];
	if (parse_fd(words[1], &request.store, e) || parse_fd(words[2], &request.source, e))
		return -1;
	result = unpack_survey(&request, &ret->image, e);
	ret->told = request.told;
	ret->warnings = request.warnings;
	return result ? error_in(e, "look at %s", request.words) : 0;
}

/* STORE-FD UPPER-FD any|folders|changes COMPRESSION EPOCH WORDS; the rest is on stdin. */
static int commit(char *const *words, struct unpack_answer *ret, struct error *e)
{
	autorelease(commit_document) struct commit_document document = { 0 };
	autorelease(text) struct text input = { 0 };
	struct commit request = { .store = -1, .upper = -1, .document = &document };
	int result;

	request.only_folders = strcmp(words[2], "folders") == 0;
	request.is_changes = strcmp(words[2], "changes") == 0;
	request.words = words[5];
	if (compressor_parse(words[3], &request.compression) || number_parse(words[4], 0, INT64_MAX, &request.epoch))
		return wrong_words(e);
	result = parse_fd(words[0], &request.store, e) || parse_fd(words[1], &request.upper, e) ||
		 file_read_fd(STDIN_FILENO, "the request for a layer", DOCUMENT_LIMIT, &input, e) ||
		 commit_document_decode(input.data ? input.data : "", input.length, &document, e) ||
		 commit_run(&request, &ret->told, &ret->warnings, e);
	return result ? error_in(e, "make a layer of %s", request.words) : 0;
}

/* STORE-FD alone|above "a DIGEST SIZE"… "b DIGEST SIZE"… */
static int diff(char *const *words, struct unpack_answer *ret, struct error *e)
{
	autorelease(list) struct list a = { 0 };
	autorelease(list) struct list b = { 0 };
	int store = -1;

	for (size_t i = 2; words[i]; i++) {
		if (!text_starts(words[i], "a ") && !text_starts(words[i], "b "))
			return wrong_words(e);
		list_add(words[i][0] == 'a' ? &a : &b, words[i] + 2);
	}
	if (parse_fd(words[0], &store, e))
		return -1;
	return reading_diff(store, &a, &b, strcmp(words[1], "above") == 0, &ret->told, &ret->warnings, e);
}

/* STORE-FD NAME DIGEST CREATED "DIGEST SIZE"… */
static int sbom(char *const *words, struct unpack_answer *ret, struct error *e)
{
	autorelease(list) struct list layers = { 0 };
	struct worker_sbom request = { .layers = &layers, .name = words[1], .digest = words[2], .created = words[3] };
	int store = -1;

	for (size_t i = 4; words[i]; i++)
		list_add(&layers, words[i]);
	if (parse_fd(words[0], &store, e))
		return -1;
	return reading_sbom(store, &request, &ret->told, &ret->warnings, e);
}

/* STORE-FD */
static int hash_store(char *const *words, struct unpack_answer *ret, struct error *e)
{
	int store = -1;

	return parse_fd(words[0], &store, e) || store_hash(store, &ret->loaded, e) ? -1 : 0;
}

/* STORE-FD NAME: the store is a layout like any other. */
static int repair(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct unpack request = { .store = -1, .kind = REFERENCE_OCI };
	int result;

	request.words = request.tag = request.name = words[1];
	if (parse_fd(words[0], &request.store, e))
		return -1;
	request.source = request.store;
	result = unpack_run(&request, &ret->image, e);
	ret->warnings = request.warnings;
	return result ? error_in(e, "unpack %s again", words[1]) : 0;
}

/* STORE-FD */
static int sweep(char *const *words, struct unpack_answer *ret, struct error *e)
{
	int store = -1;

	(void)ret;
	return parse_fd(words[0], &store, e) || unpack_sweep(store, e) ? -1 : 0;
}

/* STORE-FD HOST; user and password are on stdin. */
static int login(char *const *words, struct unpack_answer *ret, struct error *e)
{
	autorelease(credentials) struct credentials credentials = { 0 };
	autorelease(text) struct text input = { 0 };
	int store = -1;
	char *end;

	if (parse_fd(words[0], &store, e) || file_read_fd(STDIN_FILENO, "the password", SECRET_LIMIT, &input, e))
		return -1;
	end = input.data ? strchr(input.data, '\n') : NULL;
	if (!end)
		return wrong_words(e);
	*end = '\0';
	credentials.user = alloc_copy(input.data);
	credentials.password = alloc_copy(end + 1);
	explicit_bzero(input.data, input.length);
	if (http_prepare(e) || login_run(store, words[1], &credentials, &ret->warnings, e))
		return error_in(e, "log in to %s", words[1]);
	return 0;
}

/* HOST */
static int logout(char *const *words, struct unpack_answer *ret, struct error *e)
{
	if (logout_run(words[0], &ret->warnings, e))
		return error_in(e, "log out of %s", words[0]);
	return 0;
}

/* STORE-FD NAME MANIFEST FROM BLOB… */
static int push(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct push_request request = { .store = -1, .progress = progress };
	int result;

	(void)ret;
	request.manifest = words[2];
	request.from = words[3][0] ? words[3] : NULL;
	for (size_t i = 4; words[i]; i++)
		list_add(&request.blobs, words[i]);
	result = parse_fd(words[0], &request.store, e) || image_name_parse(words[1], &request.name, e) || http_prepare(e) ||
		 push_run(&request, e);
	if (result)
		(void)name_attempt("push", &request.name, words[1], e);
	image_name_release(&request.name);
	list_release(&request.blobs);
	return result ? -1 : 0;
}

/* STORE-FD NAME DIGEST */
static int referrers(char *const *words, struct unpack_answer *ret, struct error *e)
{
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(plan) struct plan plan = { 0 };
	autorelease(text) struct text json = { 0 };
	int store = -1;

	if (parse_fd(words[0], &store, e) || image_name_parse(words[1], &name, e) || plan_make(&name, &plan, e) || http_prepare(e) ||
	    question_ask(store, &plan, "referrers", words[2], &json, e))
		return error_in(e, "look for what refers to %s", words[1]);
	list_add(&ret->told, json.data);
	return 0;
}

/* ROOT-FD OUT-FD, and names on stdin */
static int digest(char *const *words, struct unpack_answer *ret, struct error *e)
{
	int root, out;

	(void)ret;
	return parse_fd(words[0], &root, e) || parse_fd(words[1], &out, e) || digest_files(root, STDIN_FILENO, out, e) ? -1 : 0;
}

/* STORE-FD OUT-FD kind|members, and the archive is stdin */
static int extract(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct extract request = { .archive = STDIN_FILENO, .says_kind = strcmp(words[2], "kind") == 0 };

	return parse_fd(words[0], &request.store, e) || parse_fd(words[1], &request.out, e) ||
			       extract_run(&request, &ret->told, &ret->warnings, e) ? -1 : 0;
}

/* STORE-FD URL [DIGEST] */
static int fetch(char *const *words, struct unpack_answer *ret, struct error *e)
{
	struct address request = { .url = words[1], .expected = words[2] ? words[2] : "" };

	return parse_fd(words[0], &request.store, e) || http_prepare(e) || address_run(&request, &ret->told, e) ? -1 : 0;
}

/* Words are what stands behind the verb, with a NULL at the end; so many there are at least, and at the most. */
static const struct {
	const char *verb;
	int least, most;
	int (*run)(char *const *words, struct unpack_answer *ret, struct error *e);
} verbs[] = {
	{ "unpack", 6, 7, unpack },
	{ "load", 4, 4, load },
	{ "import", 4, 4, import },
	{ "commit", 6, 6, commit },
	{ "digest", 2, 2, digest },
	{ "extract", 3, 3, extract },
	{ "fetch", 2, 3, fetch },
	{ "diff", 2, INT_MAX, diff },
	{ "sbom", 4, INT_MAX, sbom },
	{ "pull", 4, 5, pull },
	{ "push", 5, INT_MAX, push },
	{ "referrers", 3, 3, referrers },
	{ "survey", 3, 5, survey },
	{ "sweep", 1, 1, sweep },
	{ "store-hash", 1, 1, hash_store },
	{ "repair", 2, 2, repair },
	{ "login", 2, 2, login },
	{ "logout", 1, 1, logout },
};

static int work(int argc, char **argv, struct unpack_answer *ret, struct error *e)
{
	/* Names in tars are UTF-8; the locale's tables are read now, since the sandbox has no files. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return error_set(e, ERROR_UNSUPPORTED,
				 "this host has no locale C.UTF-8, which libarchive needs to read names");
	if (hash_prepare(e))
		return -1;
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(argv[1], verbs[i].verb) == 0 && argc - 2 >= verbs[i].least && argc - 2 <= verbs[i].most)
			return verbs[i].run(argv + 2, ret, e);
	return wrong_words(e);
}

int main(int argc, char **argv)
{
	struct unpack_answer answer = { 0 };
	autorelease(text) struct text json = { 0 };
	struct error e = { 0 };
	int result;

	umask(0); /* modes are set as the archive says */
	if (work(argc, argv, &answer, &e)) {
		answer.kind = e.kind == ERROR_NONE ? ERROR_INTERNAL : e.kind; /* a failure stays one */
		answer.sys = e.sys;
		answer.text = e.text;
		answer.hint = e.hint;
	}
	unpack_answer_dump(&answer, &json);
	result = write_all(STDOUT_FILENO, json.data, json.length);
	list_release(&answer.told);
	list_release(&answer.warnings);
	list_release(&answer.loaded);
	free(answer.image);
	free(answer.source);
	return result ? 1 : 0;
}
