/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_check.c - all problems of a file at once, and files with several services.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/app.h"

/* What app_check says, one problem per line, with "F" for the file's name, and its hint below it. */
static char *check(const char *json)
{
	char path[] = "/tmp/box-check-XXXXXX";
	int fd = mkstemp(path);
	struct list problems = { 0 }, hints = { 0 };
	struct text out = { 0 };
	struct error e = { 0 };

	cr_assert_geq(fd, 0);
	cr_assert_eq(write_all(fd, json, strlen(json)), 0);
	close(fd);
	cr_expect_eq(app_check(path, NULL, &problems, &hints, &e), problems.count ? -1 : 0);
	cr_assert_eq(problems.count, hints.count);
	for (size_t i = 0; i < problems.count; i++) {
		cr_assert(text_starts(problems.items[i], path), "%s", problems.items[i]);
		text_addf(&out, "F%s\n", problems.items[i] + strlen(path));
		if (hints.items[i][0])
			text_addf(&out, "  hint: %s\n", hints.items[i]);
	}
	(void)unlink(path);
	list_release(&problems);
	list_release(&hints);
	return text_take(&out);
}

static void expect(const char *json, const char *lines)
{
	char *found = check(json);

	cr_expect_str_eq(found, lines, "found:\n%s\nexpected:\n%s", found, lines);
	free(found);
}

Test(check, a_good_file)
{
	expect("{\"rootfs\": \"/r\", \"x-note\": {\"a\": \"${BOX_T_NONE}\"}, \"$schema\": \"s\"}", "");
}

Test(check, every_type_in_one_go)
{
	expect("{\"rootfs\": \"/r\",\n\"init\": 1,\n\"tmpfs\": [1,\n2],\n"
	       "\"resources\": {\"limits\": {\n\"memory\": \"x\",\n\"cpu\": 1,\n\"io\": [{}]}},\n"
	       "\"volumes\": [\"a\",\n\"b:/b\",\n{\"target\": \"c\"}]}",
	       "F:2: init: expected true or false, found 1\n"
	       "F:3: tmpfs[0]: expected a text, found 1\n"
	       "F:4: tmpfs[1]: expected a text, found 2\n"
	       "F:6: resources.limits.memory: expected a size such as \"512m\", found \"x\"\n"
	       "F:7: resources.limits.cpu: unknown field \"cpu\": did you mean \"cpus\"?\n"
	       "F:8: resources.limits.io[0]: missing required field \"device\"\n"
	       "F:9: volumes[0]: expected \"source:/target\" or \"source:/target:ro\", found \"a\"\n"
	       "F:11: volumes[2].target: expected an absolute path without \"..\", found \"c\"\n");
}

Test(check, every_rule_in_one_go)
{
	expect("{\"rootfs\": \"/r\",\n\"cap_add\": [\"X\",\n\"Y\"],\n\"tmpfs\": [\"/proc/x\",\n\"/a/\",\n\"/a\"],\n\"ports\": [\"80\"],\n"
	       "\"devices\": [\"/etc/x\"],\n\"oci\": {\"a\": 1}}",
	       "F:2: cap_add[0]: expected a capability such as \"NET_ADMIN\", or \"ALL\", found \"X\"\n"
	       "F:3: cap_add[1]: expected a capability such as \"NET_ADMIN\", or \"ALL\", found \"Y\"\n"
	       "F:4: tmpfs[0]: /proc is box's own: nothing can be mounted there\n"
	       "F:8: devices[0]: expected \"/dev/x\" or \"/dev/x:/dev/y:rwm\", found \"/etc/x\"\n"
	       "F:6: tmpfs[2]: /a has a mount already\n"
	       "F:9: oci.a: unknown field \"a\"\n");
}

Test(check, a_file_that_is_no_json)
{
	expect("{\n\"a\": }", "F:2: not JSON, column 6: unexpected token near '}'\n");
	expect("[]", "F: expected an object, found []\n");
	expect("", "F:1: not JSON, column 1: '[' or '{' expected near end of file\n");
}

Test(check, more_than_anybody_reads)
{
	struct text json = { 0 };
	struct list lines = { 0 };
	char *found;

	text_add(&json, "{\"rootfs\": \"/r\", \"tmpfs\": [1");
	for (int i = 0; i < 500; i++)
		text_add(&json, ",1");
	text_add(&json, "]}");
	found = check(json.data);
	for (char *at = found; (at = strchr(at, '\n')); at++)
		list_add(&lines, "");
	cr_expect_eq(lines.count, 100u);
	list_release(&lines);
	free(found);
	text_release(&json);
}

