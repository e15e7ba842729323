/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_orders.c - what box tells a network whose members run, and how its answers are taken.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/network/orders.h"
#include "runtime/network/reach.h"
#include "specs/container.h"
#include "tests/unit/runtime/network/fake_network.h"

TestSuite(network_orders, .timeout = 30);

Test(network_orders, words)
{
	SCRATCH();
	struct places places = fake_places();
	struct list instances = { 0 };
	struct error e = { 0 };

	(void)fake_network("front", fake_ok);
	cr_assert_eq(network_switch(&places, "front", "web", &instances, &e), 0, "%s", e.text);
	list_add(&instances, "web.2");
	list_add(&instances, "web-2.2");
	cr_assert_eq(network_switch(&places, "front", "web", &instances, &e), 0, "%s", e.text);
	cr_assert_eq(network_hold(&places, "front", "web", 1500, &e), 0, "%s", e.text);
	fake_expect("front", "switch web; switch web|instance web.2|instance web-2.2; hold web 1500; ");
	list_release(&instances);
}

Test(network_orders, where_nobody_is)
{
	SCRATCH();
	struct places places = fake_places();
	struct error e = { 0 }, dead = { 0 }, strange = { 0 };
	pid_t pid = fake_network("dead", fake_ok);

	cr_expect_eq(network_hold(&places, "none", "web", 0, &e), -1);
	cr_expect_eq((int)e.kind, ERROR_MISSING);
	cr_expect_str_eq(e.text, "reach the network none: nobody is in it");
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(network_hold(&places, "dead", "web", 0, &dead), -1, "its socket is there, and nobody listens");
	cr_expect_eq((int)dead.kind, ERROR_MISSING);
	/* A link in the place of its folder is not followed. */
	cr_assert_eq(symlink("dead", NETWORKS_FOLDER "/link"), 0);
	cr_expect_eq(network_hold(&places, "link", "web", 0, &strange), -1);
	cr_expect_neq((int)strange.kind, ERROR_MISSING);
}

static void count_flows(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	static const char *const answers[] = { "ok 17", "ok", "ok 0" };

	(void)question;
	(void)fds;
	text_add(ret, answers[count]);
}

Test(network_orders, flows)
{
	SCRATCH();
	static const int64_t expected[] = { 17, 0, 0 };
	struct places places = fake_places();

	(void)fake_network("front", count_flows);
	for (size_t i = 0; i < 3; i++) {
		struct error e = { 0 };
		int64_t flows = -1;

		cr_assert_eq(network_flows(&places, "front", "web.2", &flows, &e), 0, "%s", e.text);
		cr_expect_eq(flows, expected[i]);
	}
	fake_expect("front", "flows web.2; flows web.2; flows web.2; ");
}

static void end_in_between(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)question;
	(void)count;
	(void)ret;
	(void)fds;
	_exit(0);
}

Test(network_orders, who_refuses_and_who_dies)
{
	SCRATCH();
	struct places places = fake_places();
	struct error e = { 0 }, gone = { 0 };
	int64_t flows = -1;

	(void)fake_network("front", fake_refuse);
	(void)fake_network("back", end_in_between);
	cr_expect_eq(network_flows(&places, "front", "web", &flows, &e), -1);
	cr_expect_str_eq(e.text, "the rules are not written");
	cr_expect_eq(e.sys, 5);
	cr_expect_eq(flows, -1, "nothing is said where nothing is known");
	cr_expect_eq(network_flows(&places, "back", "web", &flows, &gone), -1);
	cr_expect_neq((int)gone.kind, ERROR_MISSING, "somebody was in it: %s", gone.text);
}

/* Ports are those of a network namespace of the test's own: others have the machine's. */
static void enter_own(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET))
		cr_skip_test("needs root, for a network of its own");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &up), 0);
	close(fd);
}

/* What box-net would have. */
static int have(int type, in_addr_t address, in_port_t port)
{
	const struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)&name, sizeof name) == 0 && type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

/* It has two ports, and a third one from the second time on. */
static void tell_ports(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)fds;
	text_add(ret, "ok");
	if (text_ends(question, " 0"))
		text_addf(ret, "\nport tcp 80 127.0.0.1 8080 host\nport tcp 80 127.0.0.2 8080 host%s",
			  count > 1 ? "\nport udp 53 0.0.0.0 53 dnat" : "");
}

