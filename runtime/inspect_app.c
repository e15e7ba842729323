/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect_app.c - what is known about an app in the background beside its container: its restart, its spec, its health and its exits.
 */
#include "runtime/inspect_app.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/background.h"
#include "runtime/child/oci_state.h"
#include "runtime/exits/exit_record.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/health_record.h"

enum { SPEC_LIMIT = 4 << 20 };

static void add_health(const struct places *places, const char *name, struct text *ret)
{
	autofree struct health_record *health = alloc_zeroed(1, sizeof *health);
	struct exit_record record = { 0 };
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	if (folder >= 0 && health_record_read(folder, health, &ignored) == 0)
		exit_record_add_health(&record, health);
	if (record.health.status) {
		json_add_key(ret, "health");
		exit_record_dump_health(&record, ret);
	}
	exit_record_release(&record);
}

/* The last one first. */
static void add_exits(int definition, struct text *ret)
{
	autorelease(list) struct list numbers = { 0 };
	bool is_first = true;

	exit_record_numbers(definition, &numbers);
	json_add_key(ret, "exits");
	text_add_char(ret, '[');
	for (size_t i = numbers.count; i-- > 0;) {
		struct exit_record record = { 0 };
		struct error ignored = { 0 };
		int64_t number;

		if (number_parse(numbers.items[i], 1, INT64_MAX, &number) || exit_record_read(definition, number, &record, &ignored))
			continue; /* it made place for a newer one meanwhile */
		text_add(ret, is_first ? "" : ",");
		is_first = false;
		exit_record_dump(&record, ret);
		exit_record_release(&record);
	}
	text_add_char(ret, ']');
}

/* As it was at box run -d, with the command line's words in it. */
static void add_spec(int definition, struct text *ret)
{
	autorelease(text) struct text json = { 0 };
	struct error ignored = { 0 };

	if (file_read(definition, "app.json", SPEC_LIMIT, &json, &ignored) || !json.length)
		return;
	json_add_key(ret, "spec");
	text_add(ret, json.data);
}

static void add_definition(const struct places *places, const char *name, int definition, const struct app_settings *settings,
			   struct text *ret)
{
	json_add_member(ret, "restart", settings->restart);
	json_add_member(ret, "spec_file", settings->spec_file);
	add_health(places, name, ret);
	add_exits(definition, ret);
	add_spec(definition, ret);
}

void app_inspect_add(const struct places *places, const char *name, struct text *ret)
{
	struct app_settings settings = { 0 };
	struct error ignored = { 0 };
	autoclose int definition = apps_open(places, name, &settings, &ignored);

	if (definition >= 0)
		add_definition(places, name, definition, &settings, ret);
	app_settings_release(&settings);
}

int app_inspect(const struct places *places, const char *name, struct text *ret, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e);
	int64_t since = -1;
	autofree char *status = definition < 0 ? NULL : background_status(places, name, definition, &since);
	autofree char *created = oci_state_time(settings.created, 0);
	autofree char *ended = since <= 0 ? NULL : oci_state_time(since, 0);

	if (definition < 0)
		return -1;
	text_add_char(ret, '{');
	json_add_member(ret, "name", name);
	json_add_member(ret, "status", status ? status : "running");
	json_add_member(ret, "created", created);
	json_add_member(ret, "ended", ended);
	json_add_member(ret, "kind", "app");
	json_add_member(ret, "image", settings.image);
	add_definition(places, name, definition, &settings, ret);
	text_add_char(ret, '}');
	app_settings_release(&settings);
	return 0;
}
