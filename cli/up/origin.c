/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin.c - whether it is this file that has brought up what has its name.
 *
 * A name is often that of a folder, such as "deploy", and two projects may have one of that name each. Whoever brought up the second would
 * have its services take the place of the first one's. So a file is taken for the next version of another only where it lies in the same
 * folder, by a link or not, or where the other one is gone.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/apps/instances.h"

static bool is_same(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The shell's word for the working folder has the links that its user went through. */
char *up_named(const char *file)
{
	const char *shown = getenv("PWD");
	char folder[PATH_MAX];

	if (file[0] == '/')
		return alloc_copy(file);
	if (shown && shown[0] == '/' && is_same(shown, "."))
		return text_format("%s/%s", shown, file);
	return getcwd(folder, sizeof folder) ? text_format("%s/%s", folder, file) : NULL;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? text_format("%.*s", slash == path ? 1 : (int)(slash - path), path) : alloc_copy(".");
}

static bool is_in_one_folder(const char *one, const char *other)
{
	autofree char *a = folder_of(one), *b = folder_of(other);

	return is_same(a, b);
}

/* One that is gone was moved, or is a version that nobody has any more. */
static bool is_others(const struct instance *instance, const char *file, const char *named)
{
	const char *theirs = instance->spec_file;

	return theirs && access(theirs, F_OK) == 0 && !text_equal(instance->named, named) && !is_same(theirs, file) &&
	       !is_in_one_folder(theirs, file);
}

int up_check_origin(const struct up *up, const struct stack *stack, const char *verb, struct error *e)
{
	autofree char *named = up_named(stack->file);

	for (size_t i = 0; i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];

		if (instance->role == INSTANCE_RETIRED || !is_others(instance, stack->file, named))
			continue;
		error_set(e, ERROR_EXISTS, "%s %s: another file has brought up what has this name: %s", verb, stack->file,
			  instance->named && access(instance->named, F_OK) == 0 ? instance->named : instance->spec_file);
		if (strcmp(verb, "down") == 0)
			return error_hint(e, "box down %s, if that is to go", up->name);
		return error_hint(e, "another \"name\" in this file; or, where this one takes its place: box up --take-over %s", stack->file);
	}
	return 0;
}

int up_take_over(const struct up *up, struct error *e)
{
	autofree char *named = up_named(up->stack->file), *file = realpath(up->stack->file, NULL);

	for (size_t i = 0; file && i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];

		if (instance->role != INSTANCE_RETIRED && is_others(instance, file, named) &&
		    instance_set_file(up->call->places, instance->name, file, named, e))
			return -1;
	}
	return 0;
}
