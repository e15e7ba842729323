/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_container_tree.c - what the container that an app.json describes has in its tree: mounts, volumes, files, secrets.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/unit/specs/scratch_app.h"

TestSuite(container_tree, .init = begin, .fini = end);

Test(container_tree, own_mounts)
{
	static const struct {
		enum mount_kind kind;
		const char *target;
	} own[] = { { MOUNT_PROC, "/proc" }, { MOUNT_DEV, "/dev" }, { MOUNT_SYSFS, "/sys" }, { MOUNT_CGROUP, "/sys/fs/cgroup" },
		    { MOUNT_TMPFS, "/run" }, { MOUNT_TMPFS, "/tmp" } };
	struct container c = make("");

	cr_assert_eq(c.mount_count, sizeof own / sizeof *own);
	for (size_t i = 0; i < c.mount_count; i++) {
		cr_expect_eq(c.mounts[i].kind, own[i].kind);
		cr_expect_str_eq(c.mounts[i].target, own[i].target);
		cr_expect(c.mounts[i].attributes & MOUNT_ATTR_NOSUID);
		cr_expect_null(c.mounts[i].field);
	}
	cr_expect_eq(mount_at(&c, "/dev")->size, 64 << 20);
	cr_expect_eq(mount_at(&c, "/run")->mode, 0755u);
	cr_expect_eq(mount_at(&c, "/tmp")->mode, 01777u);
	cr_expect(mount_at(&c, "/run")->copy_up);
	cr_expect_not(mount_at(&c, "/tmp")->attributes & MOUNT_ATTR_NOEXEC, "builds run from /tmp");
	cr_expect(list_has(&c.masked_paths, "/proc/kcore"));
	cr_expect(list_has(&c.masked_paths, "/sys/firmware"));
	cr_expect(list_has(&c.read_only_paths, "/proc/sys"));
	container_release(&c);
}

Test(container_tree, volumes)
{
	struct container c = make("\"shm_size\": \"1m\", \"tmpfs\": [\"/scratch/:size=2m,mode=0700,ro\", \"/run\"],"
				  "\"volumes\": [\"./data:/data:ro\", \"/abs:/abs\", \"~/h:/home\", \"uploads:/up//./load/\","
				  "{\"source\": \"./f\", \"target\": \"/f\", \"idmap\": \"container\"},"
				  "{\"source\": \"db\", \"target\": \"/db\", \"shared\": true},"
				  "{\"type\": \"tmpfs\", \"target\": \"/mem\"}]");
	char *expected = text_format("%s/data", folder);
	char *home = text_format("%s/h", getenv("HOME") ? getenv("HOME") : "?");

	cr_expect_eq(mount_at(&c, "/dev")->size, 1 << 20);
	cr_expect_eq(mount_at(&c, "/data")->kind, MOUNT_BIND);
	cr_expect_str_eq(mount_at(&c, "/data")->source, expected);
	cr_expect(mount_at(&c, "/data")->attributes & MOUNT_ATTR_RDONLY);
	cr_expect(mount_at(&c, "/data")->attributes & MOUNT_ATTR_NODEV);
	cr_expect_eq(mount_at(&c, "/data")->idmap, IDMAP_CALLER);
	cr_expect_str_eq(mount_at(&c, "/data")->field, "volumes[0]");
	cr_expect_str_eq(mount_at(&c, "/abs")->source, "/abs");
	cr_expect_not(mount_at(&c, "/abs")->attributes & MOUNT_ATTR_RDONLY);
	if (getenv("HOME"))
		cr_expect_str_eq(mount_at(&c, "/home")->source, home);
	cr_expect_eq(mount_at(&c, "/up/load")->kind, MOUNT_VOLUME, "the target is in its one form");
	cr_expect_str_eq(mount_at(&c, "/up/load")->source, "uploads");
	cr_expect(mount_at(&c, "/up/load")->copy_up);
	cr_expect_eq(mount_at(&c, "/f")->idmap, IDMAP_CONTAINER);
	cr_expect_eq(mount_at(&c, "/f")->kind, MOUNT_BIND, "a path is a bind, also without type");
	cr_expect_eq(mount_at(&c, "/db")->kind, MOUNT_VOLUME, "a name is a volume, also without type");
	cr_expect(mount_at(&c, "/db")->is_shared);
	cr_expect_eq(mount_at(&c, "/mem")->kind, MOUNT_TMPFS);
	cr_expect_eq(mount_at(&c, "/scratch")->size, 2 << 20);
	cr_expect_eq(mount_at(&c, "/scratch")->mode, 0700u);
	cr_expect(mount_at(&c, "/scratch")->attributes & MOUNT_ATTR_RDONLY);
	cr_expect_str_eq(mount_at(&c, "/run")->field, "tmpfs[1]", "the spec's instead of box's own");
	free(expected);
	free(home);
	container_release(&c);
}

