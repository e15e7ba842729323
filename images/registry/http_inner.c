/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_inner.c - addresses that a stranger's redirect must not lead to.
 */
#include "images/registry/http_inner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"

static const struct {
	uint32_t net;
	int bits;
	enum http_inner is;
} nets[] = {
	{ 0x00000000, 8, HTTP_PRIVATE },  /* 0.0.0.0 is this machine */
	{ 0x0a000000, 8, HTTP_PRIVATE },  /* 10/8 */
	{ 0x64400000, 10, HTTP_PRIVATE }, /* 100.64/10: of a provider */
	{ 0x7f000000, 8, HTTP_PRIVATE },  /* 127/8 */
	{ 0xa9fe0000, 16, HTTP_LINK },    /* 169.254/16 */
	{ 0xac100000, 12, HTTP_PRIVATE }, /* 172.16/12 */
	{ 0xc0a80000, 16, HTTP_PRIVATE }, /* 192.168/16 */
};

static enum http_inner of_four(uint32_t address)
{
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if ((address ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return nets[i].is;
	return HTTP_OUTER;
}

static enum http_inner of_six(const struct in6_addr *address)
{
	const uint8_t *bytes = address->s6_addr;
	uint32_t four = (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 | (uint32_t)bytes[14] << 8 | bytes[15];

	if (IN6_IS_ADDR_LINKLOCAL(address))
		return HTTP_LINK;
	if (IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address) || IN6_IS_ADDR_SITELOCAL(address) || (bytes[0] & 0xfe) == 0xfc)
		return HTTP_PRIVATE;
	/* ::ffff:0:0/96 and 64:ff9b::/96 are other words for the fours */
	if (IN6_IS_ADDR_V4MAPPED(address) || (bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b))
		return of_four(four);
	return HTTP_OUTER;
}

enum http_inner http_inner_of(const struct sockaddr *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof four);
		return of_four(ntohl(four.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&six, address, sizeof six);
		return of_six(&six.sin6_addr);
	}
	return HTTP_PRIVATE;
}

enum http_inner http_inner_of_host(const char *host)
{
	size_t length = *host == '[' ? strcspn(host, "]%") : strcspn(host, ":");
	autofree char *name = alloc_copy_bytes(host + (*host == '['), length - (*host == '['));
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	for (size_t end = strlen(name); end && name[end - 1] == '.'; end--)
		name[end - 1] = '\0';
	if (inet_pton(AF_INET, name, &four.sin_addr) == 1)
		return of_four(ntohl(four.sin_addr.s_addr));
	if (inet_pton(AF_INET6, name, &six.sin6_addr) == 1)
		return of_six(&six.sin6_addr);
	return strcasecmp(name, "localhost") == 0 || text_ends(name, ".localhost") ? HTTP_PRIVATE : HTTP_OUTER;
}
