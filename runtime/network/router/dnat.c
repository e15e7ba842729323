/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnat.c - "mode": "dnat": packets to a published port go their own way through the kernel.
 */
#include "runtime/network/router/dnat.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/hooks.h"
#include "runtime/network/router/router.h"
#include "runtime/network/router/uplink.h"
#include "runtime/network/words.h"

/* A message to the kernel has a size that only the host's root may pass: numbers that fit into one, in both families. */
enum { NUMBERS_AT_ONCE = 1000, TRIMMED = 100 };

/* What the host leads, where it is not known. */
#define UNKNOWN "?"

static const char maps[] =
	"add map inet box published4 { type inet_proto . inet_service : verdict; }\n"
	"add map inet box published6 { type inet_proto . inet_service : verdict; }\n"
	"add map inet box targets { type inet_proto . inet_service : inet_service; }\n"
	"add chain inet box published { type nat hook prerouting priority dstnat; policy accept; }\n"
	"flush chain inet box published\n"
	"add rule inet box published iifname \"" NETWORK_UPLINK "\" meta nfproto ipv4 meta l4proto . th dport vmap @published4\n"
	"add rule inet box published iifname \"" NETWORK_UPLINK "\" meta nfproto ipv6 meta l4proto . th dport vmap @published6\n";
static const char emptied[] = "flush map inet box published4\nflush map inet box published6\nflush map inet box targets\n";

static bool is_six(const struct host_port *port)
{
	return strchr(port->address, ':');
}

/* Those that are led, by numbers. */
struct leads {
	const struct published **ports;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct published *left = *(const struct published *const *)a, *right = *(const struct published *const *)b;

	if (left->port.protocol != right->port.protocol)
		return left->port.protocol - right->port.protocol;
	if (left->port.published != right->port.published)
		return left->port.published - right->port.published;
	return left < right ? -1 : left > right; /* the first that was published comes first */
}

static bool has_number_of(const struct published *a, const struct published *b)
{
	return a->port.protocol == b->port.protocol && a->port.published == b->port.published;
}

/* The same number can lead to one service only: packets come to the router namespace by it. */
static void choose(const struct router *r, struct leads *ret)
{
	const struct published *first = NULL;
	size_t all = 0;

	ret->ports = alloc_zeroed(r->ports.count, sizeof(void *));
	for (size_t i = 0; i < r->ports.count; i++) {
		const struct published *published = &r->ports.items[i];

		if (published->port.is_dnat && host_port_is_wide(&published->port) && (r->addresses.has_ip6 || !is_six(&published->port)))
			ret->ports[all++] = published;
	}
	qsort(ret->ports, all, sizeof(void *), compare);
	for (size_t i = 0; i < all; i++) {
		if (!first || !has_number_of(first, ret->ports[i]))
			first = ret->ports[i];
		if (first->port.target == ret->ports[i]->port.target && strcmp(first->service, ret->ports[i]->service) == 0)
			ret->ports[ret->count++] = ret->ports[i];
	}
}

/* As they are to be in the maps. */
static size_t number(const struct router *r, const struct leads *leads, struct dnat_number **ret)
{
	struct dnat_number *numbers = NULL;
	size_t count = 0;

	for (size_t i = 0; i < leads->count; i++) {
		const struct host_port *port = &leads->ports[i]->port;
		const struct service *service = services_find(&r->services, leads->ports[i]->service);

		if (!service)
			continue;
		if (!i || !count || !has_number_of(leads->ports[i], leads->ports[i - 1]))
			*(struct dnat_number *)alloc_append(&numbers, &count, sizeof *numbers) =
				(struct dnat_number){ .protocol = port->protocol, .number = port->published, .target = port->target,
						      .service = service->index };
		numbers[count - 1].six |= is_six(port);
		numbers[count - 1].four |= !is_six(port);
	}
	*ret = numbers;
	return count;
}

