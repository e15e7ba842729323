/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orders.c - what box tells a network whose members run.
 */
#include "runtime/network/orders.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/host_ports.h"
#include "runtime/network/port_owner.h"
#include "runtime/network/publish.h"
#include "runtime/network/reach.h"

static int order(const struct places *places, const char *network, const char *words, struct text *answer, struct error *e)
{
	autoclose int connection = network_find(places, network, e);

	return connection < 0 ? -1 : network_ask(connection, words, NULL, answer, e);
}

int network_switch(const struct places *places, const char *network, const char *service, const struct list *instances, struct error *e)
{
	autorelease(text) struct text words = { 0 };

	text_addf(&words, "switch %s", service);
	for (size_t i = 0; i < instances->count; i++)
		text_addf(&words, "\ninstance %s", instances->items[i]);
	return order(places, network, words.data, NULL, e);
}

int network_lead_ports(const struct places *places, const char *network, const struct container *container, struct error *e)
{
	autoclose int connection = network_find(places, network, e);
	autorelease(list) struct list warnings = { 0 };

	if (connection < 0)
		return -1;
	if (network_publish(connection, container, /* is_standby= */ false, &warnings, e))
		return port_owner_blame(places, container, e);
	for (size_t i = 0; i < warnings.count; i++)
		log_warning("%s, continuing", warnings.items[i]);
	return 0;
}

int network_note_ports(const struct places *places, const char *network, const char *service, struct list *ret, struct error *e)
{
	autoclose int connection = network_find(places, network, e);

	if (connection < 0 || network_published(connection, service, ret, e))
		return -1;
	host_ports_leave_taken(ret);
	return 0;
}

int network_return_ports(const struct places *places, const char *network, const char *service, const struct list *noted, struct error *e)
{
	autoclose int connection = network_find(places, network, e);

	return connection < 0 ? -1 : network_publish_back(connection, service, noted, e);
}

int network_hold(const struct places *places, const char *network, const char *service, int64_t ms, struct error *e)
{
	autofree char *words = text_format("hold %s %jd", service, (intmax_t)ms);

	return order(places, network, words, NULL, e);
}

int network_flows(const struct places *places, const char *network, const char *instance, int64_t *ret, struct error *e)
{
	autofree char *words = text_format("flows %s", instance);
	autorelease(text) struct text answer = { 0 };

	if (order(places, network, words, &answer, e))
		return -1;
	*ret = answer.length ? strtoll(answer.data, NULL, 10) : 0;
	return 0;
}
