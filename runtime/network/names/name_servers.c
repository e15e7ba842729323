/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_servers.c - the servers that a resolv.conf(5) names.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "runtime/network/names/upstream_parts.h"

enum { PORT = 53 };

/* "fe80::1%eth0" has the link in its text. */
static bool parse_six(char *text, struct sockaddr_in6 *ret)
{
	char *link = strchr(text, '%');

	*ret = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	if (link) {
		*link = '\0';
		ret->sin6_scope_id = if_nametoindex(link + 1);
	}
	return inet_pton(AF_INET6, text, &ret->sin6_addr) == 1 && (!link || ret->sin6_scope_id);
}

static void add(const char *word, size_t length, struct name_servers *ret)
{
	struct sockaddr_in *four;
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE];

	if (ret->count == SERVERS_MOST || length >= sizeof text)
		return;
	four = &ret->items[ret->count].four;
	memcpy(text, word, length);
	text[length] = '\0';
	*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT) };
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1 || parse_six(text, &ret->items[ret->count].six))
		ret->count++;
}

void name_servers_parse(const char *text, struct name_servers *ret)
{
	static const char key[] = "nameserver";

	*ret = (struct name_servers){ 0 };
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *word = line + strspn(line, " \t");

		if (strncmp(word, key, sizeof key - 1) != 0)
			continue;
		word += sizeof key - 1;
		if (*word != ' ' && *word != '\t')
			continue;
		word += strspn(word, " \t");
		add(word, strcspn(word, " \t\r\n#;"), ret);
	}
	if (!ret->count)
		add("127.0.0.1", strlen("127.0.0.1"), ret);
}
