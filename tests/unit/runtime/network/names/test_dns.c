/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "runtime/network/names/dns.h"

/* A query for an A record of "Web.Shop", and one with EDNS that takes 1232 bytes. */
static const uint8_t plain[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03Web\x04Shop\x00\x00\x01\x00\x01";
static const uint8_t edns[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
			      "\x03Web\x00\x00\x1c\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";

Test(network_dns, reads_a_question)
{
	struct dns_question question;

	cr_assert_eq(dns_read(plain, sizeof plain - 1, &question), DNS_GOOD);
	cr_assert_str_eq(question.name, "web.shop");
	cr_assert_eq(question.type, DNS_A);
	cr_assert_eq(question.end, sizeof plain - 1);
	cr_assert_eq(question.most, 512);
	cr_assert_not(question.has_edns);
	cr_assert_eq(dns_read(edns, sizeof edns - 1, &question), DNS_GOOD);
	cr_assert_eq(question.type, DNS_AAAA);
	cr_assert(question.has_edns);
	cr_assert_eq(question.most, 1232);
}

Test(network_dns, hostile_queries)
{
	static const struct {
		const char *bytes;
		size_t length;
		int expected;
	} cases[] = {
		{ "\x12\x34", 2, -1 },
		{ "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01", 17, -1 },                      /* an answer */
		{ "\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01", 17, DNS_NOT_DONE },            /* an update */
		{ "\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01", 17, DNS_BAD_FORM },            /* two questions */
		{ "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01", 18, DNS_BAD_FORM },        /* a pointer to itself */
		{ "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x3f" "abc", 16, DNS_BAD_FORM },                      /* a label that is cut */
		{ "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03" "abc\x00\x00\x01\x00", 20, DNS_BAD_FORM },      /* half a class */
	};
	struct dns_question question;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(dns_read((const uint8_t *)cases[i].bytes, cases[i].length, &question), cases[i].expected, "case %zu", i);
	dns_read((const uint8_t *)"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03" "a.b\x00\x00\x01\x00\x01", 21, &question);
	cr_expect_str_eq(question.name, "a\\b", "a dot in a label is none between labels");
}

Test(network_dns, answers)
{
	const struct in_addr four = { htonl(0x0ac80205) };
	const struct dns_answer with = { .four = &four, .ttl = 10 }, without = { .code = DNS_NO_NAME };
	struct dns_question question;
	uint8_t bytes[DNS_OWN];
	size_t length;

	(void)dns_read(plain, sizeof plain - 1, &question);
	length = dns_write(plain, &question, &with, bytes);
	cr_assert_eq(length, sizeof plain - 1 + 16);
	cr_assert(dns_answers(bytes, length, plain, &question));
	cr_assert_eq(dns_number(bytes + 2), 0x8580);
	cr_assert_eq(dns_number(bytes + 6), 1);
	cr_assert_arr_eq(bytes + sizeof plain - 1, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04\x0a\xc8\x02\x05", 16);
	(void)dns_read(edns, sizeof edns - 1, &question);
	length = dns_write(edns, &question, &without, bytes);
	cr_assert_eq(dns_number(bytes + 2), 0x8583);
	cr_assert_eq(dns_number(bytes + 10), 1, "who asks with EDNS is answered with it");
	cr_assert_eq(length, sizeof edns - 1);
	bytes[0]++;
	cr_assert_not(dns_answers(bytes, length, edns, &question), "another id");
	question.most = 20;
	cr_assert_eq(dns_truncate(bytes, length, &question), question.end);
	cr_assert(dns_number(bytes + 2) & DNS_CUT);
}

Test(network_dns, reverse)
{
	char six[] = "5.0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", text[INET6_ADDRSTRLEN];
	struct in6_addr address6;
	struct in_addr address4;

	cr_assert_eq(dns_reverse("5.2.200.10.in-addr.arpa", &address4, &address6), AF_INET);
	cr_assert_str_eq(inet_ntoa(address4), "10.200.2.5");
	cr_assert_eq(dns_reverse(six, &address4, &address6), AF_INET6);
	cr_assert_str_eq(inet_ntop(AF_INET6, &address6, text, sizeof text), "fd00::205");
	cr_assert_eq(dns_reverse("2.200.10.in-addr.arpa", &address4, &address6), 0);
	cr_assert_eq(dns_reverse("in-addr.arpa", &address4, &address6), 0);
	cr_assert_eq(dns_reverse("web", &address4, &address6), 0);
	six[0] = 'x';
	cr_assert_eq(dns_reverse(six, &address4, &address6), 0);
}