Test(network_orders, ports_that_a_failed_one_has_brought_along_are_given_back)
{
	SCRATCH();
	struct places places = fake_places();
	struct list noted = { 0 };
	struct error e = { 0 };
	int first, second;

	enter_own();
	(void)fake_network("front", tell_ports);
	first = have(SOCK_STREAM, INADDR_LOOPBACK, 8080);
	second = have(SOCK_STREAM, INADDR_LOOPBACK + 1, 8080);
	cr_assert_eq(network_note_ports(&places, "front", "web", &noted, &e), 0, "%s", e.text);
	cr_assert_eq(noted.count, 2);
	cr_assert_eq(network_return_ports(&places, "front", "web", &noted, &e), 0, "%s", e.text);
	fake_expect("front", "ports web 0; ports web 2; ports web 0; ports web 3; withdraw web|port udp 53 0.0.0.0 53 dnat; ");
	list_release(&noted);
	close(first);
	close(second);
}

/* It leads one of two ports elsewhere the second time, and has lost the other. */
static void tell_other_ports(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)fds;
	text_add(ret, "ok");
	if (text_ends(question, " 0"))
		text_addf(ret, "\nport tcp %d 127.0.0.1 8080 host%s", count > 1 ? 81 : 80, count > 1 ? "" : "\nport udp 53 127.0.0.1 45053 host");
}

Test(network_orders, ports_that_a_failed_one_has_led_elsewhere_lead_back)
{
	SCRATCH();
	struct places places = fake_places();
	struct list noted = { 0 };
	struct error e = { 0 };
	int first, second;

	enter_own();
	(void)fake_network("front", tell_other_ports);
	first = have(SOCK_STREAM, INADDR_LOOPBACK, 8080);
	second = have(SOCK_DGRAM, INADDR_LOOPBACK, 45053);
	cr_assert_eq(network_note_ports(&places, "front", "web", &noted, &e), 0, "%s", e.text);
	cr_assert_eq(noted.count, 2);
	close(second);
	cr_assert_eq(network_return_ports(&places, "front", "web", &noted, &e), 0, "%s", e.text);
	fake_expect("front", "ports web 0; ports web 2; ports web 0; ports web 1; "
			     "publish web|lead tcp 80 127.0.0.1 8080 host|port udp 53 127.0.0.1 45053 host; ");
	list_release(&noted);
	close(first);
}

/* Nobody listens on what it names. */
Test(network_orders, ports_that_it_never_had_are_not_noted)
{
	SCRATCH();
	struct places places = fake_places();
	struct list noted = { 0 };
	struct error e = { 0 };
	int tcp;

	enter_own();
	tcp = have(SOCK_STREAM, INADDR_LOOPBACK, 8080);
	(void)fake_network("front", tell_other_ports);
	cr_assert_eq(network_note_ports(&places, "front", "web", &noted, &e), 0, "%s", e.text);
	cr_assert_eq(noted.count, 1);
	cr_expect_str_eq(noted.items[0], "tcp 80 127.0.0.1 8080 host");
	cr_assert_eq(network_return_ports(&places, "front", "web", &noted, &e), 0, "%s", e.text);
	fake_expect("front", "ports web 0; ports web 2; ports web 0; ports web 1; publish web|lead tcp 80 127.0.0.1 8080 host; ");
	list_release(&noted);
	close(tcp);
}

Test(network_orders, ports_of_the_new_one_in_place_of_those_before)
{
	SCRATCH();
	struct published_port wanted = { .target = 81, .published = 8080, .protocol = IPPROTO_TCP, .host_ip = (char *)"127.0.0.1" };
	const struct container container = { .name = (char *)"web.2", .service = (char *)"web", .ports = &wanted, .port_count = 1 };
	struct places places = fake_places();
	struct error e = { 0 };

	(void)fake_network("front", tell_ports);
	cr_assert_eq(network_lead_ports(&places, "front", &container, &e), 0, "%s", e.text);
	/* What box-net holds is not bound again, but leads to another port. */
	fake_expect("front", "ports web 0; ports web 2; publish web|lead tcp 81 127.0.0.1 8080 host; "
			     "withdraw web|port tcp 80 127.0.0.2 8080 host; ");
}

Test(network_orders, what_is_too_long_is_not_said_in_part)
{
	SCRATCH();
	struct places places = fake_places();
	struct list many = { 0 };
	struct error e = { 0 };

	(void)fake_network("front", fake_ok);
	for (int i = 0; i < 8000; i++)
		list_addf(&many, "web-%d", i);
	cr_expect_eq(network_switch(&places, "front", "web", &many, &e), -1);
	cr_expect_eq((int)e.kind, ERROR_UNSUPPORTED);
	fake_expect("front", "");
	list_release(&many);
}
