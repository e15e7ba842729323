/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_layer.c - what a program writes on top of other layers.
 */
#include "runtime/new_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/exits/exit_record.h"
#include "runtime/exits/explain.h"
#include "runtime/launch/launch.h"
#include "runtime/storage/writable.h"
#include "runtime/streams/relay.h"
#include "specs/container.h"

static int take_upper(const struct launch *l, new_layer_taker *take, void *data, struct error *e)
{
	autoclose int upper = writable_open_upper(l->writable);

	return upper < 0 ? error_sys(e, "open the new layer") : take(upper, &l->map, data, e);
}

static int attend(struct launch *l, struct process_end *ret, struct error *e)
{
	struct relay relay = { .pidfd = l->pidfd, .app_stdin = l->streams[0], .app_stdout = l->streams[1], .app_stderr = l->streams[2],
			       .terminal = -1, .ends_at_once = true };

	/* What relay_run closes is no longer ours. */
	l->streams[0] = l->streams[1] = l->streams[2] = -1;
	return relay_run(&relay, ret, e);
}

int new_layer_run(const struct places *places, const struct container *container, new_layer_taker *take, void *data, int *ret_status,
		  struct list *epilogue, struct error *e)
{
	struct error undo = { 0 };
	struct exit_record record = { 0 };
	struct process_end end;
	struct launch l;
	int result;

	launch_init(&l, places, container);
	result = launch_start(&l, e) || attend(&l, &end, e) ? -1 : 0;
	if (result == 0) {
		l.pid = 0; /* reaped by relay_run */
		explain_end(container, l.group, &end, l.net_counters, &record, epilogue);
		exit_record_release(&record);
		*ret_status = end.signal ? 128 + end.signal : end.code;
		/* Process 1 of its pid namespace is gone, and so is everybody else in there. */
		if (*ret_status == 0)
			result = take_upper(&l, take, data, e);
	}
	if (launch_release(&l, &undo))
		log_warning("clean up after %s: %s, continuing", container->name, undo.text);
	return result;
}
