/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading.c - images of the store are read to tell something about them.
 */
#include "images/unpack/reading.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/job.h"
#include "images/unpack/running.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/unpack.h"
#include "images/unpack/worker_reading.h"

static int run_task(struct job *job, int (*task)(int, void *), void *data, struct error *e)
{
	autorelease(running) struct running running = RUNNING_NONE;
	struct sandbox sandbox = { .ids = &job->ids };

	/* The store is the layout that blobs come from. */
	job->layout = fcntl(job->request->store, F_DUPFD_CLOEXEC, 0);
	job->work = job_make_root(job, job->staging, "work", e);
	if (job->layout < 0 || job->work < 0)
		return job->work < 0 ? -1 : error_sys(e, "open the image store");
	sandbox.folder = job->work;
	if (running_start(&sandbox, task, data, NULL, 0, &running, e))
		return -1;
	return job_finish_worker(job, running.pidfd, running.channel, e);
}

static int run(int store, int (*task)(int, void *), void *data, bool makes_blobs, struct list *ret_told,
	       struct list *ret_warnings, struct error *e)
{
	/* is_survey: it may tell lines. */
	struct unpack request = { .kind = REFERENCE_OCI, .store = store, .source = -1, .is_survey = true };
	autorelease(job) struct job job;
	int result;

	job_init(&job, &request);
	result = job_begin(&job, e) || run_task(&job, task, data, e);
	if (result == 0 && makes_blobs)
		result = job_settle(&job, e) || job_publish_blobs(&job, e);
	job_end(&job);
	*ret_told = request.told;
	*ret_warnings = request.warnings;
	return result ? -1 : 0;
}

int reading_diff(int store, const struct list *a, const struct list *b, bool has_lower, struct list *ret_told,
		 struct list *ret_warnings, struct error *e)
{
	struct worker_diff diff = { .a = a, .b = b, .has_lower = has_lower };

	return run(store, worker_diff, &diff, /* makes_blobs= */ false, ret_told, ret_warnings, e);
}

int reading_sbom(int store, struct worker_sbom *sbom, struct list *ret_told, struct list *ret_warnings, struct error *e)
{
	return run(store, worker_sbom, sbom, /* makes_blobs= */ true, ret_told, ret_warnings, e);
}
