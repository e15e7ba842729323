/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.c - questions and answers of the domain name system.
 */
#include "runtime/network/names/dns.h"

#include <ctype.h>
#include <string.h>
#include <arpa/inet.h>

enum { CLASS_IN = 1, CLASS_ANY = 255, LABEL = 63, WIRE_NAME = 255, RECORDS_MOST = 8 };

static char plain(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte - 'A' + 'a');
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ? (char)byte : '\\';
}

/* Where the name ends that begins at from; 0 where it is none. Its text is at most as long as its bytes. */
static size_t read_name(const uint8_t *bytes, size_t length, size_t from, char ret[static DNS_NAME])
{
	size_t at = from, used = 0;

	for (;;) {
		size_t label;

		if (at >= length)
			return 0;
		label = bytes[at++];
		if (label == 0)
			break;
		if (label > LABEL || label > length - at || at + label - from > WIRE_NAME - 1)
			return 0;
		if (used)
			ret[used++] = '.';
		for (size_t i = 0; i < label; i++)
			ret[used++] = plain(bytes[at++]);
	}
	ret[used] = '\0';
	return at;
}

/* The additional records of a query: a server that does not understand one of them leaves it, and OPT, out. */
static void read_edns(const uint8_t *bytes, size_t length, struct dns_question *ret)
{
	unsigned count = dns_number(bytes + 10);
	size_t at = ret->end;
	char name[DNS_NAME];

	for (unsigned i = 0; i < count && i < RECORDS_MOST; i++) {
		at = read_name(bytes, length, at, name);
		if (!at || length - at < 10)
			return;
		if (dns_number(bytes + at) == DNS_OPT && !name[0]) {
			ret->has_edns = true;
			ret->most = dns_number(bytes + at + 2) > DNS_PLAIN ? dns_number(bytes + at + 2) : DNS_PLAIN;
			return;
		}
		if (dns_number(bytes + at + 8) > length - at - 10)
			return;
		at += 10U + dns_number(bytes + at + 8);
	}
}

int dns_read(const uint8_t *bytes, size_t length, struct dns_question *ret)
{
	uint16_t flags;
	size_t at;

	*ret = (struct dns_question){ .most = DNS_PLAIN };
	if (length < DNS_HEADER)
		return -1;
	flags = dns_number(bytes + 2);
	if (flags & DNS_IS_ANSWER)
		return -1;
	if (flags & DNS_OPCODE)
		return DNS_NOT_DONE;
	if (dns_number(bytes + 4) != 1 || dns_number(bytes + 6) || dns_number(bytes + 8))
		return DNS_BAD_FORM;
	at = read_name(bytes, length, DNS_HEADER, ret->name);
	if (!at || length - at < 4)
		return DNS_BAD_FORM;
	ret->type = dns_number(bytes + at);
	ret->class = dns_number(bytes + at + 2);
	ret->end = at + 4;
	read_edns(bytes, length, ret);
	return DNS_GOOD;
}

static size_t put(uint8_t *to, size_t at, const void *bytes, size_t length)
{
	memcpy(to + at, bytes, length);
	return at + length;
}

static size_t put_number(uint8_t *to, size_t at, uint16_t number)
{
	dns_put_number(to + at, number);
	return at + 2;
}

/* A record about the name in the question, which is always at byte 12. */
static size_t put_record(uint8_t *to, size_t at, uint16_t type, uint32_t ttl, const void *data, size_t length)
{
	at = put_number(to, at, 0xc000 | DNS_HEADER);
	at = put_number(to, at, type);
	at = put_number(to, at, CLASS_IN);
	at = put_number(to, at, (uint16_t)(ttl >> 16));
	at = put_number(to, at, (uint16_t)ttl);
	at = put_number(to, at, (uint16_t)length);
	return put(to, at, data, length);
}

/* A text as labels; 0 where it is no name. */
static size_t write_name(const char *name, uint8_t ret[static WIRE_NAME])
{
	size_t at = 0;

	while (*name) {
		size_t label = strcspn(name, ".");

		if (!label || label > LABEL || at + label + 2 > WIRE_NAME)
			return 0;
		ret[at++] = (uint8_t)label;
		at = put(ret, at, name, label);
		name += label + (name[label] == '.');
	}
	ret[at++] = 0;
	return at;
}

