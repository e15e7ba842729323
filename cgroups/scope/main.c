/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - box-scope: everything of box that talks to systemd. Started by box alone (cgroups/unit_call.c).
 *
 *     box-scope system|user group                          prints the group in which the manager's units lie
 *     box-scope system|user start UNIT [NAME=VALUE…]       makes a transient unit; it is there when box-scope ends
 *     box-scope system|user set UNIT [NAME=VALUE…]         changes properties
 *     box-scope system|user attach UNIT PATH PID           moves a process into the unit's group, or one below it
 *     box-scope system|user stop UNIT
 *
 * The exit code is 0, or 1 with the reason as one line on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "cgroups/scope/manager.h"
#include "cgroups/scope/property.h"

struct properties {
	struct property *items;
	size_t count;
};

static int parse_all(char *const *lines, struct properties *ret, struct error *e)
{
	for (; *lines; lines++) {
		struct property property = { 0 };

		if (property_parse(*lines, &property, e))
			return -1;
		*(struct property *)alloc_append(&ret->items, &ret->count, sizeof property) = property;
	}
	return 0;
}

static void release_all(struct properties *properties)
{
	for (size_t i = 0; i < properties->count; i++)
		property_release(&properties->items[i]);
	free(properties->items);
}

static int start_or_set(struct manager *manager, bool starts, char *const *words, struct error *e)
{
	struct properties properties = { 0 };
	int result = parse_all(words + 1, &properties, e);

	if (result)
		(void)error_in(e, "%s the unit %s", starts ? "start" : "change", words[0]);
	else
		result = starts ? manager_start(manager, words[0], properties.items, properties.count, e)
				: manager_set(manager, words[0], properties.items, properties.count, e);
	release_all(&properties);
	return result;
}

static int print_group(struct manager *manager, struct error *e)
{
	autofree char *group = manager_group(manager, e);

	if (!group)
		return -1;
	return puts(group) < 0 || fflush(stdout) ? error_sys(e, "print the manager's group") : 0;
}

static int attach(struct manager *manager, char *const *words, struct error *e)
{
	int64_t pid;

	if (number_parse(words[2], 1, INT32_MAX, &pid))
		return error_set(e, ERROR_USAGE, "box-scope: \"%s\" is no process", words[2]);
	return manager_attach(manager, words[0], words[1], (unsigned)pid, e);
}

static int work(struct manager *manager, const char *verb, char *const *words, int count, struct error *e)
{
	if (strcmp(verb, "group") == 0 && count == 0)
		return print_group(manager, e);
	if (strcmp(verb, "start") == 0 && count >= 1)
		return start_or_set(manager, /* starts= */ true, words, e);
	if (strcmp(verb, "set") == 0 && count >= 1)
		return start_or_set(manager, /* starts= */ false, words, e);
	if (strcmp(verb, "attach") == 0 && count == 3)
		return attach(manager, words, e);
	if (strcmp(verb, "stop") == 0 && count == 1)
		return manager_stop(manager, words[0], e);
	return error_set(e, ERROR_USAGE, "box-scope is started by box; it has no words for people");
}

int main(int argc, char **argv)
{
	struct manager *manager = NULL;
	struct error e = { 0 };
	int result;

	if (argc < 3 || (strcmp(argv[1], "system") != 0 && strcmp(argv[1], "user") != 0))
		result = work(NULL, "", argv, 0, &e);
	else
		result = manager_open(strcmp(argv[1], "user") == 0, &manager, &e);
	if (result == 0)
		result = work(manager, argv[2], argv + 3, argc - 3, &e);
	if (manager)
		manager_close(manager);
	if (result)
		(void)fprintf(stderr, "%s\n", e.text); /* nobody is left to tell that stderr is gone */
	return result ? EXIT_FAILURE : EXIT_SUCCESS;
}
