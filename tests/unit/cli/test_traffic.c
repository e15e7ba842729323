/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_traffic.c - where connections to a service are led, in all of its networks.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/up/traffic.h"
#include "cli/up/up.h"
#include "tests/unit/runtime/network/fake_network.h"

TestSuite(traffic, .timeout = 30);

static struct places places;
static const struct call call = { .places = &places };
static const struct up_options options;
static const struct up up = { .call = &call, .options = &options };
static struct network_membership networks[] = { { .name = (char *)"front" }, { .name = (char *)"back" }, { .name = (char *)"side" } };

static struct up_service service(void)
{
	struct up_service made = { .wanted = { .full = "web" }, .update = { .drain_us = 1000000, .timeout_us = 2000000 } };

	places = fake_places();
	made.run.container = (struct container){ .name = (char *)"web.2", .service = (char *)"web", .stop_grace_us = 3000000, .networks = networks,
						 .network_count = 3 };
	return made;
}

static struct list one(const char *name)
{
	struct list made = { 0 };

	list_add(&made, name);
	return made;
}

Test(traffic, held_everywhere_as_long_as_all_may_take)
{
	SCRATCH();
	struct up_service web = service();
	struct error e = { 0 };

	(void)fake_network("front", fake_ok);
	(void)fake_network("side", fake_ok);
	cr_assert_eq(traffic_hold(&up, &web, &e), 0, "nobody is in back, which is fine: %s", e.text);
	fake_expect("front", "hold web 6000; switch web; ");
	fake_expect("side", "hold web 6000; switch web; ");
	web.update.timeout_us = INT64_C(3600000000);
	cr_assert_eq(traffic_hold(&up, &web, &e), 0, "%s", e.text);
	fake_expect("front", "hold web 600000; switch web; "); /* box-net takes no more */
	fake_expect("side", "hold web 600000; switch web; ");
}

Test(traffic, a_network_that_fails_does_not_keep_the_others_from_the_way_back)
{
	SCRATCH();
	autorelease(list) struct list names = one("web");
	struct up_service web = service();
	struct error e = { 0 };

	(void)fake_network("front", fake_ok);
	(void)fake_network("back", fake_refuse);
	(void)fake_network("side", fake_ok);
	cr_expect_eq(traffic_lead_back(&up, &web, &names, &e), -1);
	cr_expect_str_eq(e.text, "the rules are not written");
	fake_expect("front", "switch web|instance web; hold web 0; ");
	fake_expect("back", "switch web|instance web; ");
	fake_expect("side", "switch web|instance web; hold web 0; ");
}

static void answer_ports(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)count;
	(void)fds;
	text_add(ret, strcmp(question, "ports web 0") == 0 ? "ok\nport tcp 80 127.0.0.1 8080 host" : "ok");
}

Test(traffic, ports_follow_in_the_first_network_once_all_lead_there)
{
	SCRATCH();
	autorelease(list) struct list names = one("web.2");
	struct up_service web = service();
	struct error e = { 0 };

	(void)fake_network("front", answer_ports);
	(void)fake_network("back", fake_ok);
	cr_assert_eq(traffic_lead(&up, &web, &names, &e), 0, "%s", e.text);
	fake_expect("front", "switch web|instance web.2; hold web 0; ports web 0; ports web 1; withdraw web|port tcp 80 127.0.0.1 8080 host; ");
	fake_expect("back", "switch web|instance web.2; hold web 0; ");
	/* Not where one of them does not lead there. */
	(void)fake_network("side", fake_refuse);
	cr_expect_eq(traffic_lead(&up, &web, &names, &e), -1);
	fake_expect("front", "switch web|instance web.2; hold web 0; ");
}

Test(traffic, a_service_without_networks_has_nothing_to_lead)
{
	SCRATCH();
	autorelease(list) struct list names = one("web.2"), ports = { 0 };
	struct up_service web = service();
	struct error e = { 0 };
	int64_t before = clock_boot_ms();

	web.run.container.network_count = 0;
	cr_expect_eq(traffic_hold(&up, &web, &e), 0);
	cr_expect_eq(traffic_lead(&up, &web, &names, &e), 0);
	cr_expect(traffic_note_ports(&up, &web, &ports));
	traffic_return_ports(&up, &web, &ports);
	traffic_drain(&up, &web, &names);
	cr_expect_lt(clock_boot_ms() - before, 1000);
}

/* Three connections, one less each time that it is asked. */
static void end_slowly(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)question;
	(void)fds;
	text_addf(ret, "ok %u", count < 3 ? 3 - count : 0);
}

static void never_end(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)question;
	(void)count;
	(void)fds;
	text_add(ret, "ok 1");
}

Test(traffic, drained_when_the_last_connection_has_ended_or_the_time_is_over)
{
	SCRATCH();
	autorelease(list) struct list names = one("web");
	struct up_service web = service();
	int64_t before = clock_boot_ms();

	web.update.drain_us = 20000000;
	(void)fake_network("front", end_slowly);
	(void)fake_network("back", fake_refuse); /* what cannot be counted is not waited for */
	traffic_drain(&up, &web, &names);
	fake_expect("front", "flows web; flows web; flows web; flows web; ");
	cr_expect_lt(clock_boot_ms() - before, 10000);
	(void)fake_network("side", never_end);
	web.update.drain_us = 200000;
	before = clock_boot_ms();
	traffic_drain(&up, &web, &names);
	cr_expect_geq(clock_boot_ms() - before, 200);
	cr_expect_lt(clock_boot_ms() - before, 5000);
}

Test(traffic, where_ports_cannot_be_told_none_are_given_back)
{
	SCRATCH();
	autorelease(list) struct list ports = { 0 };
	struct up_service web = service();

	cr_expect(traffic_note_ports(&up, &web, &ports), "nobody is there: there are none");
	(void)fake_network("front", fake_refuse);
	cr_expect_not(traffic_note_ports(&up, &web, &ports));
	cr_expect_eq(ports.count, 0);
}
