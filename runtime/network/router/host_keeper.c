/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_keeper.c - the way out of a network of root's: the process that has the host's powers for it.
 *
 * It has NET_ADMIN over the host's network namespace, and of what a taken-over box-net may send it reads nothing: there are three words,
 * and sockets, of which the kernel says what they are (lead.h). The router's namespace is taken once, before a member is there. What rules
 * say of the network follows from its record alone.
 *
 * It has a spare, as box-net has (spare.h), which knows the uplink and asks for the ports again.
 */
#include "runtime/network/router/uplink_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/network/router/confine.h"
#include "runtime/network/router/host.h"
#include "runtime/network/router/host_link.h"
#include "runtime/network/router/lead.h"
#include "runtime/network/router/spare.h"
#include "runtime/network/router/split.h"
#include "runtime/supervise/control.h"

#define KEEPER_TITLE "box:[uplink]"
#define KEEPER_SPARE_TITLE "box:[up-spare]"
#define UPLINK_KEY "uplink"

enum { BROKEN = 125, LEADS_MOST = 4096 };

struct keeper {
	int folder, socket, inside, namespace, networks;
	struct host host;
	struct host_link link;
	struct lead *leads; /* that came with "lead", until "settle" */
	size_t lead_count;
	struct spare spare;
	bool is_ready; /* the host has the rules */
};

static void begin_spare(struct keeper *k);
static int serve(struct keeper *k);

/* Who does not listen is not waited for: the host's rules may want to be written again. */
static void tell(const struct keeper *k, const char *words)
{
	(void)send(k->socket, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT); /* nobody there: the end of file comes next */
}

static void tell_failure(const struct keeper *k, const struct error *e)
{
	autorelease(text) struct text message = { 0 };

	control_add_failure(e, &message);
	tell(k, message.data);
}

static void note_uplink(struct keeper *k)
{
	autofree char *words = text_format("%s %u %u", k->link.name, k->link.number, k->link.index);

	spare_put(&k->spare, UPLINK_KEY, words, NULL, 0);
}

/* In the spare: the device is there, and of what its rules said the ports are missing. */
static int go_on(struct spare_items *items, void *data)
{
	struct keeper *k = data;
	const struct spare_item *uplink = spare_items_find(items, UPLINK_KEY);
	struct error ignored = { 0 };

	k->spare = (struct spare){ .socket = -1, .pidfd = -1 };
	k->inside = k->namespace = -1;
	k->host = (struct host){ .networks = k->networks, .monitor = -1, .note = k->host.note, .lock = -1 };
	if (uplink && sscanf(uplink->text, "%15s %u %u", k->link.name, &k->link.number, &k->link.index) == 3) {
		k->host.link = &k->link;
		k->is_ready = true;
		note_uplink(k);
		/* The rules are there, or will be written when somebody else takes them away. */
		(void)(host_prepare(&k->host, &ignored) || host_begin(&k->host, &ignored));
	}
	begin_spare(k);
	tell(k, "again");
	return serve(k);
}

static void begin_spare(struct keeper *k)
{
	int *const fixed[] = { &k->folder, &k->socket, &k->networks, &k->host.note };
	const struct spare_plan plan = { .title = KEEPER_TITLE, .spare_title = KEEPER_SPARE_TITLE, .fixed = fixed,
					 .fixed_count = sizeof fixed / sizeof *fixed, .go_on = go_on, .data = k };
	struct error ignored = { 0 };

	(void)spare_begin(&k->spare, &plan, &ignored); /* without one it is alone */
}

/* While box-net makes its own namespace ready. */
static void prepare(struct keeper *k)
{
	struct error e = { 0 };

	k->host.link = &k->link;
	k->is_ready = true; /* or some of it has to be put back */
	if (host_prepare(&k->host, &e) == 0)
		return;
	tell_failure(k, &e);
	close(take_fd(&k->namespace)); /* nothing begins in it */
}

static void begin(struct keeper *k)
{
	autoclose int namespace = take_fd(&k->namespace); /* once */
	autorelease(text) struct text answer = { 0 };
	struct error e = { 0 };

	if (host_link_make(&k->link, namespace, &e) || host_begin(&k->host, &e)) {
		tell_failure(k, &e);
		return;
	}
	text_add(&answer, "began ");
	host_link_print(&k->link, &answer);
	tell(k, answer.data);
	begin_spare(k); /* nobody waits for it */
	note_uplink(k);
}

