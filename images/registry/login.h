/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.h - a password is tried and kept, or forgotten.
 */
#pragma once

struct credentials;
struct error;
struct list;

/* Asks host whether it takes the credentials, and keeps them only then. ret_notes: where. store: for the sandbox's folder. */
int login_run(int store, const char *host, const struct credentials *credentials, struct list *ret_notes, struct error *e);

/* Forgets what is kept for host, wherever that is. */
int logout_run(const char *host, struct list *ret_notes, struct error *e);
