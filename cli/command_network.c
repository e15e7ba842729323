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
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "runtime/apps/private_networks.h"

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
	audit_object(call->audit, wish.name);
	if (private_network_create(call->places, &wish, e))
		return -1;
	text_addf(ret, "%s\n", wish.name);
	return 0;
}

static const char *name_of(const void *object)
{
	const struct network_info *info = object;

	return info->record.name;
}

static void add_members(const void *object, struct text *ret)
{
	const struct network_info *info = object;

	json_add_member(ret, "name", info->record.name);
	json_add_member(ret, "subnet", info->record.subnet);
	json_add_key(ret, "internal");
	text_add(ret, info->record.is_internal ? "true" : "false");
	json_add_number(ret, "members", info->members);
	json_add_key(ret, "in_use");
	text_add(ret, info->is_used ? "true" : "false");
}

static void add_cells(const void *object, struct list *cells)
{
	const struct network_info *info = object;

	list_add(cells, info->record.name);
	list_add(cells, info->record.subnet);
	list_addf(cells, "%s/64", info->record.prefix6);
	list_add(cells, info->record.is_internal ? "internal" : "");
	list_addf(cells, "%zu", info->members);
}

static int list_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "NAME", "SUBNET", "SUBNET6", "KIND", "MEMBERS" };
	static const struct verb_listing listing = { heads, sizeof heads / sizeof *heads, sizeof(struct network_info), name_of, add_cells,
						     add_members };
	const struct options *options = chosen;
	const struct verb_list_options wish = { options->format, options->quiet, options->no_trunc };
	struct network_info *infos = NULL;
	size_t count = 0;

	(void)names;
	if (verb_list_check(&wish, e) || private_networks_list(call->places, &infos, &count, e))
		return -1;
	verb_list(&listing, &wish, infos, count, ret);
	private_networks_free(infos, count);
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
			audit_object(call->audit, infos[i].record.name);
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
	{ "create", "NAME", 1, 1, create, VERB_CHANGES },
	{ "ls", "", 0, 0, list_all, VERB_TELLS },
	{ "rm", "NAME…", 1, SIZE_MAX, remove_all, VERB_CHANGES },
	{ "inspect", "NAME…", 1, SIZE_MAX, inspect_all, VERB_TELLS },
	{ "prune", "", 0, 0, prune, VERB_CHANGES },
	{ 0 },
};

int command_network(const struct call *call)
{
	struct options options = { 0 };

	return verbs_run(call, network_options, verbs, &options);
}
