/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_network.c - box network: create, ls, rm, inspect, prune.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/names.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "runtime/private_networks.h"

struct options {
	bool quiet, no_trunc, force, internal;
	const char *format, *subnet;
};

const struct option_row network_options[] = {
	{ 0, "internal", OPTION_FLAG, offsetof(struct options, internal), NULL, "create: no way out of it" },
	{ 0, "subnet", OPTION_TEXT, offsetof(struct options, subnet), "ADDRESS/BITS", "create: its addresses (default: some that nobody has)" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "ls: names only" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "ls: form of the list (default: table)" },
	{ 0, "no-trunc", OPTION_FLAG, offsetof(struct options, no_trunc), NULL, "ls: whole words, whatever the terminal's width" },
	{ 'f', "force", OPTION_FLAG, offsetof(struct options, force), NULL, "rm: one that does not exist is fine" },
	{ 0 },
};

static int create(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;
	const struct network_wish wish = { .name = names->items[0], .subnet = options->subnet, .is_internal = options->internal,
					   .is_kept = true };

	if (!name_is_plain(wish.name)) {
		error_set(e, ERROR_USAGE, "network create: expected a name of letters, digits, \"_\", \".\" or \"-\", found \"%.80s\"", wish.name);
		return error_hint(e, "it begins with a letter or a digit");
	}
	if (private_network_create(call->places, &wish, e))
		return -1;
	text_addf(ret, "%s\n", wish.name);
	return 0;
}

static void add_network(const struct network_info *info, const struct options *options, struct list *cells, struct text *ret)
{
	const struct network_record *record = &info->record;

	if (options->quiet) {
		text_addf(ret, "%s\n", record->name);
		return;
	}
	if (text_equal(options->format, "json")) {
		text_add(ret, ret->length > 1 ? ",\n  {" : "\n  {");
		json_add_member(ret, "name", record->name);
		json_add_member(ret, "subnet", record->subnet);
		json_add_key(ret, "internal");
		text_add(ret, record->is_internal ? "true" : "false");
		json_add_key(ret, "members");
		text_addf(ret, "%zu", info->members);
		json_add_key(ret, "in_use");
		text_add(ret, info->is_used ? "true}" : "false}");
		return;
	}
	list_add(cells, record->name);
	list_add(cells, record->subnet);
	list_addf(cells, "%s/64", record->prefix6);
	list_add(cells, record->is_internal ? "internal" : "");
	list_addf(cells, "%zu", info->members);
}

static int list_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;
	static const char *const forms[] = { "table", "json", NULL }, *const heads[] = { "NAME", "SUBNET", "SUBNET6", "KIND", "MEMBERS" };
	bool is_json = text_equal(options->format, "json") && !options->quiet;
	autorelease(list) struct list cells = { 0 };
	struct network_info *infos = NULL;
	size_t count = 0;

	(void)names;
	if (options_one_of("format", options->format, forms, e) || private_networks_list(call->places, &infos, &count, e))
		return -1;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	text_add(ret, is_json ? "[" : "");
	for (size_t i = 0; i < count; i++)
		add_network(&infos[i], options, &cells, ret);
	private_networks_free(infos, count);
	if (is_json)
		text_add(ret, ret->length > 1 ? "\n]\n" : "]\n");
	else if (!options->quiet)
		report_table(&cells, sizeof heads / sizeof *heads, options->no_trunc ? 0 : report_width(), ret);
	return 0;
}

static int remove_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;

	return verb_remove(call, names, options->force, private_network_remove, ret, e);
}

static int inspect_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	(void)chosen;
	return verb_inspect(call, names, "network inspect", private_network_inspect, ret, e);
}

static int prune(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	struct network_info *infos = NULL;
	size_t count = 0;
	int result = 0;

	(void)chosen;
	(void)names;
	if (private_networks_list(call->places, &infos, &count, e))
		return -1;
	for (size_t i = 0; i < count && result == 0; i++) {
		struct error here = { 0 };

		if (infos[i].is_used)
			continue;
		if (private_network_remove(call->places, infos[i].record.name, &here) == 0) {
			text_addf(ret, "%s\n", infos[i].record.name);
		} else if (here.kind != ERROR_EXISTS && here.kind != ERROR_MISSING) { /* else somebody was faster */
			*e = here;
			result = -1;
		}
	}
	private_networks_free(infos, count);
	return result;
}

static const struct verb verbs[] = {
	{ "create", "NAME", 1, 1, create },
	{ "ls", "", 0, 0, list_all },
	{ "rm", "NAME…", 1, SIZE_MAX, remove_all },
	{ "inspect", "NAME…", 1, SIZE_MAX, inspect_all },
	{ "prune", "", 0, 0, prune },
	{ 0 },
};

int command_network(const struct call *call)
{
	struct options options = { 0 };

	return verbs_run(call, network_options, verbs, &options);
}
