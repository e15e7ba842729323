/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared.c - a cache that several machines share.
 *
 * It is hostile: what it says about a step is taken only for that very key, and only where the layer is one of its own image, whose digests
 * box-image has compared. Whoever may write it without a secret can still put another layer behind a key (docs/security.md).
 */
#include "cli/build/shared.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sha256.h"
#include "cli/build/mounts.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "images/build/build_cache.h"
#include "images/build/cache_records.h"
#include "images/catalogue.h"
#include "images/commit_request.h"
#include "images/image_name.h"
#include "images/image_parts.h"
#include "images/image_write.h"
#include "images/index.h"
#include "images/save.h"
#include "images/store.h"
#include "images/store_remove.h"
#include "images/survey.h"
#include "specs/lock.h"

#define LABEL   "io.box.build.cache"
#define ARCHIVE "cache.tar"
enum { LAYERS = 450 }; /* of one cache: an image has 500 at most */

static void release_one(struct shared_cache *shared)
{
	free(shared->place);
	if (shared->secret.data)
		explicit_bzero(shared->secret.data, shared->secret.capacity);
	text_release(&shared->secret);
	list_release(&shared->mounts);
	free(shared->records);
	image_release(&shared->image);
	if (shared->parts)
		image_parts_release(shared->parts);
	free(shared->parts);
}

void build_shared_release(struct build_work *work)
{
	for (size_t i = 0; i < work->from_count; i++)
		release_one(&work->from[i]);
	for (size_t i = 0; i < work->to_count; i++)
		release_one(&work->to[i]);
	free(work->from);
	free(work->to);
}

/* "a:b" */
static void take_mounts(const char *words, struct list *ret)
{
	autofree char *copy = alloc_copy(words);

	for (char *rest = copy, *part; (part = strsep(&rest, ":"));)
		if (*part)
			list_add(ret, part);
}

/* One KEY=VALUE of an option; -1 without an error: another word has to be there. */
static int take_word(struct build_work *work, const char *key, const char *value, bool is_target, struct shared_cache *ret, char **type,
		     struct error *e)
{
	bool is_place = strcmp(key, "ref") == 0 || strcmp(key, is_target ? "dest" : "src") == 0;

	if (strcmp(key, "type") == 0 && !*type)
		*type = alloc_copy(value);
	else if (is_place && !ret->place && *value)
		ret->place = alloc_copy(value);
	else if (is_target && strcmp(key, "mode") == 0 && (strcmp(value, "min") == 0 || strcmp(value, "max") == 0))
		ret->is_whole = strcmp(value, "max") == 0;
	else if (strcmp(key, "ignore-error") == 0)
		ret->may_fail = strcmp(value, "true") == 0;
	else if (strcmp(key, "mounts") == 0)
		take_mounts(value, &ret->mounts);
	else if (strcmp(key, "secret") == 0 && !ret->secret.length)
		return build_secret_read(work, value, &ret->secret, e);
	else if (strcmp(key, "oci-mediatypes") != 0 && strcmp(key, "image-manifest") != 0) /* buildx's words for what is so here anyway */
		return -1;
	return 0;
}

static int check_one(const char *option, const char *words, const char *type, const struct shared_cache *shared, struct error *e)
{
	if (type && strcmp(type, "registry") != 0 && strcmp(type, "local") != 0) {
		error_set(e, ERROR_UNSUPPORTED, "option %s %.200s: box build knows no cache of the type %.40s", option, words, type);
		return error_hint(e, "type=registry,ref=NAME or type=local,%s=FOLDER", strcmp(option, "--cache-to") == 0 ? "dest" : "src");
	}
	if (!shared->place)
		return error_set(e, ERROR_USAGE, "option %s %.200s: it says no place: %s", option, words,
				 shared->is_registry                     ? "ref=NAME"
				 : strcmp(option, "--cache-to") == 0 ? "dest=FOLDER" : "src=FOLDER");
	if (shared->is_registry && strcmp(option, "--cache-to") == 0) {
		autorelease(image_name) struct image_name name = { 0 };

		if (image_name_parse(shared->place, &name, e))
			return error_in(e, "option %s", option);
	}
	if (shared->is_registry && shared->mounts.count)
		return error_set(e, ERROR_UNSUPPORTED, "option %s %.200s: cache mounts go to folders only (type=local)", option, words);
	return 0;
}

