/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_unit.h - an app in the background as a service of systemd: the words of its unit. No side effects.
 *
 * The main process is the app's supervisor. systemd starts the service again, by the Restart= that restart became, and nobody else
 * does: the supervisor ends with its app, with the app's exit code, 128 + n after signal n, and 0 where somebody asked for the end. Where
 * on_failure "stop" of the health check ended the app, the supervisor ends by SIGUSR1, after which nothing is started.
 *
 * And all that box up has made of a name (kept.h): its main process starts it and stops it (cli/up/serve.c), and what runs has supervisors
 * of box's own, outside of the unit's group. So box up replaces what the unit stands for, and systemd sees nothing of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct app_settings;
struct health_plan;
struct places;
struct text;

/* "box-app-NAME.service": no name of an app makes it one that a package has. The caller frees it. */
char *systemd_unit_name(const char *app);

/* The file. reload_us: the time of a box reload, 0: it has none. is_user: for the user's own manager. */
void systemd_unit_text(const struct app_settings *app, const struct health_plan *health, int64_t reload_us, bool is_user, struct text *ret);

/* "box-up-NAME.service", and its file. box: the program. The caller frees the name. */
char *systemd_up_unit_name(const char *name);
void systemd_up_unit_text(const struct places *places, const char *box, const char *name, struct text *ret);

/* Adds a word as systemd.syntax(7) and systemd.service(5) read it, in quotes: none of it is special, but for $
 * (":" in front of the program sees to that). */
void systemd_unit_add_word(struct text *ret, const char *word);
