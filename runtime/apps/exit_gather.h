/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_gather.h - the exit record of an app in the background, when a run of it is over, and what other commands leave for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct exit_record;
struct last_end;
struct places;

/* Everything that can be found out about a run that ended in that way, written below the open folder of the definition. Comes before the
 * cgroup and the state record are removed. What cannot be found out is left out. */
int exit_gather(const struct places *places, const char *name, int definition, const struct last_end *end, struct error *e);

/* As exit_gather, for a run whose end nobody saw (run_mark.h). is_rebooted: because the host ended. */
int exit_gather_lost(const struct places *places, const char *name, int definition, const struct last_end *end, bool is_rebooted,
		     struct error *e);

/* The same record, which is not written. The caller releases it. */
void exit_gather_unseen(const struct places *places, const char *name, int definition, int64_t number, bool is_rebooted,
			struct exit_record *ret);

/* Notes that box kill is about to send signal to the app: where it ends by that very signal, the record says whose it was. The app may
 * have no state folder any more. */
void exit_note_kill(const struct places *places, const char *name, int signal);

/* The same of a command that asks an app in the foreground to end, however it does so. */
void exit_note_stop(const struct places *places, const char *name, const char *command);

/* Takes what these two have left in the open state folder: stopped_by. */
void exit_gather_notes(int folder, struct exit_record *record);

/* As exit_gather, for a run that never began, because of failure. */
int exit_gather_failure(const struct places *places, const char *name, int definition, const struct error *failure, struct error *e);
