/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_profile.c - from names to numbers, for one machine and one set of capabilities.
 */
#include "runtime/seccomp/seccomp_profile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/seccomp.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"

/* What all rules of a profile are resolved against. */
struct resolver {
	const struct seccomp_spec *spec;
	uint64_t capabilities;
	const char *kernel;
	struct seccomp_numbers numbers[SECCOMP_TABLES];
	bool names_socketcall, names_ipc; /* then the profile itself says what they may do */
};

static uint32_t result_of(enum seccomp_action action, int data)
{
	switch (action) {
	case SECCOMP_ACTION_KILL_PROCESS: return SECCOMP_RET_KILL_PROCESS;
	case SECCOMP_ACTION_KILL_THREAD: return SECCOMP_RET_KILL_THREAD;
	case SECCOMP_ACTION_TRAP: return SECCOMP_RET_TRAP;
	case SECCOMP_ACTION_NOTIFY: return SECCOMP_RET_USER_NOTIF;
	case SECCOMP_ACTION_TRACE: return SECCOMP_RET_TRACE | (uint32_t)data;
	case SECCOMP_ACTION_LOG: return SECCOMP_RET_LOG;
	case SECCOMP_ACTION_ALLOW: return SECCOMP_RET_ALLOW;
	case SECCOMP_ACTION_ERRNO: break;
	}
	return SECCOMP_RET_ERRNO | (uint32_t)data;
}

/* "4.8" <= "6.1.0-13-amd64" */
static bool kernel_reaches(const char *kernel, const char *wanted, bool *ret, struct error *e)
{
	unsigned major = 0, minor = 0, wanted_major = 0, wanted_minor = 0;
	char rest = '\0';

	if (sscanf(wanted, "%5u.%5u%c", &wanted_major, &wanted_minor, &rest) != 2) {
		error_set(e, ERROR_SPEC, "minKernel: expected a version such as \"4.8\", found \"%.64s\"", wanted);
		return false;
	}
	(void)sscanf(kernel, "%5u.%5u", &major, &minor); /* uname's own text; a strange one counts as 0.0 */
	*ret = major > wanted_major || (major == wanted_major && minor >= wanted_minor);
	return true;
}

static bool has_capability(const struct resolver *r, const char *name)
{
	int number = capability_number(name);

	return number >= 0 && (r->capabilities >> number & 1);
}

/* Whether a rule counts here: 1, 0, or -1 for a condition that cannot be read. */
static int rule_counts(const struct resolver *r, const struct seccomp_rule *rule, struct error *e)
{
	const char *machine = seccomp_own_arch()->go_name;
	bool reached = true;

	for (size_t i = 0; i < rule->includes.caps.count; i++) {
		if (!has_capability(r, rule->includes.caps.items[i]))
			return 0;
	}
	if (rule->includes.arches.count && !list_has(&rule->includes.arches, machine))
		return 0;
	if (rule->includes.min_kernel && !kernel_reaches(r->kernel, rule->includes.min_kernel, &reached, e))
		return -1;
	if (!reached)
		return 0;
	for (size_t i = 0; i < rule->excludes.caps.count; i++) {
		if (has_capability(r, rule->excludes.caps.items[i]))
			return 0;
	}
	if (list_has(&rule->excludes.arches, machine))
		return 0;
	reached = false;
	if (rule->excludes.min_kernel && !kernel_reaches(r->kernel, rule->excludes.min_kernel, &reached, e))
		return -1;
	return !reached;
}

static struct seccomp_match *match_add(struct seccomp_table *table, uint32_t number, uint32_t result, size_t order)
{
	struct seccomp_match *match = alloc_append(&table->matches, &table->match_count, sizeof *match);

	match->number = number;
	match->result = result;
	match->order = order;
	return match;
}

/*
 * socketcall and ipc of i386 hide the real call in their first argument and its arguments behind a pointer, which a filter
 * cannot follow. A profile that names them decides for itself. For one that does not, a rule without arguments on "bind" also
 * means socketcall(SYS_BIND); a rule with arguments cannot be kept there, so that way stays on the default action.
 */
