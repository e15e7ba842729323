/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_health_define.c - from a container's health check to its supervisor's plan.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/apps/health_define.h"
#include "runtime/supervise/health_plan.h"
#include "specs/container.h"

static struct health_plan define(const struct container *c)
{
	char folder[] = "/tmp/box-define-XXXXXX";
	struct health_plan plan = { 0 };
	struct error e = { 0 };
	int definition;

	cr_assert_not_null(mkdtemp(folder));
	definition = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(health_define(definition, c, &e), 0, "%s", e.text);
	cr_assert_eq(health_plan_read(definition, &plan, &e), 0, "%s", e.text);
	close(definition);
	cr_assert_eq(folder_remove(AT_FDCWD, folder, &e), 0, "%s", e.text);
	return plan;
}

Test(health_define, a_program)
{
	struct container c = { .health = { .kind = HEALTH_EXEC, .on_failure = HEALTH_DO_RESTART, .retries = 3, .interval_us = 30000000,
					   .timeout_us = 500, .start_period_us = 0, .start_interval_us = 5000000 } };
	struct health_plan plan;

	list_add(&c.health.args, "/bin/sh");
	list_add(&c.health.args, "a \"line\"\nand another \\");
	plan = define(&c);
	cr_expect_str_eq(plan.probe, PROBE_EXEC);
	cr_expect_str_eq(plan.remedy, REMEDY_RESTART);
	cr_expect_str_eq(plan.test, "{\"test\":[\"/bin/sh\",\"a \\\"line\\\"\\u000aand another \\\\\"]}");
	cr_expect_eq(plan.interval_ms, 30000);
	cr_expect_eq(plan.timeout_ms, 1, "a check has some time");
	cr_expect_eq(plan.start_period_ms, 0);
	cr_expect_eq(plan.start_interval_ms, 5000);
	cr_expect_eq(plan.has_network, 1);
	health_plan_release(&plan);
	list_release(&c.health.args);
}

Test(health_define, over_the_hosts_network)
{
	char path[] = "/healthz", host[] = "localhost:80";
	struct container c = { .health = { .kind = HEALTH_HTTP, .path = path, .host = host, .port = 80 } };
	struct health_plan plan;

	c.namespaces[NAMESPACE_NETWORK].choice = NAMESPACE_HOST;
	plan = define(&c);
	cr_expect_str_eq(plan.probe, PROBE_HTTP);
	cr_expect_str_eq(plan.remedy, "none");
	cr_expect_str_eq(plan.path, "/healthz");
	cr_expect_str_eq(plan.host, "localhost:80");
	cr_expect_eq(plan.port, 80);
	cr_expect_eq(plan.has_network, 0);
	health_plan_release(&plan);
}

Test(health_define, no_check)
{
	struct container c = { 0 };
	struct health_plan plan = define(&c);

	cr_expect_null(plan.probe);
}
