/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule.c - which step of which stage is next; several at once.
 *
 * A stage goes on while its next step is in the cache. Else a process makes the step (step_process.h). Stages wait for their base, and
 * steps for the stages that they take files from. A signal that asks for the end goes to these processes, which end their container and
 * clear up; what they have not done within some seconds is ended by a kill, and swept.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/isolation.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cli/build/fetch.h"
#include "cli/build/log.h"
#include "cli/build/roots.h"
#include "cli/build/shared.h"
#include "cli/build/step_process.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/build/build_cache.h"
#include "images/build/selection.h"
#include "images/commit_request.h"
#include "runtime/box.h"
#include "runtime/streams/relay.h"

enum { PATIENCE_MS = 10000 };

static const struct build_step *next_step(const struct stage *stage)
{
	return &stage->plan.steps[stage->next];
}

/* Before the first step is made or told: this process may have to execute itself anew. */
static int begin_making(struct build_work *work, struct error *e)
{
	if (work->made)
		return 0;
	return box_seal(e) || (isolation_is_chroot() && build_roots_begin(work, e)) ? -1 : 0;
}

/* "[app 2/5] RUN make" */
static void log_step(struct build_work *work, struct stage *stage)
{
	const struct build_head *head = build_file_head(work->file, stage->number);
	autofree char *number = text_format("stage-%zu", stage->number);
	autofree char *words = text_format("[%s %zu/%zu%s] %s", head->name ? head->name : number, stage->next + 1, stage->plan.step_count,
					   build_verify_words(work, stage), next_step(stage)->words);

	if (!stage->is_logged)
		stage->vertex = build_log_add(work->log, words);
	stage->is_logged = true;
}

static void forget_inputs(struct stage *stage)
{
	build_fetch_release(stage);
	if (stage->inputs) {
		selection_release(stage->inputs);
		free(take_ptr(&stage->inputs));
	}
	free(take_ptr(&stage->input_ends));
	free(take_ptr(&stage->key));
}

struct stage *build_stages_new(const struct build_file *file)
{
	size_t count = build_file_count(file);
	struct stage *stages = alloc_zeroed(count, sizeof *stages);

	for (size_t i = 0; i < count; i++)
		stages[i] = (struct stage){ .number = i, .pidfd = -1, .output = -1, .answer = -1 };
	return stages;
}

void build_stages_free(const struct build_work *work, struct stage *stages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct stage *stage = &stages[i];

		if (stage->next < stage->plan.step_count)
			build_fetch_forget(work, stage);
		for (size_t n = 0; stage->layers && n < stage->plan.step_count; n++)
			commit_layer_release(&stage->layers[n]);
		free(stage->layers);
		build_stage_release(&stage->plan);
		image_parts_release(&stage->parts);
		list_release(&stage->diff_ids);
		list_release(&stage->keys);
		forget_inputs(stage);
	}
	free(stages);
}

/* One instruction after the other, as the history has them; the layers are those of the steps. */
static void finish_stage(struct stage *stage)
{
	for (size_t i = 0; i < stage->plan.history_count; i++) {
		const struct build_history *item = &stage->plan.history[i];

		image_parts_add(&stage->parts, item->created_by, item->step == BUILD_NO_STEP ? NULL : &stage->layers[item->step], stage->epoch);
	}
	stage->state = STAGE_DONE;
}

static void take_layer(const struct build_work *work, struct stage *stage, const struct commit_layer *layer)
{
	char key[SHA256_TEXT];

	/* The second time a source may be gone before there is a key (build_verify_judge); nobody asks for that stage's keys. */
	if (stage->key) {
		sha256_bytes(stage->key, strlen(stage->key), key);
		list_add(&stage->keys, key);
	}
	stage->layers[stage->next] = *layer;
	if (layer->diff_id)
		list_add(&stage->diff_ids, layer->diff_id);
	build_fetch_forget(work, stage);
	forget_inputs(stage);
	stage->is_logged = false;
	stage->next++;
}

static bool is_done(const struct build_work *work, const struct build_from *from)
{
	return from->kind != BUILD_FROM_STAGE || work->stages[from->stage].state == STAGE_DONE;
}

static bool has_sources(const struct build_work *work, const struct build_step *step)
{
	if (!is_done(work, &step->from))
		return false;
	for (size_t i = 0; i < step->mount_count; i++)
		if (!is_done(work, &step->mounts[i].from))
			return false;
	return true;
}

static size_t busy(const struct build_work *work)
{
	size_t count = 0;

	for (size_t i = 0; i < work->stage_count; i++)
		count += work->stages[i].state == STAGE_BUSY;
	return count;
}

