/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_define.c - the health check of a container, written down for its supervisor.
 */
#include "runtime/apps/health_define.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/text.h"
#include "runtime/supervise/health_plan.h"
#include "specs/container.h"

/* A line of its own: whatever the words hold, JSON has no line end. */
static void add_test(const struct list *args, struct text *ret)
{
	text_add(ret, "{\"test\":");
	json_add_array(ret, args);
	text_add_char(ret, '}');
}

/* Of at least one: 0 would be a check without end. */
static int64_t ms(int64_t us)
{
	return us > 0 && us < 1000 ? 1 : us / 1000;
}

int health_define(int definition, const struct container *container, struct error *e)
{
	static char exec[] = PROBE_EXEC, http[] = PROBE_HTTP, tcp[] = PROBE_TCP;
	static char none[] = "none", restart[] = REMEDY_RESTART, stop[] = REMEDY_STOP;
	static char *const probes[] = { [HEALTH_EXEC] = exec, [HEALTH_HTTP] = http, [HEALTH_TCP] = tcp };
	static char *const remedies[] = { [HEALTH_DO_NOTHING] = none, [HEALTH_DO_RESTART] = restart, [HEALTH_DO_STOP] = stop };
	const struct health_check *check = &container->health;
	autorelease(text) struct text test = { 0 };

	if (check->kind == HEALTH_NONE)
		return 0;
	if (check->kind == HEALTH_EXEC)
		add_test(&check->args, &test);
	const struct health_plan plan = {
		.probe = probes[check->kind], .remedy = remedies[check->on_failure], .test = test.data, .path = check->path, .host = check->host,
		.port = check->port, .retries = check->retries, .interval_ms = ms(check->interval_us), .timeout_ms = ms(check->timeout_us),
		.start_period_ms = ms(check->start_period_us), .start_interval_ms = ms(check->start_interval_us),
		.has_network = container_has_namespace(container, NAMESPACE_NETWORK),
	};
	return health_plan_write(definition, &plan, e);
}