static void add_multiplexed(struct resolver *r, struct seccomp_table *table, const struct seccomp_rule *rule,
			    const char *name, size_t order)
{
	struct seccomp_match *match;
	uint32_t call = 0, number = seccomp_multiplexer(table->arch, name, &call);

	if (!number || rule->argument_count || (number == SECCOMP_I386_IPC ? r->names_ipc : r->names_socketcall))
		return;
	match = match_add(table, number, result_of(rule->action, rule->errno_ret), order);
	/* ipc's upper 16 bits are a version that the kernel takes off first. */
	match->arguments[0] = (struct seccomp_argument){
		.index = 0,
		.op = SECCOMP_MASKED_EQUAL,
		.value = number == SECCOMP_I386_IPC ? 0xffff : 0xffffffff,
		.value_two = call,
	};
	match->argument_count = 1;
}

static int add_rule(struct resolver *r, struct seccomp_profile *profile, const struct seccomp_rule *rule, size_t order,
		    struct error *e)
{
	for (size_t n = 0; n < rule->names.count; n++) {
		const char *name = rule->names.items[n];
		bool found = false;

		for (size_t t = 0; t < profile->table_count; t++) {
			const struct seccomp_number *number = seccomp_numbers_find(&r->numbers[t], name);
			struct seccomp_table *table = &profile->tables[t];
			struct seccomp_match *match;
			uint32_t call;

			add_multiplexed(r, table, rule, name, order);
			found |= number || seccomp_multiplexer(table->arch, name, &call);
			if (!number)
				continue;
			match = match_add(table, number->number, result_of(rule->action, rule->errno_ret), order);
			memcpy(match->arguments, rule->arguments, sizeof match->arguments);
			match->argument_count = rule->argument_count;
		}
		if (!found && r->spec->refuses_unknown)
			return error_set(e, ERROR_SPEC, "no system call \"%.64s\" on this machine", name);
		/* Profiles are written for many machines; a name of another one is no mistake. */
		if (!found)
			log_debug("seccomp: no system call \"%s\" on this machine, ignoring", name);
	}
	return 0;
}

static int strictest_first(const void *a, const void *b)
{
	const struct seccomp_match *x = a, *y = b;
	int32_t x_action = (int32_t)(x->result & SECCOMP_RET_ACTION_FULL);
	int32_t y_action = (int32_t)(y->result & SECCOMP_RET_ACTION_FULL);

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	/* The kernel compares actions as signed numbers: KILL_PROCESS is the lowest. */
	if (x_action != y_action)
		return x_action < y_action ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void add_known(struct seccomp_table *table, const struct seccomp_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		uint32_t *known;

		if (numbers->items[i].is_newer)
			continue;
		known = alloc_append(&table->known, &table->known_count, sizeof *known);
		*known = numbers->items[i].number;
	}
	/* A number that a rule names is known, too: the default action is for what the rule lets through. */
	for (size_t i = 0; i < table->match_count; i++) {
		uint32_t *known = alloc_append(&table->known, &table->known_count, sizeof *known);

		*known = table->matches[i].number;
	}
	if (table->known)
		qsort(table->known, table->known_count, sizeof *table->known, ascending);
	if (table->matches)
		qsort(table->matches, table->match_count, sizeof *table->matches, strictest_first);
}

static int add_table(struct seccomp_profile *profile, const char *name, struct error *e)
{
	const struct seccomp_arch *arch = seccomp_arch_find(name);

	if (!arch && !seccomp_arch_is_known(name))
		return error_set(e, ERROR_SPEC,
				 "architectures: expected a name such as \"SCMP_ARCH_X86_64\", found \"%.64s\"", name);
	if (!arch)
		return 0; /* of another machine: its programs cannot run here */
	for (size_t i = 0; i < profile->table_count; i++) {
		if (profile->tables[i].arch == arch)
			return 0;
	}
	profile->tables[profile->table_count++].arch = arch;
	return 0;
}

