/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_logs.c - box logs: what apps in the background wrote.
 */
#include "cli/logs_follow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/number.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/log_printer.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/when.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/instances.h"
#include "runtime/apps/logs.h"
#include "runtime/box.h"

enum { FOLLOW_LOOK_US = 200000 };

struct options {
	bool follow, timestamps;
	const char *since, *until, *tail, *format, *stream;
};

#define AT(member) offsetof(struct options, member)
const struct option_row logs_options[] = {
	{ 'f', "follow", OPTION_FLAG, AT(follow), NULL, "go on until the app is stopped or removed" },
	{ 0, "since", OPTION_TEXT, AT(since), "TIME", "from then on: 2026-11-29T19:42:34Z, 10m (ago), seconds since 1970" },
	{ 0, "until", OPTION_TEXT, AT(until), "TIME", "what was written before" },
	{ 'n', "tail", OPTION_TEXT, AT(tail), "N|all", "the last N lines of these (default: all)" },
	{ 't', "timestamps", OPTION_FLAG, AT(timestamps), NULL, "each line begins with its time" },
	{ 0, "stream", OPTION_TEXT, AT(stream), "stdout|stderr|box", "of this stream alone; box: what box itself has to say, such as lost bytes" },
	{ 0, "format", OPTION_TEXT, AT(format), "text|json", "json: the records, one a line (default: text)" },
	{ 0 },
};
#undef AT

static int read_choices(const struct options *o, struct log_question *q, char since[static LOG_TIME], char until[static LOG_TIME],
			struct error *e)
{
	int64_t ns;

	*q = (struct log_question){ .tail = -1, .stream = -1, .follow = o->follow };
	if (o->since) {
		if (when_parse("since", o->since, &ns, e))
			return -1;
		log_time_format(ns, since);
		q->since = since;
	}
	if (o->until) {
		if (when_parse("until", o->until, &ns, e))
			return -1;
		log_time_format(ns, until);
		q->until = until;
	}
	if (o->tail && strcmp(o->tail, "all") != 0 && number_parse(o->tail, 0, INT64_MAX, &q->tail))
		return error_set(e, ERROR_USAGE, "option --tail %s: expected a number of lines, or all", o->tail);
	if (o->stream && (q->stream = log_stream_number(o->stream)) < 0)
		return error_set(e, ERROR_USAGE, "option --stream %s: expected stdout, stderr or box", o->stream);
	if (o->format && strcmp(o->format, "text") != 0 && strcmp(o->format, "json") != 0)
		return error_set(e, ERROR_USAGE, "option --format %s: expected text or json", o->format);
	return 0;
}

static struct log_printer printer_of(const struct options *options, const char *who)
{
	struct log_printer printer;

	log_printer_init(&printer, options->format && strcmp(options->format, "json") == 0, options->timestamps, who);
	return printer;
}

/* who: as in struct log_printer. */
static int print_log(const struct call *call, const char *name, const char *who, const struct options *options, struct error *e)
{
	struct log_printer printer = printer_of(options, who);
	const struct log_hearer hearer = { .hear = log_printer_hear, .goes_on = log_printer_show, .missed = log_printer_missed, .data = &printer };
	char since[LOG_TIME], until[LOG_TIME];
	struct log_question question;
	int result = read_choices(options, &question, since, until, e);

	if (result == 0)
		result = logs_read(call->places, name, &question, &hearer, e);
	if (result == 0)
		result = log_printer_end(&printer, e);
	log_printer_release(&printer);
	return result;
}

/* One of several whose lines are printed in the order of time. */
struct voice {
	struct log_printer *printer;
	const char *name;
};

static int hear_voice(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	const struct voice *voice = data;

	voice->printer->who = voice->name;
	return log_printer_hear(record, json, length, voice->printer, e);
}

static void missed_voice(uint64_t files, void *data)
{
	const struct voice *voice = data;

	log_printer_missed(files, voice->printer);
}

static int print_by_time(const struct call *call, const struct list *names, const struct options *options, struct error *e)
{
	struct log_printer printer = printer_of(options, "");
	struct voice *voices = alloc_zeroed(names->count, sizeof *voices);
	struct log_hearer *hearers = alloc_zeroed(names->count, sizeof *hearers);
	char since[LOG_TIME], until[LOG_TIME];
	struct log_question question;
	int result = read_choices(options, &question, since, until, e);

	for (size_t i = 0; i < names->count; i++) {
		voices[i] = (struct voice){ &printer, names->items[i] };
		hearers[i] = (struct log_hearer){ .hear = hear_voice, .missed = missed_voice, .data = &voices[i] };
	}
	if (result == 0)
		result = logs_read_all(call->places, names, &question, hearers, e);
	if (result == 0)
		result = log_printer_end(&printer, e);
	log_printer_release(&printer);
	free(voices);
	free(hearers);
	return result;
}