static int begin_process(struct build_work *work, struct stage *stage, bool *ret_moved, struct error *e)
{
	if (work->options->is_told_only)
		return error_set(e, ERROR_MISSING, "a step is not in the cache");
	if (begin_making(work, e))
		return -1;
	log_step(work, stage);
	*ret_moved = true;
	return step_process_start(work, stage, e);
}

/* Whether its steps are made again: --no-cache, or --no-cache-filter by its name or number. */
static bool is_fresh(const struct build_work *work, const struct stage *stage)
{
	const struct build_head *head = build_file_head(work->file, stage->number);
	autofree char *number = text_format("%zu", stage->number);

	return work->options->no_cache || list_has(&work->options->fresh, number) || (head->name && list_has(&work->options->fresh, head->name));
}

/* The next step, from the cache or by a process; *ret_moved: something has changed. */
static int advance(struct build_work *work, struct stage *stage, bool *ret_moved, struct error *e)
{
	struct commit_layer layer = { 0 };

	if (stage->next == stage->plan.step_count) {
		finish_stage(stage);
		*ret_moved = true;
		return 0;
	}
	if (!has_sources(work, next_step(stage)))
		return 0;
	if (!stage->is_logged && build_fetch_check(next_step(stage), e))
		return error_in(e, "%s:%lld", work->file_name, (long long)next_step(stage)->line);
	stage->is_fetching = build_fetch_needed(stage, &stage->source);
	if (stage->is_fetching)
		return busy(work) < (size_t)work->options->jobs ? begin_process(work, stage, ret_moved, e) : 0;
	if (!stage->key && build_key(work, stage, e))
		return -1;
	if (!is_fresh(work, stage) && !work->verify &&
	    (build_cache_find(work->store, stage->key, &layer) || build_shared_find(work, stage->key, &layer))) {
		log_step(work, stage);
		build_log_end(work->log, stage->vertex, "CACHED", /* shows_time= */ false);
		take_layer(work, stage, &layer);
		*ret_moved = true;
		return 0;
	}
	return busy(work) < (size_t)work->options->jobs ? begin_process(work, stage, ret_moved, e) : 0;
}

/* A stage that nobody needs is left out; ONBUILD can ask for one that the file alone did not. */
static int begin(struct build_work *work, struct stage *stage, bool *ret_moved, struct error *e)
{
	const struct build_head *head = build_file_head(work->file, stage->number);

	if (!head->is_needed && !stage->is_wanted)
		return 0;
	if (!is_done(work, &head->base))
		return 0;
	if (build_begin_stage(work, stage, e))
		return -1;
	for (size_t i = 0; i < stage->plan.warnings.count && !work->options->is_told_only; i++)
		log_warning("%s", stage->plan.warnings.items[i]);
	for (size_t i = 0; i < stage->plan.need_count; i++)
		if (work->stages[stage->plan.needs[i]].state == STAGE_WAITING)
			work->stages[stage->plan.needs[i]].is_wanted = true;
	stage->state = STAGE_READY;
	*ret_moved = true;
	return 0;
}

static int advance_all(struct build_work *work, struct error *e)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < work->stage_count; i++) {
			struct stage *stage = &work->stages[i];

			if (stage->state == STAGE_WAITING ? begin(work, stage, &moved, e)
			    : stage->state == STAGE_READY ? advance(work, stage, &moved, e) : 0)
				return -1;
		}
	}
	return 0;
}

static void carry_output(struct build_work *work, struct stage *stage)
{
	char bytes[16 << 10];
	ssize_t got;

	while ((got = read(stage->output, bytes, sizeof bytes)) > 0)
		build_log_output(work->log, stage->vertex, bytes, (size_t)got);
	if (got == 0)
		close(take_fd(&stage->output));
}

static void keep_layer(struct build_work *work, struct stage *stage, const struct commit_layer *layer)
{
	struct error e = { 0 };

	if (build_cache_put(work->store, stage->key, layer, &e))
		log_warning("%s, continuing", e.text);
}

/* The second time. */
static int use_again(struct build_work *work, struct stage *stage, struct commit_layer *layer, const struct error *failed)
{
	struct commit_layer first = { 0 };
	const char *how = "DIFFERENT";
	bool once_more = build_verify_judge(work, stage, layer, failed, &first, &how);

	build_log_end(work->log, stage->vertex, how, /* shows_time= */ true);
	stage->is_logged = false;
	if (!once_more)
		take_layer(work, stage, &first);
	return 0;
}

