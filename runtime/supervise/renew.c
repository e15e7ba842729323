/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renew.c - a supervisor becomes the program that is installed now, with the same pid: the app stays its child.
 *
 * What it knows is in its notes (progress.h) and what it needs is opened again, as by one that takes over after a kill. Only the lock and
 * what is kept for the app go along, as open descriptors whose numbers the environment tells.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/supervise/spawn.h"
#include "runtime/supervise/supervisor.h"

#define NUMBERS "BOX_RENEWED" /* "LOCK KEPT KEPT …" */

static void stay_open(struct supervisor *s, int flags)
{
	(void)fcntl(s->definition, F_SETFD, flags); /* cannot fail on an open descriptor */
	(void)fcntl(s->lock, F_SETFD, flags);
	for (size_t i = 0; i < s->kept.count; i++)
		(void)fcntl(s->kept.fds[i], F_SETFD, flags);
}

void renew(struct supervisor *s)
{
	autofree char *title = text_format("box:[supervise] %s", s->settings.name);
	char *const argv[] = { title, NULL };
	autorelease(text) struct text numbers = { 0 };
	struct error ignored = { 0 };

	s->is_renewing = false;
	text_addf(&numbers, "%d", s->lock);
	for (size_t i = 0; i < s->kept.count; i++)
		text_addf(&numbers, " %d", s->kept.fds[i]);
	if (s->definition != SPAWN_DEFINITION || setenv(NUMBERS, numbers.data, /* overwrite= */ 1))
		return;
	if (s->watcher >= 0)
		(void)control_send(s->watcher, "renew", NULL, &ignored); /* else it takes the end of the connection for a death */
	stay_open(s, 0);
	(void)execve(s->settings.supervisor, argv, environ);
	/* This one goes on. The connection was good for one word more. */
	stay_open(s, FD_CLOEXEC);
	(void)unsetenv(NUMBERS);
}

void renewed(struct supervisor *s)
{
	const char *numbers = getenv(NUMBERS);
	char *end;

	if (!numbers)
		return;
	s->lock = (int)strtol(numbers, &end, 10);
	while (*end == ' ' && s->kept.count < CONTROL_FDS)
		s->kept.fds[s->kept.count++] = (int)strtol(end, &end, 10);
	stay_open(s, FD_CLOEXEC);
	(void)unsetenv(NUMBERS);
}
