/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/launch/exchange.h"

/* This program has a dynamic loader. Programs without one: tests/system/8511-oci-sealed.bats. */
Test(exchange, a_program_with_a_dynamic_loader_stays_where_it_is)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct error e = { 0 };

	cr_assert_geq(self, 0);
	cr_expect_eq(exchange_program(self, &e), -1);
	cr_expect_eq(e.kind, ERROR_UNSUPPORTED);
	close(self);
}
