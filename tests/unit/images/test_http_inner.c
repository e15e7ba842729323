/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http_inner.c - addresses that a stranger's redirect must not lead to.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "images/registry/http_inner.h"

static enum http_inner of(const char *words)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, words, &four.sin_addr) == 1)
		return http_inner_of((const struct sockaddr *)&four);
	cr_assert_eq(inet_pton(AF_INET6, words, &six.sin6_addr), 1, "%s", words);
	return http_inner_of((const struct sockaddr *)&six);
}

Test(http_inner, addresses_are_told_apart_by_who_can_have_them)
{
	static const char *const outer[] = { "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
					     "172.32.0.0", "192.167.255.255", "192.169.0.0", "169.253.0.1", "2001:db8::1", "::ffff:8.8.8.8" };
	static const char *const private[] = { "0.0.0.0", "127.0.0.1", "127.255.255.255", "10.0.0.1", "100.64.0.1", "172.16.0.1", "172.31.255.255",
					       "192.168.3.4", "::1", "::", "fc00::1", "fdff::1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1" };
	static const char *const link[] = { "169.254.169.254", "fe80::1", "febf::1", "::ffff:169.254.1.1", "64:ff9b::169.254.169.254" };

	for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
		cr_expect_eq(of(outer[i]), HTTP_OUTER, "%s", outer[i]);
	for (size_t i = 0; i < sizeof private / sizeof *private; i++)
		cr_expect_eq(of(private[i]), HTTP_PRIVATE, "%s", private[i]);
	for (size_t i = 0; i < sizeof link / sizeof *link; i++)
		cr_expect_eq(of(link[i]), HTTP_LINK, "%s", link[i]);
}

Test(http_inner, hosts_are_told_by_their_words)
{
	static const char *const outer[] = { "example.com", "example.com:80", "localhost.example.com", "1.1.1.1:443", "[2001:db8::1]:1" };
	static const char *const private[] = { "localhost", "LOCALHOST:80", "x.localhost", "localhost.", "127.0.0.1:8080", "127.0.0.1.",
					       "10.1.2.3", "[::1]", "[::ffff:127.0.0.1]:80", "[fd00::1]" };
	static const char *const link[] = { "169.254.169.254", "169.254.169.254:80", "[fe80::1%eth0]:80" };

	for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
		cr_expect_eq(http_inner_of_host(outer[i]), HTTP_OUTER, "%s", outer[i]);
	for (size_t i = 0; i < sizeof private / sizeof *private; i++)
		cr_expect_eq(http_inner_of_host(private[i]), HTTP_PRIVATE, "%s", private[i]);
	for (size_t i = 0; i < sizeof link / sizeof *link; i++)
		cr_expect_eq(http_inner_of_host(link[i]), HTTP_LINK, "%s", link[i]);
}
