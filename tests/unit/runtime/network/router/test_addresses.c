/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/record.h"
#include "runtime/network/router/addresses.h"
#include "runtime/network/run.h"

static struct addresses open_in(const char *folder, const char *subnet)
{
	const struct network_run run = { .name = (char *)"front", .subnet = (char *)subnet, .prefix6 = (char *)"fd00:1:2:3::",
					 .leases = (char *)folder,
					 .apps = (char *)folder };
	struct addresses a;
	struct error e = { 0 };

	cr_assert_eq(addresses_open(&a, &run, &e), 0, "%s", e.text);
	return a;
}

Test(network_addresses, subnets)
{
	uint32_t address;
	int bits;

	cr_assert(network_subnet_parse("10.200.4.0/22", &address, &bits));
	cr_assert_eq(address, 0x0ac80400);
	cr_assert_eq(bits, 22);
	cr_assert_not(network_subnet_parse("10.200.4.1/22", &address, &bits));
	cr_assert_not(network_subnet_parse("10.0.0.0/8", &address, &bits));
	cr_assert_not(network_subnet_parse("10.0.0.0", &address, &bits));
}

Test(network_addresses, leases_are_kept)
{
	char folder[] = "/tmp/box-unit-XXXXXX";
	struct addresses a;
	struct address_texts texts;
	struct error e = { 0 };
	int web, service;

	cr_assert_not_null(mkdtemp(folder));
	a = open_in(folder, "10.9.0.0/24");
	web = addresses_lease(&a, "web", /* is_service= */ false, /* is_durable= */ true, &e);
	service = addresses_lease(&a, "web", /* is_service= */ true, /* is_durable= */ true, &e);
	cr_assert_eq(web, ADDRESS_FIRST);
	cr_assert_eq(service, 128);
	cr_assert_eq(addresses_lease(&a, "passing", /* is_service= */ false, /* is_durable= */ false, &e), 3);
	addresses_print(&a, (unsigned)service, &texts);
	cr_assert_str_eq(texts.ip4, "10.9.0.128");
	addresses_return(&a, "passing", /* is_service= */ false);
	addresses_release(&a);
	a = open_in(folder, "10.9.0.0/24");
	cr_assert_eq(a.count, 2);
	cr_assert_eq(addresses_lease(&a, "web", /* is_service= */ true, /* is_durable= */ true, &e), 128);
	addresses_release(&a);
	cr_assert_eq(folder_remove(AT_FDCWD, folder, &e), 0);
}

Test(network_addresses, a_full_network_forgets_the_gone)
{
	char folder[] = "/tmp/box-unit-XXXXXX";
	struct addresses a;
	struct error e = { 0 };

	cr_assert_not_null(mkdtemp(folder));
	a = open_in(folder, "10.9.0.0/27");
	for (int i = 0; i < 14; i++) {
		autofree char *name = text_format("app-%d", i);

		cr_assert_geq(addresses_lease(&a, name, /* is_service= */ false, /* is_durable= */ i < 7, &e), 0);
	}
	/* The durable ones have no definition. */
	cr_assert_geq(addresses_lease(&a, "one-more", /* is_service= */ false, /* is_durable= */ false, &e), 0);
	for (int i = 0; i < 6; i++) {
		autofree char *name = text_format("more-%d", i);

		cr_assert_geq(addresses_lease(&a, name, /* is_service= */ false, /* is_durable= */ false, &e), 0);
	}
	cr_assert_eq(addresses_lease(&a, "too-many", /* is_service= */ false, /* is_durable= */ false, &e), -1);
	addresses_release(&a);
	cr_assert_eq(folder_remove(AT_FDCWD, folder, &e), 0);
}