Test(check, good_services_have_no_problem)
{
	expect("{\n\"name\": \"shop\", \"services\": {\"web\": {\"image\": \"nginx\", \"ports\": [80], \"depends_on\": {\"db\": {\"condition\": "
	       "\"service_healthy\"}}, \"healthcheck\": {\"tcp\": {\"port\": 80}}}, \"db\": {\"image\": \"db\", \"restart\": \"always\"}},"
	       "\"networks\": {}, \"volumes\": {\"data\": {}}, \"secrets\": {\"s\": {\"file\": \"s\"}}, \"x-y\": 1}",
	       "");
}

Test(check, services_are_checked_like_apps)
{
	expect("{\"services\": {\n\"web\": {\"image\": \"a\",\n\"hostname\": \"a_b\"},\n\"db\": {\n\"image\": \"a\", \"env\": {},\n"
	       "\"depends_on\": [\"none\",\n\"db\"]}}}",
	       "F:3: services.web.hostname: expected at most 63 letters, digits, \"-\" or \".\", found \"a_b\"\n"
	       "F:6: services.db.depends_on[0]: there is no service \"none\"\n"
	       "F:7: services.db.depends_on[1]: db depends on itself\n"
	       "F:5: services.db.env: unknown field \"env\": did you mean \"environment\"?\n");
}

Test(check, names_of_the_file_and_of_services)
{
	expect("{\"services\": {\"a\": {\"image\": \"i\", \"volumes\": [\"data:/d\"], \"networks\": [\"front\"]}}}",
	       "F:1: services.a.volumes[0]: the file has no volume \"data\"\n"
	       "  hint: write \"volumes\": {\"data\": {}} beside \"services\"\n"
	       "F:1: services.a.networks[0]: the file has no network \"front\"\n"
	       "  hint: write \"networks\": {\"front\": {}} beside \"services\"\n");
	expect("{\"services\": {\"a.b\": {\"image\": \"i\"}}}",
	       "F:1: services.a.b: expected a service's name of up to 50 letters, digits, \"_\" or \"-\", found \"a.b\"\n");
	expect("{\"services\": {\"a\": {\"image\": \"i\"}, \"a-2\": {\"image\": \"i\"}}}",
	       "F:1: services.a-2: \"a-2\" is what a replica of the service \"a\" is called: choose another name\n");
	expect("{\"services\": {\"a\": {\"image\": \"i\", \"name\": \"b\"}}}",
	       "F:1: services.a.name: the name of a service is its key in \"services\"\n");
	expect("{\"services\": {}}", "F:1: services: expected at least one service\n");
	expect("{\"services\": {\"a\": {\"image\": \"i\"}}, \"volumes\": {\"d\": {\"driver\": \"nfs\"}}}",
	       "F:1: volumes.d.driver: volumes are folders of box's store: leave it out\n");
}

Test(check, what_is_wrong_beside_the_services_does_not_hide_them)
{
	expect("{\"version\": \"3\",\n\"services\": {\"a\": {\"image\": \"i\",\n\"init\": 1}},\n"
	       "\"networks\": {\"default\": {\"driver\": \"bridge\"}}}",
	       "F:1: version: unknown field \"version\"\n"
	       "  hint: leave it out\n"
	       "F:4: networks.default.driver: every network is a private one of box's: leave it out\n"
	       "F:3: services.a.init: expected true or false, found 1\n");
}

Test(check, volumes_and_networks_of_the_file_may_be_null)
{
	expect("{\"services\": {\"a\": {\"image\": \"i\", \"volumes\": [\"data:/d\"], \"networks\": {\"front\": null}}},"
	       "\"volumes\": {\"data\": null}, \"networks\": {\"front\": null}}",
	       "");
}

Test(check, services_in_a_circle)
{
	expect("{\"services\": {\"a\": {\"image\": \"i\", \"depends_on\": [\"b\"]}, \"b\": {\"image\": \"i\",\n\"depends_on\": [\"c\"]}, \"c\": "
	       "{\"image\": \"i\",\n\"depends_on\": [\"a\"]}, \"d\": {\"image\": \"i\"}}}",
	       "F:3: services.c.depends_on: the services wait for each other in a circle: a waits for b waits for c waits for a\n");
}

Test(check, keys_of_one_form_in_the_other)
{
	expect("{\"services\": {}, \"image\": \"i\"}", "F:1: image: unknown field \"image\"\nF:1: services: expected at least one service\n");
	expect("{\"rootfs\": \"/r\", \"depends_on\": [\"x\"]}",
	       "F:1: depends_on: an app depends on others only in a file with \"services\"\n");
	expect("{\"services\": {\"a\": {\"image\": \"i\", \"overrides\": {}}}}",
	       "F:1: services.a.overrides: overrides stand at the top of the file, beside \"services\"\n");
	expect("{\"services\": {\"a\": 1}}", "F:1: services.a: expected an object, found 1\n");
	expect("{\"services\": [], \"volumes\": []}",
	       "F:1: volumes: expected an object of objects, found []\nF:1: services: expected an object, found []\n");
}
