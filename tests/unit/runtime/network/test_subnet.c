/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_subnet.c - which addresses are of a network.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "runtime/network/subnet.h"

static struct subnet subnet_of(const char *four, int four_bits, const char *six, int six_bits)
{
	struct subnet subnet = { .four_bits = four_bits, .six_bits = six_bits };

	cr_assert_eq(inet_pton(AF_INET, four, &subnet.four), 1);
	cr_assert_eq(inet_pton(AF_INET6, six, &subnet.six), 1);
	return subnet;
}

static bool has(const struct subnet *subnet, const char *address)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, address, &four) == 1)
		return subnet_has_four(subnet, four);
	cr_assert_eq(inet_pton(AF_INET6, address, &six), 1);
	return subnet_has_six(subnet, &six);
}

Test(network_subnet, both_families)
{
	const struct subnet subnet = subnet_of("10.200.4.1", 22, "fd12:3456:789a:c804::1", 64);

	cr_expect(has(&subnet, "10.200.4.0"));
	cr_expect(has(&subnet, "10.200.7.255"));
	cr_expect_not(has(&subnet, "10.200.3.255"));
	cr_expect_not(has(&subnet, "10.200.8.0"));
	cr_expect(has(&subnet, "fd12:3456:789a:c804:ffff::2"));
	cr_expect_not(has(&subnet, "fd12:3456:789a:c805::2"));
}

Test(network_subnet, prefixes_of_any_length)
{
	const struct subnet all = subnet_of("10.0.0.1", 0, "fd00::1", 61), one = subnet_of("10.0.0.1", 32, "fd00::1", 128);

	cr_expect(has(&all, "192.0.2.1"));
	cr_expect(has(&all, "fd00:0:0:7::1"));
	cr_expect_not(has(&all, "fd00:0:0:8::1"));
	cr_expect(has(&one, "10.0.0.1"));
	cr_expect_not(has(&one, "10.0.0.2"));
	cr_expect(has(&one, "fd00::1"));
	cr_expect_not(has(&one, "fd00::2"));
}

Test(network_subnet, without_ipv6)
{
	const struct subnet subnet = subnet_of("10.200.4.1", 22, "::", 0);

	cr_expect_not(has(&subnet, "::"));
	cr_expect_not(has(&subnet, "fd00::1"));
}
