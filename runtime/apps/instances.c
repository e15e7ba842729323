/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instances.c - services and their instances, from the definitions on disk.
 */
#include "runtime/apps/instances.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/job.h"
#include "runtime/apps/run_mark.h"
#include "runtime/exits/exit_record.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/progress.h"

const char *instance_role_word(enum instance_role role)
{
	static const char *const words[] = { [INSTANCE_LIVE] = "live", [INSTANCE_STANDBY] = "standby", [INSTANCE_REPLACED] = "replaced",
					     [INSTANCE_RETIRED] = "retired" };

	return words[role];
}

static void release(struct instance *instance)
{
	free(instance->name);
	free(instance->stack);
	free(instance->service);
	free(instance->digest);
	free(instance->depends);
	free(instance->external);
	free(instance->unit);
	free(instance->restart);
	free(instance->spec_file);
	free(instance->named);
}

void instances_release(struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++)
		release(&instances->items[i]);
	free(instances->items);
	*instances = (struct instances){ 0 };
}

char *instance_name(const char *service, int64_t replica, int64_t generation)
{
	autofree char *first = replica > 1 ? text_format("%s-%jd", service, (intmax_t)replica) : alloc_copy(service);

	return generation > 1 ? text_format("%s.%jd", first, (intmax_t)generation) : alloc_copy(first);
}

