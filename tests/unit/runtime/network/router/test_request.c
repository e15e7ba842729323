/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "runtime/network/router/request.h"

Test(network_request, words_and_lines)
{
	struct request request = { 0 };

	request_parse("prepare web-1 web\nalias front\n\nneighbour db shop-db", &request);
	cr_assert_eq(request.words.count, 3);
	cr_assert_str_eq(request.words.items[2], "web");
	cr_assert_eq(request.line_count, 2);
	cr_assert_str_eq(request.lines[1].items[2], "shop-db");
	request_release(&request);
}

Test(network_request, nothing)
{
	struct request request = { 0 };

	request_parse("", &request);
	cr_assert_eq(request.words.count, 0);
	cr_assert_eq(request.line_count, 0);
	cr_assert_eq(request_take(&request, 0), -1);
	request_release(&request);
}

/* Whoever acts on a line looks at its first word. */
Test(network_request, lines_of_spaces)
{
	struct request request = { 0 };

	request_parse("show\n \n  \nalias a\n ", &request);
	cr_assert_eq(request.line_count, 1);
	cr_assert_str_eq(request.lines[0].items[1], "a");
	request_release(&request);
}