static void add_targets(const struct router *r, const struct service *service, int family, struct text *to)
{
	const char *ip = family == 6 ? "ip6" : "ip";
	bool is_one = service->target_count == 1;

	text_addf(to, "add rule inet box p%u_%d meta l4proto { 6, 17 } dnat %s to ", service->index, family, ip);
	if (!is_one)
		text_addf(to, "numgen inc mod %zu map {", service->target_count);
	for (size_t i = 0; i < service->target_count; i++) {
		struct address_texts texts;

		addresses_print(&r->addresses, service->targets[i], &texts);
		if (!is_one)
			text_addf(to, "%s %zu : ", i ? "," : "", i);
		text_addf(to, is_one && family == 6 ? "[%s]" : "%s", family == 6 ? texts.ip6 : texts.ip4);
	}
	text_add(to, is_one ? " : meta l4proto . th dport map @targets\n" : " } : meta l4proto . th dport map @targets\n");
}

/* A chain in each family: without a live instance nothing is translated, and input refuses it. */
static void add_service(const struct router *r, const struct service *service, struct text *to)
{
	for (int family = 4; family <= (r->addresses.has_ip6 ? 6 : 4); family += 2) {
		text_addf(to, "add chain inet box p%u_%d\nflush chain inet box p%u_%d\n", service->index, family, service->index, family);
		if (service->target_count)
			add_targets(r, service, family, to);
	}
}

static void add_services(const struct router *r, const struct leads *leads, struct text *to)
{
	for (size_t i = 0; i < r->services.count; i++)
		for (size_t k = 0; k < leads->count; k++)
			if (strcmp(r->services.items[i]->name, leads->ports[k]->service) == 0) {
				add_service(r, r->services.items[i], to);
				break;
			}
}

static int compare_numbers(const struct dnat_number *a, const struct dnat_number *b)
{
	return a->protocol != b->protocol ? a->protocol - b->protocol : a->number - b->number;
}

static bool is_equal(const struct dnat_number *a, const struct dnat_number *b)
{
	return a->target == b->target && a->service == b->service && a->four == b->four && a->six == b->six;
}

/* Elements of the three maps that go, and those that come. */
struct changes {
	struct text gone[3], come[3];
	size_t count;
};

static void add_element(struct text *to, const struct dnat_number *n, const char *leads_to)
{
	text_addf(to, "%s%d . %d%s", to->length ? ", " : "", n->protocol, n->number, leads_to);
}

static void add_gone(struct changes *c, const struct dnat_number *n)
{
	c->count++;
	if (n->four)
		add_element(&c->gone[0], n, "");
	if (n->six)
		add_element(&c->gone[1], n, "");
	add_element(&c->gone[2], n, "");
}

static void add_come(struct changes *c, const struct dnat_number *n)
{
	autofree char *four = text_format(" : goto p%u_4", n->service), *six = text_format(" : goto p%u_6", n->service);
	autofree char *target = text_format(" : %d", n->target);

	c->count++;
	if (n->four)
		add_element(&c->come[0], n, four);
	if (n->six)
		add_element(&c->come[1], n, six);
	add_element(&c->come[2], n, target);
}

/* Runs the commands, with what has come together. */
static int run(const struct router *r, struct text *commands, struct changes *c, struct error *e)
{
	static const char *const names[] = { "published4", "published6", "targets" };
	int result;

	for (size_t i = 0; i < 3; i++)
		if (c->gone[i].length)
			text_addf(commands, "delete element inet box %s { %s }\n", names[i], c->gone[i].data);
	for (size_t i = 0; i < 3; i++)
		if (c->come[i].length)
			text_addf(commands, "add element inet box %s { %s }\n", names[i], c->come[i].data);
	result = commands->length ? firewall_run(r->firewall, commands->data, e) : 0;
	text_clear(commands);
	for (size_t i = 0; i < 3; i++) {
		text_release(&c->gone[i]);
		text_release(&c->come[i]);
	}
	c->count = 0;
	return result;
}