static int use_answer(struct build_work *work, struct stage *stage, const struct step_answer *answer, struct error *e)
{
	struct commit_layer layer = { 0 };

	if (!answer->is_made && work->verify)
		return use_again(work, stage, &layer, &answer->error);
	if (!answer->is_made) {
		*e = answer->error;
		return -1;
	}
	if (stage->is_fetching) {
		build_fetch_take(work, stage, stage->source, answer->fetched);
		return 0;
	}
	if (answer->has_layer)
		layer = (struct commit_layer){ .diff_id = alloc_copy(answer->diff_id), .digest = alloc_copy(answer->digest),
					       .media_type = alloc_copy(answer->media_type), .size = answer->size };
	if (work->verify)
		return use_again(work, stage, &layer, NULL);
	keep_layer(work, stage, &layer);
	build_log_end(work->log, stage->vertex, "DONE", /* shows_time= */ true);
	take_layer(work, stage, &layer);
	return 0;
}

/* The process has ended, or is about to: what it said. */
static int end_process(struct build_work *work, struct stage *stage, struct error *e)
{
	struct step_answer answer = { 0 };
	struct error ignored = { 0 };
	int signal, result;
	bool has_said = step_process_wait(stage, &answer, &signal);

	if (stage->output >= 0) {
		carry_output(work, stage);
		if (stage->output >= 0)
			close(take_fd(&stage->output));
	}
	stage->state = STAGE_READY;
	if (!has_said) {
		(void)box_sweep(work->call->places, &ignored); /* what it left; the next command tries again */
		result = error_set(e, ERROR_KERNEL, "the process that made it was ended by signal %d", signal);
	} else {
		result = use_answer(work, stage, &answer, e);
	}
	if (result)
		build_log_fail(work->log, stage->vertex);
	return result;
}

static void stop_processes(struct build_work *work, int signal)
{
	for (size_t i = 0; i < work->stage_count; i++)
		if (work->stages[i].state == STAGE_BUSY)
			(void)process_signal(work->stages[i].pidfd, signal); /* it may have ended by itself */
}

/* Waits for something, and serves it. -1 with e where a step failed. */
static int serve(struct build_work *work, int signals, int timeout_ms, struct error *e)
{
	autofree struct pollfd *polls = alloc_zeroed(2 * work->stage_count + 1, sizeof *polls);
	struct signalfd_siginfo info;
	int result = 0;

	polls[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
	for (size_t i = 0; i < work->stage_count; i++) {
		const struct stage *stage = &work->stages[i];
		bool is_busy = stage->state == STAGE_BUSY;

		polls[1 + 2 * i] = (struct pollfd){ .fd = is_busy ? stage->output : -1, .events = POLLIN };
		polls[2 + 2 * i] = (struct pollfd){ .fd = is_busy ? stage->answer : -1, .events = POLLIN };
	}
	if (poll(polls, 2 * work->stage_count + 1, timeout_ms) < 0)
		return errno == EINTR ? 0 : error_sys(e, "wait for the steps");
	while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
		work->is_stopped = true;
		stop_processes(work, SIGTERM);
	}
	for (size_t i = 0; i < work->stage_count; i++) {
		struct error later = { 0 };

		if (polls[1 + 2 * i].revents)
			carry_output(work, &work->stages[i]);
		if (polls[2 + 2 * i].revents && end_process(work, &work->stages[i], result ? &later : e))
			result = -1;
	}
	return result;
}

/* A step failed, or a signal came: the others end too. */
static void end_all(struct build_work *work, int signals)
{
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;

	stop_processes(work, SIGTERM);
	while (busy(work)) {
		int64_t left = deadline - clock_monotonic_ms();
		struct error ignored = { 0 };

		if (left <= 0)
			stop_processes(work, SIGKILL);
		(void)serve(work, signals, left > 0 ? (int)left : PATIENCE_MS, &ignored); /* the first failure is what counts */
	}
}

int build_run_all(struct build_work *work, struct error *e)
{
	struct stage *target = &work->stages[build_file_target(work->file)];
	autoclose int signals = -1;
	sigset_t set, before;
	int result;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < 4; i++)
		(void)sigaddset(&set, ((const int[]){ SIGINT, SIGTERM, SIGHUP, SIGQUIT })[i]);
	(void)sigprocmask(SIG_BLOCK, NULL, &before); /* cannot fail */
	relay_signals_block();
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return error_sys(e, "watch for signals");
	result = advance_all(work, e);
	while (result == 0 && target->state != STAGE_DONE && !work->is_stopped) {
		if (!busy(work))
			result = error_set(e, ERROR_INTERNAL, "no stage of %s can go on", work->file_name);
		else
			result = serve(work, signals, -1, e);
		if (result == 0 && !work->is_stopped)
			result = advance_all(work, e);
	}
	end_all(work, signals);
	if (work->is_stopped)
		return error_set(e, ERROR_DENIED, "build %s: stopped by a signal", work->file_name);
	/* Nothing of the steps is left: what comes now, a push, is ended by a signal as everywhere. */
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* it was valid before */
	return result;
}
