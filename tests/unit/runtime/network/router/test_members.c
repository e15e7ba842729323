/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_members.c - who is in a network, and its services.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "runtime/network/router/members.h"
#include "runtime/network/router/services.h"

Test(network_members, words_of_phases_are_read_again)
{
	enum member_phase found;

	for (enum member_phase phase = MEMBER_PREPARED; phase <= MEMBER_GONE; phase++) {
		cr_expect(member_phase_parse(member_phase_word(phase), &found));
		cr_expect_eq(found, phase);
	}
	found = MEMBER_LIVE;
	cr_expect_not(member_phase_parse("", &found));
	cr_expect_not(member_phase_parse("alive", &found));
	cr_expect_not(member_phase_parse("liv", &found));
	cr_expect_eq(found, MEMBER_LIVE, "what is no word changes nothing");
}

Test(network_members, one_that_goes_takes_along_its_own_and_nothing_else)
{
	struct members members = { 0 };
	struct member *first = members_add(&members, "web", "web"), *second = members_add(&members, "web-2", "web"),
		      *third = members_add(&members, "db", "db");
	int fds[3];

	for (size_t i = 0; i < 3; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	first->pidfd = fds[0];
	first->names.next = fds[1];
	second->pidfd = fds[2];
	list_add(&first->aliases, "www");
	cr_expect_eq(members_find_process(&members, fds[2]), second);
	cr_expect_eq(members_find_service(&members, "web"), first);
	members_remove(&members, first);
	cr_expect_eq(fcntl(fds[0], F_GETFD), -1);
	cr_expect_eq(fcntl(fds[1], F_GETFD), -1);
	cr_expect_geq(fcntl(fds[2], F_GETFD), 0);
	cr_expect_null(members_find(&members, "web"));
	cr_expect_eq(members_find(&members, "web-2"), second, "those that stay stay where they are");
	cr_expect_eq(members_find(&members, "db"), third);
	cr_expect_eq(members_find_service(&members, "web"), second);
	members_remove(&members, second);
	cr_expect_null(members_find_service(&members, "web"));
	cr_expect_eq(members.count, 1);
	members_release(&members);
	cr_expect_eq(members.count, 0);
	cr_expect_null(members_find(&members, "db"));
}

Test(network_members, one_comes_that_is_on_its_way_or_was_and_may_come_back)
{
	static const struct {
		enum member_phase phase;
		bool comes;
	} cases[] = { { MEMBER_PREPARED, true }, { MEMBER_JOINED, true }, { MEMBER_STANDBY, false }, { MEMBER_LIVE, false },
		      { MEMBER_GONE, true } };
	struct members members = { 0 };
	struct member *web = members_add(&members, "web", "web");

	(void)members_add(&members, "db", "db");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		web->phase = cases[i].phase;
		web->is_standby = false;
		cr_expect_eq(members_come(&members, "web"), cases[i].comes, "%s", member_phase_word(cases[i].phase));
		web->is_standby = true;
		cr_expect_not(members_come(&members, "web"), "a standby takes nothing: %s", member_phase_word(cases[i].phase));
	}
	members_remove(&members, web);
	cr_expect_not(members_come(&members, "web"));
	members_release(&members);
}

Test(network_members, a_service_is_held_by_order_or_for_who_comes)
{
	struct service service = { 0 };

	cr_expect_not(service_is_held(&service));
	service.comes_until_ms = -1;
	cr_expect_not(service_is_held(&service), "they have waited long enough");
	service.held_until_ms = 5;
	cr_expect(service_is_held(&service));
	service = (struct service){ .comes_until_ms = 5 };
	cr_expect(service_is_held(&service));
}

Test(network_members, services_keep_their_place_while_others_go)
{
	struct services services = { 0 };
	struct service *web = services_add(&services, "web", 3), *db = services_add(&services, "db", 7);
	struct service *cache = services_add(&services, "cache", 9);

	cr_expect_eq(services_find(&services, "db"), db);
	cr_expect_null(services_find(&services, "d"));
	services_remove(&services, web);
	cr_expect_null(services_find(&services, "web"));
	cr_expect_eq(services_find(&services, "cache"), cache);
	cr_expect_eq(services_find(&services, "db")->index, 7U);
	services_remove(&services, cache);
	services_remove(&services, db);
	cr_expect_eq(services.count, 0);
	services_release(&services);
}
