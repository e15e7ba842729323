/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - the packet filter of the router namespace.
 */
#include "runtime/network/router/rules.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/router/addresses.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/services.h"

/* Protocols are numbers: for their names libnftables asks the C library, which opens a dozen files.
 * What no address of the network is in; the rest is added behind. */
static const char table[] =
	"table inet box {\n"
	"	counter spoofed { }\n"
	"	map services4 { type ipv4_addr : verdict; }\n"
	"	map services6 { type ipv6_addr : verdict; }\n"
	"	set held4 { type ipv4_addr; }\n"
	"	set held6 { type ipv6_addr; }\n"
	"	set self4 { type ipv4_addr . ipv4_addr; }\n"
	"	set self6 { type ipv6_addr . ipv6_addr; }\n"
	"	chain first {\n"
	"		type filter hook prerouting priority raw; policy accept;\n"
	"		iifname \"m*\" ip6 saddr { ::, fe80::/10 } drop\n"
	"		iifname \"m*\" fib saddr . iif oif 0 counter name spoofed drop\n"
	/* Of the relay (relay.h): delivered here whatever its address. It is nobody's to translate, and tracking would cost a quarter. */
	"		iifname \"m*\" meta l4proto { 6, 17 } socket transparent 1 meta mark set 1 notrack accept\n"
	"	}\n"
	"	chain relayed {\n"
	"		type filter hook output priority raw; policy accept;\n"
	"		meta mark 2 notrack\n"
	"	}\n"
	"	chain service {\n"
	"		type nat hook prerouting priority dstnat; policy accept;\n"
	"		ip daddr vmap @services4\n"
	"		ip6 daddr vmap @services6\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter; policy drop;\n"
	"		ct state established,related accept\n"
	"		ct state invalid drop\n"
	"		iifname \"m*\" oifname \"m*\" accept\n"
	/* Out of the network, but not to what only the host itself is to reach: its loopback, its link, a cloud's metadata. */
	"		oifname \"up\" ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 } reject\n"
	"		oifname \"up\" ip6 daddr { ::/127, fe80::/10, ff00::/8, fd00:ec2::254 } reject\n"
	"		iifname \"m*\" oifname \"up\" accept\n"
	"		iifname \"up\" oifname \"m*\" ct status dnat accept\n"
	"	}\n"
	"	chain input {\n"
	"		type filter hook input priority filter; policy drop;\n"
	"		meta mark 1 accept\n"
	"		iifname \"lo\" accept\n"
	"		ct state established,related accept\n"
	"		iifname \"m*\" icmp type echo-request accept\n"
	"		iifname \"m*\" icmpv6 type echo-request accept\n"
	"		iifname \"up\" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
	"	}\n";

/* Behind the translation: what still has a service's address leads nowhere. */
static void add_dead(const char *ip, const char *held, const char *first, const char *last, struct text *to)
{
	text_addf(to, "		%s daddr @%s drop\n", ip, held);
	text_addf(to, "		%s daddr %s-%s meta l4proto 6 reject with tcp reset\n", ip, first, last);
	text_addf(to, "		%s daddr %s-%s reject\n", ip, first, last);
}

int rules_begin(struct firewall *firewall, const struct addresses *a, struct error *e)
{
	autorelease(text) struct text commands = { 0 };
	struct address_texts router, first, last;

	addresses_print(a, ADDRESS_ROUTER, &router);
	addresses_print(a, addresses_middle(a), &first);
	addresses_print(a, a->size - 1, &last);
	text_add(&commands, table);
	text_add(&commands, "	chain dead {\n		type filter hook prerouting priority dstnat + 1; policy accept;\n");
	add_dead("ip", "held4", first.ip4, last.ip4, &commands);
	if (a->has_ip6)
		add_dead("ip6", "held6", first.ip6, last.ip6, &commands);
	text_add(&commands, "	}\n	chain out {\n		type nat hook postrouting priority srcnat; policy accept;\n"
			    "		oifname \"up\" masquerade\n");
	/* Who asks for its own service may get itself: an answer to its own address would not come back here. */
	text_addf(&commands, "		ip saddr . ip daddr @self4 snat ip to %s\n", router.ip4);
	if (a->has_ip6)
		text_addf(&commands, "		ip6 saddr . ip6 daddr @self6 snat ip6 to %s\n", router.ip6);
	text_add(&commands, "	}\n}\n");
	return firewall_run(firewall, commands.data, e);
}

struct family {
	const char *ip;
	int version;
};

static const char *address_of(const struct address_texts *texts, const struct family *family)
{
	return family->version == 4 ? texts->ip4 : texts->ip6;
}

static void add_targets(const struct addresses *a, const struct service *service, const struct family *family, struct text *to)
{
	struct address_texts texts;

	if (service->target_count > 1)
		text_addf(to, "add rule inet box s%u dnat %s to numgen inc mod %zu map {", service->index, family->ip, service->target_count);
	else
		text_addf(to, "add rule inet box s%u dnat %s to ", service->index, family->ip);
	for (size_t i = 0; i < service->target_count; i++) {
		addresses_print(a, service->targets[i], &texts);
		if (service->target_count > 1)
			text_addf(to, "%s %zu : %s", i ? "," : "", i, address_of(&texts, family));
		else
			text_add(to, address_of(&texts, family));
	}
	text_add(to, service->target_count > 1 ? " }\n" : "\n");
	for (size_t i = 0; i < service->target_count; i++) {
		addresses_print(a, service->targets[i], &texts);
		text_addf(to, "add element inet box self%d { %s . %s }\n", family->version, address_of(&texts, family),
			  address_of(&texts, family));
	}
}

/* An element that is not there cannot be deleted: it is added first. */
static void add_family(const struct addresses *a, const struct service *service, const struct family *family, struct text *to)
{
	struct address_texts own;
	const char *address;

	addresses_print(a, service->index, &own);
	address = address_of(&own, family);
	text_addf(to, "add element inet box services%d { %s : goto s%u }\n", family->version, address, service->index);
	text_addf(to, "add element inet box held%d { %s }\n", family->version, address);
	if (!service_is_held(service))
		text_addf(to, "delete element inet box held%d { %s }\n", family->version, address);
	if (service->target_count)
		add_targets(a, service, family, to);
}

int rules_service(struct firewall *firewall, const struct addresses *a, const struct service *service, struct error *e)
{
	static const struct family families[] = { { "ip", 4 }, { "ip6", 6 } };
	autorelease(text) struct text commands = { 0 };

	text_addf(&commands, "add chain inet box s%u\nflush chain inet box s%u\n", service->index, service->index);
	for (size_t i = 0; i < (a->has_ip6 ? 2 : 1); i++)
		add_family(a, service, &families[i], &commands);
	return firewall_run(firewall, commands.data, e);
}
