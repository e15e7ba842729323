/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_health.c - the health check of an app: its rules, and what comes of the file's words over the image's.
 *
 * A check in the file replaces the image's. A file that says only when and what then ("interval", "on_failure" …) keeps the image's
 * test, and the image's word wherever it has none. What an image says is hostile input: its times and its length are bounded.
 */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "specs/app.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/container.h"
#include "specs/image_config.h"
#include "specs/limits.h"
#include "specs/problems.h"

enum {
	SECOND_US = 1000000,
	TEST_LIMIT = 8 << 10, /* bytes of a test: it is read and executed at every check */
	MOST_RETRIES = 1000,
};

static bool has_http(const struct healthcheck *health)
{
	return health->http.port != LIMIT_UNSET;
}

static bool has_tcp(const struct healthcheck *health)
{
	return health->tcp.port != LIMIT_UNSET;
}

/* What keeps a list of words from being a test, or NULL. *ret_index: the word at fault. */
static const char *find_fault(const struct list *test, size_t *ret_index)
{
	const char *word = test->items[0];

	*ret_index = 0;
	if (strcmp(word, "NONE") != 0 && strcmp(word, "CMD") != 0 && strcmp(word, "CMD-SHELL") != 0)
		return "\"CMD\", \"CMD-SHELL\" or \"NONE\"";
	for (size_t i = 0, length = 0; i < test->count; i++) {
		*ret_index = i;
		length += strlen(test->items[i]) + 1;
		if (length > TEST_LIMIT)
			return "at most 8 KiB (a longer test is a file in the image)";
	}
	*ret_index = test->count > 1;
	if (strcmp(word, "NONE") == 0 && test->count > 1)
		return "nothing behind \"NONE\"";
	if (strcmp(word, "CMD") == 0 && (test->count < 2 || !*test->items[1]))
		return "a program behind \"CMD\"";
	*ret_index = test->count - 1;
	return strcmp(word, "CMD-SHELL") == 0 && test->count != 2 ? "one line behind \"CMD-SHELL\"" : NULL;
}

/* They stand in the head of a request. */
static bool is_graphic(const char *text)
{
	for (; text && *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

int check_healthcheck(const struct app *app, struct problems *p)
{
	const struct healthcheck *health = &app->healthcheck;
	int forms = (health->test.count > 0) + has_http(health) + has_tcp(health);
	const char *fault;
	size_t index;

	if (!app_has(app, "healthcheck") || health->disable)
		return 0;
	if (forms > 1 || (forms == 0 && !app->image && app->rootfs && !app_is_transport(app->rootfs))) {
		error_set(p->e, ERROR_SPEC, "expected exactly one of \"test\", \"http\" and \"tcp\"");
		error_at(p->e, "healthcheck");
		return problems_add(p);
	}
	fault = health->test.count ? find_fault(&health->test, &index) : NULL;
	if (fault)
		return app_unexpected(p, fault, health->test.items[index], "healthcheck.test[%zu]", index);
	if (!is_graphic(health->http.path))
		return app_unexpected(p, "a path without spaces (write %20) in ASCII", health->http.path, "healthcheck.http.path");
	if (!is_graphic(health->http.host))
		return app_unexpected(p, "a name such as \"www.example.com\"", health->http.host, "healthcheck.http.host");
	return 0;
}

/* "CMD", program, … or "CMD-SHELL", line. */
static void take_test(const struct list *test, struct health_check *ret)
{
	bool is_shell = strcmp(test->items[0], "CMD-SHELL") == 0;

	if (strcmp(test->items[0], "NONE") == 0)
		return;
	ret->kind = HEALTH_EXEC;
	if (is_shell) {
		list_add(&ret->args, "/bin/sh");
		list_add(&ret->args, "-c");
	}
	for (size_t i = 1; i < test->count; i++)
		list_add(&ret->args, test->items[i]);
}

/* As Docker, box runs an image whose check cannot be understood, without one. */
static void take_image_test(const struct list *test, struct health_check *ret)
{
	size_t index;
	const char *fault = test->count ? find_fault(test, &index) : NULL;

	if (fault)
		log_warning("the image's health check: expected %s, ignoring it", fault);
	else if (test->count)
		take_test(test, ret);
}

/* The file's word, else the image's, else box's own. An image cannot ask for a check more often than once a second. */
static int64_t choose(int64_t written, int64_t image_ns, int64_t otherwise)
{
	int64_t image_us = image_ns / 1000;

	if (written != LIMIT_UNSET)
		return written;
	return image_ns <= 0 ? otherwise : image_us < SECOND_US ? SECOND_US : image_us;
}

/* Nobody waits an interval of 30 seconds to hear that a program is up: until the first success, and for an interval at most, it is asked
 * every second. Failures before the time at which the first check would have been do not count, so an app is ill no sooner. */
static void choose_times(const struct healthcheck *said, const struct image_config *image, struct health_check *ret)
{
	static const struct image_config nothing = { 0 };
	const struct image_config *from = image ? image : &nothing;
	int64_t retries = from->health.retries;

	ret->interval_us = choose(said->interval, from->health.interval_ns, 30 * SECOND_US);
	ret->timeout_us = choose(said->timeout, from->health.timeout_ns, 30 * SECOND_US);
	ret->start_period_us = choose(said->start_period, from->health.start_period_ns, ret->interval_us);
	ret->start_interval_us = choose(said->start_interval, from->health.start_interval_ns, SECOND_US);
	if (said->start_interval == LIMIT_UNSET && ret->start_interval_us > ret->interval_us)
		ret->start_interval_us = ret->interval_us;
	if (said->retries != LIMIT_UNSET)
		retries = said->retries;
	ret->retries = retries <= 0 ? 3 : retries > MOST_RETRIES ? MOST_RETRIES : (int)retries;
}

int app_health(const struct app *app, const struct image_config *image, struct container *c, struct error *e)
{
	const struct healthcheck *said = &app->healthcheck;
	struct health_check *health = &c->health;
	bool is_written = app_has(app, "healthcheck"), has_form = said->test.count || has_http(said) || has_tcp(said);

	if (is_written && said->disable)
		return 0;
	if (said->test.count) {
		take_test(&said->test, health);
	} else if (has_http(said)) {
		health->kind = HEALTH_HTTP;
		health->port = (int)said->http.port;
		health->path = alloc_copy(said->http.path ? said->http.path : "/");
		health->host = said->http.host ? alloc_copy(said->http.host) : text_format("localhost:%d", health->port);
	} else if (has_tcp(said)) {
		health->kind = HEALTH_TCP;
		health->port = (int)said->tcp.port;
	} else if (image) {
		take_image_test(&image->health.test, health);
	}
	if (is_written && !has_form && health->kind == HEALTH_NONE) {
		error_set(e, ERROR_SPEC, "the image has no health check: expected one of \"test\", \"http\" and \"tcp\"");
		return error_at(e, "healthcheck");
	}
	health->on_failure = (enum health_action)said->on_failure;
	choose_times(said, has_form ? NULL : image, health);
	return 0;
}

bool app_wants_health(const struct app *app)
{
	const struct healthcheck *said = &app->healthcheck;

	return app_has(app, "healthcheck") && !said->disable && !(said->test.count && strcmp(said->test.items[0], "NONE") == 0);
}
