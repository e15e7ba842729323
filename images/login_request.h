/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_request.h - what box and box-image say to each other about passwords.
 *
 *     box-image login STORE-FD HOST        on its stdin: the user's name, an end of line, the password
 *     box-image logout HOST
 *
 * The answer is that of unpack_answer.h; its warnings are notes for the user.
 */
#pragma once

struct error;
struct list;
struct places;

int login_request(const struct places *places, const char *host, const char *user, const char *password, struct list *ret_notes,
		  struct error *e);
int logout_request(const char *host, struct list *ret_notes, struct error *e);
