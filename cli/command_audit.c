/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_audit.c - box audit: what box was told to do, and whether the records of it are whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/chain.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit_record.h"
#include "cli/audit_verify.h"
#include "cli/commands.h"
#include "cli/report.h"

enum { FILE_LIMIT = CHAIN_FILE + 2 * CHAIN_LINE };

struct options {
	const char *since, *until, *verb, *name, *format, *kept;
	bool verify, head;
};

const struct option_row audit_options[] = {
	{ 0, "since", OPTION_TEXT, offsetof(struct options, since), "TIME", "from then on: 2026-11-29, 2026-11-29T19:42:35Z, or 24h ago" },
	{ 0, "until", OPTION_TEXT, offsetof(struct options, until), "TIME", "before then" },
	{ 0, "verb", OPTION_TEXT, offsetof(struct options, verb), "VERB", "this command alone" },
	{ 0, "name", OPTION_TEXT, offsetof(struct options, name), "NAME", "what is about this container, volume, network or image" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the list (default: table)" },
	{ 0, "verify", OPTION_FLAG, offsetof(struct options, verify), NULL, "name the first record that was changed, or say that all are whole" },
	{ 0, "kept", OPTION_TEXT, offsetof(struct options, kept), "HEAD", "with --verify: what --head said once has to be true still" },
	{ 0, "head", OPTION_FLAG, offsetof(struct options, head), NULL, "print number and digest of the last record, to be kept elsewhere" },
	{ 0 },
};

/* "24h" ago, or the beginning of a time as records have it, which compares as text. The caller frees it; NULL and e. */
static char *read_time(const char *option, const char *words, struct error *e)
{
	int64_t ago_us;
	struct tm utc = { 0 };
	char text[CLOCK_TEXT];

	if (duration_parse(words, &ago_us) == 0) {
		clock_print(time(NULL) - ago_us / 1000000, 0, 0, text);
		return alloc_copy_bytes(text, strcspn(text, "Z"));
	}
	if (strlen(words) >= strlen("2026-11-29") && strspn(words, "0123456789-T:.Z") == strlen(words) && strptime(words, "%Y-%m-%d", &utc))
		return alloc_copy_bytes(words, strcspn(words, "Z"));
	error_set(e, ERROR_USAGE, "option --%s %s: expected a time in UTC such as 2026-11-29T19:42:35Z, or how long ago, such as 24h", option,
		  words);
	return NULL;
}

static bool is_about(const struct audit_record *record, const char *name)
{
	if (list_has(&record->containers, name) || list_has(&record->objects, name))
		return true;
	for (size_t i = 0; i < record->image_count; i++)
		if (text_equal(record->images[i].name, name))
			return true;
	return false;
}

static bool is_wanted(const struct options *options, const char *since, const char *until, const struct audit_record *record)
{
	return (!since || strcmp(record->time, since) >= 0) && (!until || strcmp(record->time, until) < 0) &&
	       (!options->verb || strcmp(record->verb, options->verb) == 0) && (!options->name || is_about(record, options->name));
}

static void add_row(const struct audit_record *record, struct list *cells)
{
	const char *name = record->containers.count ? record->containers.items[0]
			   : record->objects.count  ? record->objects.items[0]
			   : record->image_count    ? record->images[0].name
						    : "";
	autorelease(text) struct text words = { 0 };

	list_addf(cells, "%.19sZ", record->time);
	if (record->login_uid >= 0 && record->login_uid != record->uid)
		list_addf(cells, "%jd as %jd", (intmax_t)record->login_uid, (intmax_t)record->uid);
	else
		list_addf(cells, "%jd", (intmax_t)record->uid);
	list_add(cells, record->verb);
	list_add(cells, name ? name : "");
	list_addf(cells, "%s (%jd)", record->result, (intmax_t)record->exit_code);
	for (size_t i = 0; i < record->argv.count; i++)
		text_addf(&words, "%s%s", i ? " " : "", record->argv.items[i]);
	list_add(cells, words.data ? words.data : "");
}

/* What a walk over the records fills. */
struct listing {
	const struct options *options;
	const char *since, *until;
	struct list cells;
	struct text json;
	size_t unreadable;
};

static void take_line(struct listing *to, const char *line, size_t length, const char *file)
{
	struct audit_record record;
	struct error ignored = { 0 };

	if (audit_record_read(line, length, file, &record, &ignored)) {
		to->unreadable++;
		return;
	}
	if (is_wanted(to->options, to->since, to->until, &record)) {
		text_add(&to->json, to->json.length ? ",\n" : "");
		text_add_bytes(&to->json, line, length);
		add_row(&record, &to->cells);
	}
	audit_record_release(&record);
}

static int take_files(int folder, struct listing *to, struct error *e)
{
	autorelease(list) struct list files = { 0 };

	chain_files(folder, AUDIT_LOG, &files);
	for (size_t i = 0; i < files.count; i++) {
		autorelease(text) struct text content = { 0 };

		if (file_read(folder, files.items[i], FILE_LIMIT, &content, e))
			return -1;
		for (size_t at = 0; at < content.length;) {
			const char *line = content.data + at, *end = memchr(line, '\n', content.length - at);
			size_t length = end ? (size_t)(end - line) : content.length - at;

			take_line(to, line, length, files.items[i]);
			at += length + 1;
		}
	}
	if (to->unreadable)
		log_warning("%zu lines are no records (box audit --verify says more), continuing", to->unreadable);
	return 0;
}

static int list_records(int folder, const struct options *options, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "TIME", "UID", "VERB", "NAME", "RESULT", "COMMAND" };
	bool is_json = options->format && strcmp(options->format, "json") == 0;
	autofree char *since = options->since ? read_time("since", options->since, e) : NULL;
	autofree char *until = options->until && e->kind == ERROR_NONE ? read_time("until", options->until, e) : NULL;
	struct listing listing = { .options = options, .since = since, .until = until };
	int result;

	if (e->kind != ERROR_NONE)
		return -1;
	if (options->format && !is_json && strcmp(options->format, "table") != 0)
		return error_set(e, ERROR_USAGE, "option --format %s: expected table or json", options->format);
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&listing.cells, heads[i]);
	result = folder < 0 ? 0 : take_files(folder, &listing, e);
	if (is_json)
		text_addf(ret, "[%s]\n", listing.json.data ? listing.json.data : "");
	else
		report_table(&listing.cells, sizeof heads / sizeof *heads, report_width(), ret);
	list_release(&listing.cells);
	text_release(&listing.json);
	return result;
}