static int add_tables(const struct seccomp_spec *spec, struct seccomp_profile *profile, struct error *e)
{
	const char *native = seccomp_own_arch()->name;

	if (add_table(profile, native, e))
		return -1;
	for (size_t i = 0; i < spec->architectures.count; i++) {
		if (add_table(profile, spec->architectures.items[i], e))
			return -1;
	}
	for (size_t i = 0; i < spec->arch_map_count; i++) {
		const struct seccomp_arch_map *map = &spec->arch_map[i];

		if (strcmp(map->arch, native) != 0)
			continue;
		for (size_t k = 0; k < map->sub.count; k++) {
			if (add_table(profile, map->sub.items[k], e))
				return -1;
		}
	}
	return 0;
}

static bool is_notify(uint32_t result)
{
	return (result & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF;
}

/* A listener comes about only where some call asks for it; without one the kernel refuses the flag that says how it waits. With one it
 * refuses TSYNC, which means nothing for box: a process that loads its filter has one thread. */
static void resolve_flags(struct seccomp_profile *profile)
{
	bool notifies = is_notify(profile->default_result);

	for (size_t t = 0; t < profile->table_count; t++)
		for (size_t m = 0; m < profile->tables[t].match_count; m++)
			notifies |= is_notify(profile->tables[t].matches[m].result);
	if (notifies) {
		profile->flags &= ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC;
		profile->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	} else {
		profile->flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
}

static bool lets_through(enum seccomp_action action)
{
	return action == SECCOMP_ACTION_ALLOW || action == SECCOMP_ACTION_LOG || action == SECCOMP_ACTION_TRACE;
}

static int add_rules(struct resolver *r, struct seccomp_profile *profile, struct error *e)
{
	for (size_t i = 0; i < r->spec->rule_count; i++) {
		r->names_socketcall |= list_has(&r->spec->rules[i].names, "socketcall");
		r->names_ipc |= list_has(&r->spec->rules[i].names, "ipc");
	}
	for (size_t i = 0; i < r->spec->rule_count; i++) {
		int counts = rule_counts(r, &r->spec->rules[i], e);

		if (counts < 0 || (counts && add_rule(r, profile, &r->spec->rules[i], i, e)))
			return error_in(e, "syscalls[%zu]", i);
	}
	return 0;
}

int seccomp_profile_resolve(const struct seccomp_spec *spec, uint64_t capabilities, const char *kernel,
			    struct seccomp_profile *ret, struct error *e)
{
	struct resolver r = { .spec = spec, .capabilities = capabilities, .kernel = kernel };
	int status;

	*ret = (struct seccomp_profile){
		.default_result = result_of(spec->default_action, spec->default_errno),
		/* Programs try a new call and fall back to an old one on ENOSYS alone; EPERM would break them (moby #42680). */
		.unknown_result = SECCOMP_RET_ERRNO | ENOSYS,
		.foreign_result = SECCOMP_RET_ERRNO | ENOSYS,
		.flags = spec->flags,
	};
	if (lets_through(spec->default_action))
		ret->unknown_result = ret->default_result;
	if (add_tables(spec, ret, e)) {
		seccomp_profile_release(ret);
		return -1;
	}
	for (size_t t = 0; t < ret->table_count; t++)
		seccomp_numbers_load(ret->tables[t].arch, &r.numbers[t]);
	status = add_rules(&r, ret, e);
	for (size_t t = 0; t < ret->table_count; t++) {
		add_known(&ret->tables[t], &r.numbers[t]);
		seccomp_numbers_release(&r.numbers[t]);
	}
	resolve_flags(ret);
	if (status)
		seccomp_profile_release(ret);
	return status;
}

void seccomp_profile_release(struct seccomp_profile *profile)
{
	for (size_t i = 0; i < profile->table_count; i++) {
		free(profile->tables[i].matches);
		free(profile->tables[i].known);
	}
	*profile = (struct seccomp_profile){ 0 };
}
