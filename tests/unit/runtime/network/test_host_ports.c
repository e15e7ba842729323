/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "runtime/network/host_ports.h"
#include "runtime/supervise/control.h"
#include "specs/container.h"

static struct published_port wishes[2] = {
	{ .target = 80, .protocol = IPPROTO_TCP, .field = (char *)"ports[0]" },
	{ .target = 53, .protocol = IPPROTO_UDP, .field = (char *)"ports[1]", .host_ip = (char *)"127.0.0.1" },
};

static const struct container container = { .ports = wishes, .port_count = 2 };

Test(network_host_ports, any_free_one_and_who_has_it)
{
	struct host_ports ports = { 0 }, again = { 0 };
	struct error e = { 0 };
	char *words = NULL;

	cr_assert_eq(host_ports_bind(&container, NULL, &ports, &e), 0, "%s", e.text);
	cr_assert_geq(ports.count, 2);
	cr_assert_gt(ports.items[0].published, 0);
	cr_assert_str_eq(ports.items[0].address, "127.0.0.1");
	if (ports.count == 3)
		cr_assert_eq(ports.items[1].published, ports.items[0].published, "both families have one number");
	cr_assert_not(host_port_is_wide(&ports.items[0]));
	wishes[0].published = ports.items[0].published;
	cr_assert_eq(host_ports_bind(&container, NULL, &again, &e), -1);
	words = text_format("publish tcp port %d of 127.0.0.1: unit-tests (process %d) has it already", wishes[0].published, getpid());
	cr_assert_str_eq(e.text, words);
	cr_assert_str_eq(e.field, "ports[0]");
	cr_assert_eq(again.count, 0);
	host_ports_release(&ports);
	free(words);
}

Test(network_host_ports, what_is_held_is_not_bound_again)
{
	struct list held = { 0 }, others = { 0 };
	struct host_ports ports = { 0 };
	struct control_fds fds = { 0 };
	struct text words = { 0 };
	struct error e = { 0 };
	size_t at = 0;

	list_add(&held, "tcp 80 127.0.0.1 8080 host");
	list_add(&held, "tcp 80 ::1 8080 host");
	list_add(&held, "udp 53 127.0.0.1 5300 host");
	list_add(&held, "udp 53 0.0.0.0 5353 dnat");
	wishes[0].published = 8080;
	wishes[0].target = 81;
	cr_assert_eq(host_ports_bind(&container, &held, &ports, &e), 0);
	cr_assert(host_ports_add_lines(&ports, &at, &words, &fds));
	cr_assert_not(host_ports_add_lines(&ports, &at, &words, &fds));
	cr_assert_eq(fds.count, 0);
	cr_assert_str_eq(words.data, "\nlead tcp 81 127.0.0.1 8080 host\nlead tcp 81 ::1 8080 host\nlead udp 53 127.0.0.1 5300 host");
	host_ports_add_others(&ports, &held, &others);
	cr_assert_eq(others.count, 1);
	cr_assert_str_eq(others.items[0], "udp 53 0.0.0.0 5353 dnat");
	list_release(&others);
	text_release(&words);
	list_release(&held);
	host_ports_release(&ports);
}

Test(network_host_ports, lines)
{
	static const char *const wrong[] = { "", "tcp", "sctp 80 0.0.0.0 80 host", "tcp 80 0.0.0 80 host", "tcp 80 :: 80 host x",
					     "tcp 65536 :: 1 host", "tcp 1 :: 1 nat",
					     " 80 :: 80 host", "tcp  :: 80 host", "tcp 80  80 host", "tcp 80 ::  host" };
	struct host_port port;

	cr_assert(host_port_read("udp 53 :: 5353 dnat", &port));
	cr_assert_eq(port.protocol, IPPROTO_UDP);
	cr_assert_eq(port.target, 53);
	cr_assert_eq(port.published, 5353);
	cr_assert(port.is_dnat);
	cr_assert(host_port_is_wide(&port));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		cr_expect_not(host_port_read(wrong[i], &port), "%s", wrong[i]);
}

Test(network_host_ports, words_for_what_cannot_be)
{
	struct published_port elsewhere = { .target = 80, .published = 8080, .protocol = IPPROTO_TCP, .field = (char *)"ports[0]",
					    .host_ip = (char *)"192.0.2.1" };
	const struct container c = { .ports = &elsewhere, .port_count = 1 };
	struct host_ports ports;
	struct error e = { 0 };

	cr_assert_eq(host_ports_bind(&c, NULL, &ports, &e), -1);
	cr_assert_str_eq(e.text, "publish tcp port 8080 of 192.0.2.1: this host does not have the address");
}