/* What is nobody's port is left out: box-net sends only what is one. */
static void add_leads(struct keeper *k, const struct control_fds *fds)
{
	struct lead lead;

	for (size_t i = 0; i < fds->count; i++)
		if (k->lead_count < LEADS_MOST && lead_of_socket(fds->fds[i], &lead))
			*(struct lead *)alloc_append(&k->leads, &k->lead_count, sizeof lead) = lead;
}

static void settle(struct keeper *k, const struct control_fds *fds)
{
	autorelease(text) struct text commands = { 0 };
	struct error e = { 0 };

	add_leads(k, fds);
	leads_print(k->leads, k->lead_count, &k->link, &commands);
	free(take_ptr(&k->leads));
	k->lead_count = 0;
	if (host_lead(&k->host, commands.data ? commands.data : "", &e))
		tell_failure(k, &e);
	else
		tell(k, "settled");
}

/* false: whoever held the other end has ended. */
static bool obey(struct keeper *k)
{
	autorelease(text) struct text message = { 0 };
	struct control_fds fds = { .count = 0 };
	struct error ignored = { 0 };

	if (control_receive(k->socket, &message, &fds, &ignored) <= 0)
		return false;
	if (strcmp(message.data, "begin") == 0 && k->namespace >= 0)
		begin(k);
	else if (strcmp(message.data, "lead") == 0 && k->link.index)
		add_leads(k, &fds);
	else if (strcmp(message.data, "settle") == 0 && k->link.index)
		settle(k, &fds);
	control_fds_close(&fds);
	return true;
}

/* Puts back what was changed outside; the device goes with the router's namespace, too. */
static int end(struct keeper *k)
{
	struct error e = { 0 };

	spare_end(&k->spare);
	if (k->is_ready && host_end_leads(&k->host, &e))
		error_clear(&e); /* they lead nowhere */
	/* Before the host is looked at: of two that end side by side, one finds that it was the last. */
	host_link_remove(&k->link);
	if (k->is_ready && host_end(&k->host, &e))
		error_clear(&e); /* the next sweep tries it again */
	host_release(&k->host);
	return 0;
}

static int serve(struct keeper *k)
{
	for (;;) {
		struct pollfd polls[] = { { .fd = k->socket, .events = POLLIN }, { .fd = k->host.monitor, .events = POLLIN },
					  { .fd = k->spare.pidfd, .events = POLLIN }, { .fd = k->inside, .events = POLLIN } };
		struct error ignored = { 0 };

		if (poll(polls, 4, -1) < 0 && errno != EINTR)
			return BROKEN; /* its spare goes on */
		if (polls[0].revents && !obey(k))
			return end(k);
		if (polls[1].revents)
			(void)host_serve(&k->host, &ignored); /* there is nobody to tell */
		if (polls[2].revents)
			begin_spare(k);
		if (polls[3].revents)
			split_bury(&k->inside);
	}
}

static int give_up_power(const struct keeper *k, struct error *e)
{
	const struct confine plan = { .files = k->networks, .own = -1, .shared = -1, .has_settings = true };

	return confine_powers(1U << CAP_NET_ADMIN, e) || confine(&plan, e) ? -1 : 0;
}

_Noreturn void host_keep(const struct uplink_keep *plan)
{
	struct keeper k = { .folder = plan->folder, .socket = plan->socket, .inside = plan->inside, .namespace = plan->namespace, .networks = -1,
			    .spare = { .socket = -1, .pidfd = -1 }, .host = { .monitor = -1, .note = -1, .lock = -1 },
			    .link = { .prefix6 = plan->prefix6, .has_ip6 = plan->has_ip6 } };
	int *const kept[] = { &k.folder, &k.socket, &k.inside, &k.namespace };
	struct error e = { 0 };

	process_title(KEEPER_TITLE);
	if (process_keep_only(STDERR_FILENO + 1, kept, sizeof kept / sizeof *kept, &e))
		_exit(BROKEN);
	k.networks = openat(k.folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	k.host.networks = k.networks;
	if (k.networks < 0 || give_up_power(&k, &e)) {
		tell_failure(&k, &e);
		_exit(BROKEN);
	}
	prepare(&k);
	_exit(serve(&k));
}
