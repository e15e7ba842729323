/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traffic.c - where connections to a service go.
 *
 * A network in which nobody is does not run, and has nothing to be told: the first instance that joins it is its service's live one.
 */
#include "cli/up/traffic.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "runtime/network/orders.h"

enum { LOOK_US = 50000, HOLD_MOST_MS = 600000 /* of box-net */ };

static int forgive(int result, struct error *e)
{
	if (result == 0 || e->kind != ERROR_MISSING)
		return result;
	error_clear(e);
	return 0;
}

int traffic_hold(const struct up *up, const struct up_service *service, struct error *e)
{
	const struct container *c = &service->run.container;
	const struct list nobody = { 0 };
	/* As long as the end of connections, an orderly end and a start may take. */
	int64_t ms = (service->update.drain_us + c->stop_grace_us + service->update.timeout_us) / 1000;

	if (ms > HOLD_MOST_MS)
		ms = HOLD_MOST_MS;
	for (size_t i = 0; i < c->network_count; i++)
		if (forgive(network_hold(up->call->places, c->networks[i].name, service->wanted.full, ms, e), e) ||
		    forgive(network_switch(up->call->places, c->networks[i].name, service->wanted.full, &nobody, e), e))
			return -1;
	return 0;
}

static int lead_in(const struct up *up, const char *network, const char *service, const struct list *instances, struct error *e)
{
	return up_step(network, e) || forgive(network_switch(up->call->places, network, service, instances, e), e) ||
			       forgive(network_hold(up->call->places, network, service, /* ms= */ 0, e), e)
		       ? -1
		       : 0;
}

/* Also in those behind one that fails. The first cause is what counts. */
int traffic_lead_back(const struct up *up, const struct up_service *service, const struct list *instances, struct error *e)
{
	const struct container *c = &service->run.container;
	struct error first = { 0 };

	for (size_t i = 0; i < c->network_count; i++) {
		struct error here = { 0 };

		if (lead_in(up, c->networks[i].name, service->wanted.full, instances, &here) && first.kind == ERROR_NONE)
			first = here;
	}
	if (first.kind == ERROR_NONE)
		return 0;
	*e = first;
	return -1;
}

int traffic_lead(const struct up *up, const struct up_service *service, const struct list *instances, struct error *e)
{
	const struct container *c = &service->run.container;

	if (traffic_lead_back(up, service, instances, e))
		return -1;
	if (c->network_count && forgive(network_lead_ports(up->call->places, c->networks[0].name, c, e), e))
		return -1;
	return up_step("ports", e);
}

bool traffic_note_ports(const struct up *up, const struct up_service *service, struct list *ret)
{
	const struct container *c = &service->run.container;
	struct error e = { 0 };

	/* Where nobody is in the network nothing is published. */
	return !c->network_count || forgive(network_note_ports(up->call->places, c->networks[0].name, service->wanted.full, ret, &e), &e) == 0;
}

void traffic_return_ports(const struct up *up, const struct up_service *service, const struct list *noted)
{
	const struct container *c = &service->run.container;
	struct error ignored = { 0 }; /* the first cause is what counts */

	if (c->network_count)
		(void)network_return_ports(up->call->places, c->networks[0].name, service->wanted.full, noted, &ignored);
}

/* What cannot be counted is not waited for. */
static int64_t count_flows(const struct up *up, const struct up_service *service, const struct list *instances)
{
	const struct container *c = &service->run.container;
	int64_t sum = 0;

	for (size_t i = 0; i < c->network_count; i++)
		for (size_t k = 0; k < instances->count; k++) {
			struct error ignored = { 0 };
			int64_t flows = 0;

			if (network_flows(up->call->places, c->networks[i].name, instances->items[k], &flows, &ignored) == 0)
				sum += flows;
		}
	return sum;
}

void traffic_drain(const struct up *up, const struct up_service *service, const struct list *instances)
{
	int64_t begin = clock_boot_ms(), end = begin + service->update.drain_us / 1000, left;

	for (left = count_flows(up, service, instances); left && clock_boot_ms() < end; left = count_flows(up, service, instances)) {
		up_tell_waiting(up, begin, "%s: connections to %s may last for %jd seconds (update.drain)", service->wanted.full,
				instances->items[0], (intmax_t)(service->update.drain_us / 1000000));
		usleep(LOOK_US);
	}
	if (left) {
		autofree char *line = text_format("%s: %jd connection%s had not ended after update.drain, and end%s now", service->wanted.full,
						  (intmax_t)left, left == 1 ? "" : "s", left == 1 ? "s" : "");

		report_line(line);
	}
}
