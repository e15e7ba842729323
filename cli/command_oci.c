/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_oci.c - box create, start, state, delete, list: the life of an OCI container.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "cli/audit.h"
#include "cli/bundle.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "runtime/box.h"
#include "runtime/child/oci_state.h"
#include "runtime/oci.h"

const struct option_row create_options[] = {
	BUNDLE_OPTIONS(struct bundle_choices, ),
	{ 0 },
};

/* sd_listen_fds(3): descriptors that the service manager hands to the process that LISTEN_PID names, and to no other that inherits
 * the variables. */
static int64_t count_listening(void)
{
	const char *count = getenv("LISTEN_FDS"), *owner = getenv("LISTEN_PID");
	int64_t listening = 0, pid = 0;

	if (!count || !owner || number_parse(owner, 1, INT32_MAX, &pid) || pid != getpid() || number_parse(count, 0, 1024, &listening))
		return 0;
	return listening;
}

int bundle_request(const struct call *call, const struct bundle_choices *choices, const char *id, struct oci_create *ret, struct error *e)
{
	int64_t preserved = 0, listening = count_listening();

	if (choices->preserve_fds && number_parse(choices->preserve_fds, 0, 1024, &preserved))
		return error_set(e, ERROR_USAGE, "option --preserve-fds %s: expected a number", choices->preserve_fds);
	*ret = (struct oci_create){ .id = id, .bundle = choices->bundle ? choices->bundle : ".", .console_socket = choices->console_socket,
				    .pid_file = choices->pid_file, .no_pivot = choices->no_pivot,
				    .no_new_keyring = choices->no_new_keyring, .manager = call->manager,
				    .preserved = (int)(preserved + listening), .listening = (int)listening,
				    .listening_names = listening ? getenv("LISTEN_FDNAMES") : NULL };
	return 0;
}

int command_create(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct bundle_choices choices = { 0 };
	struct oci_create request;
	struct error e = { 0 };
	int result = options_parse(create_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "create: expected ID");
	if (result == 0)
		result = bundle_request(call, &choices, operands.items[0], &request, &e);
	audit_engine(call->audit);
	if (result == 0)
		result = oci_create(call->places, &request, &e);
	return result ? report_failure(&e) : 0;
}

int command_state(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct oci_state state = { 0 };
	struct error e = { 0 };
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "state: expected ID");
	if (result == 0)
		result = oci_state_find(call->places, operands.items[0], &state, &e);
	if (result == 0) {
		oci_state_dump(&state, &out);
		result = report_text(&out, &e);
	}
	oci_state_release(&state);
	return result ? report_failure(&e) : 0;
}

struct delete_choices {
	bool force;
};

const struct option_row delete_options[] = {
	{ 'f', "force", OPTION_FLAG, offsetof(struct delete_choices, force), NULL, "kill it first; one that does not exist is fine" },
	{ 0 },
};

int command_delete(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct delete_choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(delete_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "delete: expected ID");
	audit_engine(call->audit);
	if (result == 0)
		result = oci_delete(call->places, operands.items[0], choices.force, &e);
	return result ? report_failure(&e) : 0;
}

struct list_choices {
	bool quiet;
	const char *format;
};

const struct option_row list_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct list_choices, quiet), NULL, "names only" },
	{ 'f', "format", OPTION_TEXT, offsetof(struct list_choices, format), "table|json", "form of the list (default: table)" },
	{ 0 },
};

static void add_row(const struct oci_state *state, struct list *cells)
{
	list_add(cells, state->id);
	list_addf(cells, "%d", (int)state->pid);
	list_add(cells, state->status);
	list_add(cells, state->bundle);
	list_add(cells, state->created);
	list_add(cells, state->owner);
}

/* One container of box ps -a, in the form that was asked for. */
static void add_container(const struct call *call, const char *name, const struct list_choices *choices, struct list *cells,
			  struct text *json)
{
	struct oci_state state = { 0 };
	struct error ignored = { 0 };

	if (oci_state_find(call->places, name, &state, &ignored))
		return; /* removed meanwhile */
	if (choices->quiet) {
		text_addf(json, "%s\n", name);
	} else if (choices->format && strcmp(choices->format, "json") == 0) {
		text_add(json, json->length > 1 ? ",\n" : "");
		oci_state_dump(&state, json);
	} else {
		add_row(&state, cells);
	}
	oci_state_release(&state);
}

static int list_all(const struct call *call, const struct list_choices *choices, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	bool is_json = !choices->quiet && choices->format && strcmp(choices->format, "json") == 0;
	autorelease(list) struct list cells = { 0 };
	struct box_info *infos = NULL;
	size_t count = 0;

	if (box_list(call->places, &infos, &count, e))
		return -1;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	text_add(ret, is_json ? "[" : "");
	for (size_t i = 0; i < count; i++)
		add_container(call, infos[i].name, choices, &cells, ret);
	text_add(ret, is_json ? "]\n" : "");
	if (!is_json && !choices->quiet)
		report_table(&cells, sizeof heads / sizeof *heads, report_width(), ret);
	box_list_free(infos, count);
	return 0;
}

int command_list(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct list_choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(list_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && operands.count)
		result = error_set(&e, ERROR_USAGE, "list: expected no operand");
	if (result == 0 && choices.format && strcmp(choices.format, "table") != 0 && strcmp(choices.format, "json") != 0)
		result = error_set(&e, ERROR_USAGE, "option --format %s: expected table or json", choices.format);
	if (result == 0)
		result = list_all(call, &choices, &out, &e) || report_text(&out, &e) ? -1 : 0;
	return result ? report_failure(&e) : 0;
}
