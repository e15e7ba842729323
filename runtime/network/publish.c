/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.c - what box says to box-net about published ports.
 */
#include "runtime/network/publish.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/host_ports.h"
#include "runtime/network/reach.h"
#include "runtime/supervise/control.h"
#include "specs/container.h"

enum { HELD_MOST = 4096 /* of box-net, in a network */ };

/* A message has room for about a hundred. */
static int hear_some(int connection, const char *service, struct list *ret, struct error *e)
{
	autofree char *words = text_format("ports %s %zu", service, ret->count);
	autorelease(text) struct text answer = { 0 };

	if (network_ask(connection, words, NULL, &answer, e))
		return -1;
	for (const char *line = answer.data; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (text_starts(line, "port "))
			list_addf(ret, "%.*s", (int)strcspn(line + strlen("port "), "\n"), line + strlen("port "));
	return 0;
}

int network_published(int connection, const char *service, struct list *ret, struct error *e)
{
	size_t before;

	do {
		before = ret->count;
		if (hear_some(connection, service, ret, e))
			return -1;
		if (ret->count > HELD_MOST)
			return error_set(e, ERROR_INTERNAL, "ask for the ports of %s: a network has at most %d, and goes on", service, HELD_MOST);
	} while (ret->count > before);
	return 0;
}

int network_withdraw(int connection, const char *service, const struct list *ports, struct error *e)
{
	for (size_t at = 0; at < ports->count;) {
		autorelease(text) struct text words = { 0 };

		text_addf(&words, "withdraw %s", service);
		do
			text_addf(&words, "\nport %s", ports->items[at++]);
		while (at < ports->count && words.length + strlen("\nport ") + strlen(ports->items[at]) < CONTROL_MOST);
		if (network_ask(connection, words.data, NULL, NULL, e))
			return -1;
	}
	return 0;
}

static int hand_over(int connection, const char *service, const struct host_ports *ports, bool is_standby, struct error *e)
{
	for (size_t at = 0;;) {
		autorelease(text) struct text words = { 0 };
		struct control_fds fds = { 0 };

		text_addf(&words, "publish %s%s", service, is_standby ? "\nstandby" : "");
		if (!host_ports_add_lines(ports, &at, &words, &fds))
			return 0;
		if (network_ask(connection, words.data, &fds, NULL, e))
			return -1;
	}
}

static int withdraw_others(int connection, const char *service, const struct host_ports *ports, const struct list *held, struct error *e)
{
	autorelease(list) struct list others = { 0 };

	host_ports_add_others(ports, held, &others);
	return network_withdraw(connection, service, &others, e);
}

int network_publish(int connection, const struct container *container, bool is_standby, struct host_ports *ret, struct error *e)
{
	const char *service = container->service ? container->service : container->name;
	autorelease(list) struct list held = { 0 };
	struct host_ports ports = { 0 };

	if (network_published(connection, service, &held, e) || host_ports_bind(container, &held, &ports, e))
		return -1;
	if (hand_over(connection, service, &ports, is_standby, e) ||
	    (!is_standby && withdraw_others(connection, service, &ports, &held, e))) {
		host_ports_release(&ports);
		return -1;
	}
	*ret = ports;
	return 0;
}