static int print_head(int folder, struct text *ret, struct error *e)
{
	char digest[SHA256_TEXT] = "";
	uint64_t seq = 0;

	if (folder >= 0 && chain_head(folder, AUDIT_LOG, &seq, digest, e))
		return -1;
	text_addf(ret, "%ju %s\n", (uintmax_t)seq, digest);
	return 0;
}

static int verify(int folder, const struct options *options, struct text *ret, struct error *e)
{
	struct audit_head kept = { 0 };
	autofree char *number = alloc_copy(options->kept);
	char *space = number ? strchr(number, ' ') : NULL;

	if (space) {
		*space = '\0';
		kept.digest = space + 1;
	}
	if (number && (!space || !text_starts(kept.digest, "sha256:") || number_parse(number, 1, INT64_MAX, &kept.seq)))
		return error_set(e, ERROR_USAGE, "option --kept %s: expected what box audit --head printed", options->kept);
	if (folder >= 0)
		return audit_verify(folder, &kept, ret, e);
	return kept.seq ? error_set(e, ERROR_SPEC, "record %jd was there once, and there is none now", (intmax_t)kept.seq) : 0;
}

static int run(const struct call *call, const struct options *options, const struct list *operands, struct text *ret, struct error *e)
{
	autoclose int folder = open(call->places->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0 && errno != ENOENT)
		return error_sys(e, "open the store %s", call->places->store);
	if (operands->count || (options->verify && options->head) || (options->kept && !options->verify))
		return error_set(e, ERROR_USAGE, "audit: expected no operand, one of --verify and --head at most, and --kept with --verify");
	if (options->head)
		return print_head(folder, ret, e);
	return options->verify ? verify(folder, options, ret, e) : list_records(folder, options, ret, e);
}

int command_audit(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 }, ignored = { 0 };
	int result = options_parse(audit_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e);

	if (result == 0)
		result = run(call, &options, &operands, &out, &e);
	/* What was found before an error is told, too. */
	if (report_text(&out, result ? &ignored : &e) || result)
		return report_failure(&e);
	return 0;
}
