/* SPDX-License-Identifier: Apache-2.0 */
/*
 * care.c - what the supervisor does for an app that runs: checks its health, answers for the system calls that its profile refuses, lets
 * its secrets follow their sources, and tells when it ran out of memory.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/supervise/event_log.h"
#include "runtime/supervise/supervisor.h"

/* An app whose health cannot be watched is watched over all the same. */
void care_open(struct supervisor *s)
{
	const struct probe_app app = { .name = s->settings.name, .state = s->settings.state, .store = s->settings.store, .box = s->settings.box,
				       .pidfd = -1 };
	struct error ignored = { 0 };

	if (health_plan_read(s->definition, &s->plan, &ignored))
		s->plan = (struct health_plan){ 0 };
	if (health_open(&s->health, &s->plan, &app, s->folder, &ignored))
		s->health.record = NULL;
	s->refused.listener = -1;
	ooms_begin(&s->ooms, NULL, 0, 0);
	secrets_open(&s->secrets, &app, s->definition, s->folder, s->streams[1]);
}

void care_begin(struct supervisor *s, bool is_new)
{
	int listener = s->progress.listens && s->kept.count > 1 ? s->kept.fds[1] : -1;
	struct error ignored = { 0 };
	int64_t now_ms = clock_boot_ms();

	if (!s->kept.count)
		return;
	s->secrets.log = s->streams[1]; /* each run has FIFOs of its own */
	secrets_begin(&s->secrets, now_ms);
	health_begin(&s->health, s->kept.fds[0], s->progress.started_ms, is_new, now_ms);
	/* Without a place for its figures nobody would answer: then the app shall have its refusals from the kernel, as ENOSYS. */
	if (refused_begin(&s->refused, s->folder, listener, is_new, now_ms, &ignored) && listener >= 0) {
		close(s->kept.fds[1]);
		memmove(&s->kept.fds[1], &s->kept.fds[2], (--s->kept.count - 1) * sizeof *s->kept.fds);
		s->progress.listens = 0;
	}
	if (is_new)
		s->progress.oom_kills = 0;
	if (s->kept.count <= (size_t)(s->progress.listens + s->progress.terminal + s->progress.oom_fds))
		s->progress.oom_fds = 0; /* of a run whose descriptors are lost */
	ooms_begin(&s->ooms, &s->kept.fds[1 + s->progress.listens + s->progress.terminal], s->progress.oom_fds, s->progress.oom_kills);
}

static void tell_oom(struct supervisor *s)
{
	const struct event more = { .image = s->settings.image };
	struct error ignored = { 0 };

	event_log_note(s->settings.state, "container", "oom", s->settings.name, &more);
	s->progress.oom_kills = s->ooms.seen;
	(void)progress_write(s->folder, &s->progress, &ignored); /* else the next supervisor tells it again */
}

void care_rest(struct supervisor *s)
{
	health_rest(&s->health);
	secrets_rest(&s->secrets);
}

void care_end(struct supervisor *s)
{
	health_rest(&s->health);
	secrets_rest(&s->secrets);
	refused_end(&s->refused);
	if (ooms_end(&s->ooms))
		tell_oom(s);
}

int64_t care_watch(const struct supervisor *s, struct pollfd *polls)
{
	const int64_t times[] = { health_watch(&s->health, polls), refused_watch(&s->refused, polls + HEALTH_POLLS),
				  secrets_watch(&s->secrets, polls + HEALTH_POLLS + 1),
				  ooms_watch(&s->ooms, polls + HEALTH_POLLS + 1 + SECRETS_POLLS) };
	int64_t nearest = INT64_MAX;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		nearest = times[i] < nearest ? times[i] : nearest;
	return nearest;
}

static void help(struct supervisor *s)
{
	struct error ignored = { 0 };
	bool is_stop = s->plan.remedy && strcmp(s->plan.remedy, REMEDY_STOP) == 0;

	if (!is_stop && (!s->plan.remedy || strcmp(s->plan.remedy, REMEDY_RESTART) != 0))
		return;
	lifecycle_blame(s, BLAMED_HEALTH);
	if (!is_stop) {
		lifecycle_restart(s, -1);
		return;
	}
	s->is_leaving = true;
	(void)wanted_write(s->definition, /* running= */ false, &ignored); /* then a later boot starts it once more */
	lifecycle_stop(s, -1);
}

void care_serve(struct supervisor *s, const struct pollfd *polls)
{
	int64_t now_ms = clock_boot_ms();

	refused_serve(&s->refused, polls + HEALTH_POLLS, now_ms);
	if (ooms_serve(&s->ooms, polls + HEALTH_POLLS + 1 + SECRETS_POLLS, now_ms))
		tell_oom(s);
	if (secrets_serve(&s->secrets, polls + HEALTH_POLLS + 1, now_ms)) {
		lifecycle_blame(s, "a secret that changed");
		lifecycle_restart(s, -1);
	}
	switch (health_serve(&s->health, now_ms)) {
	case HEALTH_SAME: break;
	case HEALTH_WELL: notify_send(&s->notify, "READY=1\nSTATUS=healthy"); break;
	case HEALTH_ILL:
		notify_send(&s->notify, "STATUS=unhealthy");
		help(s);
		break;
	}
}

bool care_is_busy(const struct supervisor *s)
{
	return s->health.probe.pid || s->secrets.pid;
}

bool care_knows(const struct supervisor *s, pid_t pid)
{
	return pid == s->health.probe.pid || pid == s->secrets.pid;
}
