/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_process.c - the process that makes the next step of a stage.
 */
#include "cli/build/step_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/build/fetch.h"
#include "cli/build/work.h"
#include "images/commit_request.h"

_Static_assert(sizeof(struct step_answer) <= 4096, "an answer is one write");

static void make_step(struct build_work *work, struct stage *stage, struct step_answer *answer)
{
	struct commit_layer layer = { 0 };

	answer->is_made = build_step_make(work, stage, &layer, &answer->error) == 0;
	answer->has_layer = layer.diff_id;
	if (!layer.diff_id)
		return;
	(void)snprintf(answer->diff_id, sizeof answer->diff_id, "%s", layer.diff_id); /* digests and media types fit */
	(void)snprintf(answer->digest, sizeof answer->digest, "%s", layer.digest);
	(void)snprintf(answer->media_type, sizeof answer->media_type, "%s", layer.media_type);
	answer->size = layer.size;
}

static void fetch_source(struct build_work *work, struct stage *stage, struct step_answer *answer)
{
	autofree char *what = build_fetch_source(work, stage, stage->source, &answer->error);

	answer->is_made = what;
	(void)snprintf(answer->fetched, sizeof answer->fetched, "%s", what ? what : ""); /* digests fit */
}

static _Noreturn void become(struct build_work *work, struct stage *stage, int output, int answer_fd)
{
	static struct step_answer answer; /* no byte of it is left from anything else */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail */
	process_title("box:[build]");
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		_exit(125);
	close(output);
	build_verify_enter(stage);
	if (stage->is_fetching)
		fetch_source(work, stage, &answer);
	else
		make_step(work, stage, &answer);
	(void)write_all(answer_fd, &answer, sizeof answer); /* the build is gone otherwise */
	_exit(0);
}

int step_process_start(struct build_work *work, struct stage *stage, struct error *e)
{
	const struct process_clone request = { .cgroup = -1 };
	int output[2], answer[2];
	pid_t pid;

	if (pipe2(output, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	if (pipe2(answer, O_CLOEXEC)) {
		close(output[0]);
		close(output[1]);
		return error_sys(e, "make a pipe");
	}
	pid = process_clone(&request, &stage->pidfd, e);
	if (pid == 0)
		become(work, stage, output[1], answer[1]);
	close(output[1]);
	close(answer[1]);
	if (pid < 0) {
		close(output[0]);
		close(answer[0]);
		return -1;
	}
	work->made += 2 + (unsigned)stage->plan.steps[stage->next].source_count; /* that the worker names */
	(void)fcntl(output[0], F_SETFL, O_NONBLOCK); /* cannot fail on a pipe */
	stage->output = output[0];
	stage->answer = answer[0];
	stage->state = STAGE_BUSY;
	return 0;
}

bool step_process_wait(struct stage *stage, struct step_answer *ret, int *ret_signal)
{
	struct error ignored = { 0 };
	struct process_end end = { 0 };
	ssize_t got = read(stage->answer, ret, sizeof *ret);

	(void)process_wait(stage->pidfd, &end, &ignored); /* its answer is what counts */
	close(take_fd(&stage->answer));
	close(take_fd(&stage->pidfd));
	*ret_signal = end.signal;
	return got == (ssize_t)sizeof *ret;
}
