/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal.h - what a registry says where it refuses: {"errors":[{"code":"…","message":"…"}]}.
 */
#pragma once

struct error;
struct http_answer;

/* Fills e by status and body. All words of the other side are escaped and cut. Always -1. */
int refusal_explain(const struct http_answer *answer, struct error *e);
