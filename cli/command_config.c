/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_config.c - box config, check and spec: about specs, without running anything.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "specs/app.h"
#include "specs/lock.h"
#include "specs/oci_template.h"
#include "specs/stack.h"

struct choices {
	const char *override;
};

const struct option_row config_options[] = {
	{ 0, "override", OPTION_TEXT, offsetof(struct choices, override), "NAME", "merge this entry of the spec's overrides" },
	COMPOSE_OPTIONS,
	OTHER_OPTION('q', "quiet", "box check FILE.json"),
	OTHER_OPTION(0, "services", "box config FILE.json | jq -r '.services | keys[]'"),
	OTHER_OPTION(0, "images", "box config FILE.json | jq -r '.services[].image'"),
	OTHER_OPTION(0, "volumes", "box config FILE.json | jq -r '.volumes | keys[]'"),
	OTHER_OPTION(0, "profiles", "box config FILE.json | jq -r '.services[].profiles[]'"),
	OTHER_OPTION(0, "format", LEAVE_OUT "it is JSON"),
	OTHER_OPTION('o', "output", "box config FILE.json >FILE"),
	{ 0 },
};

struct spec_choices {
	bool schema, lock_schema, fields, rootless;
	const char *bundle;
};

const struct option_row spec_options[] = {
	{ 0, "schema", OPTION_FLAG, offsetof(struct spec_choices, schema), NULL, "the JSON Schema, for editors" },
	{ 0, "lock-schema", OPTION_FLAG, offsetof(struct spec_choices, lock_schema), NULL, "the same for app.lock.json" },
	{ 0, "fields", OPTION_FLAG, offsetof(struct spec_choices, fields), NULL, "every field with its meaning" },
	{ 'b', "bundle", OPTION_TEXT, offsetof(struct spec_choices, bundle), "FOLDER", "OCI: where config.json is written (default: here)" },
	{ 0, "rootless", OPTION_FLAG, offsetof(struct spec_choices, rootless), NULL, "OCI: a config.json for an ordinary user" },
	{ 0 },
};

static int parse(const struct call *call, struct choices *choices, struct list *operands, struct error *e)
{
	if (options_parse(config_options, OPERANDS_ANYWHERE, call->argv, choices, operands, NULL, e))
		return -1;
	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "%s: expected one FILE.json", call->command->name);
	return 0;
}

int command_config(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct choices choices = { 0 };
	struct error e = { 0 };
	struct stack *stack = NULL;
	int result = parse(call, &choices, &operands, &e);

	if (result == 0) {
		const struct app_options options = { .override = choices.override };

		result = stack_load(operands.items[0], &options, &stack, &e);
	}
	if (result == 0) {
		stack_dump(stack, &out);
		result = report_text(&out, &e);
	}
	if (result)
		report_error(NULL, NULL, &e);
	stack_free(stack);
	return result ? EXIT_BOX_FAILED : 0;
}

int command_check(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(list) struct list problems = { 0 };
	autorelease(list) struct list hints = { 0 };
	struct choices choices = { 0 };
	struct error e = { 0 };

	if (parse(call, &choices, &operands, &e)) {
		report_error(NULL, NULL, &e);
		return EXIT_BOX_FAILED;
	}
	if (app_check(operands.items[0], &(struct app_options){ .override = choices.override }, &problems, &hints, &e) == 0)
		return 0;
	for (size_t i = 0; i < problems.count; i++)
		report_problem(problems.items[i], hints.items[i]);
	return 1;
}

/* As runc: a new file, never over one that is there. */
static int write_template(const struct spec_choices *choices, struct error *e)
{
	autofree char *path = text_format("%s/config.json", choices->bundle ? choices->bundle : ".");
	autorelease(text) struct text config = { 0 };
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

	oci_template(choices->rootless, &config);
	if (fd < 0 || write_all(fd, config.data, config.length))
		return error_sys(e, "write %s", path);
	return 0;
}

int command_spec(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct spec_choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(spec_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && (operands.count || choices.schema + choices.lock_schema + choices.fields > 1))
		result = error_set(&e, ERROR_USAGE, "spec: expected no operand, and one of --schema, --lock-schema and --fields at most");
	if (result == 0 && choices.schema)
		app_schema(&out);
	else if (result == 0 && choices.lock_schema)
		lock_schema(&out);
	else if (result == 0 && choices.fields)
		app_field_list(&out);
	else if (result == 0)
		result = write_template(&choices, &e);
	if (result == 0)
		result = report_text(&out, &e);
	if (result)
		report_error(NULL, NULL, &e);
	return result ? EXIT_BOX_FAILED : 0;
}