/* From what is in the maps to what is to be there: a number that stays is not touched, and one that leads elsewhere changes at once. */
static int change(const struct router *r, const struct dnat_number *numbers, size_t count, struct text *commands, struct error *e)
{
	const struct dnat *dnat = &r->ports.dnat;
	size_t was = dnat->is_known ? dnat->count : 0;
	struct changes c = { .count = 0 };

	for (size_t i = 0, k = 0; i < was || k < count;) {
		int order = i >= was ? 1 : k >= count ? -1 : compare_numbers(&dnat->numbers[i], &numbers[k]);
		bool differs = order || !is_equal(&dnat->numbers[i], &numbers[k]);

		if (order <= 0 && differs)
			add_gone(&c, &dnat->numbers[i]);
		if (order >= 0 && differs)
			add_come(&c, &numbers[k]);
		i += order <= 0;
		k += order >= 0;
		if (c.count >= NUMBERS_AT_ONCE && run(r, commands, &c, e))
			return -1;
	}
	return run(r, commands, &c, e);
}

static int settle_inside(struct router *r, const struct leads *leads, struct error *e)
{
	struct dnat *dnat = &r->ports.dnat;
	autorelease(text) struct text commands = { 0 };
	struct dnat_number *numbers;
	size_t count = number(r, leads, &numbers);
	int result;

	/* A spare that goes on finds what is there: what stays is added once more, which is no change. */
	text_add(&commands, dnat->is_known ? "" : maps);
	text_add(&commands, dnat->is_wrong ? emptied : "");
	add_services(r, leads, &commands);
	result = change(r, numbers, count, &commands, e);
	if (count > TRIMMED)
		(void)malloc_trim(0); /* what libnftables has parsed: megabytes */
	free(dnat->numbers);
	dnat->numbers = numbers;
	dnat->count = count;
	dnat->is_known = result == 0;
	dnat->is_wrong = result;
	return result;
}

/* Once more from the beginning, where something leads elsewhere than it was thought. */
static int settle(struct router *r, const struct leads *leads, struct error *e)
{
	if (settle_inside(r, leads, e) == 0)
		return 0;
	error_clear(e);
	return settle_inside(r, leads, e);
}

/* The host's part has no instance in it: mostly nothing has changed. */
static int settle_outside(struct router *r, const struct leads *leads, struct error *e)
{
	struct dnat *dnat = &r->ports.dnat;
	autofree int *sockets = alloc_zeroed(leads->count, sizeof *sockets);
	autorelease(text) struct text led = { 0 };
	int result;

	text_add(&led, "");
	for (size_t i = 0; i < leads->count; i++) {
		sockets[i] = leads->ports[i]->port.fd;
		text_addf(&led, "%d ", sockets[i]);
		host_port_print(&leads->ports[i]->port, &led);
		text_add_char(&led, '\n');
	}
	if (dnat->led && strcmp(dnat->led, led.data) == 0)
		return 0;
	result = uplink_lead(r->uplink, sockets, leads->count, e);
	free(dnat->led);
	dnat->led = result ? alloc_copy(UNKNOWN) : text_take(&led);
	return result;
}

void dnat_settle(struct router *r)
{
	struct dnat *dnat = &r->ports.dnat;
	struct leads leads = { .count = 0 };
	struct error e = { 0 };

	if (!r->uplink || r->run.is_rootless)
		return;
	free(take_ptr(&dnat->failure));
	choose(r, &leads);
	/* Inside first: what the host lets through finds its way. */
	if ((leads.count || dnat->count || (dnat->led && *dnat->led)) &&
	    (network_step("dnat", &e) || settle(r, &leads, &e) || settle_outside(r, &leads, &e)))
		dnat->failure = text_format("the network %s: ports in mode dnat go by the relay: %s", r->run.name, e.text);
	if (dnat->failure)
		log_warning("%s, continuing", dnat->failure);
	free(leads.ports);
}

void dnat_settle_again(struct router *r)
{
	if (r->ports.dnat.led) {
		free(r->ports.dnat.led);
		r->ports.dnat.led = alloc_copy(UNKNOWN);
	}
	dnat_settle(r);
}

void dnat_release(struct dnat *dnat)
{
	free(dnat->numbers);
	free(dnat->led);
	free(dnat->failure);
	*dnat = (struct dnat){ 0 };
}
