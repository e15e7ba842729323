/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stack.c - files with services.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/stack.h"

static struct stack *load(const char *json)
{
	char path[] = "/tmp/box-stack-XXXXXX";
	int fd = mkstemp(path);
	struct stack *stack = NULL;
	struct error e = { 0 };

	cr_assert(fd >= 0 && write_all(fd, json, strlen(json)) == 0);
	close(fd);
	cr_assert_eq(stack_load(path, &(struct app_options){ 0 }, &stack, &e), 0, "%s", e.text);
	(void)unlink(path);
	return stack;
}

static struct container container_of(const struct stack *stack, const char *service)
{
	const struct stack_service *found = stack_find(stack, service);
	struct container c;
	struct error e = { 0 };

	cr_assert_not_null(found);
	cr_assert_eq(app_container(found->app, NULL, &(struct app_options){ 0 }, &c, &e), 0, "%s", e.text);
	return c;
}

static const char shop[] = "{\"name\": \"shop\", \"services\": {"
			   "\"web\": {\"rootfs\": \"/r\", \"command\": [\"x\"], \"depends_on\": {\"db\": {\"condition\": \"service_healthy\"}},"
			   " \"networks\": [\"front\", \"back\"], \"volumes\": [\"data:/d\", \"other:/o\"]},"
			   "\"db\": {\"rootfs\": \"/r\", \"command\": [\"x\"], \"networks\": {\"back\": {\"aliases\": [\"sql\"]}}},"
			   "\"tool\": {\"rootfs\": \"/r\", \"command\": [\"x\"], \"profiles\": [\"debug\"]}},"
			   "\"networks\": {\"front\": {}, \"back\": {\"internal\": true}},"
			   "\"volumes\": {\"data\": {}, \"other\": {\"external\": true, \"name\": \"old\"}}}";

Test(stack, services_stand_in_the_order_in_which_they_start)
{
	struct stack *stack = load(shop);

	cr_assert_str_eq(stack->name, "shop");
	cr_assert_eq(stack->count, 3u);
	cr_expect_str_eq(stack->services[0].full, "shop-db");
	cr_expect_str_eq(stack->services[1].full, "shop-tool");
	cr_expect_str_eq(stack->services[2].full, "shop-web");
	cr_expect_eq(stack->services[2].level, 1u);
	cr_expect_eq(stack->services[2].dependencies[0].condition, STACK_HEALTHY);
	cr_expect(stack->services[2].dependencies[0].is_required);
	stack_free(stack);
}

Test(stack, names_are_those_of_the_file)
{
	struct stack *stack = load(shop);
	struct container web = container_of(stack, "web"), tool = container_of(stack, "tool");
	struct list volumes = { 0 };

	for (size_t i = 0; i < web.mount_count; i++)
		if (web.mounts[i].kind == MOUNT_VOLUME)
			list_add(&volumes, web.mounts[i].source);
	cr_assert_eq(volumes.count, 2u);
	cr_expect_str_eq(volumes.items[0], "shop_data");
	cr_expect_str_eq(volumes.items[1], "old");
	cr_assert_eq(web.network_count, 2u);
	cr_expect_str_eq(web.service, "shop-web");
	cr_expect_str_eq(web.networks[1].name, "shop_back");
	cr_expect(web.networks[1].is_internal);
	cr_expect(list_has(&web.networks[1].aliases, "web"));
	cr_assert_eq(web.neighbours.count, 1u);
	cr_expect_str_eq(web.neighbours.items[0], "shop_back db shop-db");
	cr_assert_eq(tool.network_count, 1u);
	cr_expect_str_eq(tool.networks[0].name, "shop_default");
	list_release(&volumes);
	container_release(&web);
	container_release(&tool);
	stack_free(stack);
}

Test(stack, secrets_by_name)
{
	struct stack *stack = load("{\"name\": \"s\", \"services\": {\"a\": {\"rootfs\": \"/r\", \"command\": [\"x\"], "
				   "\"secrets\": [\"pw\", {\"source\": \"pw\", \"target\": \"/b\"}]}}, \"secrets\": {\"pw\": {\"command\": [\"echo\", \"x\"]}}}");
	struct container c = container_of(stack, "a");
	size_t found = 0;

	for (size_t i = 0; i < c.file_count; i++)
		found += c.files[i].is_secret && (strcmp(c.files[i].target, "/run/secrets/pw") == 0 || strcmp(c.files[i].target, "/b") == 0);
	cr_expect_eq(found, 2u);
	container_release(&c);
	stack_free(stack);
}

Test(stack, one_app_is_a_stack_of_one)
{
	struct stack *stack = load("{\"name\": \"web\", \"rootfs\": \"/r\", \"command\": [\"x\"], \"replicas\": 3, "
				   "\"update\": {\"drain\": \"1s\"}}");

	cr_assert_null(stack->name);
	cr_assert_eq(stack->count, 1u);
	cr_expect_str_eq(stack->services[0].full, "web");
	cr_expect_eq(app_replicas(stack->services[0].app), 3);
	cr_expect_eq(app_update(stack->services[0].app).drain_us, 1000000);
	cr_expect_eq(app_update(stack->services[0].app).order, UPDATE_UNSAID);
	stack_free(stack);
}

Test(stack, what_is_printed_means_the_same)
{
	struct stack *stack = load(shop), *again;
	struct text first = { 0 }, second = { 0 };

	stack_dump(stack, &first);
	again = load(first.data);
	stack_dump(again, &second);
	cr_expect_str_eq(first.data, second.data);
	text_release(&first);
	text_release(&second);
	stack_free(stack);
	stack_free(again);
}

Test(stack, a_digest_tells_specs_apart_and_not_their_names)
{
	struct text one = { 0 }, other = { 0 }, keys = { 0 };
	char first[SHA256_TEXT], second[SHA256_TEXT];
	struct error e = { 0 };

	text_add(&one, "{\"name\": \"web\", \"rootfs\": \"/a\", \"command\": [\"x\"]}");
	text_add(&other, "{\"name\": \"web.2\", \"rootfs\": \"/b\", \"command\": [\"x\"], \"update\": {}}");
	cr_assert_eq(app_frozen_digest(&one, "sha256:1", first, &e), 0);
	cr_assert_eq(app_frozen_digest(&other, "sha256:1", second, &e), 0);
	cr_expect_str_eq(first, second);
	cr_assert_eq(app_frozen_digest(&other, "sha256:2", second, &e), 0);
	cr_expect_str_neq(first, second);
	cr_assert_eq(app_frozen_digest(&one, NULL, first, &e), 0);
	cr_assert_eq(app_frozen_digest(&other, NULL, second, &e), 0);
	cr_expect_str_neq(first, second);
	text_clear(&other);
	text_add(&other, "{\"command\": [\"y\"], \"user\": \"1\"}");
	cr_assert_eq(app_frozen_differences(&one, &other, &keys, &e), 0);
	cr_expect_str_eq(keys.data, "command, user");
	text_release(&one);
	text_release(&other);
	text_release(&keys);
}
