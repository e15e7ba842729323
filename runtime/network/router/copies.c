/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.c - what box-net's spare has of it, and how that goes on.
 */
#include "runtime/network/router/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/router/hooks.h"
#include "runtime/network/router/router.h"
#include "runtime/network/router/spare.h"
#include "runtime/network/words.h"

enum { EXIT_FAILED = 125, WORD = 192, KEY_WORDS = 512 };

void copies_put_member(struct router *r, struct member *member)
{
	const struct service *service = services_find(&r->services, member->service);
	autofree char *key = text_format("member %s", member->instance);
	autorelease(text) struct text text = { 0 };
	char which[MEMBER_DESCRIPTOR_COUNT + 1] = "";
	int *all[MEMBER_DESCRIPTOR_COUNT], fds[MEMBER_DESCRIPTOR_COUNT];
	size_t count = 0;

	members_descriptors(member, all);
	for (size_t i = 0; i < MEMBER_DESCRIPTOR_COUNT; i++)
		if (*all[i] >= 0) {
			which[count] = MEMBER_DESCRIPTORS[i];
			fds[count++] = *all[i];
		}
	text_addf(&text, "%s %u %u %s %d %d %d -%s", member->service, member->index, service ? service->index : 0,
		  member_phase_word(member->phase), member->is_standby, member->is_durable, member->was_kept, which);
	for (size_t i = 0; i < member->aliases.count; i++)
		text_addf(&text, "\nalias %s", member->aliases.items[i]);
	for (size_t i = 0; i < member->known.count; i++)
		text_addf(&text, "\nknown %s", member->known.items[i]);
	spare_put(&r->spare, key, text.data, fds, count);
}

void copies_drop_member(struct router *r, const struct member *member)
{
	autofree char *key = text_format("member %s", member->instance);

	spare_drop(&r->spare, key);
}

static char *port_key(const struct published *published)
{
	autorelease(text) struct text words = { 0 };

	host_port_print(&published->port, &words);
	return text_format("port %s %d %s %d", published->service, published->port.protocol, published->port.address,
			   published->port.published);
}

void copies_put_port(struct router *r, const struct published *published)
{
	autofree char *key = port_key(published);
	autorelease(text) struct text text = { 0 };

	text_addf(&text, "%s ", published->service);
	host_port_print(&published->port, &text);
	spare_put(&r->spare, key, text.data, &published->port.fd, 1);
}

void copies_drop_port(struct router *r, const struct published *published)
{
	autofree char *key = port_key(published);

	spare_drop(&r->spare, key);
}

/* --- in the spare, when box-net has been killed ----------------------------------------------------------------------------- */

static void take_lines(struct member *member, const char *lines)
{
	for (; lines && *lines; lines = strchr(lines, '\n') ? strchr(lines, '\n') + 1 : NULL) {
		size_t length = strcspn(lines, "\n");
		autofree char *line = alloc_copy_bytes(lines, length);

		if (text_starts(line, "alias "))
			list_add(&member->aliases, line + strlen("alias "));
		else if (text_starts(line, "known "))
			list_add(&member->known, line + strlen("known "));
	}
}

static void take_descriptors(struct member *member, struct spare_item *item, const char *which)
{
	int *all[MEMBER_DESCRIPTOR_COUNT];
	const char *letter;

	members_descriptors(member, all);
	for (size_t i = 0; i < item->count && which[i]; i++) {
		letter = strchr(MEMBER_DESCRIPTORS, which[i]);
		if (letter)
			*all[letter - MEMBER_DESCRIPTORS] = take_fd(&item->fds[i]);
	}
}

/* What of it has to be waited for. */
static int attend(struct router *r, struct member *member, struct error *e)
{
	if (member->connection >= 0 && router_add_connection(r, member->connection, e))
		return -1;
	if (member->pidfd >= 0 && router_watch(r, member->pidfd, ROUTER_PROCESS, e))
		return -1;
	return router_answer_names(r, member, e);
}

