/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/apps/systemd_unit.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/health_plan.h"

static const struct app_settings plain = { .name = (char *)"web", .state = (char *)"/run/box", .store = (char *)"/var/lib/box",
					   .box = (char *)"/usr/bin/box", .restart = (char *)"no", .stop_grace_us = 10000000 };

static void expect_lines(const struct app_settings *app, const struct health_plan *health, int64_t reload_us, const char *const *lines)
{
	autorelease(text) struct text unit = { 0 };

	systemd_unit_text(app, health, reload_us, /* is_user= */ false, &unit);
	for (; *lines; lines++) {
		autofree char *whole = text_format("\n%s\n", *lines);

		cr_assert(strstr(unit.data, whole), "no line \"%s\" in:\n%s", *lines, unit.data);
	}
}

Test(systemd_unit, words_are_words_to_systemd_whatever_is_in_them)
{
	static const struct {
		const char *word, *expected;
	} rows[] = {
		{ "/usr/bin/box", "\"/usr/bin/box\"" },
		{ "a b;c", "\"a b;c\"" },
		{ "100%n", "\"100%%n\"" },
		{ "q\"'\\", "\"q\\x22\\x27\\x5c\"" },
		{ "two\nlines\t", "\"two\\x0alines\\x09\"" },
		{ "größe", "\"größe\"" },
		{ "$HOME", "\"$HOME\"" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autorelease(text) struct text got = { 0 };

		systemd_unit_add_word(&got, rows[i].word);
		cr_assert_str_eq(got.data, rows[i].expected);
	}
}

Test(systemd_unit, restart_becomes_restart)
{
	static const struct {
		const char *policy, *lines[4];
	} rows[] = {
		{ "no", { "Restart=no", "StartLimitIntervalSec=0" } },
		{ "always", { "Restart=always", "StartLimitIntervalSec=0" } },
		{ "unless-stopped", { "Restart=always", "StartLimitIntervalSec=0" } },
		{ "on-failure", { "Restart=on-failure", "StartLimitIntervalSec=0" } },
		{ "on-failure:2", { "Restart=on-failure", "StartLimitIntervalSec=33", "StartLimitBurst=3" } },
	};
	const struct health_plan none = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct app_settings app = plain;

		app.restart = (char *)rows[i].policy;
		expect_lines(&app, &none, /* reload_us= */ 0, rows[i].lines);
	}
}

Test(systemd_unit, times_are_long_enough_for_the_app)
{
	const struct health_plan none = { 0 };
	const struct health_plan checked = { .probe = (char *)"tcp", .retries = 3, .interval_ms = 10000, .timeout_ms = 1500,
					     .start_period_ms = 20000 };
	struct app_settings app = plain;

	expect_lines(&app, &none, /* reload_us= */ 0,
		     (const char *const[]){ "TimeoutStartSec=90", "TimeoutStopSec=25", "WantedBy=multi-user.target", NULL });
	app.stop_grace_us = INT64_MAX;
	expect_lines(&app, &checked, /* reload_us= */ 0,
		     (const char *const[]){ "TimeoutStartSec=128", "TimeoutStopSec=315360015", NULL });
}

Test(systemd_unit, a_reload_is_a_command_where_the_app_has_one)
{
	static const char *const lines[] = { "ExecReload=:\"/usr/bin/box\" --root \"/run/box\" --store \"/var/lib/box\" reload \"web\"",
					     "TimeoutStartSec=215", NULL };
	const struct health_plan none = { 0 };
	autorelease(text) struct text without = { 0 };

	expect_lines(&plain, &none, /* reload_us= */ 200 * 1000000, lines);
	systemd_unit_text(&plain, &none, /* reload_us= */ 0, /* is_user= */ false, &without);
	cr_expect(!strstr(without.data, "ExecReload"), "%s", without.data);
}

Test(systemd_unit, what_box_up_has_made_has_one_unit_which_nothing_of_it_is_written_into)
{
	struct places places = { .state = (char *)"/run/box", .store = (char *)"/var/lib/my box" };
	static const char *const lines[] = { "Type=notify", "NotifyAccess=main", "KillMode=mixed", "Restart=on-abnormal",
					     "RequiresMountsFor=\"/var/lib/my box\"", "WantedBy=multi-user.target",
					     "ExecStart=:\"/usr/bin/box\" --root \"/run/box\" --store \"/var/lib/my box\" up-serve \"shop\"" };
	autorelease(text) struct text unit = { 0 };
	autofree char *name = systemd_up_unit_name("shop");

	cr_assert_str_eq(name, "box-up-shop.service");
	systemd_up_unit_text(&places, "/usr/bin/box", "shop", &unit);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		autofree char *whole = text_format("\n%s\n", lines[i]);

		cr_assert(strstr(unit.data, whole), "no line \"%s\" in:\n%s", lines[i], unit.data);
	}
}