static bool has_mark(int definition, const char *mark)
{
	return faccessat(definition, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void add(int definition, struct app_settings *settings, struct instances *ret)
{
	struct instance *instance = alloc_append(&ret->items, &ret->count, sizeof *instance);

	*instance = (struct instance){ .generation = settings->generation ? settings->generation : 1,
				       .replica = settings->replica ? settings->replica : 1, .level = settings->level, .created = settings->created };
	instance->name = take_ptr(&settings->name);
	instance->stack = take_ptr(&settings->stack);
	instance->service = take_ptr(&settings->service);
	instance->digest = take_ptr(&settings->digest);
	instance->depends = take_ptr(&settings->depends);
	instance->external = take_ptr(&settings->external);
	instance->unit = take_ptr(&settings->unit);
	instance->restart = take_ptr(&settings->restart);
	instance->spec_file = take_ptr(&settings->spec_file);
	instance->named = take_ptr(&settings->named);
	if (has_mark(definition, RETIRED_FILE))
		instance->role = INSTANCE_RETIRED;
	else if (has_mark(definition, STANDBY_FILE))
		instance->role = INSTANCE_STANDBY;
	if (!instance->service)
		instance->service = alloc_copy(instance->name);
}

/* The name of an instance begins with that of its service, and that of a service with its file's: the others are not opened. */
static bool may_be(const char *name, const char *word)
{
	return text_starts(name, word) && (!name[strlen(word)] || strchr("-.", name[strlen(word)]));
}

/* Which ones a walk wants, and where it adds them. */
struct search {
	const struct places *places;
	const char *word; /* NULL: all */
	struct instances *ret;
};

static int read_one(int apps, const char *name, void *data, struct error *e)
{
	const struct search *search = data;
	struct app_settings settings = { 0 };
	autoclose int definition = -1;

	(void)apps;
	if (search->word && !may_be(name, search->word))
		return 0;
	definition = apps_open(search->places, name, &settings, e);
	if (definition < 0 && e->kind != ERROR_MISSING)
		return -1;
	if (definition >= 0)
		add(definition, &settings, search->ret);
	app_settings_release(&settings);
	error_clear(e);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct instance *x = a, *y = b;
	int order = (x->level > y->level) - (x->level < y->level);

	if (!order)
		order = strcmp(x->service, y->service);
	if (!order)
		order = (x->replica > y->replica) - (x->replica < y->replica);
	return order ? order : (x->generation > y->generation) - (x->generation < y->generation);
}

/* The highest generation without a mark is the live one. */
static void find_roles(struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++) {
		struct instance *one = &instances->items[i];

		for (size_t k = 0; k < instances->count && one->role == INSTANCE_LIVE; k++) {
			const struct instance *other = &instances->items[k];

			if (other->generation > one->generation && strcmp(other->service, one->service) == 0 &&
			    (other->role == INSTANCE_LIVE || other->role == INSTANCE_REPLACED))
				one->role = INSTANCE_REPLACED;
		}
	}
}

int instances_find(const struct places *places, const char *word, struct instances *ret, struct error *e)
{
	struct instances all = { 0 };
	struct search search = { places, word, &all };
	size_t count = 0;

	if (apps_walk(places, read_one, &search, e)) {
		instances_release(&all);
		return -1;
	}
	for (size_t i = 0; i < all.count; i++) {
		struct instance *instance = &all.items[i];

		if (!word || strcmp(instance->service, word) == 0 || text_equal(instance->stack, word))
			all.items[count++] = *instance;
		else
			release(instance);
	}
	all.count = count;
	if (count)
		qsort(all.items, count, sizeof *all.items, by_place);
	find_roles(&all);
	*ret = all;
	return 0;
}

void instances_live(const struct instances *instances, struct list *ret)
{
	for (size_t i = 0; i < instances->count; i++)
		if (instances->items[i].role == INSTANCE_LIVE)
			list_add(ret, instances->items[i].name);
}

int instances_resolve(const struct places *places, const char *word, struct list *ret, struct error *e)
{
	struct instances found = { 0 };
	size_t before = ret->count;

	if (instances_find(places, word, &found, e))
		return -1;
	instances_live(&found, ret);
	if (ret->count == before && text_ends(word, ".1") && strlen(word) > 2 && !apps_exists(places, word)) {
		autofree char *first = alloc_copy_bytes(word, strlen(word) - 2);

		list_add(ret, apps_exists(places, first) ? first : word);
	} else if (ret->count == before) {
		list_add(ret, word);
	}
	instances_release(&found);
	return 0;
}

static void look_at_end(const struct places *places, const char *name, struct instance_condition *ret)
{
	struct last_end last;
	struct exit_record record = { 0 };
	struct error ignored = { 0 };
	autoclose int definition = apps_open(places, name, NULL, &ignored);

	if (definition < 0 || !run_mark_last_end(places, name, definition, &last))
		return;
	ret->has_run = true;
	ret->code = last.code;
	ret->signal = last.signal;
	if (last.code || last.signal || exit_record_read(definition, 0, &record, &ignored))
		return;
	ret->was_stopped = record.stopped_by && *record.stopped_by;
	exit_record_release(&record);
}

/* A job that has failed is tried again at its own pace. */
static bool is_no_job(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int definition = apps_open(places, name, NULL, &ignored);

	return definition >= 0 && !job_defined(definition);
}

void instance_look(const struct places *places, const char *name, struct instance_condition *ret)
{
	struct progress progress = { 0 };
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	*ret = (struct instance_condition){ .health = "" };
	look_at_end(places, name, ret);
	if (folder < 0)
		return;
	ret->is_supervised = true;
	if (progress_read(folder, &progress, &ignored) == 0) {
		ret->is_running = progress.phase == PHASE_RUNNING;
		ret->is_scheduled = progress.phase == PHASE_PLANNING || (progress.phase == PHASE_WAITING && !progress.next_start_ms);
		ret->is_waiting = progress.phase == PHASE_WAITING && progress.next_start_ms && is_no_job(places, name);
		ret->is_ending = progress.phase == PHASE_ENDING || progress.phase == PHASE_LEAVING;
		ret->starts = progress.starts;
	}
	progress_release(&progress);
	if (ret->is_running)
		ret->health = health_word(health_record_status(folder));
}

int instance_set_file(const struct places *places, const char *name, const char *spec_file, const char *named, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e);
	int result = -1;

	if (definition >= 0) {
		free(settings.spec_file);
		free(settings.named);
		settings.spec_file = alloc_copy(spec_file);
		settings.named = alloc_copy(named);
		result = app_settings_write(definition, &settings, e);
	}
	app_settings_release(&settings);
	return result;
}

static int set_mark(const struct places *places, const char *name, const char *mark, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);

	return definition < 0 ? -1 : file_replace(definition, mark, "", 0, 0600, e);
}

int instance_promote(const struct places *places, const char *name, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);

	if (definition < 0)
		return -1;
	if (unlinkat(definition, STANDBY_FILE, 0) && errno != ENOENT)
		return error_sys(e, "end the wait of %s", name);
	return fsync(definition) ? error_sys(e, "keep the definition of %s", name) : 0;
}

int instance_demote(const struct places *places, const char *name, struct error *e)
{
	return set_mark(places, name, STANDBY_FILE, e);
}

int instance_retire(const struct places *places, const char *name, struct error *e)
{
	return set_mark(places, name, RETIRED_FILE, e);
}
