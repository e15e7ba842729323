/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - all images of one archive into the store.
 *
 * The archive is unpacked once, as it is; then each of its names is one more turn of what an archive with one image goes through, and is
 * in the store when its turn ends. An image that the store has already costs the reading of its manifest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/image_name.h"
#include "images/index.h"
#include "images/unpack/image_format.h"
#include "images/unpack/job.h"
#include "images/unpack/unpack.h"
#include "images/unpack/worker.h"

/* The first kind whose file is there. */
static int find_kind(struct job *job, struct error *e)
{
	autorelease(text) struct text marks = { 0 };

	for (int kind = 0; kind <= REFERENCE_REGISTRY; kind++) {
		const struct image_format *format = image_format((enum reference_kind)kind);

		if (!format || !format->mark)
			continue;
		if (faccessat(job->layout, format->mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			job->request->kind = (enum reference_kind)kind;
			return 0;
		}
		text_addf(&marks, "%s%s", marks.length ? " nor " : "", format->mark);
	}
	error_set(e, ERROR_IMAGE, "it holds neither %s, so it is no archive of images", marks.data);
	return error_hint(e, "box import FILE NAME makes an image of a root file system's tar");
}

static int start(struct job *job, struct error *e)
{
	if (job_extract(job, e) || find_kind(job, e))
		return -1;
	job->work = job_make_root(job, job->staging, "work", e);
	if (job->work < 0 || job_run_worker(job, job->work, worker_list, e))
		return -1;
	return job->item_count ? 0 : error_set(e, ERROR_IMAGE, "it holds no image");
}

/*
 * The full name of what an archive calls NAME, to be freed; NULL: none that a store could use. A digest in it is the archive's word: it is
 * taken where it is the image's, else whoever asks for that digest would get this image.
 */
static char *full_name(struct job *job, const char *name)
{
	autorelease(image_name) struct image_name parsed = { 0 };
	autorelease(text) struct text shown = { 0 };
	struct error wrong = { 0 };
	bool is_name;

	if (!name)
		return NULL;
	is_name = image_name_parse(name, &parsed, &wrong) == 0;
	if (is_name && (!parsed.digest || strcmp(parsed.digest, job->image) == 0))
		return image_name_text(&parsed);
	text_add_escaped(&shown, name, strnlen(name, 200));
	list_addf(&job->request->warnings, "the archive calls an image \"%s\", which is %s; it is loaded by its digest, continuing", shown.data,
		  is_name ? "another's digest" : "no name");
	return NULL;
}

/* An archive says what it likes: a name that stands for another image here is not taken away by it. */
static int check_name(const struct job *job, const char *name, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	const struct descriptor *known;

	if (job->request->takes_names)
		return 0;
	if (index_read(job->request->store, &index, e))
		return -1;
	known = index_find(&index, name);
	if (!known || text_equal(known->digest, job->image))
		return 0;
	error_set(e, ERROR_EXISTS, "the name %s stands for another image in the store, %.19s…", name, known->digest);
	return error_hint(e, "box load --force gives the name to the archive's image");
}

/* Forgets one image. */
static void start_again(struct job *job)
{
	job_release_layers(job);
	free(job->blobs);
	free(job->image);
	free(job->config);
	free(job->index);
	job->blobs = NULL;
	job->blob_count = 0;
	job->image = job->config = job->index = NULL;
	job->is_docker = false;
	budget_init(&job->budget, budget_default_limits(), job->staging);
}

static int load_one(struct job *job, const struct job_item *item, struct error *e)
{
	autofree char *name = NULL;
	int result;

	start_again(job);
	job->item = item->number;
	if (job_run_worker(job, job->work, worker_clear, e) || job_run_worker(job, job->work, worker_unpack, e))
		return -1;
	if (!job->image)
		return error_set(e, ERROR_INTERNAL, "the sandbox ended without an image");
	name = full_name(job, item->name);
	if (name && check_name(job, name, e))
		return -1;
	job->request->name = name ? name : job->image;
	result = job_publish(job, e);
	job->request->name = NULL;
	if (result == 0)
		list_addf(&job->request->loaded, "%s %s", job->image, name ? name : job->image);
	return result;
}

int job_load(struct job *job, struct error *e)
{
	if (start(job, e))
		return -1;
	for (size_t i = 0; i < job->item_count; i++)
		if (load_one(job, &job->items[i], e))
			return error_in(e, "image %zu of %zu", i + 1, job->item_count);
	return 0;
}