static int parse(struct build_work *work, const char *words, bool is_target, struct shared_cache *ret, struct error *e)
{
	const char *option = is_target ? "--cache-to" : "--cache-from";
	autofree char *copy = alloc_copy(words);
	autofree char *type = NULL;

	ret->image.pin = -1;
	if (!strchr(words, '=')) {
		ret->is_registry = true;
		ret->place = alloc_copy(words);
	}
	for (char *rest = ret->place ? NULL : copy, *part; rest && (part = strsep(&rest, ","));) {
		char *equals = strchr(part, '=');
		bool is_word = equals;

		if (is_word)
			*equals++ = '\0';
		if (is_word && take_word(work, part, equals, is_target, ret, &type, e) == 0)
			continue;
		if (e->kind != ERROR_NONE)
			return error_in(e, "option %s", option);
		return error_set(e, ERROR_USAGE, "option %s %.200s: expected type=registry,ref=NAME or type=local,%s=FOLDER, found \"%.80s\" in it",
				 option, words, is_target ? "dest" : "src", part);
	}
	ret->is_registry = ret->is_registry || text_equal(type, "registry");
	return check_one(option, words, type, ret, e);
}

int build_shared_open(struct build_work *work, struct error *e)
{
	const struct build_options *options = work->options;

	for (size_t i = 0; i < options->cache_from.count; i++)
		if (parse(work, options->cache_from.items[i], /* is_target= */ false,
			  alloc_append(&work->from, &work->from_count, sizeof *work->from), e))
			return -1;
	for (size_t i = 0; i < options->cache_to.count; i++)
		if (parse(work, options->cache_to.items[i], /* is_target= */ true, alloc_append(&work->to, &work->to_count, sizeof *work->to), e))
			return -1;
	for (size_t i = 0; i < work->from_count; i++)
		if (work->from[i].mounts.count && build_shared_read_mounts(work, &work->from[i], e))
			return -1;
	return 0;
}

static struct cache_secret secret_of(const struct shared_cache *shared)
{
	return (struct cache_secret){ .bytes = shared->secret.length ? shared->secret.data : NULL, .length = shared->secret.length };
}

/* What image_resolve calls it; to be freed. NULL: there is no such folder or archive. */
static char *reference_of(const struct shared_cache *shared, struct error *e)
{
	autofree char *path = NULL;
	char real[PATH_MAX];

	if (shared->is_registry)
		return alloc_copy(shared->place);
	path = text_format("%s/" ARCHIVE, shared->place);
	if (realpath(path, real))
		return text_format("oci-archive:%s", real);
	(void)error_sys(e, "open %s", path);
	return NULL;
}

static int take_records(struct shared_cache *shared, const struct image_config *config, struct error *e)
{
	const char *records = list_env_get(&config->labels, LABEL);

	free(take_ptr(&shared->records));
	if (!records)
		return error_set(e, ERROR_IMAGE, "it is an image, and no cache of box build");
	shared->records = alloc_copy(records);
	return 0;
}

/* The image with its layers. */
static int fetch(struct build_work *work, struct shared_cache *shared, struct error *e)
{
	struct image_options choices = { .pull = PULL_ALWAYS, .progress = progress_blob, .begins = progress_begins,
					 .platform = work->inputs.platform };
	autofree char *reference = reference_of(shared, e);
	struct image_parts parts = { 0 };
	int result;

	if (!reference)
		return -1;
	choices.data = progress_new(work->options->quiet, "pulling", "fetched");
	result = image_resolve(work->call->places, reference, &choices, &shared->image, e);
	progress_free(choices.data);
	if (result || image_parts_read(work->call->places, shared->image.digest, NULL, &parts, e) ||
	    take_records(shared, &shared->image.config, e)) {
		image_parts_release(&parts);
		return -1;
	}
	shared->parts = alloc_zeroed(1, sizeof parts);
	*shared->parts = parts;
	return 0;
}

