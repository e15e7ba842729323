/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question.h - one question to a registry that is no part of a pull.
 */
#pragma once

struct error;
struct plan;
struct text;

/* Starts a fetcher in its sandbox, gives it one order (fetcher.h), adds its whole answer and ends it. */
int question_ask(int store, const struct plan *plan, const char *order, const char *name, struct text *ret, struct error *e);
