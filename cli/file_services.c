/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_services.c - services that are named behind their file.
 */
#include "cli/file_services.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/apps_rename.h"
#include "runtime/apps/instances.h"
#include "runtime/state/state.h"
#include "specs/app.h"
#include "specs/stack.h"

static bool is_file(const struct call *call, const char *word)
{
	return text_ends(word, ".json") && !apps_exists(call->places, word) && access(word, F_OK) == 0 && stack_is_file(word);
}

/* "shop-web" for web of the file shop, where there is something of it; the caller frees it. NULL: nothing. */
static char *find(const struct instances *of_file, const char *stack, const char *word)
{
	autofree char *full = text_format("%s-%s", stack, word);

	for (size_t i = 0; i < of_file->count; i++)
		if (strcmp(of_file->items[i].service, full) == 0)
			return take_ptr(&full);
	return NULL;
}

static bool is_something(const struct call *call, const char *word)
{
	autorelease(instances) struct instances found = { 0 };
	struct error ignored = { 0 };

	return text_ends(word, ".json") || state_exists(call->places, word) || apps_is_there(call->places, word) ||
	       (instances_find(call->places, word, &found, &ignored) == 0 && found.count);
}

static int refuse(const struct instances *of_file, const char *file, const char *stack, const char *word, struct error *e)
{
	autorelease(text) struct text names = { 0 };
	size_t own = strlen(stack) + 1;
	const char *last = "";

	for (size_t i = 0; i < of_file->count; i++) {
		/* An app alone can have the file's name, too. */
		if (!text_equal(of_file->items[i].stack, stack) || strcmp(of_file->items[i].service, last) == 0)
			continue;
		last = of_file->items[i].service;
		text_addf(&names, "%s%s", names.length ? ", " : "", last + own);
	}
	error_set(e, ERROR_MISSING, "%s %s: nothing is called so, and of this file there is no such service", file, word);
	return names.length ? error_hint(e, "there are %.400s", names.data) : error_hint(e, "nothing of it is there: box up %s", file);
}

/* Adds what words[at] and its services mean; the index of the word behind them, or -1. */
static ssize_t join(const struct call *call, const struct list *words, size_t at, struct list *ret, struct error *e)
{
	autorelease(instances) struct instances of_file = { 0 };
	autofree char *stack = NULL;
	size_t next = at + 1;

	if (app_called(words->items[at], &stack, e) || instances_find(call->places, stack, &of_file, e))
		return -1;
	for (; next < words->count; next++) {
		char *service = find(&of_file, stack, words->items[next]);

		if (!service)
			break;
		list_take(ret, service);
	}
	if (next < words->count && !is_something(call, words->items[next]))
		return refuse(&of_file, words->items[at], stack, words->items[next], e);
	if (next == at + 1)
		list_add(ret, words->items[at]);
	return (ssize_t)next;
}

int file_services_join(const struct call *call, struct list *words, struct error *e)
{
	struct list joined = { 0 };

	for (size_t i = 0; i < words->count;) {
		ssize_t next = (ssize_t)i + 1;

		if (is_file(call, words->items[i]))
			next = join(call, words, i, &joined, e);
		else
			list_add(&joined, words->items[i]);
		if (next < 0) {
			list_release(&joined);
			return -1;
		}
		i = (size_t)next;
	}
	list_release(words);
	*words = joined;
	return 0;
}

static void drop(struct list *words, size_t at)
{
	free(words->items[at]);
	memmove(words->items + at, words->items + at + 1, (words->count - at) * sizeof *words->items);
	words->count--;
}

/* The service that word is in the file, or NULL without an error. */
static int service_of(const struct call *call, const char *file, const char *word, char **ret, struct error *e)
{
	autorelease(instances) struct instances of_file = { 0 };
	autofree char *stack = NULL;

	*ret = NULL;
	if (!is_file(call, file))
		return 0;
	if (app_called(file, &stack, e) || instances_find(call->places, stack, &of_file, e))
		return -1;
	*ret = find(&of_file, stack, word);
	return 0;
}

/* Where words[at] is a service of the file that *name is, it becomes the name, and leaves the words. */
static int take(const struct call *call, char **name, struct list *words, size_t at, struct error *e)
{
	char *service = NULL;

	if (at < words->count && service_of(call, *name, words->items[at], &service, e))
		return -1;
	if (!service)
		return 0;
	free(*name);
	*name = service;
	drop(words, at);
	return 0;
}

int file_services_take(const struct call *call, char **name, struct list *program, struct error *e)
{
	return take(call, name, program, 0, e);
}

int file_services_first(const struct call *call, struct list *words, struct error *e)
{
	return words->count ? take(call, &words->items[0], words, 1, e) : 0;
}
