/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_list.c - device rules as what a v1 group can hold: one answer for everything, and a list of exceptions.
 *
 * The kernel knows no order: an exception counts wherever it stands in the list, and a line takes away only an exception for the very same
 * devices. So the rules are worked through here, and the outcome is written. "All character devices but 1:3" cannot be said that way when
 * all devices are refused otherwise; the kernel would ignore such a line without a word, and box refuses it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/devices.h"
#include "specs/limits.h"

static const char access_letters[] = "rwm";

void device_list_release(struct device_list *list)
{
	free(list->exceptions);
	*list = (struct device_list){ 0 };
}

static void set_access(struct device_rule *rule, unsigned bits)
{
	size_t used = 0;

	memset(rule->access, 0, sizeof rule->access);
	for (size_t i = 0; i < 3; i++) {
		struct device_rule one = { .access = { access_letters[i] } };

		if (bits & devices_access_bits(&one))
			rule->access[used++] = access_letters[i];
	}
}

static bool is_same(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

/* Whether every device of b is one of a. */
static bool covers(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && (a->major < 0 || a->major == b->major) && (a->minor < 0 || a->minor == b->minor);
}

/* Whether some device is one of both. */
static bool overlaps(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
	       (a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

static struct device_rule *find(const struct device_list *list, const struct device_rule *like)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_same(&list->exceptions[i], like))
			return &list->exceptions[i];
	return NULL;
}

static void add_exception(struct device_list *list, const struct device_rule *rule)
{
	struct device_rule *there = find(list, rule);

	if (there)
		set_access(there, devices_access_bits(there) | devices_access_bits(rule));
	else
		*(struct device_rule *)alloc_append(&list->exceptions, &list->count, sizeof *rule) = *rule;
}

static int remove_exceptions(struct device_list *list, const struct device_rule *rule, struct error *e)
{
	unsigned bits = devices_access_bits(rule);

	for (size_t i = list->count; i-- > 0;) {
		struct device_rule *there = &list->exceptions[i];
		autorelease(text) struct text wanted = { 0 };
		autorelease(text) struct text line = { 0 };

		if (!overlaps(there, rule) || !(devices_access_bits(there) & bits))
			continue;
		if (covers(rule, there)) {
			set_access(there, devices_access_bits(there) & ~bits);
			if (!there->access[0])
				*there = list->exceptions[--list->count];
			continue;
		}
		devices_line(rule, &wanted);
		devices_line(there, &line);
		return error_set(e, ERROR_UNSUPPORTED, "%s the device %s: cgroup v1 cannot make an exception from \"%s %s\"",
				 rule->is_allowed ? "allow" : "deny", wanted.data, there->is_allowed ? "allow" : "deny", line.data);
	}
	return 0;
}

static int apply(struct device_list *list, const struct device_rule *rule, struct error *e)
{
	static const char types[] = "bc";

	if (rule->type == 'a' && rule->major < 0 && rule->minor < 0 && strlen(rule->access) == 3) {
		device_list_release(list);
		list->is_allowed = rule->is_allowed;
		return 0;
	}
	for (size_t i = 0; i < 2; i++) {
		struct device_rule one = *rule;

		if (rule->type != 'a' && rule->type != types[i])
			continue;
		one.type = types[i];
		set_access(&one, devices_access_bits(rule)); /* "mr" and "rr" as everybody writes it */
		if (one.is_allowed != list->is_allowed)
			add_exception(list, &one);
		else if (remove_exceptions(list, &one, e))
			return -1;
	}
	return 0;
}

int device_list_make(const struct device_rule *rules, size_t count, struct device_list *ret, struct error *e)
{
	struct device_list list = { 0 };

	for (size_t i = 0; i < count; i++)
		if (apply(&list, &rules[i], e)) {
			device_list_release(&list);
			return error_at(e, "linux.resources.devices[%zu]", i);
		}
	*ret = list;
	return 0;
}

static int parse_part(const char *word)
{
	return word[0] == '*' ? -1 : (int)strtol(word, NULL, 10);
}

void device_list_parse(struct device_list *ret, const char *lines)
{
	*ret = (struct device_list){ 0 };
	for (; *lines; lines += strcspn(lines, "\n") + (strchr(lines, '\n') != NULL)) {
		struct device_rule rule = { .is_allowed = true };
		char major[12], minor[12];

		if (sscanf(lines, "%c %11[0-9*]:%11[0-9*] %3[rwm]", &rule.type, major, minor, rule.access) != 4)
			continue;
		if (rule.type == 'a')
			ret->is_allowed = true;
		rule.major = parse_part(major);
		rule.minor = parse_part(minor);
		if (rule.type == 'b' || rule.type == 'c')
			add_exception(ret, &rule);
	}
}

static void add_change(struct list *ret, bool is_allowed, const struct device_rule *rule, unsigned bits)
{
	struct device_rule part = *rule;
	autorelease(text) struct text line = { 0 };

	if (!bits)
		return;
	set_access(&part, bits);
	devices_line(&part, &line);
	list_addf(ret, "%s %s", is_allowed ? "allow" : "deny", line.data);
}

/* What a's exceptions have and b's do not. */
static void add_differences(struct list *ret, bool is_allowed, const struct device_list *a, const struct device_list *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct device_rule *other = find(b, &a->exceptions[i]);

		add_change(ret, is_allowed, &a->exceptions[i],
			   devices_access_bits(&a->exceptions[i]) & ~(other ? devices_access_bits(other) : 0));
	}
}

void device_list_changes(const struct device_list *now, const struct device_list *wanted, struct list *ret)
{
	static const struct device_list nothing = { 0 };
	bool starts_anew = now->is_allowed || wanted->is_allowed;

	if (starts_anew)
		list_add(ret, wanted->is_allowed ? "allow a" : "deny a");
	add_differences(ret, !wanted->is_allowed, wanted, starts_anew ? &nothing : now);
	if (!starts_anew)
		add_differences(ret, /* is_allowed= */ false, now, wanted);
}
