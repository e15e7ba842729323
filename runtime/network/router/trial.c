/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial.c - whether this host has what networks need.
 */
#include "runtime/network/router/trial.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/link.h"
#include "runtime/network/netlink.h"
#include "runtime/network/router/addresses.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/links.h"
#include "runtime/network/router/rules.h"
#include "runtime/network/router/services.h"

void trial_forward(struct text *ret)
{
	struct error ignored = { 0 };
	struct firewall *firewall = firewall_open(&ignored);
	const char *chain = firewall ? firewall_list(firewall, "list chain ip filter FORWARD") : NULL;
	bool drops = chain && strstr(chain, "policy drop"), is_dockers = chain && strstr(chain, "DOCKER-USER");

	chain = drops ? firewall_list(firewall, is_dockers ? "list chain ip filter DOCKER-USER" : "list chain ip filter FORWARD") : NULL;
	if (chain && !strstr(chain, "\"bx"))
		text_addf(ret, "the host's iptables drop what is forwarded%s, and so networks have no way out: "
			  "iptables -I %s -i bx+ -j ACCEPT; iptables -I %s -o bx+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
			  is_dockers ? " (Docker's doing)" : "", is_dockers ? "DOCKER-USER" : "FORWARD", is_dockers ? "DOCKER-USER" : "FORWARD");
	firewall_free(firewall);
}

static int try_link(struct error *e)
{
	struct link link = { .name = "m2", .index = 1002, .router_mac = "02:b0:78:00:00:02", .own_mac = "02:b0:78:01:00:02", .mtu = 1500 };
	autoclose int namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), socket = netlink_open(/* namespace= */ -1, e);

	link.router = socket;
	return namespace < 0 || socket < 0 ? -1 : link_make(&link, namespace, /* number= */ 0, e);
}

int trial_network(struct error *e)
{
	struct addresses a = { .subnet = 0x0AC80000, .size = 1024, .has_ip6 = access("/proc/sys/net/ipv6", F_OK) == 0 };
	unsigned target = ADDRESS_FIRST;
	const struct service service = { .name = (char *)"trial", .index = addresses_middle(&a), .targets = &target, .target_count = 1 };
	struct firewall *firewall;
	int result;

	(void)inet_pton(AF_INET6, "fd00::", &a.prefix6); /* it is one */
	firewall = firewall_open(e);
	result = !firewall || links_begin(&a, e) || rules_begin(firewall, &a, e) || rules_service(firewall, &a, &service, e);
	if (!result)
		result = try_link(e);

	firewall_free(firewall);
	return result ? -1 : 0;
}
