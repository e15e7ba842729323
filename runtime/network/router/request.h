/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - one message of a box, taken apart. Private to request*.c.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"
#include "runtime/supervise/control.h"

struct error;
struct router;

struct request {
	int connection;
	struct list words;       /* of the first line */
	struct list *lines;      /* the words of each further line */
	size_t line_count;
	struct control_fds fds;  /* what nobody takes is closed */
	struct control_fds given; /* what goes along with the answer; closed after it */
};

void request_parse(const char *message, struct request *ret);
void request_release(struct request *request);

/* Takes descriptor number at: -1 where it did not come. */
int request_take(struct request *request, size_t at);

/* The verbs: what follows "ok" is added to answer. */
typedef int request_verb(struct router *r, struct request *request, struct text *answer, struct error *e);
request_verb request_prepare, request_keep, request_leave, request_show; /* request_members.c */
request_verb request_publish, request_withdraw, request_ports;                         /* request_ports.c */
request_verb request_join, request_live, request_switch, request_hold, request_flows; /* request_services.c */
