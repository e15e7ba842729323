/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_names.c - any bytes as what a container asks the name service, and as the host's resolv.conf.
 *
 * What is taken for a question gets answers that are well-formed, have its id, and fit.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "runtime/network/names/dns.h"
#include "runtime/network/names/upstream_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_answer(const uint8_t *query, const struct dns_question *question, const struct dns_answer *answer)
{
	uint8_t bytes[DNS_OWN];
	size_t length = dns_write(query, question, answer, bytes);

	require(length >= DNS_HEADER && length <= sizeof bytes);
	require((dns_number(bytes + 2) & DNS_CODE) == (unsigned)answer->code && dns_number(bytes + 2) & DNS_IS_ANSWER);
	require(memcmp(bytes, query, 2) == 0);
	if (!question->end)
		return;
	require(dns_answers(bytes, length, query, question));
	length = dns_truncate(bytes, length, question);
	require(length <= question->most && dns_answers(bytes, length, query, question));
}

static void check_question(const uint8_t *query, size_t size)
{
	static const struct in_addr four = { 1 };
	static const struct in6_addr six = IN6ADDR_LOOPBACK_INIT;
	struct dns_question question;
	int code = dns_read(query, size, &question);
	struct in_addr reverse4;
	struct in6_addr reverse6;

	if (code < 0)
		return;
	require(question.end <= size && strlen(question.name) < sizeof question.name && question.most >= DNS_PLAIN);
	require(code != DNS_GOOD || question.end >= DNS_HEADER + 5);
	(void)dns_reverse(question.name, &reverse4, &reverse6); /* any answer is fine */
	check_answer(query, &question, &(struct dns_answer){ .code = (enum dns_code)code });
	if (code != DNS_GOOD)
		return;
	check_answer(query, &question, &(struct dns_answer){ .four = &four, .ttl = 10 });
	check_answer(query, &question, &(struct dns_answer){ .six = &six, .ttl = 10 });
	check_answer(query, &question, &(struct dns_answer){ .name = question.name, .ttl = 10 });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = alloc_copy_bytes(data, size);
	struct name_servers servers;

	check_question(data, size);
	name_servers_parse(text, &servers);
	require(servers.count >= 1 && servers.count <= SERVERS_MOST);
	return 0;
}
