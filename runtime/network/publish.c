/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.c - what box says to box-net about published ports.
 */
#include "runtime/network/publish.h"

#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/network/host_ports.h"
#include "runtime/network/reach.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"
#include "specs/container.h"

enum { PUBLISHED_MS = 10000 };

/* A message has room for some hundreds. */
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
	int64_t until_ms = clock_monotonic_ms() + PUBLISHED_MS;
	size_t before;

	/* Who has taken a box-net over can answer with one at a time, and slowly. */
	do {
		before = ret->count;
		if (hear_some(connection, service, ret, e))
			return -1;
		if (ret->count > NETWORK_PORTS_MOST || clock_monotonic_ms() >= until_ms)
			return error_set(e, ERROR_INTERNAL, "ask for the ports of %s: a network has at most %d, and goes on", service,
					 NETWORK_PORTS_MOST);
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

static void add_warnings(const char *answer, struct list *ret)
{
	for (const char *line = answer; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (text_starts(line, "warning "))
			list_addf(ret, "%.*s", (int)strcspn(line + strlen("warning "), "\n"), line + strlen("warning "));
}

static int hand_over(int connection, const char *service, const struct host_ports *ports, bool is_standby, struct list *warnings,
		     struct error *e)
{
	for (size_t at = 0;;) {
		autorelease(text) struct text words = { 0 }, answer = { 0 };
		struct control_fds fds = { 0 };

		text_addf(&words, "publish %s%s", service, is_standby ? "\nstandby" : "");
		if (!host_ports_add_lines(ports, &at, &words, &fds))
			return 0;
		/* Rules are written once. */
		text_add(&words, at < ports->count ? "\nmore" : "");
		if (network_ask(connection, words.data, &fds, &answer, e))
			return -1;
		add_warnings(answer.data, warnings);
	}
}

static int withdraw_others(int connection, const char *service, const struct host_ports *ports, const struct list *held, struct error *e)
{
	autorelease(list) struct list others = { 0 };

	host_ports_add_others(ports, held, &others);
	return network_withdraw(connection, service, &others, e);
}

static int publish(int connection, const struct container *container, bool is_standby, const struct list *held, struct list *warnings,
		   struct error *e)
{
	const char *service = container->service ? container->service : container->name;
	struct host_ports ports = { 0 };
	int result;

	if (host_ports_bind(container, held, &ports, e))
		return -1;
	result = hand_over(connection, service, &ports, is_standby, warnings, e) ||
				 (!is_standby && withdraw_others(connection, service, &ports, held, e))
			 ? -1
			 : 0;
	host_ports_release(&ports); /* box-net has them */
	return result;
}

static int publish_back(int connection, const char *service, const struct list *noted, struct error *e)
{
	autorelease(list) struct list now = { 0 };
	autorelease(list) struct list others = { 0 };
	autorelease(list) struct list unheard = { 0 }; /* the first cause is what counts */
	struct host_ports ports = { 0 }, before = { 0 };
	int result;

	if (network_published(connection, service, &now, e))
		return -1;
	host_ports_again(noted, &now, &ports);
	host_ports_read(noted, &before);
	host_ports_add_others(&before, &now, &others);
	result = hand_over(connection, service, &ports, /* is_standby= */ false, &unheard, e) ||
				 network_withdraw(connection, service, &others, e)
			 ? -1
			 : 0;
	host_ports_release(&ports);
	host_ports_release(&before);
	return result;
}

/* All are bound before the first is handed over, which may be more at once than programs usually open. What is begun later gets the limit
 * that there was: some programs go through all numbers below it. */
static struct rlimit raise_limit(void)
{
	struct rlimit before = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	(void)getrlimit(RLIMIT_NOFILE, &before); /* what cannot be read is not put back either */
	(void)process_most_files();
	return before;
}

static void put_back(const struct rlimit *before)
{
	(void)setrlimit(RLIMIT_NOFILE, before); /* lower than now it cannot fail */
}

int network_publish(int connection, const struct container *container, bool is_standby, struct list *warnings, struct error *e)
{
	const char *service = container->service ? container->service : container->name;
	autorelease(list) struct list held = { 0 };
	struct rlimit before;
	int result;

	if (network_published(connection, service, &held, e))
		return -1;
	before = raise_limit();
	result = publish(connection, container, is_standby, &held, warnings, e);
	put_back(&before);
	return result;
}

int network_publish_back(int connection, const char *service, const struct list *noted, struct error *e)
{
	const struct rlimit before = raise_limit();
	int result = publish_back(connection, service, noted, e);

	put_back(&before);
	return result;
}
