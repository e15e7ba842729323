/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_changes.c - the secrets of an app that runs, brought to what their sources hold.
 */
#include "cli/secret_changes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/app_program.h"
#include "runtime/apps/apps.h"
#include "runtime/box.h"
#include "runtime/logs/events.h"
#include "specs/app.h"
#include "specs/container.h"

#define DUE_FILE "secrets-due" /* of the state folder: a line for each secret whose action is still to be done */

enum { PROGRAM_MS = 30000 };

struct changes {
	const struct places *places;
	const char *name;
	int log;
	struct secret_change *secrets;
	bool *due;
	size_t count;
	bool needs_restart;
};

/* One line, at once: the FIFO does not mix it with others. What does not fit into a full one is lost. */
static void tell(const struct changes *c, const char *words)
{
	autorelease(text) struct text line = { 0 };

	text_add(&line, "box: ");
	text_add_escaped(&line, words, strlen(words));
	text_add_char(&line, '\n');
	(void)write_all(c->log, line.data, line.length);
}

static void tell_failure(const struct changes *c, const struct error *e, const char *outcome)
{
	autofree char *words = text_format("%s%s%s; %s", e->field, e->field[0] ? ": " : "", e->text, outcome);

	tell(c, words);
	events_note(c->places, "container", "secret-failed", c->name, NULL);
}

static char *due_path(const struct changes *c)
{
	return text_format("%s/%s/" DUE_FILE, c->places->state, c->name);
}

static void read_due(struct changes *c)
{
	autofree char *path = due_path(c);
	autorelease(text) struct text file = { 0 };
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, path, 1 << 16, &file, &ignored))
		return; /* nothing is left over */
	for (size_t i = 0; i < c->count; i++) {
		autofree char *line = text_format("\n%s\n", c->secrets[i].file.field ? c->secrets[i].file.field : "");

		c->due[i] = c->secrets[i].action != CHANGE_NOTHING && file.data && strstr(file.data, line);
	}
}

static int note_due(const struct changes *c, struct error *e)
{
	autofree char *path = due_path(c);
	autorelease(text) struct text file = { 0 };

	text_add_char(&file, '\n');
	for (size_t i = 0; i < c->count; i++)
		if (c->due[i])
			text_addf(&file, "%s\n", c->secrets[i].file.field);
	return file_replace(AT_FDCWD, path, file.data, file.length, 0600, e);
}

static int replace(struct changes *c, size_t i, struct error *e)
{
	const struct secret_change *secret = &c->secrets[i];
	bool differs = false;

	if (box_replace_secret(c->places, c->name, &secret->file, /* look_only= */ true, &differs, e))
		return -1;
	if (!differs)
		return 0;
	if (secret->action == CHANGE_RESTART) { /* the new one comes with it */
		c->needs_restart = true;
		return 0;
	}
	c->due[i] = true;
	if (note_due(c, e) ||
	    box_replace_secret(c->places, c->name, &secret->file, /* look_only= */ false, &differs, e))
		return -1;
	events_note(c->places, "container", "secret", c->name, NULL);
	return 0;
}

static bool is_same_action(const struct secret_change *one, const struct secret_change *other)
{
	if (one->action != other->action || one->signal != other->signal || one->exec.count != other->exec.count)
		return false;
	for (size_t i = 0; i < one->exec.count; i++)
		if (strcmp(one->exec.items[i], other->exec.items[i]) != 0)
			return false;
	return true;
}

static int act(const struct changes *c, const struct secret_change *secret, struct error *e)
{
	const struct app_program program = {
		.name = c->name, .args = &secret->exec, .group = "box-change", .timeout_ms = PROGRAM_MS
	};
	int status = 0;

	if (secret->action == CHANGE_SIGNAL)
		return box_kill(c->places, c->name, secret->signal, /* all= */ false, e);
	if (app_program_run(c->places, &program, &status, e))
		return error_in(e, "run %s", secret->exec.items[0]);
	if (status == APP_PROGRAM_LATE)
		return error_set(e, ERROR_KERNEL, "run %s: it did not end within %d seconds", secret->exec.items[0],
				 PROGRAM_MS / 1000);
	return status ? error_set(e, ERROR_KERNEL, "run %s: exit code %d", secret->exec.items[0], status) : 0;
}

/* Each action once, however many secrets ask for it. A restart does for all. */
static void act_on_due(const struct changes *c)
{
	autofree char *path = due_path(c);

	for (size_t i = 0; i < c->count; i++) {
		struct error e = { 0 };
		bool is_done = !c->due[i] || c->needs_restart;

		for (size_t j = 0; j < i && !is_done; j++)
			is_done = c->due[j] && is_same_action(&c->secrets[i], &c->secrets[j]);
		if (is_done || act(c, &c->secrets[i], &e) == 0)
			continue;
		error_at(&e, "%s.on_change", c->secrets[i].file.field);
		tell_failure(c, &e, "the secret is replaced, and the app may not know");
	}
	(void)unlink(path); /* a missing one is fine */
}

static void read_sources(struct changes *c, const struct app *app)
{
	for (size_t i = 0; i < c->count; i++) {
		struct error e = { 0 };

		if (app_secret_again(app, i, &c->secrets[i], &e) == 0)
			continue;
		secret_change_release(&c->secrets[i]);
		c->secrets[i].action = CHANGE_NOTHING;
		tell_failure(c, &e, "the app keeps the secret that it has");
	}
}

int secret_changes(const struct places *places, const char *name, int log, bool *ret_restart, struct error *e)
{
	autofree char *folder = apps_path(places, name);
	autofree char *path = text_format("%s/app.json", folder);
	struct changes c = { .places = places, .name = name, .log = log };
	const struct app_options nothing = { 0 };
	struct app *app = NULL;

	if (box_seal(e) || app_load(path, &nothing, &app, e))
		return -1;
	c.count = app_secret_count(app);
	c.secrets = alloc_zeroed(c.count + 1, sizeof *c.secrets);
	c.due = alloc_zeroed(c.count + 1, sizeof *c.due);
	read_sources(&c, app);
	read_due(&c);
	for (size_t i = 0; i < c.count; i++) {
		struct error failed = { 0 };

		if (c.secrets[i].action != CHANGE_NOTHING && replace(&c, i, &failed)) {
			error_at(&failed, "%s", c.secrets[i].file.field);
			tell_failure(&c, &failed, "the app keeps the secret that it has");
			c.due[i] = false;
		}
	}
	act_on_due(&c);
	*ret_restart = c.needs_restart;
	for (size_t i = 0; i < c.count; i++)
		secret_change_release(&c.secrets[i]);
	free(c.secrets);
	free(c.due);
	app_free(app);
	return 0;
}
