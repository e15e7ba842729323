/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_check.h - rules between and beyond the fields of app.json. Private to specs/.
 *
 * The tables know types and ranges; the rules know what a field may hold, what two fields mean together, and what this
 * version of box cannot do yet. Each rule is one function; app_check.c has them in a table.
 */
#pragma once

#include <stdbool.h>

struct app;
struct problems;

/* Every rule, in order. -1 where a problem ends the search. */
int app_check_rules(const struct app *app, struct problems *p);

/* Tells "expected …, found "…"" at the field. As problems_add. */
int app_unexpected(struct problems *p, const char *expected, const char *found, const char *field, ...)
	__attribute__((format(printf, 4, 5)));

/* A name or a number that exists in the container; whole is what the message shows. As problems_add. */
int app_check_id(const struct app *app, const char *part, const char *whole, const char *field, struct problems *p);

/* check_words.c: single fields */
int check_name(const struct app *app, struct problems *p);
int check_source(const struct app *app, struct problems *p);
int check_program(const struct app *app, struct problems *p);
int check_user(const struct app *app, struct problems *p);
int check_hostname(const struct app *app, struct problems *p);
int check_stop_signal(const struct app *app, struct problems *p);
int check_reload(const struct app *app, struct problems *p);
int check_capabilities(const struct app *app, struct problems *p);
int check_security(const struct app *app, struct problems *p);
int check_restart(const struct app *app, struct problems *p);
int check_logging(const struct app *app, struct problems *p);

/* app_schedule.c */
int check_schedule(const struct app *app, struct problems *p);

/* check_networks.c */
int check_networks(const struct app *app, struct problems *p);
int check_extra_hosts(const struct app *app, struct problems *p);
int check_ports(const struct app *app, struct problems *p);

/* app_health.c */
int check_healthcheck(const struct app *app, struct problems *p);

/* check_limits.c: what the kernel measures and grants */
int check_memory(const struct app *app, struct problems *p);
int check_disk(const struct app *app, struct problems *p);
int check_cpusets(const struct app *app, struct problems *p);
int check_io(const struct app *app, struct problems *p);
int check_ulimits(const struct app *app, struct problems *p);
int check_sysctls(const struct app *app, struct problems *p);

/* check_mounts.c: what appears in the container's tree */
int check_volumes(const struct app *app, struct problems *p);
int check_tmpfs(const struct app *app, struct problems *p);
int check_devices(const struct app *app, struct problems *p);
int check_targets(const struct app *app, struct problems *p);

/* check_secrets.c */
int check_secrets(const struct app *app, struct problems *p);
