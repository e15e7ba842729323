/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets.c - from the words of a command line to containers.
 */
#include "cli/targets.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/file_services.h"
#include "cli/report.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/apps_rename.h"
#include "runtime/apps/instances.h"
#include "runtime/box.h"
#include "runtime/state/state.h"
#include "specs/app.h"

enum { NEAR = 2, PART = 3 /* of a name may be other letters */ };

/* Two letters that changed places are one mistake. */
static size_t edits_between(const char *one, const char *other)
{
	size_t at = 0, edits = text_distance(one, other);

	while (one[at] && one[at] == other[at])
		at++;
	if (edits != 2 || !one[at] || !other[at] || one[at + 1] != other[at] || one[at] != other[at + 1])
		return edits;
	return strcmp(one + at + 2, other + at + 2) == 0 ? 1 : edits;
}

/* 0: the file calls it so: "shop-web" for "web"; else how many edits are between, NEAR + 1: too many. */
static size_t distance(const struct instance *one, const char *word)
{
	const char *own = one->stack ? one->service + strlen(one->stack) + 1 : one->service; /* its name begins with the file's */
	size_t edits;

	if (one->stack && strcmp(own, word) == 0)
		return 0;
	edits = edits_between(one->service, word);
	if (edits_between(own, word) < edits)
		edits = edits_between(own, word);
	return edits && edits <= NEAR && edits * PART <= strlen(word) ? edits : NEAR + 1;
}

/* The service that was probably meant. The caller frees it; NULL: none. */
static char *find_service(const struct call *call, const char *word)
{
	autorelease(instances) struct instances all = { 0 };
	const struct instance *nearest = NULL;
	struct error ignored = { 0 };
	size_t least = NEAR + 1;

	if (instances_find(call->places, NULL, &all, &ignored))
		return NULL;
	for (size_t i = 0; i < all.count; i++) {
		size_t edits = distance(&all.items[i], word);

		if (edits < least) {
			least = edits;
			nearest = &all.items[i];
		}
	}
	return nearest ? alloc_copy(nearest->service) : NULL;
}

/* It could be a name, and nothing has it. */
static bool is_nobodys(const struct call *call, const char *word)
{
	struct error ignored = { 0 };

	return name_check(word, &ignored) == 0 && !state_exists(call->places, word) && !apps_is_there(call->places, word);
}

int target_meant(const struct call *call, const char *word, struct error *e)
{
	autofree char *service = NULL;

	if (e->kind != ERROR_MISSING || !is_nobodys(call, word))
		return -1;
	service = find_service(call, word);
	if (!service)
		return -1;
	e->hint[0] = '\0';
	return error_hint(e, "did you mean %s?", service);
}

int target_name(const struct call *call, char **word, struct error *e)
{
	char *name = NULL;

	if (!text_ends(*word, ".json") || apps_exists(call->places, *word) || access(*word, F_OK))
		return 0;
	if (app_called(*word, &name, e))
		return -1;
	free(*word);
	*word = name;
	return 0;
}

int targets_name(const struct call *call, struct list *words, struct error *e)
{
	if (file_services_join(call, words, e))
		return -1;
	for (size_t i = 0; i < words->count; i++)
		if (target_name(call, &words->items[i], e))
			return -1;
	return 0;
}

/* An error where nothing is called so, and it can be told what was meant; whether it is there at all is found out by who uses it. */
static int refuse_near(const struct call *call, const char *word, struct error *e)
{
	autofree char *service = NULL;

	if (!is_nobodys(call, word))
		return 0;
	service = find_service(call, word);
	if (!service && !text_ends(word, ".json"))
		return 0;
	error_set(e, ERROR_MISSING, "find container %s: container does not exist", word);
	if (service)
		return error_hint(e, "did you mean %s?", service);
	return error_hint(e, "there is no file of this name either; box ps -a lists what there is");
}

/* What instances_resolve says of a word that is nobody's: the word. */
static int resolve(const struct call *call, const char *word, struct list *ret, struct error *e)
{
	size_t before = ret->count;

	if (instances_resolve(call->places, word, ret, e))
		return -1;
	return ret->count == before + 1 && strcmp(ret->items[before], word) == 0 ? refuse_near(call, word, e) : 0;
}

static bool is_running(const struct call *call, const char *name)
{
	struct instance_condition now;

	instance_look(call->places, name, &now);
	return now.is_running;
}

/* Of the names that one word means: those that run, if any does. */
static void add_running(const struct call *call, const struct list *names, struct list *ret)
{
	autorelease(list) struct list running = { 0 };
	const struct list *meant = &running;

	for (size_t i = 0; i < names->count; i++)
		if (is_running(call, names->items[i]))
			list_add(&running, names->items[i]);
	if (!running.count)
		meant = names;
	for (size_t i = 0; i < meant->count; i++)
		list_add(ret, meant->items[i]);
}

static int find_all(const struct call *call, struct list *words, enum targets_scope scope, struct error *e)
{
	struct list found = { 0 };

	if (file_services_join(call, words, e))
		return -1;
	for (size_t i = 0; i < words->count; i++) {
		autorelease(list) struct list names = { 0 };

		if (target_name(call, &words->items[i], e) || resolve(call, words->items[i], scope == TARGETS_RUNNING ? &names : &found, e)) {
			list_release(&found);
			return -1;
		}
		add_running(call, &names, &found);
	}
	list_release(words);
	*words = found;
	return 0;
}

