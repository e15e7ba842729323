/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemctl.h - the caller's systemd: that of the host for root, the user's own for others.
 */
#pragma once

#include <stdbool.h>

struct error;
struct places;

/* A file can be written, and taken away, where none runs: for a machine that is being made. */
bool systemctl_is_running(void);

/* systemctl VERB [OPTION] [UNIT]; option and unit may be NULL. Nothing where no systemd runs. */
int systemctl(const struct places *places, const char *verb, const char *option, const char *unit, struct error *e);

/* Whether it neither runs nor is about to, or to end; false where no systemd runs. */
bool systemctl_is_idle(const struct places *places, const char *unit);

/* Whether it runs, or would when the host is started; false where no systemd runs. */
bool systemctl_is_used(const struct places *places, const char *unit);

/* Writes the file of a unit among an administrator's, or the user's, own ones; takes it away (it may be gone). systemd is told. */
int systemctl_write_unit(const struct places *places, const char *unit, const char *words, struct error *e);
int systemctl_remove_unit(const struct places *places, const char *unit, struct error *e);
