/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_health.c - the health check that comes of the file and the image.
 */
#include "tests/unit/specs/scratch_app.h"

enum { SECOND = 1000000 };

TestSuite(app_health, .init = begin, .fini = end);

static struct image_config image_with(const char *health)
{
	autofree char *json = text_format("{\"config\": {\"Healthcheck\": %s}}", health);
	struct image_config image = { 0 };
	struct error e = { 0 };

	cr_assert_eq(image_config_decode(json, strlen(json), "image", &image, &e), 0, "%s", e.text);
	return image;
}

/* members: those of app.json; health: the image's */
static struct health_check check(const char *members, const char *health)
{
	autofree char *json = text_format("{\"image\": \"web\", \"command\": [\"x\"]%s%s}", *members ? ", " : "", members);
	struct image_config image = image_with(health);
	struct container c = { 0 };
	struct app *app = NULL;
	struct error e = { 0 };

	put("app.json", json);
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s: %s", members, e.text);
	cr_assert_eq(app_container(app, &image, NULL, &c, &e), 0, "%s: %s", members, e.text);
	app_free(app);
	image_config_release(&image);
	return c.health; /* the test's process ends before the rest of it is missed */
}

static void expect_words(const struct health_check *health, const char *words)
{
	struct text joined = { 0 };

	for (size_t i = 0; i < health->args.count; i++)
		text_addf(&joined, "%s|", health->args.items[i]);
	cr_expect_str_eq(joined.data ? joined.data : "", words);
	text_release(&joined);
}

Test(app_health, nobody_asks)
{
	cr_expect_eq(check("", "null").kind, HEALTH_NONE);
	cr_expect_eq(check("", "{\"Test\": [\"NONE\"]}").kind, HEALTH_NONE);
	cr_expect_eq(check("\"healthcheck\": {\"disable\": true}", "{\"Test\": [\"CMD\", \"x\"]}").kind, HEALTH_NONE);
	cr_expect_eq(check("\"healthcheck\": {\"test\": [\"NONE\"]}", "{\"Test\": [\"CMD\", \"x\"]}").kind, HEALTH_NONE);
}

Test(app_health, of_the_image)
{
	struct health_check health = check("", "{\"Test\": [\"CMD-SHELL\", \"curl -f x || exit 1\"], \"Interval\": 5000000000,"
					       "\"Timeout\": 2000000000, \"StartPeriod\": 7000000000, \"Retries\": 9}");

	cr_expect_eq(health.kind, HEALTH_EXEC);
	expect_words(&health, "/bin/sh|-c|curl -f x || exit 1|");
	cr_expect_eq(health.interval_us, 5 * SECOND);
	cr_expect_eq(health.timeout_us, 2 * SECOND);
	cr_expect_eq(health.start_period_us, 7 * SECOND);
	cr_expect_eq(health.start_interval_us, SECOND);
	cr_expect_eq(health.retries, 9);
	cr_expect_eq(health.on_failure, HEALTH_DO_NOTHING);
}

Test(app_health, the_file_says_when_and_the_image_what)
{
	struct health_check health = check("\"healthcheck\": {\"interval\": \"10s\", \"on_failure\": \"restart\"}",
					   "{\"Test\": [\"CMD\", \"a\", \"b\"], \"Interval\": 1, \"StartPeriod\": 60000000000}");

	cr_expect_eq(health.kind, HEALTH_EXEC);
	expect_words(&health, "a|b|");
	cr_expect_eq(health.interval_us, 10 * SECOND);
	cr_expect_eq(health.start_period_us, 60 * SECOND);
	cr_expect_eq(health.on_failure, HEALTH_DO_RESTART);
}

Test(app_health, of_the_file_alone)
{
	struct health_check health = check("\"healthcheck\": {\"http\": {\"port\": 8080}, \"start_period\": \"1m\", \"interval\": \"2s\"}",
					   "{\"Test\": [\"CMD\", \"x\"], \"Timeout\": 1000000000, \"Retries\": 9}");

	cr_expect_eq(health.kind, HEALTH_HTTP);
	cr_expect_eq(health.port, 8080);
	cr_expect_str_eq(health.path, "/");
	cr_expect_str_eq(health.host, "localhost:8080");
	cr_expect_eq(health.args.count, 0u);
	cr_expect_eq(health.timeout_us, 30 * SECOND, "not the image's");
	cr_expect_eq(health.retries, 3);
	cr_expect_eq(health.start_interval_us, SECOND);
	health = check("\"healthcheck\": {\"tcp\": {\"port\": 80}, \"interval\": \"500ms\"}", "null");
	cr_expect_eq(health.start_interval_us, SECOND / 2, "no longer than the interval");
	cr_expect_eq(health.start_period_us, SECOND / 2, "an interval");
	health = check("\"healthcheck\": {\"tcp\": {\"port\": 80}, \"start_period\": \"0s\"}", "null");
	cr_expect_eq(health.start_period_us, 0);
	health = check("\"healthcheck\": {\"tcp\": {\"port\": 5432}, \"timeout\": \"500ms\"}", "null");
	cr_expect_eq(health.kind, HEALTH_TCP);
	cr_expect_eq(health.timeout_us, SECOND / 2);
}

Test(app_health, hostile_images)
{
	struct health_check health = check("", "{\"Test\": [\"CMD\", \"x\"], \"Interval\": 1, \"StartInterval\": 1, \"Retries\": 4000000000}");
	autofree char *json = text_format("{\"Test\": [\"CMD\", \"%070000d\"]}", 0);

	cr_expect_eq(health.interval_us, SECOND, "no more often than once a second");
	cr_expect_eq(health.start_interval_us, SECOND);
	cr_expect_eq(health.retries, 1000);
	cr_expect_eq(check("", json).kind, HEALTH_NONE, "too long");
	cr_expect_eq(check("", "{\"Test\": [\"CMD\"]}").kind, HEALTH_NONE);
	cr_expect_eq(check("", "{\"Test\": [\"EXEC\", \"x\"]}").kind, HEALTH_NONE);
}

Test(app_health, an_image_without_one)
{
	struct image_config image = image_with("{\"Test\": [\"NONE\"]}");
	struct app *app = NULL;
	struct container c = { 0 };
	struct error e = { 0 };

	put("app.json", "{\"image\": \"web\", \"command\": [\"x\"], \"healthcheck\": {\"interval\": \"1s\"}}");
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
	cr_expect_eq(app_container(app, &image, NULL, &c, &e), -1);
	cr_expect_str_eq(e.field, "healthcheck");
	cr_expect_str_eq(e.text, "the image has no health check: expected one of \"test\", \"http\" and \"tcp\"");
	app_free(app);
	image_config_release(&image);
}

Test(app_health, what_config_prints_is_read_again)
{
	static const char *const checks[] = { "{\"tcp\": {\"port\": 80}, \"retries\": 2}", "{\"http\": {\"port\": 80, \"path\": \"/x?y=1\"}}",
					      "{\"test\": [\"CMD\", \"x\"], \"start_period\": \"1m\"}" };

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		autofree char *json = text_format("{\"name\": \"w\", \"rootfs\": \"/r\", \"healthcheck\": %s}", checks[i]);
		struct text first = { 0 }, second = { 0 };
		struct app *app = NULL;
		struct error e = { 0 };

		put("app.json", json);
		cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
		app_dump(app, &first);
		app_free(app);
		put("app.json", first.data);
		cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s\n%s", e.text, first.data);
		app_dump(app, &second);
		app_free(app);
		cr_expect_str_eq(first.data, second.data);
		text_release(&first);
		text_release(&second);
	}
}