static int restore_member(struct router *r, struct spare_item *item, struct error *e)
{
	char service[WORD], phase[WORD], which[WORD];
	unsigned index, service_index;
	int is_standby, is_durable, was_kept;
	const char *instance = item->key + strlen("member ");
	struct member *member;

	if (sscanf(item->text, "%191s %u %u %191s %d %d %d -%191s", service, &index, &service_index, phase, &is_standby, &is_durable, &was_kept,
		   which) < 7)
		return error_set(e, ERROR_INTERNAL, "go on with %s: its note is not understood", instance);
	addresses_restore(&r->addresses, instance, index, /* is_service= */ false);
	addresses_restore(&r->addresses, service, service_index, /* is_service= */ true);
	member = members_add(&r->members, instance, service);
	member->index = index;
	member->is_standby = is_standby;
	member->is_durable = is_durable;
	member->was_kept = was_kept;
	if (!member_phase_parse(phase, &member->phase))
		member->phase = MEMBER_GONE;
	take_descriptors(member, item, which);
	take_lines(member, strchr(item->text, '\n'));
	if (!services_find(&r->services, service))
		services_add(&r->services, service, service_index)->is_durable = is_durable;
	return attend(r, member, e);
}

static int restore_port(struct router *r, struct spare_item *item, struct error *e)
{
	char service[WORD];
	struct host_port port;
	const char *space = strchr(item->text, ' ');

	if (sscanf(item->text, "%191s", service) != 1 || !space || !host_port_read(space + 1, &port) || item->count != 1)
		return error_set(e, ERROR_INTERNAL, "go on with a published port: its note is not understood");
	port.fd = take_fd(&item->fds[0]);
	return ports_publish(r, service, &port, e);
}

static int restore(struct router *r, struct spare_items *items, struct error *e)
{
	for (size_t i = 0; i < items->count; i++) {
		struct error here = { 0 };
		struct spare_item *item = &items->items[i];
		int result = 0;

		if (text_starts(item->key, "member "))
			result = restore_member(r, item, &here);
		else if (text_starts(item->key, "port "))
			result = restore_port(r, item, &here);
		if (result)
			log_warning("%s, continuing", here.text); /* the others go on */
	}
	(void)e;
	return 0;
}

static int settle_all(struct router *r, struct error *e)
{
	for (size_t i = 0; i < r->services.count; i++)
		if (router_settle(r, r->services.items[i], e))
			return -1;
	/* Who was gone by now is told by the pidfds; whose state folder is, has to be looked for. */
	r->has_new_names = true;
	return 0;
}

static int go_on(struct spare_items *items, void *data)
{
	struct router *old = data, r;
	struct error e = { 0 };
	int result = router_resume(&r, old, &e) || restore(&r, items, &e) || settle_all(&r, &e) || copies_begin(&r, &e);

	for (size_t i = 0; i < items->count; i++)
		for (size_t k = 0; k < items->items[i].count; k++)
			if (items->items[i].fds[k] >= 0)
				close(items->items[i].fds[k]); /* nobody took it */
	if (result == 0) {
		for (size_t i = 0; i < r.members.count; i++)
			copies_put_member(&r, r.members.items[i]);
		router_look_at_states(&r);
		result = router_serve(&r, &e);
	}
	router_release(&r);
	return result ? EXIT_FAILED : 0;
}

int copies_begin(struct router *r, struct error *e)
{
	int *const fixed[] = { &r->folder, &r->listener, &r->upstream, &r->uplink_socket };
	const struct spare_plan plan = { .title = NETWORK_TITLE, .spare_title = NETWORK_SPARE_TITLE, .fixed = fixed,
					 .fixed_count = sizeof fixed / sizeof *fixed, .go_on = go_on, .data = r };

	if (network_step("spare", e) || spare_begin(&r->spare, &plan, e) || router_watch(r, r->spare.pidfd, ROUTER_SPARE, e))
		return -1;
	return 0;
}
