/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_line.c - a published port in the words of box and box-net.
 */
#include "runtime/network/port_line.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

const char *port_protocol_word(int protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

void host_port_print(const struct host_port *port, struct text *ret)
{
	text_addf(ret, "%s %d %s %d %s", port_protocol_word(port->protocol), port->target, port->address, port->published,
		  port->is_dnat ? "dnat" : "host");
}

void host_port_print_address(const struct host_port *port, struct text *ret)
{
	text_addf(ret, strchr(port->address, ':') ? "[%s]:%d" : "%s:%d", port->address, port->published);
}

bool host_port_is_same(const struct host_port *a, const struct host_port *b)
{
	return a->protocol == b->protocol && a->published == b->published && strcmp(a->address, b->address) == 0;
}

/* The next word of a line, as a copy that the caller frees; NULL behind the last. */
static char *next_word(const char **line)
{
	size_t length = strcspn(*line, " ");
	char *word = length ? alloc_copy_bytes(*line, length) : NULL;

	*line += length + ((*line)[length] == ' ');
	return word;
}

static bool read_number(const char *word, uint16_t *ret)
{
	int64_t number;

	if (!word || number_parse(word, 0, UINT16_MAX, &number))
		return false;
	*ret = (uint16_t)number;
	return true;
}

bool host_port_read(const char *line, struct host_port *ret)
{
	autofree char *protocol = next_word(&line), *target = next_word(&line), *address = next_word(&line), *published = next_word(&line),
		      *mode = next_word(&line);
	struct in6_addr six;
	struct in_addr four;

	*ret = (struct host_port){ .fd = -1 };
	if (!protocol || !address || !mode || *line || !read_number(target, &ret->target) || !read_number(published, &ret->published))
		return false;
	ret->protocol = strcmp(protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	ret->is_dnat = strcmp(mode, "dnat") == 0;
	if (strlen(address) >= sizeof ret->address || (inet_pton(AF_INET, address, &four) != 1 && inet_pton(AF_INET6, address, &six) != 1))
		return false;
	memcpy(ret->address, address, strlen(address) + 1);
	return strcmp(protocol, port_protocol_word(ret->protocol)) == 0 && strcmp(mode, ret->is_dnat ? "dnat" : "host") == 0;
}

bool host_port_is_wide(const struct host_port *port)
{
	return !text_starts(port->address, "127.") && strcmp(port->address, "::1") != 0;
}
