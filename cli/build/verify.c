/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c - every step a second time, in another world.
 *
 * Each step is made again on the layers that the first time gave, so that it is judged by itself and every one that is not reproducible is
 * found at once; where all steps give the same layers, so does the whole build. One that gives another layer is made again with less and
 * less changed, which tells what it depends on. The first layer is what the build goes on with.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/isolation.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/image_diff.h"
#include "cli/report.h"
#include "images/commit_request.h"
#include "images/diff_request.h"
#include "runtime/child/other_world.h"

/* Why is not asked any longer than that. */
enum { SEARCH_MS = 5 * 60 * 1000, SHOWN = 10 };

/* A step that gave another layer. */
struct finding {
	size_t stage, step;
	char *words;
	struct commit_layer layer; /* the other one */
	char *failure;             /* it failed the second time, with these words; else NULL */
	const char *why;           /* NULL: not known yet */
	const char *hint;
	size_t tried;              /* of causes */
	int64_t began_ms;
};

struct build_verify {
	const struct stage *first; /* the stages as they were made the first time */
	bool has_cpus;             /* more than one, so that one alone is another number */
	bool has_tracer;           /* programs can be shown another time of day, and another order */
	struct finding *items;
	size_t count;
	size_t steps; /* that were made again */
};

/* What a step can depend on, in the order in which it is tried. */
static const struct cause {
	unsigned changes;
	const char *words, *why, *hint;
} causes[] = {
	{ 0, " again, with nothing changed", "it comes out differently each time",
	  "times, random numbers and the order in which parallel jobs end are usual causes; SOURCE_DATE_EPOCH is set in every RUN" },
	{ CHANGE_CLOCK, " again, with another clock", "it depends on the time of day",
	  "SOURCE_DATE_EPOCH is set in every RUN, to be used in its place" },
	{ CHANGE_HOST_NAME, " again, with another host name", "it depends on the host name", "" },
	{ CHANGE_CPUS, " again, with one processor", "it depends on the number of processors",
	  "jobs that write one file each at the same time have no order" },
	{ CHANGE_ORDER, " again, with names in another order", "it depends on the order in which a folder lists its names",
	  "sort what find, ls -U and readdir give" },
};
enum { CAUSES = sizeof causes / sizeof *causes };

/* Two that were made now are the same. */
static const struct cause old_result = { .why = "made anew it is the same each time, and the first one was another",
					 .hint = "it was in the cache, or cache mounts held something, and what it fetches has changed since; "
						 "--no-cache makes it anew" };

static unsigned possible(const struct build_verify *verify, const struct build_step *step)
{
	/* In a chroot it is that of the container around. */
	unsigned changes = isolation_is_chroot() ? 0 : CHANGE_HOST_NAME;

	if (step->kind != BUILD_RUN)
		return CHANGE_ORDER;
	if (verify->has_tracer)
		changes |= CHANGE_CLOCK | CHANGE_ORDER;
	if (verify->has_cpus)
		changes |= CHANGE_CPUS;
	return changes;
}

static void choose(const struct build_work *work, struct stage *stage, size_t next)
{
	if (next < stage->plan.step_count)
		stage->changes = possible(work->verify, &stage->plan.steps[next]);
}

void build_verify_begin(const struct build_work *work, struct stage *stage)
{
	if (work->verify)
		choose(work, stage, 0);
}

static struct finding *find(const struct build_work *work, const struct stage *stage)
{
	struct build_verify *verify = work->verify;

	for (size_t i = 0; i < verify->count; i++)
		if (verify->items[i].stage == stage->number && verify->items[i].step == stage->next)
			return &verify->items[i];
	return NULL;
}

const char *build_verify_words(const struct build_work *work, const struct stage *stage)
{
	const struct finding *finding = work->verify ? find(work, stage) : NULL;

	return !work->verify ? "" : finding ? causes[finding->tried].words : " again";
}

void build_verify_enter(const struct stage *stage)
{
	cpu_set_t all, one;

	if (!(stage->changes & CHANGE_CPUS) || sched_getaffinity(0, sizeof all, &all))
		return;
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	(void)sched_setaffinity(0, sizeof one, &one); /* one of those that it had */
}

static bool is_same(const struct commit_layer *a, const struct commit_layer *b)
{
	return text_equal(a->diff_id, b->diff_id) && text_equal(a->digest, b->digest);
}

static void copy_layer(const struct commit_layer *from, struct commit_layer *ret)
{
	*ret = (struct commit_layer){ .diff_id = alloc_copy(from->diff_id), .digest = alloc_copy(from->digest),
				      .media_type = alloc_copy(from->media_type), .size = from->size };
}

static struct finding *add_finding(struct build_work *work, const struct stage *stage, struct commit_layer *layer,
				   const struct error *failed)
{
	struct finding *finding = alloc_append(&work->verify->items, &work->verify->count, sizeof *finding);

	*finding = (struct finding){ .stage = stage->number, .step = stage->next, .layer = *layer, .began_ms = clock_monotonic_ms(),
				     .words = build_step_words(work, &stage->plan.steps[stage->next]),
				     .failure = failed ? alloc_copy(failed->text) : NULL };
	*layer = (struct commit_layer){ 0 };
	return finding;
}

/* The next cause that this step can have. False: there is none, or enough time has gone into it. */
static bool try_next(const struct build_work *work, struct stage *stage, struct finding *finding)
{
	unsigned changes = possible(work->verify, &stage->plan.steps[stage->next]);

	while (finding->tried < CAUSES && (causes[finding->tried].changes & ~changes))
		finding->tried++;
	if (finding->tried == CAUSES || clock_monotonic_ms() - finding->began_ms > SEARCH_MS)
		return false;
	stage->changes = causes[finding->tried].changes;
	return true;
}

