/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_events.c - box events: what happens to containers, images and volumes; and runc's word for the figures of one container.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/words.h"
#include "runtime/child/oci_state.h"
#include "runtime/logs/events.h"
#include "runtime/oci.h"

enum { HOUR_S = 3600 };

struct options {
	bool stats;
	const char *interval, *since, *until, *format;
	struct list filters;
};

const struct option_row events_options[] = {
	{ 'f', "filter", OPTION_LIST, offsetof(struct options, filters), "KEY=VALUE",
	  "only what fits: type=, event=, container=, image=, volume=; one key several times: any of them" },
	{ 0, "since", OPTION_TEXT, offsetof(struct options, since), "TIME",
	  "what happened from then on, too: 10m ago, a date, or seconds since 1970" },
	{ 0, "until", OPTION_TEXT, offsetof(struct options, until), "TIME", "end there, in place of waiting for more" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the lines (default: table)" },
	{ 0, "stats", OPTION_FLAG, offsetof(struct options, stats), NULL, "of the container ID: print its figures once, and end (OCI)" },
	{ 0, "interval", OPTION_TEXT, offsetof(struct options, interval), "TIME",
	  "of the container ID: between two lines of figures (default: 5s)" },
	OTHER_OPTION(0, "json", "--format json"),
	{ 0 },
};

static const char *const filter_keys[] = { "type", "event", "container", "image", "volume", NULL };

/* Whether an event has value for a key of filter_keys. */
static bool has_value(const void *object, const char *key, const char *value)
{
	const struct event *event = object;

	if (strcmp(key, "type") == 0)
		return strcmp(event->type, value) == 0;
	if (strcmp(key, "event") == 0)
		return strcmp(event->action, value) == 0;
	if (strcmp(key, "image") == 0 && text_equal(event->image, value))
		return true;
	return strcmp(event->type, key) == 0 && strcmp(event->name, value) == 0;
}

static void add_json(const struct event *event, const char *time, struct text *ret)
{
	text_add_char(ret, '{');
	json_add_member(ret, "time", time);
	json_add_member(ret, "type", event->type);
	json_add_member(ret, "action", event->action);
	json_add_member(ret, "name", event->name);
	json_add_member(ret, "image", event->image);
	json_add_member(ret, "signal", event->signal);
	if (strcmp(event->action, "die") == 0)
		json_add_number(ret, "exit_code", (uint64_t)event->exit_code);
	text_add(ret, "}\n");
}

/* "TIME container die web (exit_code=137, image=…)" */
static void add_line(const struct event *event, const char *time, struct text *ret)
{
	autorelease(text) struct text more = { 0 }, line = { 0 };

	if (strcmp(event->action, "die") == 0)
		text_addf(&more, "exit_code=%lld", (long long)event->exit_code);
	if (event->signal)
		text_addf(&more, "%ssignal=%s", more.length ? ", " : "", event->signal);
	if (event->image)
		text_addf(&more, "%simage=%s", more.length ? ", " : "", event->image);
	text_addf(&line, "%s %s %s %s", time, event->type, event->action, event->name);
	if (more.length)
		text_addf(&line, " (%s)", more.data);
	text_add_escaped(ret, line.data, line.length);
	text_add_char(ret, '\n');
}

static int tell(const struct event *event, const struct options *options, struct error *e)
{
	autofree char *time = oci_state_time(event->time, event->time_ns);
	autorelease(text) struct text out = { 0 };

	if (text_equal(options->format, "json"))
		add_json(event, time, &out);
	else
		add_line(event, time, &out);
	return report_text(&out, e);
}

/* What there is already. */
static int tell_all(struct events *events, const struct options *options, int64_t since, int64_t until, struct error *e)
{
	struct event event = { 0 };
	int got;

	while ((got = events_next(events, &event, e)) > 0) {
		if (event.time >= since && event.time <= until && filters_fit(&options->filters, filter_keys, has_value, &event))
			got = tell(&event, options, e);
		event_release(&event);
		if (got < 0)
			break;
	}
	return got < 0 ? -1 : 0;
}

static int follow(const struct call *call, const struct options *options, int64_t since, int64_t until, struct error *e)
{
	struct events *events = events_open(call->places, /* from_end= */ since == INT64_MAX, e);
	int result = events ? 0 : -1;

	while (result == 0) {
		int64_t left;
		int ready;

		result = tell_all(events, options, since == INT64_MAX ? 0 : since, until, e);
		left = until - time(NULL);
		if (result || left < 0)
			break;
		/* A second more than is left: what happens in the last one belongs to it. */
		ready = events_wait(events, until == INT64_MAX ? -1 : left > HOUR_S ? HOUR_S * 1000 : (int)(left + 1) * 1000, e);
		if (ready < 0 && e->sys == EINTR)
			error_clear(e);
		else if (ready < 0)
			result = -1;
	}
	if (events)
		events_free(events);
	return result;
}

static int stream(const struct call *call, const struct options *options, struct error *e)
{
	static const char *const forms[] = { "table", "json", NULL };
	int64_t since = INT64_MAX, until = INT64_MAX;

	if (options_one_of("format", options->format, forms, e) || filters_check(&options->filters, filter_keys, e))
		return -1;
	if (options->since && moment_parse("since", options->since, &since, e))
		return -1;
	if (options->until && moment_parse("until", options->until, &until, e))
		return -1;
	if (options->until && !options->since)
		since = 0;
	return follow(call, options, since, until, e);
}

static int print_figures(const struct call *call, const struct options *options, const char *id, struct error *e)
{
	int64_t interval_us = 5000000;

	if (options->interval && (duration_parse(options->interval, &interval_us) || interval_us < 1000))
		return error_set(e, ERROR_USAGE, "option --interval %s: expected a time such as \"5s\"", options->interval);
	for (;;) {
		autorelease(text) struct text line = { 0 };

		/* The end of the container is the end of its figures. */
		if (oci_stats(call->places, id, &line, e))
			return -1;
		text_add_char(&line, '\n'); /* a line each */
		if (report_text(&line, e))
			return -1;
		if (options->stats)
			return 0;
		usleep((useconds_t)interval_us);
	}
}

static int run(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	if (operands->count > 1)
		return error_set(e, ERROR_USAGE, "events: expected at most one ID");
	if (operands->count)
		return print_figures(call, options, operands->items[0], e);
	if (options->stats || options->interval)
		return error_set(e, ERROR_USAGE, "events: --stats and --interval need the ID of a container");
	return stream(call, options, e);
}

int command_events(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(events_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e);

	if (result == 0)
		result = run(call, &options, &operands, &e);
	list_release(&options.filters);
	return result ? report_failure(&e) : 0;
}
