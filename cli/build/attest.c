/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest.c - documents about the image that was built: provenance and SBOM, as referrers beside it.
 *
 * They say nothing that differs from one machine to the next: the same build gives the same documents.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/sha256.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/attest.h"
#include "images/commit_request.h"
#include "images/provenance.h"

int build_attest_check(struct build_options *options, struct error *e)
{
	static const struct {
		const char *words, *mode;
	} known[] = { { "true", "min" }, { "false", NULL }, { "min", "min" }, { "max", "max" }, { "mode=min", "min" }, { "mode=max", "max" } };

	if (!options->provenance)
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(options->provenance, known[i].words) == 0) {
			options->provenance = known[i].mode;
			return 0;
		}
	return error_set(e, ERROR_USAGE, "option --provenance: expected mode=min or mode=max, found \"%.80s\"", options->provenance);
}

/* One digest of all that steps took from the context, in whatever order they came to it; NULL: nothing. To be freed. */
static char *context_digest(struct build_work *work)
{
	autorelease(text) struct text all = { 0 };
	char digest[SHA256_TEXT];

	list_sort(&work->read);
	for (size_t i = 0; i < work->read.count; i++)
		if (i == 0 || strcmp(work->read.items[i], work->read.items[i - 1]) != 0)
			text_addf(&all, "%s\n", work->read.items[i]);
	if (!all.length)
		return NULL;
	sha256_bytes(all.data, all.length, digest);
	return alloc_copy(digest);
}

static bool has_network(const struct build_work *work, const struct build_step *step)
{
	for (size_t i = 0; i < step->source_count; i++)
		if (step->sources[i].kind != BUILD_SOURCE_PATH)
			return true;
	return step->kind == BUILD_RUN && step->network != BUILD_NETWORK_NONE && !build_is_offline(work);
}

static const char *history_of(const struct stage *stage, size_t step)
{
	return stage->plan.steps[step].created_by ? stage->plan.steps[step].created_by : stage->plan.steps[step].words;
}

/* Of every stage that was made. The array is the caller's. */
static size_t list_steps(const struct build_work *work, struct provenance_step **ret, bool *ret_is_hermetic)
{
	size_t count = 0;

	*ret = NULL;
	*ret_is_hermetic = true;
	for (size_t i = 0; i < work->stage_count; i++) {
		const struct stage *stage = &work->stages[i];
		const char *name = build_file_head(work->file, i)->name;

		for (size_t n = 0; stage->state == STAGE_DONE && n < stage->plan.step_count; n++) {
			const struct build_step *step = &stage->plan.steps[n];
			struct provenance_step *item = alloc_append(ret, &count, sizeof **ret);

			*item = (struct provenance_step){ .words = history_of(stage, n), .stage = name ? name : "", .line = step->line,
							  .layer = stage->layers[n].diff_id, .has_network = has_network(work, step) };
			*ret_is_hermetic = *ret_is_hermetic && !item->has_network;
		}
	}
	return count;
}

static void list_materials(const struct build_work *work, struct list *ret)
{
	autofree char *commit = build_git_commit(work);

	for (size_t i = 0; i < work->base_count; i++)
		list_addf(ret, "%s docker://%s", work->bases[i].image.digest, work->bases[i].name);
	for (size_t i = 0; i < work->materials.count; i++)
		list_add(ret, work->materials.items[i]);
	list_sort(ret);
	if (commit)
		list_add(ret, commit);
}

static void list_names(const struct build_work *work, struct list *ret_args, struct list *ret_secrets)
{
	for (size_t i = 0; i < work->inputs.args.count; i++)
		list_addf(ret_args, "%.*s", (int)strcspn(work->inputs.args.items[i], "="), work->inputs.args.items[i]);
	list_sort(ret_args);
	for (size_t i = 0; i < work->secret_count; i++)
		list_add(ret_secrets, work->secrets[i].id);
	list_sort(ret_secrets);
}

static int attest_how(struct build_work *work, const char *name, const char *digest, struct text *ret_predicate, struct error *e)
{
	autorelease(list) struct list materials = { 0 };
	autorelease(list) struct list args = { 0 };
	autorelease(list) struct list secrets = { 0 };
	autofree struct provenance_step *steps = NULL;
	autofree char *context = context_digest(work);
	const char *slash = strrchr(work->file_name, '/');
	bool is_max = strcmp(work->options->provenance, "max") == 0;
	struct provenance provenance = { .name = name, .digest = digest,
					 .file_name = slash ? slash + 1 : work->file_name, .file_digest = work->file_digest,
					 .context_digest = context, .target = work->options->target, .platform = work->inputs.platform,
					 .args = &args, .materials = &materials, .epoch = work->created,
					 .compression = work->options->compression, .secrets = is_max ? &secrets : NULL };

	list_materials(work, &materials);
	list_names(work, &args, &secrets);
	provenance.step_count = list_steps(work, &steps, &provenance.is_hermetic);
	provenance.steps = is_max ? steps : NULL;
	if (attest_provenance(work->call->places, &provenance, e))
		return -1;
	provenance_write_predicate(&provenance, ret_predicate);
	return 0;
}

int build_attest(struct build_work *work, const char *name, const char *digest, struct text *ret_predicate, struct error *e)
{
	const struct build_options *options = work->options;

	if (options->sbom && attest_sbom(work->call->places, digest, name, /* attaches= */ true, NULL, e))
		return error_in(e, "--sbom");
	if (options->provenance && attest_how(work, name, digest, ret_predicate, e))
		return error_in(e, "--provenance");
	return 0;
}
