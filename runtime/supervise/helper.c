/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.c - the box that does for a supervisor what is heavy: one at a time.
 */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/spawn.h"
#include "runtime/supervise/supervisor.h"

/* box --root STATE --store STORE VERB NAME [MORE…] */
int helper_begin(struct supervisor *s, const char *verb, const struct list *more, struct error *e)
{
	autorelease(list) struct list argv = { 0 };
	autoclose int theirs = -1;
	struct spawn request = { .program = s->settings.box, .is_helper = true, .fds = { s->definition, -1, -1 } };
	struct error failed = { 0 };
	int ends[2];

	list_add(&argv, s->settings.box);
	list_addf(&argv, "--root=%s", s->settings.state);
	list_addf(&argv, "--store=%s", s->settings.store);
	list_add(&argv, verb);
	list_add(&argv, s->settings.name);
	for (size_t i = 0; more && i < more->count; i++)
		list_add(&argv, more->items[i]);
	if (control_pair(ends, e))
		return -1;
	theirs = ends[1];
	s->helper_answer = ends[0];
	request.argv = argv.items;
	request.fds[1] = theirs;
	s->helper = spawn(&request, &s->helper_pidfd, &failed);
	if (s->helper > 0)
		return 0;
	s->helper = 0;
	close(take_fd(&s->helper_answer));
	*e = failed;
	return -1;
}

bool helper_is_done(struct supervisor *s)
{
	struct process_end end;
	struct error ignored = { 0 };

	if (process_try_wait(s->helper_pidfd, &end, &ignored) == 0)
		return false;
	close(take_fd(&s->helper_pidfd));
	close(take_fd(&s->helper_answer));
	s->helper = 0;
	return true;
}
