/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - questions and answers of the domain name system, as far as a network's own names need them (RFC 1035, 6891).
 *
 * Everything that comes in is hostile: lengths are checked before they are used, a question's name has no pointers, and every answer made
 * here fits into DNS_OWN bytes.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNS_HEADER = 12, DNS_NAME = 256, DNS_QUERY = 4096, DNS_OWN = 1024, DNS_MESSAGE = 65535, DNS_PLAIN = 512 };

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };

enum dns_code { DNS_GOOD = 0, DNS_BAD_FORM = 1, DNS_FAILED = 2, DNS_NO_NAME = 3, DNS_NOT_DONE = 4, DNS_REFUSED = 5 };

struct dns_question {
	char name[DNS_NAME]; /* lower case, without the last dot; a byte that no host's name has is "\" */
	uint16_t type, class;
	size_t end;          /* of the question, behind the beginning of the message */
	bool has_edns;
	uint16_t most;       /* bytes of an answer that the asker takes by UDP */
};

/* What a query asks. DNS_GOOD; another code is the answer to give, with what of the question could be read (end 0: nothing); -1: no query
 * at all, which gets no answer. */
int dns_read(const uint8_t *bytes, size_t length, struct dns_question *ret);

/* An answer to a query that dns_read has read. Exactly one of the three is there, or none: no such record, or a code that says why. */
struct dns_answer {
	enum dns_code code;
	const struct in_addr *four;
	const struct in6_addr *six;
	const char *name; /* of DNS_PTR: letters, digits, "-", "_" and dots, at most 253 */
	uint32_t ttl;
};

/* Its bytes in ret; how many. */
size_t dns_write(const uint8_t *query, const struct dns_question *question, const struct dns_answer *answer, uint8_t ret[static DNS_OWN]);

/* An answer that does not fit into UDP becomes one that says so, with the question alone; its new length. */
size_t dns_truncate(uint8_t *message, size_t length, const struct dns_question *question);

/* "2.0.200.10.in-addr.arpa" and "….ip6.arpa": AF_INET, AF_INET6, 0 where it is no whole address. */
int dns_reverse(const char *name, struct in_addr *ret_four, struct in6_addr *ret_six);

/* Whether a message answers the query: the same id and question. */
bool dns_answers(const uint8_t *message, size_t length, const uint8_t *query, const struct dns_question *question);

static inline uint16_t dns_number(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void dns_put_number(uint8_t *at, uint16_t number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

/* Flags in the second half of a header's first four bytes. */
enum {
	DNS_IS_ANSWER = 0x8000,
	DNS_OPCODE = 0x7800,
	DNS_KNOWS = 0x0400, /* the answer is the responder's own */
	DNS_CUT = 0x0200,
	DNS_WANTS_RECURSION = 0x0100,
	DNS_RECURSES = 0x0080,
	DNS_CODE = 0x000f,
};