/* What all the words mean. */
static int resolve(const struct call *call, const struct list *words, struct list *ret, struct error *e)
{
	for (size_t i = 0; i < words->count; i++)
		if (name_check(words->items[i], e) || instances_resolve(call->places, words->items[i], ret, e))
			return -1;
	return 0;
}

/* Those that are followed: at the same time, as they come, each line with its name. */
struct several {
	const struct call *call;
	const struct options *options;
	struct list shown;
	size_t running;
};

static void begin_following(struct several *s, const char *name, const struct options *options)
{
	struct error e = { 0 };
	pid_t pid;

	list_add(&s->shown, name);
	pid = process_clone_bound(/* ret_pidfd= */ NULL, &e);
	if (pid == 0)
		_exit(print_log(s->call, name, name, options, &e) ? report_failure(&e) : 0);
	s->running += pid > 0;
}

/* Also those that come later: another generation, one more replica. What they wrote is shown from its beginning. */
static int follow_several(struct several *s, const struct list *words, struct error *e)
{
	struct options whole = *s->options, now = *s->options;
	bool is_first = true;

	whole.tail = whole.since = NULL;
	do {
		autorelease(list) struct list names = { 0 };

		if (resolve(s->call, words, &names, e))
			return -1;
		for (size_t i = 0; i < names.count; i++)
			if (!list_has(&s->shown, names.items[i]) && apps_exists(s->call->places, names.items[i]))
				begin_following(s, names.items[i], is_first ? &now : &whole);
		is_first = false;
		usleep(FOLLOW_LOOK_US);
		while (s->running && waitpid(-1, NULL, WNOHANG) > 0)
			s->running--;
	} while (s->running);
	return 0;
}

static int follow_all(const struct call *call, const struct list *words, const struct options *options, struct error *e)
{
	struct several several = { .call = call, .options = options };
	int result = follow_several(&several, words, e);

	list_release(&several.shown);
	return result;
}

int logs_follow(const struct call *call, const char *word, struct error *e)
{
	const struct options options = { .follow = true };
	autorelease(list) struct list words = { 0 };

	list_add(&words, word);
	return follow_all(call, &words, &options, e);
}

/* One whose next generation comes while it is followed goes on with that. */
static int print_one(const struct call *call, const char *word, const char *name, const struct options *options, struct error *e)
{
	autofree char *last = alloc_copy(name);
	struct options whole = *options;
	int result = print_log(call, name, /* who= */ "", options, e);

	whole.tail = whole.since = NULL;
	while (options->follow && result == 0) {
		autorelease(list) struct list names = { 0 };

		if (instances_resolve(call->places, word, &names, e) || strcmp(names.items[0], last) == 0 ||
		    !apps_exists(call->places, names.items[0]))
			break;
		free(last);
		last = alloc_copy(names.items[0]);
		result = print_log(call, last, /* who= */ "", &whole, e);
	}
	return result;
}

/* Each of those that were named. Of a file's name those are followed that are there. */
static int check_all(const struct call *call, const struct list *names, struct error *e)
{
	for (size_t i = 0; i < names->count; i++) {
		autoclose int definition = apps_open(call->places, names->items[i], NULL, e);

		if (definition < 0)
			return -1;
	}
	return 0;
}

static int print_all(const struct call *call, const struct list *words, const struct options *options, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (resolve(call, words, &names, e))
		return -1;
	if (names.count == 1)
		return print_one(call, words->items[0], names.items[0], options, e);
	if (words->count > 1 && check_all(call, &names, e))
		return -1;
	return options->follow ? follow_all(call, words, options, e) : print_by_time(call, &names, options, e);
}

int command_logs(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(logs_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "logs: expected at least one NAME");
	if (result || targets_name(call, &operands, &e))
		return report_failure(&e);
	if (print_all(call, &operands, &options, &e) == 0)
		return 0;
	for (size_t i = 0; i < operands.count; i++)
		(void)target_meant(call, operands.items[i], &e);
	return report_failure(&e);
}