Test(container_tree, image_volumes_are_hostile)
{
	static const char *const asked[] = { "/..", "/../etc", "/./proc", "//sys", "/dev/../dev", "/proc/", "/", "", ".", "/data/",
					      "log", "/covered", "/a b" };
	struct image_config image = { 0 };
	struct container c = { 0 };
	struct error e = { 0 };
	size_t volumes = 0;

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		list_add(&image.volumes, asked[i]);
	cr_assert_eq(try("\"tmpfs\": [\"/covered\"]", &image, NULL, &c, &e), 0, "%s", e.text);
	for (size_t i = 0; i < c.mount_count; i++)
		volumes += c.mounts[i].kind == MOUNT_VOLUME;
	cr_expect_eq(volumes, 3u);
	cr_expect_str_eq(mount_at(&c, "/data")->source, "web_data");
	cr_expect(mount_at(&c, "/data")->copy_up);
	cr_expect_str_eq(mount_at(&c, "/log")->source, "web_log");
	cr_expect(text_starts(mount_at(&c, "/a b")->source, "web_a_b-"), "what is no letter of a name makes it unlike others");
	cr_expect_eq(mount_at(&c, "/covered")->kind, MOUNT_TMPFS);
	container_release(&c);
	for (int i = 0; i < 64; i++)
		list_addf(&image.volumes, "/v%d", i);
	cr_expect_eq(try("", &image, NULL, &c, &e), -1);
	cr_expect_not_null(strstr(e.text, "more than 64"), "%s", e.text);
	list_release(&image.volumes);
}

Test(container_tree, image_volumes_do_not_share_names)
{
	struct image_config image = { 0 };
	struct container c = { 0 };
	struct error e = { 0 };

	list_add(&image.volumes, "/a/b");
	list_add(&image.volumes, "/a_b");
	cr_assert_eq(try("", &image, NULL, &c, &e), 0, "%s", e.text);
	cr_expect_str_eq(mount_at(&c, "/a/b")->source, "web_a_b");
	cr_expect_str_neq(mount_at(&c, "/a_b")->source, "web_a_b");
	container_release(&c);
	list_release(&image.volumes);
}

Test(container_tree, option_v)
{
	static const char *const wrong[][2] = {
		{ "data", "option -v data: expected \"source:/target\"" },
		{ "a/../../x:/y", "option -v a/../../x:/y: expected a volume's name" },
		{ "/:/proc", "option -v /:/proc: /proc is box's own" },
		{ "/:/./sys", "/sys is box's own" },
		{ "/:/..", "expected an absolute path" },
		{ "./none:/x", "option -v ./none:/x: find ./none: No such file" },
		{ "/:/taken", "something is mounted on /taken already" },
		{ "/:/x:rx", "expected \"source:/target\"" },
	};
	struct list volumes = { 0 };
	const struct app_options options = { .volumes = &volumes };
	struct container c = { 0 };
	struct error e = { 0 };
	char *expected;

	cr_assert_eq(mkdir("here", 0700), 0);
	list_add(&volumes, "./here:/here:ro");
	list_add(&volumes, "named:/named");
	cr_assert_eq(try("\"tmpfs\": [\"/taken\"]", NULL, &options, &c, &e), 0, "%s", e.text);
	expected = realpath("here", NULL);
	cr_expect_str_eq(mount_at(&c, "/here")->source, expected);
	cr_expect(mount_at(&c, "/here")->attributes & MOUNT_ATTR_RDONLY);
	cr_expect_eq(mount_at(&c, "/named")->kind, MOUNT_VOLUME);
	container_release(&c);
	free(expected);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		e = (struct error){ 0 };
		list_release(&volumes);
		list_add(&volumes, wrong[i][0]);
		cr_expect_eq(try("\"tmpfs\": [\"/taken\"]", NULL, &options, &c, &e), -1, "%s", wrong[i][0]);
		cr_expect_not_null(strstr(e.text, wrong[i][1]), "%s: %s", wrong[i][0], e.text);
		cr_expect_str_eq(e.field, "", "it is not the file's");
	}
	list_release(&volumes);
}

Test(container_tree, secrets)
{
	struct container c;
	struct stat st;

	put("token", "s3cret");
	put("db", "");
	c = make("\"secrets\": [\"./token\", {\"source\": \"db\", \"target\": \"pass\", \"uid\": 5, \"gid\": \"6\", \"mode\": \"0440\"},"
		 "{\"source\": \"token\", \"target\": \"/etc//key/\"}]");
	cr_assert_not_null(file_at(&c, "/run/secrets/token"));
	cr_expect_eq(file_at(&c, "/run/secrets/token")->length, 6u);
	cr_expect_arr_eq(file_at(&c, "/run/secrets/token")->data, "s3cret", 6);
	cr_expect(file_at(&c, "/run/secrets/token")->is_secret);
	cr_expect_not(file_at(&c, "/run/secrets/token")->is_optional);
	cr_expect_eq(file_at(&c, "/run/secrets/token")->mode, 0400u);
	cr_expect_str_eq(file_at(&c, "/run/secrets/token")->field, "secrets[0]");
	cr_expect_eq(file_at(&c, "/run/secrets/pass")->uid, 5u);
	cr_expect_eq(file_at(&c, "/run/secrets/pass")->gid, 6u);
	cr_expect_eq(file_at(&c, "/run/secrets/pass")->mode, 0440u);
	cr_expect_not_null(file_at(&c, "/etc/key"));
	cr_expect_eq(stat("token", &st), 0);
	container_release(&c);
}

