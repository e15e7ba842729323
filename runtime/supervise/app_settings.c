/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_settings.c - what the supervisor knows of its app.
 */
#include "runtime/supervise/app_settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/reserve.h"
#include "base/text.h"
#include "runtime/supervise/log_file.h"

#define SETTINGS_FILE "settings"

#define AT(member) offsetof(struct app_settings, member)
const struct line_row app_settings_rows[] = {
	{ "name", LINE_TEXT, AT(name) },
	{ "state", LINE_TEXT, AT(state) },
	{ "store", LINE_TEXT, AT(store) },
	{ "box", LINE_TEXT, AT(box) },
	{ "supervisor", LINE_TEXT, AT(supervisor) },
	{ "restart", LINE_TEXT, AT(restart) },
	{ "stop_signal", LINE_NUMBER, AT(stop_signal) },
	{ "stop_grace_us", LINE_NUMBER, AT(stop_grace_us) },
	{ "log_driver", LINE_TEXT, AT(log_driver) },
	{ "log_max_size", LINE_NUMBER, AT(log_max_size) },
	{ "log_max_files", LINE_NUMBER, AT(log_max_files) },
	{ "created", LINE_NUMBER, AT(created) },
	{ "image", LINE_TEXT, AT(image) },
	{ "command", LINE_TEXT, AT(command) },
	{ "volumes_of", LINE_TEXT, AT(volumes_of) },
	{ "spec_file", LINE_TEXT, AT(spec_file) },
	{ "named", LINE_TEXT, AT(named) },
	{ "unit", LINE_TEXT, AT(unit) },
	{ "terminal", LINE_NUMBER, AT(terminal) },
	{ "keep_stdin", LINE_NUMBER, AT(keep_stdin) },
	{ "stack", LINE_TEXT, AT(stack) },
	{ "service", LINE_TEXT, AT(service) },
	{ "generation", LINE_NUMBER, AT(generation) },
	{ "replica", LINE_NUMBER, AT(replica) },
	{ "level", LINE_NUMBER, AT(level) },
	{ "depends", LINE_TEXT, AT(depends) },
	{ "external", LINE_TEXT, AT(external) },
	{ "digest", LINE_TEXT, AT(digest) },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct last_end, member)
const struct line_row last_end_rows[] = {
	{ "starts", LINE_NUMBER, AT(starts) },
	{ "code", LINE_NUMBER, AT(code) },
	{ "signal", LINE_NUMBER, AT(signal) },
	{ "ended", LINE_NUMBER, AT(ended) },
	{ 0 },
};
#undef AT

int app_settings_read(int definition, struct app_settings *ret, struct error *e)
{
	struct app_settings settings = { 0 };

	if (lines_read(definition, SETTINGS_FILE, app_settings_rows, &settings, e)) {
		app_settings_release(&settings);
		return -1;
	}
	if (!settings.name || !settings.state || !settings.store || !settings.box || !settings.supervisor || !settings.restart ||
	    !settings.log_driver || settings.log_max_size < LOG_FILE_LEAST || settings.log_max_files < 1) {
		app_settings_release(&settings);
		return error_set(e, ERROR_INTERNAL, "read the settings of an app: something is missing in them");
	}
	*ret = settings;
	return 0;
}

int app_settings_write(int definition, const struct app_settings *settings, struct error *e)
{
	return lines_write(definition, SETTINGS_FILE, app_settings_rows, settings, e);
}

void app_settings_release(struct app_settings *settings)
{
	lines_release(app_settings_rows, settings);
}

bool wanted_read(int definition)
{
	autorelease(text) struct text word = { 0 };
	struct error ignored = { 0 };

	return file_read(definition, "wanted", 64, &word, &ignored) == 0 && word.data && strcmp(word.data, "running\n") == 0;
}

int wanted_write(int definition, bool running, struct error *e)
{
	const char *word = running ? "running\n" : "stopped\n";

	return reserve_replace(definition, "wanted", word, strlen(word), 0600, e);
}
