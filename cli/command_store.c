/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_store.c - box store check: whether the store is whole.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "images/store_check.h"

struct options {
	bool repair;
};

const struct option_row store_options[] = {
	{ 0, "repair", OPTION_FLAG, offsetof(struct options, repair), NULL, "remove what is wrong, and unpack or fetch it again" },
	{ 0 },
};

static void add_line(const char *image, const char *became, void *data)
{
	text_addf(data, "image %s: %s\n", image, became);
}

static void add_problems(const struct store_problems *problems, struct text *out)
{
	for (size_t i = 0; i < problems->count; i++)
		text_addf(out, "%s: %s\n", problems->items[i].what, problems->items[i].wrong);
}

/* *ret_left: how much is wrong at the end. */
static int check(const struct call *call, bool repairs, struct text *out, size_t *ret_left, struct error *e)
{
	autorelease(store_problems) struct store_problems before = { 0 };
	autorelease(store_problems) struct store_problems after = { 0 };

	if (store_check(call->places, &before, e))
		return -1;
	add_problems(&before, out);
	*ret_left = before.count;
	if (!repairs || !before.count)
		return 0;
	if (store_repair(call->places, &before, add_line, out, e) || store_check(call->places, &after, e))
		return -1;
	*ret_left = after.count;
	return 0;
}

static int run(const struct call *call, const struct options *options, const struct list *operands, size_t *ret_left, struct error *e)
{
	autorelease(text) struct text out = { 0 };
	struct error ignored = { 0 };
	int result;

	if (operands->count != 1 || strcmp(operands->items[0], "check") != 0) {
		error_set(e, ERROR_USAGE, "store: expected the word check");
		return error_hint(e, "box store check, box store check --repair");
	}
	result = check(call, options->repair, &out, ret_left, e);
	if (result == 0 && !*ret_left)
		text_add(&out, "the store is whole\n");
	return report_text(&out, result ? &ignored : e) || result ? -1 : 0;
}

int command_store(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	size_t left = 0;

	if (options_parse(store_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    run(call, &options, &operands, &left, &e))
		return report_failure(&e);
	return left ? 1 : 0;
}