int targets_all(const struct call *call, struct list *words, struct error *e)
{
	return find_all(call, words, TARGETS_LIVE, e);
}

int targets_running(const struct call *call, struct list *words, struct error *e)
{
	return find_all(call, words, TARGETS_RUNNING, e);
}

/* Of a word that is the name of a file: its services. */
static int refuse_several(const char *word, const struct instances *found, struct error *e)
{
	autorelease(text) struct text names = { 0 };
	const char *last = "";

	for (size_t i = 0; i < found->count; i++) {
		if (found->items[i].role != INSTANCE_LIVE || strcmp(found->items[i].service, last) == 0)
			continue;
		text_addf(&names, "%s%s", names.length ? ", " : "", found->items[i].service);
		last = found->items[i].service;
	}
	error_set(e, ERROR_USAGE, "%s has several services", word);
	return error_hint(e, "name one of them: %.400s", names.data ? names.data : "");
}

static bool is_of_one_service(const struct instances *found)
{
	const char *first = NULL;

	for (size_t i = 0; i < found->count; i++) {
		if (found->items[i].role != INSTANCE_LIVE)
			continue;
		if (first && strcmp(first, found->items[i].service) != 0)
			return false;
		first = found->items[i].service;
	}
	return true;
}

int target_one(const struct call *call, char **word, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	struct instances found = { 0 };
	int result;

	if (target_name(call, word, e) || instances_find(call->places, *word, &found, e))
		return -1;
	result = is_of_one_service(&found) ? resolve(call, *word, &names, e) : refuse_several(*word, &found, e);
	if (result == 0 && names.count) {
		free(*word);
		*word = alloc_copy(names.items[0]);
	}
	instances_release(&found);
	return result;
}

int targets_one(const struct call *call, struct list *words, size_t index, struct error *e)
{
	return index < words->count ? target_one(call, &words->items[index], e) : 0;
}

bool target_is_stack(const struct call *call, const char *word)
{
	autorelease(instances) struct instances found = { 0 };
	struct error ignored = { 0 };

	if (instances_find(call->places, word, &found, &ignored))
		return false;
	for (size_t i = 0; i < found.count; i++)
		if (text_equal(found.items[i].stack, word))
			return true;
	return false;
}

struct target {
	char *name; /* in the list of all */
	int64_t level;
};

struct targets {
	struct target *items;
	size_t count;
};

static void add(struct targets *to, const char *name, int64_t level)
{
	struct target *target = alloc_append(&to->items, &to->count, sizeof *target);

	*target = (struct target){ alloc_copy(name), level };
}

/* Of several from that place on those that run stay, if any does. */
static void keep_running(const struct call *call, struct targets *targets, size_t from)
{
	size_t running = from;

	for (size_t i = from; targets->count - from > 1 && i < targets->count; i++)
		if (is_running(call, targets->items[i].name)) {
			const struct target here = targets->items[i];

			targets->items[i] = targets->items[running];
			targets->items[running++] = here;
		}
	while (running > from && targets->count > running)
		free(targets->items[--targets->count].name);
}

static int find(const struct call *call, const char *word, enum targets_scope scope, struct targets *ret, struct error *e)
{
	struct instances found = { 0 };
	size_t before = ret->count;
	bool is_whole = scope == TARGETS_WHOLE;

	if (instances_find(call->places, word, &found, e))
		return -1;
	for (size_t i = 0; i < found.count; i++)
		if (is_whole || found.items[i].role == INSTANCE_LIVE)
			add(ret, found.items[i].name, found.items[i].level);
	if (scope == TARGETS_RUNNING)
		keep_running(call, ret, before);
	if (ret->count == before) {
		autorelease(list) struct list names = { 0 };

		/* Of box rm -f none of a name is fine. */
		if (is_whole ? instances_resolve(call->places, word, &names, e) : resolve(call, word, &names, e)) {
			instances_release(&found);
			return -1;
		}
		add(ret, names.items[0], 0);
	}
	instances_release(&found);
	return 0;
}

static int act_on_level(const struct call *call, const struct targets *targets, int64_t level, const struct each *each)
{
	autorelease(list) struct list names = { 0 };

	for (size_t i = 0; i < targets->count; i++)
		if (targets->items[i].level == level && !list_has(&names, targets->items[i].name))
			list_add(&names, targets->items[i].name);
	return names.count ? each_at_once(call, &names, each) : 0;
}

int targets_each(const struct call *call, const struct list *words, enum targets_order order, enum targets_scope scope,
		 const struct each *each)
{
	struct targets targets = { 0 };
	int64_t highest = 0;
	int status = 0, here;

	for (size_t i = 0; i < words->count; i++) {
		autofree char *word = alloc_copy(words->items[i]);
		struct error e = { 0 };

		if (target_name(call, &word, &e) || find(call, word, scope, &targets, &e))
			status = report_failure(&e);
	}
	for (size_t i = 0; i < targets.count; i++)
		if (targets.items[i].level > highest)
			highest = targets.items[i].level;
	for (int64_t i = 0; i <= highest; i++) {
		here = act_on_level(call, &targets, order == TARGETS_FIRST_LEVEL_FIRST ? i : highest - i, each);
		status = here ? here : status;
	}
	for (size_t i = 0; i < targets.count; i++)
		free(targets.items[i].name);
	free(targets.items);
	return status;
}