/* What a registry's cache has, without its layers. */
static int look(struct build_work *work, struct shared_cache *shared, struct error *e)
{
	autorelease(image_config) struct image_config config = { 0 };
	autorelease(text) struct text json = { 0 };
	struct lock lock = { 0 };
	struct lock_image *image = lock_add_image(&lock, shared->place);
	int result = image_survey(work->call->places, shared->place, /* needs_registry= */ true, image, e);

	if (result == 0)
		result = catalogue_blob(work->call->places, image->platforms[0].config, &json, e) ||
			 image_config_decode(json.data, json.length, shared->place, &config, e) || take_records(shared, &config, e) ? -1 : 0;
	lock_release(&lock);
	return result;
}

static void give_up(struct shared_cache *shared, const struct error *why)
{
	log_warning("--cache-from %s: %s, continuing without it", shared->place, why->text);
	free(take_ptr(&shared->records));
}

static void look_at_all(struct build_work *work)
{
	work->has_asked = true;
	for (size_t i = 0; i < work->from_count; i++) {
		struct shared_cache *shared = &work->from[i];
		struct error failed = { 0 };

		if (shared->is_registry ? look(work, shared, &failed) : fetch(work, shared, &failed))
			give_up(shared, &failed);
	}
}

/* The layer with that digest, of the cache's own image. */
static bool take_layer(const struct shared_cache *shared, const char *diff_id, struct commit_layer *ret)
{
	const struct image_parts *parts = shared->parts;

	for (size_t i = 0; i < parts->layer_count && i < parts->diff_ids.count; i++) {
		if (strcmp(parts->diff_ids.items[i], diff_id) != 0)
			continue;
		*ret = (struct commit_layer){ .diff_id = alloc_copy(diff_id), .digest = alloc_copy(parts->layers[i].digest),
					      .media_type = alloc_copy(parts->layers[i].media_type), .size = parts->layers[i].size };
		return true;
	}
	return false;
}

/* The layer that the cache has for the key. The tag may have moved since its records were read: then those of what was fetched count. */
static bool find(struct build_work *work, struct shared_cache *shared, const char *digest, struct commit_layer *ret)
{
	const struct cache_secret secret = secret_of(shared);
	autofree char *diff_id = NULL;
	struct error failed = { 0 };

	if (!shared->records || !cache_records_find(shared->records, digest, &secret, &diff_id))
		return false;
	if (diff_id && !shared->parts) {
		if (fetch(work, shared, &failed) == 0)
			return find(work, shared, digest, ret);
		give_up(shared, &failed);
		return false;
	}
	*ret = (struct commit_layer){ 0 };
	return !diff_id || take_layer(shared, diff_id, ret);
}

bool build_shared_find(struct build_work *work, const char *key, struct commit_layer *ret)
{
	char digest[SHA256_TEXT];
	struct error ignored = { 0 };

	if (!work->from_count)
		return false;
	if (!work->has_asked)
		look_at_all(work);
	sha256_bytes(key, strlen(key), digest);
	for (size_t i = 0; i < work->from_count; i++) {
		if (!find(work, &work->from[i], digest, ret))
			continue;
		(void)build_cache_put(work->store, key, ret, &ignored); /* it is found here the next time */
		return true;
	}
	return false;
}

static bool is_base(const struct build_work *work, size_t number)
{
	for (size_t i = 0; i < work->stage_count; i++) {
		const struct build_from *base = &build_file_head(work->file, i)->base;

		if (work->stages[i].state == STAGE_DONE && base->kind == BUILD_FROM_STAGE && base->stage == number)
			return true;
	}
	return false;
}

/* The stages whose chains of layers the cache has; one that another begins with is part of that one's. */
static bool is_chosen(const struct build_work *work, const struct shared_cache *shared, size_t number)
{
	if (number == build_file_target(work->file))
		return true;
	return shared->is_whole && work->stages[number].state == STAGE_DONE && !is_base(work, number);
}

