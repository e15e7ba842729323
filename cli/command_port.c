/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_port.c - box port: which ports of the host lead to a container.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/file_services.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/apps/instances.h"
#include "runtime/box.h"
#include "runtime/network/port_list.h"

/* "80", "80/tcp" or "53/udp". */
static int parse(const char *words, int *ret_protocol, int64_t *ret_target, struct error *e)
{
	size_t length = strcspn(words, "/");
	autofree char *number = text_format("%.*s", (int)length, words);
	const char *protocol = words[length] ? words + length + 1 : "tcp";

	if (number_parse(number, 1, UINT16_MAX, ret_target) || (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
		return error_set(e, ERROR_USAGE, "port: expected a port such as \"80\" or \"53/udp\", found \"%.40s\"", words);
	*ret_protocol = strcmp(protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	return 0;
}

static int add_one(const struct container_ports *ports, const char *name, const char *words, struct text *ret, struct error *e)
{
	int64_t target = 0;
	int protocol = 0;
	size_t before = ret->length;

	if (parse(words, &protocol, &target, e))
		return -1;
	for (size_t i = 0; ports && i < ports->count; i++) {
		if (ports->ports[i].protocol != protocol || ports->ports[i].target != target)
			continue;
		host_port_print_address(&ports->ports[i], ret);
		text_add(ret, "\n");
	}
	return ret->length > before ? 0 : error_set(e, ERROR_MISSING, "port: no public port \"%s\" is published for %s", words, name);
}

/* first: what each line begins with, or "". */
static void add_all(const struct container_ports *ports, const char *first, struct text *ret)
{
	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct host_port *port = &ports->ports[i];

		text_addf(ret, "%s%s%d/%s -> ", first, *first ? " " : "", port->target, port_protocol_word(port->protocol));
		host_port_print_address(port, ret);
		text_add(ret, "\n");
	}
}

static int check_there(const struct call *call, const char *name, struct error *e)
{
	autofree char *word = alloc_copy(name);
	struct box_info *infos = NULL;
	size_t count = 0;
	bool is_there = false;

	if (target_one(call, &word, e) || box_list(call->places, &infos, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++)
		is_there |= strcmp(infos[i].name, word) == 0;
	box_list_free(infos, count);
	if (is_there)
		return 0;
	error_set(e, ERROR_MISSING, "find container %s: container does not exist", name);
	return error_hint(e, "box ps lists what there is");
}

/* Of the name of a file: those of all its services. */
static int add_services(const struct call *call, const struct port_list *list, const char *stack, struct text *ret, struct error *e)
{
	autorelease(instances) struct instances found = { 0 };
	const char *last = "";

	if (instances_find(call->places, stack, &found, e))
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		if (strcmp(found.items[i].service, last) == 0)
			continue;
		last = found.items[i].service;
		add_all(port_list_find_service(list, last), last, ret);
	}
	return 0;
}

static int list_ports(const struct call *call, struct list *operands, struct text *ret, struct error *e)
{
	const char *name, *words = operands->count == 2 ? operands->items[1] : NULL;
	autorelease(port_list) struct port_list list = { 0 };
	const struct container_ports *ports;

	if (target_name(call, &operands->items[0], e) || port_list_read(call->places, &list, e))
		return -1;
	name = operands->items[0];
	if (!words && target_is_stack(call, name))
		return add_services(call, &list, name, ret, e);
	ports = port_list_find(&list, name);
	if (!ports)
		ports = port_list_find_service(&list, name);
	/* One that is in no network publishes nothing; one that is not there is an error, and so is a file with several. */
	if (!ports && check_there(call, name, e))
		return -1;
	if (words)
		return add_one(ports, name, words, ret, e);
	add_all(ports, /* first= */ "", ret);
	return 0;
}

int command_port(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0)
		result = file_services_first(call, &operands, &e);
	if (result == 0 && operands.count != 1 && operands.count != 2)
		result = error_set(&e, ERROR_USAGE, "port: expected NAME, and perhaps a port inside");
	if (result || list_ports(call, &operands, &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}