bool build_verify_judge(struct build_work *work, struct stage *stage, struct commit_layer *layer, const struct error *failed,
			struct commit_layer *ret, const char **ret_how)
{
	const struct commit_layer *first = &work->verify->first[stage->number].layers[stage->next];
	struct finding *finding = find(work, stage);
	bool differs = failed || !is_same(first, layer);

	*ret_how = failed ? "FAILED" : differs ? "DIFFERENT" : "SAME";
	if (finding && differs) {
		bool is_old = finding->tried == 0 && !failed && !finding->failure && is_same(&finding->layer, layer);
		const struct cause *cause = is_old ? &old_result : &causes[finding->tried];

		finding->why = cause->why;
		finding->hint = cause->hint;
	} else if (finding) {
		finding->tried++;
	} else if (differs) {
		finding = add_finding(work, stage, layer, failed);
	}
	commit_layer_release(layer);
	if (finding && !finding->why && try_next(work, stage, finding))
		return true;
	copy_layer(first, ret);
	work->verify->steps++;
	choose(work, stage, stage->next + 1);
	return false;
}

/* Where the content is told, its size says nothing more. */
static void drop_sizes(struct list *lines)
{
	size_t kept = 0;

	for (size_t i = 0; i < lines->count; i++) {
		const char *path = strrchr(lines->items[i], '\t');
		bool has_content = text_starts(lines->items[i], "size\t") && i + 1 < lines->count &&
				   text_starts(lines->items[i + 1], "content") && text_ends(lines->items[i + 1], path);

		if (has_content)
			free(lines->items[i]);
		else
			lines->items[kept++] = lines->items[i];
	}
	if (lines->items)
		lines->items[kept] = NULL;
	lines->count = kept;
}

/* The files in which the two layers differ. */
static int describe(const struct build_work *work, const struct finding *finding, struct text *ret, struct error *e)
{
	const struct commit_layer *first = &work->verify->first[finding->stage].layers[finding->step];
	autorelease(list) struct list lines = { 0 };
	autorelease(text) struct text files = { 0 };

	if (finding->failure) {
		const char *cause = finding->failure + (text_starts(finding->failure, finding->words) ? strlen(finding->words) : 0);

		text_addf(ret, "it fails the second time: %s\n", cause + strspn(cause, ": "));
		return 0;
	}
	if (diff_layers_request(work->call->places, first, &finding->layer, &lines, e))
		return -1;
	drop_sizes(&lines);
	image_diff_text(&lines, &files);
	text_add(ret, files.length ? files.data : "layer: the same files in another form\n");
	return 0;
}

/* The first file in the sentence, more of them below. */
static int tell(const struct build_work *work, const struct finding *finding, struct error *e)
{
	autorelease(text) struct text files = { 0 };
	autorelease(text) struct text line = { 0 };
	const char *why = finding->why		    ? finding->why
			  : finding->tried == CAUSES ? "it depends on several things at once"
						     : "why was not found in time";
	char *rest;
	size_t more = 0;

	if (describe(work, finding, &files, e))
		return -1;
	rest = strchr(files.data, '\n');
	*rest++ = '\0';
	text_addf(&line, "%s: it is not reproducible: %s; %s", finding->words, files.data, why);
	report_problem(line.data, finding->hint ? finding->hint : "");
	for (char *end; (end = strchr(rest, '\n')); rest = end + 1) {
		*end = '\0';
		if (++more <= SHOWN)
			report_line(rest);
	}
	if (more > SHOWN) {
		text_clear(&line);
		text_addf(&line, "%zu more files of that step differ", more - SHOWN);
		report_line(line.data);
	}
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return x->stage != y->stage ? (x->stage > y->stage) - (x->stage < y->stage) : (x->step > y->step) - (x->step < y->step);
}

static int judge_all(const struct build_work *work, struct error *e)
{
	struct build_verify *verify = work->verify;

	if (!verify->count)
		return 0;
	qsort(verify->items, verify->count, sizeof *verify->items, by_place);
	for (size_t i = 0; i < verify->count; i++)
		if (tell(work, &verify->items[i], e))
			return -1;
	return error_set(e, ERROR_SPEC, "verify %s: %zu of %zu steps came out differently the second time", work->file_name, verify->count,
			 verify->steps);
}

static void free_verify(struct build_verify *verify)
{
	for (size_t i = 0; i < verify->count; i++) {
		free(verify->items[i].words);
		free(verify->items[i].failure);
		commit_layer_release(&verify->items[i].layer);
	}
	free(verify->items);
	free(verify);
}

int build_verify(struct build_work *work, struct error *e)
{
	struct build_verify *verify = alloc_zeroed(1, sizeof *verify);
	/* What the image and its documents are made of is the first time's. */
	struct stage *stages = take_ptr(&work->stages);
	struct list read = work->read, materials = work->materials;
	cpu_set_t cpus;
	int result;

	verify->first = stages;
	verify->has_cpus = sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 1;
	verify->has_tracer = other_world_works();
	if (!verify->has_tracer)
		log_warning("verify: this host cannot show programs another time of day or order of names (ptrace, x86-64), continuing without");
	work->verify = verify;
	work->stages = build_stages_new(work->file);
	work->read = work->materials = (struct list){ 0 };
	result = build_run_all(work, e) || judge_all(work, e) ? -1 : 0;
	build_stages_free(work, work->stages, work->stage_count);
	free_verify(take_ptr(&work->verify));
	list_release(&work->read);
	list_release(&work->materials);
	work->stages = stages;
	work->read = read;
	work->materials = materials;
	return result;
}