Test(container_tree, secrets_are_bounded_and_named)
{
	struct container c = { 0 };
	struct error e = { 0 };
	autoclose int fd = open("large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(ftruncate(fd, (1 << 20) + 1), 0);
	cr_expect_eq(try("\"secrets\": [\"./large\"]", NULL, NULL, &c, &e), -1);
	cr_expect_str_eq(e.field, "secrets[0].source");
	cr_assert_eq(ftruncate(fd, 1 << 20), 0);
	e = (struct error){ 0 };
	cr_expect_eq(try("\"secrets\": [{\"source\": \"large\", \"target\": \"a\"}, {\"source\": \"large\", \"target\": \"b\"},"
			 "{\"source\": \"large\", \"target\": \"c\"}, {\"source\": \"large\", \"target\": \"d\"},"
			 "{\"source\": \"large\", \"target\": \"e\"}, {\"source\": \"large\", \"target\": \"f\"},"
			 "{\"source\": \"large\", \"target\": \"g\"}, {\"source\": \"large\", \"target\": \"h\"},"
			 "{\"source\": \"app.json\", \"target\": \"i\"}]",
			 NULL, NULL, &c, &e), -1);
	cr_expect_str_eq(e.text, "all secrets together have more than 8 MiB");
	e = (struct error){ 0 };
	cr_expect_eq(try("\"secrets\": [\"none\"]", NULL, NULL, &c, &e), -1);
	cr_expect_str_eq(e.field, "secrets[0].source");
	cr_expect_eq(e.kind, ERROR_MISSING);
}

Test(container_tree, config_never_prints_a_secret)
{
	struct app *app = NULL;
	struct text out = { 0 };
	struct error e = { 0 };

	put("token", "canary-7411");
	put("app.json", "{\"rootfs\": \"r\", \"command\": [\"x\"], \"secrets\": [\"./token\"]}");
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
	app_dump(app, &out);
	cr_expect_not_null(strstr(out.data, "./token"));
	cr_expect_null(strstr(out.data, "canary"));
	app_free(app);
	text_release(&out);
}

Test(container_tree, etc)
{
	struct container c = make("\"hostname\": \"h.example\", \"volumes\": [\"/etc/hosts:/etc/hosts:ro\"]");

	cr_expect_null(file_at(&c, "/etc/hosts"), "the spec mounts its own");
	cr_assert_not_null(file_at(&c, "/etc/hostname"));
	cr_expect_str_eq(file_at(&c, "/etc/hostname")->data, "h.example\n");
	cr_expect(file_at(&c, "/etc/hostname")->is_optional);
	cr_expect_eq(file_at(&c, "/etc/hostname")->mode, 0644u);
	cr_expect_null(strstr(file_at(&c, "/etc/resolv.conf")->data, "nameserver"), "there is no network");
	container_release(&c);
	c = make("");
	cr_assert_not_null(file_at(&c, "/etc/hosts"));
	cr_expect_not_null(strstr(file_at(&c, "/etc/hosts")->data, "127.0.0.1\tlocalhost\n"));
	cr_expect_not_null(strstr(file_at(&c, "/etc/hosts")->data, "web\n"));
	container_release(&c);
}

Test(container_tree, a_secret_has_one_source_and_takes_its_name)
{
	struct container c;

	cr_assert_eq(setenv("TOKEN", "from the caller", 1), 0);
	put("keeper", "#!/bin/sh\nprintf %s \"$2 $1\"\n");
	cr_assert_eq(chmod("keeper", 0700), 0);
	c = make("\"secrets\": [{\"source\": {\"environment\": \"TOKEN\"}}, {\"source\": {\"command\": [\"./keeper\", \"a\", \"b\"]},"
		 "\"target\": \"kept\", \"environment\": \"KEPT\"}]");
	cr_assert_not_null(file_at(&c, "/run/secrets/TOKEN"));
	cr_expect_str_eq(file_at(&c, "/run/secrets/TOKEN")->data, "from the caller");
	cr_assert_not_null(file_at(&c, "/run/secrets/kept"));
	cr_expect_str_eq(file_at(&c, "/run/secrets/kept")->data, "b a");
	cr_expect_null(list_env_get(&c.env, "KEPT"), "what is recorded has it");
	cr_expect_str_eq(list_env_get(&c.secret_env, "KEPT"), "b a");
	cr_expect_eq(c.secret_env.count, 1u);
	container_release(&c);
}
