/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "runtime/network/names/names.h"
#include "runtime/network/names/upstream_parts.h"

Test(network_names, for_all_and_for_one)
{
	const struct in_addr one = { htonl(1) }, two = { htonl(2) }, none = { 0 };
	struct in6_addr six = IN6ADDR_LOOPBACK_INIT;
	struct names names = { 0 };

	names_set(&names, NULL, "db", one, &six);
	names_set(&names, "web-1", "db", two, &in6addr_any);
	cr_assert_eq(names_find(&names, "web-2", "DB")->four.s_addr, one.s_addr);
	cr_assert_eq(names_find(&names, "web-1", "db")->four.s_addr, two.s_addr, "its own comes first");
	cr_assert_null(names_find(&names, "web-1", "db2"));
	cr_assert_null(names_at(&names, "web-2", AF_INET, two, &six), "it is not told what others have");
	cr_assert_not_null(names_at(&names, "web-1", AF_INET, two, &six));
	cr_assert_not_null(names_at(&names, "web-2", AF_INET6, none, &six));
	cr_assert_null(names_at(&names, "web-1", AF_INET, none, &six), "no address is none to be found by");
	names_set(&names, NULL, "Db", two, &six);
	cr_assert_eq(names.count, 2, "what is set again is there once");
	cr_assert_eq(names_find(&names, "web-2", "db")->four.s_addr, two.s_addr);
	names_release(&names);
	cr_assert_null(names_find(&names, "web-1", "db"));
}

Test(network_names, servers_of_the_host)
{
	struct name_servers servers;

	name_servers_parse("# nameserver 9.9.9.9\nnameserver 127.0.0.53 # here\n  nameserver\t::1\nnameserverx 1.1.1.1\n"
			   "nameserver fe80::1%nosuchlink\nnameserver what\nsearch example.com\nnameserver 192.0.2.1\nnameserver 192.0.2.2",
			   &servers);
	cr_assert_eq(servers.count, 3);
	cr_assert_str_eq(inet_ntoa(servers.items[0].four.sin_addr), "127.0.0.53");
	cr_assert_eq(servers.items[1].any.sa_family, AF_INET6);
	cr_assert_str_eq(inet_ntoa(servers.items[2].four.sin_addr), "192.0.2.1");
	cr_assert_eq(servers.items[2].four.sin_port, htons(53));
	name_servers_parse("", &servers);
	cr_assert_eq(servers.count, 1);
	cr_assert_str_eq(inet_ntoa(servers.items[0].four.sin_addr), "127.0.0.1");
}
