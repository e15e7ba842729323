/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_depends.c - which service waits for which.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/problems.h"
#include "specs/services.h"
#include "specs/stack.h"
#include "specs/stack_fields.h"

enum { NEAR = 3 };

/* What was probably meant, or NULL. */
static const char *find_near(json_t *services, const char *other)
{
	const char *name, *nearest = NULL;
	size_t least = NEAR + 1;
	json_t *item;

	json_object_foreach(services, name, item) {
		size_t edits = text_distance(other, name);

		if (edits < least && edits * 2 <= strlen(name)) {
			least = edits;
			nearest = name;
		}
	}
	return nearest;
}

static int refuse_unknown(json_t *services, const char *other, struct problems *p)
{
	const char *near = find_near(services, other);

	if (!near)
		return error_set(p->e, ERROR_SPEC, "there is no service \"%.80s\"", other);
	return error_set(p->e, ERROR_SPEC, "there is no service \"%.80s\": did you mean \"%s\"?", other, near);
}

static int check_dependency(json_t *services, const char *own, const char *other, const struct place *at, struct problems *p)
{
	if (strcmp(own, other) == 0)
		error_set(p->e, ERROR_SPEC, "%.80s depends on itself", own);
	else if (!json_object_get(services, other))
		refuse_unknown(services, other, p);
	else
		return 0;
	return field_problem(p, at);
}

static struct stack_dependency *add(struct stack_service *to, const char *service)
{
	struct stack_dependency *dependency = alloc_append(&to->dependencies, &to->dependency_count, sizeof *dependency);

	*dependency = (struct stack_dependency){ .service = alloc_copy(service), .is_required = true };
	return dependency;
}

/* An array of names, or an object of conditions. */
int service_dependencies(json_t *services, json_t *service, struct stack_service *ret, struct problems *p)
{
	const struct place at = { .key = "depends_on" };
	json_t *depends = json_object_get(service, "depends_on"), *item;
	const char *key;
	size_t i;

	if (depends && !json_is_object(depends) && !json_is_array(depends))
		return field_expected(p, &at, "an array of services, or an object of conditions", depends);
	json_array_foreach(depends, i, item) {
		const struct place here = { .up = &at, .index = i };

		if (json_is_string(item) ? check_dependency(services, ret->name, json_string_value(item), &here, p)
					 : field_expected(p, &here, "a service", item))
			return -1;
		if (json_is_string(item))
			(void)add(ret, json_string_value(item));
	}
	json_object_foreach(depends, key, item) {
		const struct place here = { .up = &at, .key = key };

		if (check_dependency(services, ret->name, key, &here, p))
			return -1;
		if (field_decode(dependency_fields, item, add(ret, key), p->e) && field_problem(p, &here))
			return -1;
	}
	return 0;
}

enum { NO_LEVEL = -1, CIRCLE_SHOWN = 200 };

/* False: it waits for one that has no level yet. */
static bool find_level(const struct stack *stack, const struct stack_service *service, size_t *ret)
{
	size_t level = 0;

	for (size_t i = 0; i < service->dependency_count; i++) {
		const struct stack_service *other = stack_find(stack, service->dependencies[i].service);

		if (!other)
			continue; /* told before */
		if (other->level == (size_t)NO_LEVEL)
			return false;
		if (other->level + 1 > level)
			level = other->level + 1;
	}
	*ret = level;
	return true;
}

/* A stable sort: there are few levels. */
static void sort(struct stack *stack)
{
	struct stack_service *sorted = alloc_zeroed(stack->count, sizeof *sorted);
	size_t count = 0;

	for (size_t level = 0; count < stack->count; level++)
		for (size_t i = 0; i < stack->count; i++)
			if (stack->services[i].level == level)
				sorted[count++] = stack->services[i];
	free(stack->services);
	stack->services = sorted;
}

/* Of those that service waits for, one that waits itself. There is one: service has no level. */
static const struct stack_service *find_stuck(const struct stack *stack, const struct stack_service *service)
{
	for (size_t i = 0; i < service->dependency_count; i++) {
		const struct stack_service *other = stack_find(stack, service->dependencies[i].service);

		if (other && other->level == (size_t)NO_LEVEL)
			return other;
	}
	return service;
}

/* Who waits may only lead to the circle: after as many steps as there are services it is in it. */
static void describe_circle(const struct stack *stack, const char *stuck, struct error *e)
{
	const struct stack_service *first = stack_find(stack, stuck), *at;
	autorelease(text) struct text names = { 0 };

	for (size_t i = 0; i < stack->count; i++)
		first = find_stuck(stack, first);
	at = first;
	do {
		text_addf(&names, "%s waits for ", at->name);
		at = find_stuck(stack, at);
	} while (at != first && names.length < CIRCLE_SHOWN);
	error_set(e, ERROR_SPEC, "the services wait for each other in a circle: %s%s", names.data, at == first ? first->name : "…");
}

/* Starts, on paper, everything that waits for nothing more, until nothing is left, or nothing moves: a circle. */
int services_order(struct stack *stack, struct problems *p)
{
	const char *stuck;
	bool has_moved;

	for (size_t i = 0; i < stack->count; i++)
		stack->services[i].level = (size_t)NO_LEVEL;
	do {
		stuck = NULL;
		has_moved = false;
		for (size_t i = 0; i < stack->count; i++) {
			struct stack_service *service = &stack->services[i];

			if (service->level != (size_t)NO_LEVEL)
				continue;
			if (find_level(stack, service, &service->level))
				has_moved = true;
			else
				stuck = service->name;
		}
	} while (stuck && has_moved);
	if (!stuck) {
		sort(stack);
		return 0;
	}
	describe_circle(stack, stuck, p->e);
	error_at(p->e, "services.%s.depends_on", stuck);
	return problems_add(p);
}
