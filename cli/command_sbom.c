/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_sbom.c - box sbom: what an image's own package databases say is in it.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "images/attest.h"
#include "images/catalogue.h"

struct options {
	bool attach;
};

const struct option_row sbom_options[] = {
	{ 0, "attach", OPTION_FLAG, offsetof(struct options, attach), NULL,
	  "keep it beside the image, in place of an older one; box push takes it along" },
	{ 0 },
};

static int sbom(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(text) struct text out = { 0 };
	const struct catalogue_entry *entry;

	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "sbom: expected IMAGE");
	if (catalogue_read(call->places, &catalogue, e) ||
	    !(entry = catalogue_find(&catalogue, operands->items[0], e)) ||
	    attest_sbom(call->places, entry->image, entry->name, options->attach, &out, e))
		return -1;
	text_add_char(&out, '\n');
	return report_text(&out, e);
}

int command_sbom(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(sbom_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    sbom(call, &options, &operands, &e))
		return report_failure(&e);
	return 0;
}