static size_t put_answer(uint8_t *to, size_t at, const struct dns_answer *answer)
{
	uint8_t name[WIRE_NAME];
	size_t length;

	if (answer->four)
		return put_record(to, at, DNS_A, answer->ttl, answer->four, sizeof *answer->four);
	if (answer->six)
		return put_record(to, at, DNS_AAAA, answer->ttl, answer->six, sizeof *answer->six);
	length = answer->name ? write_name(answer->name, name) : 0;
	return length ? put_record(to, at, DNS_PTR, answer->ttl, name, length) : at;
}

size_t dns_write(const uint8_t *query, const struct dns_question *question, const struct dns_answer *answer, uint8_t ret[static DNS_OWN])
{
	/* OPT: the root's name, its type, how much we take, four bytes of code and flags, no data. */
	static const uint8_t edns[] = { 0, 0, DNS_OPT, 4096 >> 8, 0, 0, 0, 0, 0, 0, 0 };
	size_t question_end = question->end ? question->end : DNS_HEADER, at = question_end;
	uint16_t flags = dns_number(query + 2) & (DNS_OPCODE | DNS_WANTS_RECURSION);

	memcpy(ret, query, question_end); /* at most 12 + 255 + 4 */
	dns_put_number(ret + 2, (uint16_t)(flags | DNS_IS_ANSWER | DNS_KNOWS | DNS_RECURSES | answer->code));
	at = put_answer(ret, at, answer);
	dns_put_number(ret + 4, question->end != 0);
	dns_put_number(ret + 6, at > question_end);
	dns_put_number(ret + 8, 0);
	dns_put_number(ret + 10, question->has_edns);
	return question->has_edns ? put(ret, at, edns, sizeof edns) : at;
}

size_t dns_truncate(uint8_t *message, size_t length, const struct dns_question *question)
{
	if (length <= question->most)
		return length;
	dns_put_number(message + 2, dns_number(message + 2) | DNS_CUT);
	memset(message + 6, 0, DNS_HEADER - 6);
	return question->end;
}

static bool reverse_four(const char *name, struct in_addr *ret)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr backwards;
	size_t length = strcspn(name, "i"); /* of "in-addr.arpa": no digit comes behind it */

	if (length < 8 || length >= sizeof text || strcmp(name + length, "in-addr.arpa") != 0)
		return false;
	memcpy(text, name, length);
	text[length - 1] = '\0'; /* the dot before it */
	if (inet_pton(AF_INET, text, &backwards) != 1)
		return false;
	ret->s_addr = __builtin_bswap32(backwards.s_addr);
	return true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool reverse_six(const char *name, struct in6_addr *ret)
{
	enum { DIGITS = 32 };

	if (strlen(name) != 2 * DIGITS + strlen("ip6.arpa") || strcmp(name + 2 * DIGITS, "ip6.arpa") != 0)
		return false;
	*ret = (struct in6_addr){ 0 };
	for (size_t i = 0; i < DIGITS; i++) {
		size_t byte = (DIGITS - 1 - i) / 2;
		int value = digit(name[2 * i]);

		if (value < 0 || name[2 * i + 1] != '.')
			return false;
		ret->s6_addr[byte] |= (uint8_t)(i % 2 ? value << 4 : value);
	}
	return true;
}

int dns_reverse(const char *name, struct in_addr *ret_four, struct in6_addr *ret_six)
{
	return reverse_four(name, ret_four) ? AF_INET : reverse_six(name, ret_six) ? AF_INET6 : 0;
}

bool dns_answers(const uint8_t *message, size_t length, const uint8_t *query, const struct dns_question *question)
{
	if (length < question->end || !question->end || memcmp(message, query, 2) != 0 || !(message[2] & (DNS_IS_ANSWER >> 8)) ||
	    dns_number(message + 4) != 1)
		return false;
	for (size_t i = DNS_HEADER; i < question->end; i++) /* some servers give names back in lower case */
		if (tolower(message[i]) != tolower(query[i]))
			return false;
	return true;
}