static void add_steps(const struct build_work *work, const struct stage *stage, const struct cache_secret *secret, struct text *ret)
{
	const struct build_from *base = &build_file_head(work->file, stage->number)->base;

	if (base->kind == BUILD_FROM_STAGE)
		add_steps(work, &work->stages[base->stage], secret, ret);
	for (size_t i = 0; i < stage->keys.count; i++)
		cache_records_add(stage->keys.items[i], stage->layers[i].diff_id, secret, ret);
}

/* The image; its digest is to be freed, NULL where no stage has a layer. */
static int make_image(struct build_work *work, const struct shared_cache *shared, const struct list *names, char **ret_digest,
		      struct error *e)
{
	const struct build_config *config = &work->stages[build_file_target(work->file)].plan.config;
	struct build_config cache = { .os = config->os, .architecture = config->architecture, .variant = config->variant };
	struct image_parts parts = { 0 };
	struct image_write image = { .parts = &parts, .config = &cache, .names = names, .epoch = work->created };
	const struct cache_secret secret = secret_of(shared);
	autorelease(text) struct text records = { 0 };
	int result = 0;

	for (size_t i = 0; i < work->stage_count; i++) {
		const struct stage *stage = &work->stages[i];

		if (!is_chosen(work, shared, i) || parts.layer_count + stage->parts.layer_count > LAYERS)
			continue;
		image_parts_add_layers(&parts, &stage->parts);
		add_steps(work, stage, &secret, &records);
	}
	list_addf(&cache.labels, LABEL "=%s", records.length ? records.data : "");
	*ret_digest = NULL;
	if (parts.layer_count)
		result = image_write(work->call->places, &image, ret_digest, e);
	list_release(&cache.labels);
	image_parts_release(&parts);
	return result;
}

static int write_registry(struct build_work *work, const struct shared_cache *shared, struct error *e)
{
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(list) struct list names = { 0 };
	autofree char *digest = NULL;

	if (image_name_parse(shared->place, &name, e))
		return -1;
	list_take(&names, image_name_text(&name));
	if (make_image(work, shared, &names, &digest, e))
		return -1;
	return digest ? build_push(work, names.items[0], e) : 0;
}

/* The archive has it; the layers in the store are the steps' own, and stay. */
static int forget(const struct build_work *work, const char *digest, struct error *e)
{
	autoclose int lock = store_lock(work->store, e);
	autorelease(index) struct index index = { 0 };
	autorelease(list) struct list names = { 0 };

	if (lock < 0 || index_read(work->store, &index, e))
		return -1;
	/* It may be a registry's cache as well. */
	for (size_t i = 0; i < index.count; i++)
		if (strcmp(index.items[i].digest, digest) == 0 && !text_equal(index_name_of(&index.items[i]), digest))
			return 0;
	list_add(&names, digest);
	return store_remove_image(work->store, digest, &names, e) < 0 ? -1 : 0;
}

static int write_folder(struct build_work *work, const struct shared_cache *shared, struct error *e)
{
	autofree char *path = text_format("%s/" ARCHIVE, shared->place);
	autorelease(output_file) struct output_file file = { .fd = -1 };
	autorelease(list) struct list images = { 0 };
	autofree char *digest = NULL;

	if (mkdir(shared->place, 0777) && errno != EEXIST)
		return error_sys(e, "make the folder %s", shared->place);
	if (make_image(work, shared, NULL, &digest, e) || (shared->mounts.count && build_shared_write_mounts(work, shared, e)))
		return -1;
	if (!digest)
		return 0;
	list_add(&images, digest);
	if (output_file_open(path, &file, e) || image_save(work->call->places, &images, save_format_of("oci-archive"), file.fd, e) ||
	    output_file_commit(&file, e))
		return -1;
	return forget(work, digest, e);
}

int build_shared_write(struct build_work *work, struct error *e)
{
	for (size_t i = 0; i < work->to_count; i++) {
		const struct shared_cache *shared = &work->to[i];

		if ((shared->is_registry ? write_registry(work, shared, e) : write_folder(work, shared, e)) == 0)
			continue;
		error_in(e, "--cache-to %s", shared->place);
		if (!shared->may_fail)
			return -1;
		log_warning("%s, continuing", e->text);
		error_clear(e);
	}
	return 0;
}
