/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spare.c - the twin of a box-net.
 *
 *     to the twin      "put KEY\nTEXT" with descriptors, "drop KEY", "end"
 */
#include "runtime/network/router/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/control.h"

enum { SPARE_FIRST = 3, SPARE_ITEMS = 64 /* descriptors of items from there on */ };

/* By hash first: there may be thousands of keys, which begin alike. */
struct spare_item *spare_items_find(const struct spare_items *items, const char *key)
{
	const uint32_t hash = text_hash(key);

	for (size_t i = 0; i < items->count; i++)
		if (items->items[i].hash == hash && strcmp(items->items[i].key, key) == 0)
			return &items->items[i];
	return NULL;
}

static void release_item(struct spare_item *item, bool owns)
{
	for (size_t i = 0; owns && i < item->count; i++)
		close(item->fds[i]);
	free(item->key);
	free(item->text);
}

static void remove_item(struct spare_items *items, const char *key, bool owns)
{
	struct spare_item *item = spare_items_find(items, key);

	if (!item)
		return;
	release_item(item, owns);
	*item = items->items[--items->count];
}

void spare_items_release(struct spare_items *items, bool owns)
{
	for (size_t i = 0; i < items->count; i++)
		release_item(&items->items[i], owns);
	free(items->items);
	*items = (struct spare_items){ 0 };
}

static void add_item(struct spare_items *items, const char *key, const char *text, const int *fds, size_t count, bool owns)
{
	struct spare_item *item;

	remove_item(items, key, owns);
	item = alloc_append(&items->items, &items->count, sizeof *item);
	*item = (struct spare_item){ .key = alloc_copy(key), .text = alloc_copy(text), .hash = text_hash(key), .count = count };
	if (count)
		memcpy(item->fds, fds, count * sizeof *fds);
}

/* libnftables waits with select(2), which ends the process at a descriptor of 1024 or more: low ones stay free for it. */
static void move_up(struct control_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++) {
		int moved = fds->fds[i] < SPARE_ITEMS ? fcntl(fds->fds[i], F_DUPFD_CLOEXEC, SPARE_ITEMS) : -1;

		if (moved < 0)
			continue;
		close(fds->fds[i]);
		fds->fds[i] = moved;
	}
}

/* In the twin. False: box-net ends by itself. */
static bool take_message(char *message, struct control_fds *fds, struct spare_items *items)
{
	char *end = strchr(message, '\n');

	if (strcmp(message, "end") == 0)
		return false;
	if (end)
		*end++ = '\0';
	if (text_starts(message, "put ") && end && fds->count <= SPARE_FDS) {
		move_up(fds);
		add_item(items, message + strlen("put "), end, fds->fds, fds->count, /* owns= */ true);
		fds->count = 0;
	} else if (text_starts(message, "drop ")) {
		remove_item(items, message + strlen("drop "), /* owns= */ true);
	}
	control_fds_close(fds);
	return true;
}

/* Everything that was sent is read first, also of one that is dead. */
static bool take_all(int socket, struct spare_items *items)
{
	for (;;) {
		autorelease(text) struct text message = { 0 };
		struct control_fds fds = { 0 };
		struct error e = { 0 };
		int got = control_try_receive(socket, &message, &fds, &e);

		if (got <= 0)
			return true;
		if (!take_message(message.data, &fds, items))
			return false;
	}
}

static void wait_for_end(int socket, int twin, struct spare_items *items)
{
	struct pollfd polls[] = { { .fd = socket, .events = POLLIN }, { .fd = twin, .events = POLLIN } };

	for (;;) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			_exit(125); /* box-net makes another one */
		if (polls[0].revents && !take_all(socket, items))
			_exit(0);
		if (polls[1].revents)
			break;
		if (polls[0].revents & (POLLHUP | POLLERR))
			polls[0].fd = -1; /* it is dead, or just about to be */
	}
	if (!take_all(socket, items))
		_exit(0);
}

static _Noreturn void be_twin(int socket, int active, const struct spare_plan *plan)
{
	int *kept[SPARE_FIXED + 2];
	struct spare_items items = { 0 };
	struct error e = { 0 };
	size_t count = 0;

	process_title(plan->spare_title);
	for (; count < plan->fixed_count; count++)
		kept[count] = plan->fixed[count];
	kept[count++] = &socket;
	kept[count++] = &active;
	if (process_keep_only(SPARE_FIRST, kept, count, &e))
		_exit(125);
	wait_for_end(socket, active, &items);
	close(socket);
	close(active);
	process_title(plan->title);
	_exit(plan->go_on(&items, plan->data));
}

static int make_twin(struct spare *spare, const struct spare_plan *plan, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	autoclose int active = process_open(getpid());
	int ends[2];
	pid_t pid;

	if (active < 0)
		return error_sys(e, "open this process");
	if (control_pair(ends, e))
		return -1;
	pid = process_clone(&plain, &spare->pidfd, e);
	if (pid == 0)
		be_twin(ends[1], active, plan);
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		spare->socket = ends[0];
	return pid < 0 ? -1 : 0;
}

static void send_item(const struct spare *spare, const struct spare_item *item)
{
	autofree char *words = text_format("put %s\n%s", item->key, item->text);
	struct control_fds fds = { .count = item->count };
	struct error ignored = { 0 };

	memcpy(fds.fds, item->fds, item->count * sizeof *item->fds);
	if (spare->socket >= 0 && control_send(spare->socket, words, &fds, &ignored))
		(void)process_signal(spare->pidfd, SIGKILL); /* it may be dead; the next one gets all of it */
}

int spare_begin(struct spare *spare, const struct spare_plan *plan, struct error *e)
{
	struct process_end end;
	struct error ignored = { 0 };

	if (spare->pidfd >= 0) {
		(void)process_wait(spare->pidfd, &end, &ignored);
		close(take_fd(&spare->pidfd));
	}
	if (spare->socket >= 0)
		close(take_fd(&spare->socket));
	if (make_twin(spare, plan, e))
		return -1;
	for (size_t i = 0; i < spare->kept.count; i++)
		send_item(spare, &spare->kept.items[i]);
	return 0;
}

void spare_put(struct spare *spare, const char *key, const char *text, const int *fds, size_t count)
{
	if (count > SPARE_FDS)
		return;
	add_item(&spare->kept, key, text, fds, count, /* owns= */ false);
	send_item(spare, spare_items_find(&spare->kept, key));
}

void spare_drop(struct spare *spare, const char *key)
{
	autofree char *words = text_format("drop %s", key);
	struct error ignored = { 0 };

	remove_item(&spare->kept, key, /* owns= */ false);
	if (spare->socket >= 0)
		(void)control_send(spare->socket, words, NULL, &ignored); /* where it is dead the next one does not get it */
}

void spare_end(struct spare *spare)
{
	struct error ignored = { 0 };

	if (spare->socket >= 0) {
		(void)control_send(spare->socket, "end", NULL, &ignored); /* it may be dead */
		close(take_fd(&spare->socket));
	}
	if (spare->pidfd >= 0)
		close(take_fd(&spare->pidfd));
	spare_items_release(&spare->kept, /* owns= */ false);
}
