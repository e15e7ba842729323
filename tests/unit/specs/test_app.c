/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_app.c - from app.json to a container: defaults, what overrides what, variables, the schema.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/image_config.h"

static char file[64];

static void begin(void)
{
	int fd;

	memcpy(file, "/tmp/box-app-XXXXXX", sizeof "/tmp/box-app-XXXXXX");
	fd = mkstemp(file);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void end(void)
{
	(void)unlink(file);
}

TestSuite(app, .init = begin, .fini = end);

static struct app *load(const char *json, const struct app_options *options)
{
	struct app *app = NULL;
	struct error e = { 0 };
	int fd = open(file, O_WRONLY | O_TRUNC);

	cr_assert_eq(write_all(fd, json, strlen(json)), 0);
	close(fd);
	cr_assert_eq(app_load(file, options, &app, &e), 0, "%s", e.text);
	return app;
}

static struct container resolve(const char *json, const struct image_config *image, const struct app_options *options)
{
	struct app *app = load(json, options);
	struct container c = { 0 };
	struct error e = { 0 };

	cr_assert_eq(app_container(app, image, options, &c, &e), 0, "%s", e.text);
	app_free(app);
	return c;
}

static const struct mount_entry *mount_at(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (strcmp(c->mounts[i].target, target) == 0)
			return &c->mounts[i];
	return NULL;
}

Test(app, the_defaults_protect)
{
	struct container c = resolve("{\"name\": \"web\", \"rootfs\": \"/r\", \"command\": [\"x\"]}", NULL, NULL);

	cr_assert_str_eq(c.name, "web");
	cr_assert_str_eq(c.hostname, "web");
	cr_assert(container_has_namespace(&c, NAMESPACE_USER));
	cr_assert(c.no_new_privileges);
	cr_assert_eq(c.seccomp, SECCOMP_DEFAULT);
	cr_assert_eq(c.namespaces[NAMESPACE_NETWORK].choice, NAMESPACE_NEW);
	cr_assert_eq(c.limits.pids, 1024);
	cr_assert(c.limits.pids_is_default);
	cr_assert_eq(c.limits.memory, LIMIT_UNSET);
	cr_assert_eq(c.limits.swap, LIMIT_UNSET, "without a memory limit there is none of swap");
	cr_assert_eq(c.stop_signal, SIGTERM);
	cr_assert_eq(c.reload.signal, 0);
	cr_assert_eq(c.stop_grace_us, 10000000);
	cr_assert_str_eq(c.working_dir, "/");
	cr_assert_eq(c.capabilities.bounding & (UINT64_C(1) << capability_number("SYS_ADMIN")), 0);
	cr_assert_neq(c.capabilities.bounding & (UINT64_C(1) << capability_number("CHOWN")), 0);
	cr_assert_str_eq(list_env_get(&c.env, "container"), "box");
	cr_assert_not_null(list_env_get(&c.env, "PATH"));
	cr_assert_eq(c.rlimits[0].resource, (int)RLIMIT_CORE);
	cr_assert_eq(c.rlimits[0].hard, 0u);
	container_release(&c);
}

Test(app, own_mounts_come_first_and_parents_before_children)
{
	struct container c = resolve("{\"rootfs\": \"/r\", \"command\": [\"x\"], \"volumes\": [\"b:/srv/a/b\", \"a:/srv/a\", \"/h:/tmp\"]}",
				     NULL, NULL);
	size_t a = 0, b = 0;

	cr_assert_eq(c.mounts[0].kind, MOUNT_PROC);
	for (size_t i = 0; i < c.mount_count; i++) {
		if (strcmp(c.mounts[i].target, "/srv/a") == 0)
			a = i;
		if (strcmp(c.mounts[i].target, "/srv/a/b") == 0)
			b = i;
		cr_assert(c.mounts[i].kind == MOUNT_DEV || (c.mounts[i].attributes & MOUNT_ATTR_NODEV), "%s", c.mounts[i].target);
		cr_assert(c.mounts[i].attributes & MOUNT_ATTR_NOSUID);
	}
	cr_assert_lt(a, b);
	cr_assert_eq(mount_at(&c, "/tmp")->kind, MOUNT_BIND, "the user's mount replaces box's own tmpfs");
	cr_assert_eq(mount_at(&c, "/run")->kind, MOUNT_TMPFS);
	cr_assert(mount_at(&c, "/srv/a")->copy_up);
	container_release(&c);
}

Test(app, a_reload_is_a_signal_or_a_program)
{
	struct container c = resolve("{\"rootfs\": \"/r\", \"command\": [\"x\"], \"reload\": {\"signal\": \"hup\"}}", NULL, NULL);

	cr_expect_eq(c.reload.signal, SIGHUP);
	cr_expect_eq(c.reload.exec.count, 0);
	container_release(&c);
	c = resolve("{\"rootfs\": \"/r\", \"command\": [\"x\"], \"reload\": {\"exec\": [\"a\", \"b\"], \"timeout\": \"2s\"}}", NULL, NULL);
	cr_expect_eq(c.reload.signal, 0);
	cr_assert_eq(c.reload.exec.count, 2);
	cr_expect_str_eq(c.reload.exec.items[1], "b");
	cr_expect_eq(c.reload.timeout_us, 2000000);
	container_release(&c);
}

Test(app, an_image_lies_under_the_spec)
{
	static const char json[] = "{\"architecture\": \"amd64\", \"config\": {\"User\": \"app\", \"Env\": [\"A=1\", \"B=2\"],"
				   "\"Entrypoint\": [\"/entry\"], \"Cmd\": [\"serve\"], \"WorkingDir\": \"/srv\", \"StopSignal\": \"SIGQUIT\","
				   "\"Volumes\": {\"/data\": {}, \"/../etc\": {}, \"/proc/x\": {}}}, \"history\": [{\"x\": 1}]}";
	struct image_config image = { 0 };
	struct error e = { 0 };
	struct container c;

	cr_assert_eq(image_config_decode(json, strlen(json), "config", &image, &e), 0, "%s", e.text);
	c = resolve("{\"name\": \"n\", \"rootfs\": \"/r\", \"environment\": {\"B\": \"3\"}}", &image, NULL);
	cr_assert_str_eq(c.args.items[0], "/entry");
	cr_assert_str_eq(c.args.items[1], "serve");
	cr_assert_str_eq(c.user, "app");
	cr_assert_null(c.user_field);
	cr_assert_str_eq(c.working_dir, "/srv");
	cr_assert_eq(c.stop_signal, SIGQUIT);
	cr_assert_str_eq(list_env_get(&c.env, "A"), "1");
	cr_assert_str_eq(list_env_get(&c.env, "B"), "3");
	cr_assert_str_eq(mount_at(&c, "/data")->source, "n_data");
	cr_assert_null(mount_at(&c, "/../etc"), "hostile targets are left out");
	cr_assert_null(mount_at(&c, "/proc/x"));
	container_release(&c);
	c = resolve("{\"rootfs\": \"/r\", \"entrypoint\": [\"/mine\"]}", &image, NULL);
	cr_assert_eq(c.args.count, 1u, "an entrypoint of the spec forgets the image's command");
	container_release(&c);
	image_config_release(&image);
}

Test(app, the_command_line_comes_last)
{
	struct list env = { 0 }, command = { 0 };
	struct app_options options = { .name = "given", .env = &env, .command = &command, .override = "dev" };
	struct container c;

	list_add(&env, "A=9");
	list_add(&command, "other");
	c = resolve("{\"rootfs\": \"/r\", \"entrypoint\": [\"e\"], \"command\": [\"x\"], \"environment\": {\"A\": \"1\", \"K\": \"k\"},"
		    "\"hostname\": \"h\", \"overrides\": {\"dev\": {\"environment\": {\"B\": \"2\", \"K\": null}, \"hostname\": null}}}",
		    NULL, &options);
	cr_assert_str_eq(c.name, "given");
	cr_assert_str_eq(c.hostname, "given", "null in an override removes the field");
	cr_assert_str_eq(list_env_get(&c.env, "A"), "9");
	cr_assert_str_eq(list_env_get(&c.env, "B"), "2", "objects are merged");
	cr_assert_null(list_env_get(&c.env, "K"));
	cr_assert_str_eq(c.args.items[1], "other");
	container_release(&c);
	list_release(&env);
	list_release(&command);
}

Test(app, variables_are_values_and_nothing_else)
{
	struct container c;

	cr_assert_eq(setenv("BOX_TEST_VALUE", "\", \"privileged\": true", 1), 0);
	c = resolve("{\"rootfs\": \"/r\", \"command\": [\"x\", \"${BOX_TEST_VALUE}\", \"${BOX_TEST_NONE:-d}\", \"$${A}\", \"$1\"]}", NULL, NULL);
	cr_assert_str_eq(c.args.items[1], "\", \"privileged\": true");
	cr_assert_str_eq(c.args.items[2], "d");
	cr_assert_str_eq(c.args.items[3], "${A}");
	cr_assert_str_eq(c.args.items[4], "$1");
	container_release(&c);
}

Test(app, limits_become_numbers)
{
	struct container c = resolve("{\"rootfs\": \"/r\", \"command\": [\"x\"], \"resources\": {\"limits\": {\"memory\": \"64m\", \"cpus\": 1.5,"
				     "\"pids\": 7, \"cpuset\": \"0-1\"}}, \"ulimits\": {\"nofile\": {\"soft\": 5, \"hard\": 6}, \"core\": \"unlimited\"}}",
				     NULL, NULL);

	cr_assert_eq(c.limits.memory, 64 << 20);
	cr_assert_eq(c.limits.swap, 0);
	cr_assert(c.limits.swap_is_default);
	cr_assert_eq(c.limits.cpu_quota_us, 150000);
	cr_assert_eq(c.limits.pids, 7);
	cr_assert_not(c.limits.pids_is_default);
	cr_assert_str_eq(c.limits.cpuset, "0-1");
	cr_assert_eq(c.rlimit_count, 2u);
	cr_assert_eq(c.rlimits[0].hard, (uint64_t)RLIM_INFINITY);
	cr_assert_eq(c.rlimits[1].soft, 5u);
	container_release(&c);
}

Test(app, drop_all_and_add_one_leaves_one)
{
	struct container c = resolve("{\"rootfs\": \"/r\", \"command\": [\"x\"], \"cap_add\": [\"NET_ADMIN\"],"
				     "\"cap_drop\": [\"ALL\"]}", NULL, NULL);

	cr_assert_eq(c.capabilities.bounding, UINT64_C(1) << capability_number("NET_ADMIN"));
	container_release(&c);
}

Test(app, check_reports_every_error)
{
	struct list problems = { 0 };
	struct error e = { 0 };
	int fd = open(file, O_WRONLY | O_TRUNC);
	static const char json[] = "{\"rootfs\": \"/r\",\n\"hostname\": \"a_b\",\n\"stop_signal\": \"X\",\n\"networks\": [\"a b\"]}";

	cr_assert_eq(write_all(fd, json, strlen(json)), 0);
	close(fd);
	cr_assert_eq(app_check(file, NULL, &problems, NULL, &e), -1);
	cr_assert_eq(problems.count, 3u);
	cr_assert_not_null(strstr(problems.items[0], ":2: hostname: "), "%s", problems.items[0]);
	cr_assert_not_null(strstr(problems.items[1], ":3: stop_signal: "), "%s", problems.items[1]);
	cr_assert_not_null(strstr(problems.items[2], ":4: networks: expected a letter or digit"), "%s", problems.items[2]);
	list_release(&problems);
}

Test(app, what_config_prints_is_read_as_the_same)
{
	struct app *app = load("{\"name\": \"n\", \"rootfs\": \"/r\", \"command\": [\"x\"], \"volumes\": [\"a:/a:ro\"],"
			       "\"resources\": {\"limits\": "
			       "{\"memory\": \"1g\", \"cpus\": 0.25}}, \"stop_grace_period\": \"1m30s\"}", NULL);
	struct text first = { 0 }, second = { 0 };

	app_dump(app, &first);
	app_free(app);
	app = load(first.data, NULL);
	app_dump(app, &second);
	cr_assert_str_eq(first.data, second.data);
	app_free(app);
	text_release(&first);
	text_release(&second);
}

Test(app, the_schema_in_the_tree_is_that_of_the_tables)
{
	struct text tree = { 0 }, tables = { 0 };
	struct error e = { 0 };

	if (file_read(AT_FDCWD, "specs/app.schema.json", 1 << 20, &tree, &e))
		cr_skip("run from the top of the tree");
	app_schema(&tables);
	cr_assert_str_eq(tree.data, tables.data, "box spec --schema > specs/app.schema.json");
	text_release(&tree);
	text_release(&tables);
}
