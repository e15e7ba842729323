/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.c - an archive for ADD of a build, read in a sandbox: that has the archive, a pipe, and an empty folder that it cannot write to.
 */
#include "images/unpack/extract.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/job.h"
#include "images/unpack/plain_tar.h"
#include "images/unpack/running.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/unpack.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

static int tell(int channel, bool is_archive, long long left_out, struct error *e)
{
	char words[160];

	(void)snprintf(words, sizeof words, "%lld device nodes or sockets are left out, continuing", left_out); /* always fits */
	return (left_out && wire_ask(channel, WIRE_WARN, words, 0, NULL, NULL, e)) ||
			       wire_ask(channel, WIRE_TELL, is_archive ? "archive" : "file", 0, NULL, NULL, e) ||
			       wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, e) ? -1 : 0;
}

/* In the sandbox. */
static int task(int channel, void *data)
{
	const struct extract *request = data;
	struct error e = { 0 };
	autoclose int archive = running_receive(channel, &e), out = archive < 0 ? -1 : running_receive(channel, &e);
	const struct plain_tar how = { .archive = archive, .out = out, .says_kind = request->says_kind };
	long long left_out = 0;
	bool is_archive;

	(void)signal(SIGPIPE, SIG_IGN); /* whoever reads may give up: an error of write(2) */
	if (out >= 0 && plain_tar_write(&how, &is_archive, &left_out, &e) == 0 && tell(channel, is_archive, left_out, &e) == 0)
		return 0;
	worker_fail(channel, &e);
	return 1;
}

static int run_task(struct job *job, const struct extract *request, struct error *e)
{
	autorelease(running) struct running running = RUNNING_NONE;
	struct sandbox sandbox = { .ids = &job->ids, .is_read_only = true };
	const int fds[] = { request->archive, request->out };

	job->work = job_make_root(job, job->staging, "work", e);
	if (job->work < 0)
		return -1;
	sandbox.folder = job->work;
	if (running_start(&sandbox, task, (void *)(uintptr_t)request, fds, 2, &running, e))
		return -1;
	return job_finish_worker(job, running.pidfd, running.channel, e);
}

int extract_run(const struct extract *request, struct list *ret_told, struct list *ret_warnings, struct error *e)
{
	/* is_survey: it may tell lines. */
	struct unpack unpack = { .kind = REFERENCE_TAR, .store = request->store, .source = -1, .is_survey = true };
	autorelease(job) struct job job;
	int result;

	job_init(&job, &unpack);
	result = job_begin(&job, e) || run_task(&job, request, e) ? -1 : 0;
	job_end(&job);
	*ret_told = unpack.told;
	*ret_warnings = unpack.warnings;
	return result;
}
