/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_answer.c - what the network itself has to say to a question.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "runtime/network/names/resolver_parts.h"

enum { CLASS_IN = 1, CLASS_ANY = 255 };

/* Who has an address of this network is nobody else's to say, also where nobody has it. */
static bool own_address(const struct resolver *resolver, const char *asker, const struct dns_question *question, struct dns_answer *ret)
{
	struct in6_addr six = { 0 };
	struct in_addr four = { 0 };
	int family = dns_reverse(question->name, &four, &six);
	const struct name *name = family ? names_at(&resolver->names, asker, family, four, &six) : NULL;

	if (!name && !(family == AF_INET && subnet_has_four(&resolver->subnet, four)) &&
	    !(family == AF_INET6 && subnet_has_six(&resolver->subnet, &six)))
		return false;
	if (!name)
		ret->code = DNS_NO_NAME;
	else if (question->type == DNS_PTR || question->type == DNS_ANY)
		ret->name = name->name;
	return true;
}

bool resolver_own(const struct resolver *resolver, const char *asker, const struct dns_question *question, struct dns_answer *ret)
{
	const struct name *name = names_find(&resolver->names, asker, question->name);

	*ret = (struct dns_answer){ .ttl = RESOLVER_TTL };
	if (question->class != CLASS_IN && question->class != CLASS_ANY)
		return false;
	if (!name)
		return own_address(resolver, asker, question, ret);
	/* One address, though there are two: who gets both takes them for two servers. nginx passes over each of them for ten seconds once it
	 * was refused, which it never does to the only one; and an app that listens on 0.0.0.0 refuses at the other one for ever. */
	if (name->four.s_addr) {
		if (question->type == DNS_A || question->type == DNS_ANY)
			ret->four = &name->four;
	} else if ((question->type == DNS_AAAA || question->type == DNS_ANY) && !IN6_IS_ADDR_UNSPECIFIED(&name->six)) {
		ret->six = &name->six;
	}
	return true; /* without a record of another type: the name is there, and nothing else is to be asked elsewhere */
}

void resolver_reply_code(struct resolver *resolver, const struct resolver_client *client, const uint8_t *query,
			 const struct dns_question *question, enum dns_code code)
{
	const struct dns_answer answer = { .code = code };
	uint8_t bytes[DNS_OWN];

	resolver_reply(resolver, client, question, bytes, dns_write(query, question, &answer, bytes));
}

void resolver_ask(struct resolver *resolver, const struct resolver_client *client, const uint8_t *query, size_t length)
{
	struct dns_question question;
	struct dns_answer answer;
	uint8_t bytes[DNS_OWN];
	int code = dns_read(query, length, &question);

	if (code < 0)
		return;
	if (code != DNS_GOOD)
		resolver_reply_code(resolver, client, query, &question, (enum dns_code)code);
	else if (resolver_own(resolver, client->asker->instance, &question, &answer))
		resolver_reply(resolver, client, &question, bytes, dns_write(query, &question, &answer, bytes));
	else if (resolver->upstream.fd < 0 && client->asker->next.fd < 0)
		resolver_reply_code(resolver, client, query, &question, DNS_REFUSED);
	else
		resolver_forward(resolver, client, query, length, &question);
}
