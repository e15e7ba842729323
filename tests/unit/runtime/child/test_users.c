/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_users.c - users and groups from hostile passwd and group files.
 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/child/users.h"
#include "tests/unit/base/scratch.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment: with: colons\n"
			     "broken:x:12\n"
			     "4294967296:x:0:0::/:/bin/sh\n"
			     "1000:x:0:0:a number as a name:/:/bin/sh\n"
			     "minus:x:-1:0::/:/bin/sh\n"
			     "huge:x:4294967295:0::/:/bin/sh\n"
			     "spaces:x: 5:5::/:/bin/sh\n"
			     "app:x:1000:1000:The App:/home/app:/bin/sh\n"
			     "app:x:0:0:a second one:/root:/bin/sh\n"
			     "web.srv-1$:x:33:34::relative/home:/bin/sh\n"
			     "last:x:77:78::/last:/bin/sh"; /* no newline */

static const char groups[] = "root:x:0:\n"
			     "app:x:1000:\n"
			     "audio:x:29:app,other\n"
			     "video:x:44:other,app\n"
			     "almost:x:45:apple,xapp\n"
			     "bad:x:4294967295:app\n"
			     "bad2:x:-1:app\n"
			     "docker:x:999:somebody\n"
			     "0:x:4242:app\n";

static void fill(void)
{
	cr_assert(mkdir("etc", 0755) == 0);
	put("etc/passwd", passwd);
	put("etc/group", groups);
}

struct good {
	const char *user;
	unsigned uid, gid;
	const char *groups, *home, *name;
};

static const struct good goods[] = {
	{ "", 0, 0, "0", "/root", "root" },
	{ "root", 0, 0, "0", "/root", "root" },
	{ "0", 0, 0, "0", "/root", "root" },
	{ "1", 1, 0, "0", "/", NULL },
	{ "1000", 1000, 1000, "1000", "/home/app", "app" },
	{ "app", 1000, 1000, "1000 29 44 4242", "/home/app", "app" },
	{ "app:audio", 1000, 29, "29", "/home/app", "app" },
	{ "app:0", 1000, 0, "0", "/home/app", "app" },
	{ "1000:29", 1000, 29, "29", "/home/app", "app" },
	{ "5000:6000", 5000, 6000, "6000", "/", NULL },
	{ "2147483648", 2147483648, 0, "0", "/", NULL },
	{ "4294967294:4294967294", 4294967294, 4294967294, "4294967294", "/", NULL },
	{ "web.srv-1$", 33, 34, "34", "/", "web.srv-1$" },
	{ "last", 77, 78, "78", "/last", "last" },
};

static void group_text(const struct identity *identity, struct text *ret)
{
	for (size_t i = 0; i < identity->group_count; i++)
		text_addf(ret, "%s%u", i ? " " : "", identity->groups[i]);
}

Test(users, good)
{
	SCRATCH();

	fill();
	for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
		const struct good *good = &goods[i];
		autorelease(text) struct text list = { 0 };
		autorelease(identity) struct identity identity = { 0 };
		struct error e = { 0 };

		cr_assert_eq(users_find(scratch, good->user, NULL, &identity, &e), 0, "%s: %s", good->user, e.text);
		group_text(&identity, &list);
		cr_expect_eq(identity.uid, good->uid, "%s: uid %u", good->user, identity.uid);
		cr_expect_eq(identity.gid, good->gid, "%s: gid %u", good->user, identity.gid);
		cr_expect_str_eq(list.data, good->groups, "%s: groups %s", good->user, list.data);
		cr_expect_str_eq(identity.home, good->home, "%s: home %s", good->user, identity.home);
		cr_expect(text_equal(identity.name, good->name), "%s: name %s", good->user, identity.name);
	}
}

static const struct {
	const char *user, *text;
} bads[] = {
	{ "4294967295", "expected a user id from 0 to 4294967294, found \"4294967295\"" },
	{ "4294967296", "expected a user id from 0 to 4294967294, found \"4294967296\"" },
	{ "99999999999999999999999", "expected a user id from 0 to 4294967294, found \"99999999999999999999999\"" },
	{ "-1", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"-1\"" },
	{ "+1", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"+1\"" },
	{ "0x0", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"0x0\"" },
	{ " 0", "expected a user such as \"app\", \"1000\" or \"app:www\", found \" 0\"" },
	{ "0 ", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"0 \"" },
	{ "1:", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"1:\"" },
	{ ":1", "expected a user such as \"app\", \"1000\" or \"app:www\", found \":1\"" },
	{ ":", "expected a user such as \"app\", \"1000\" or \"app:www\", found \":\"" },
	{ "1:2:3", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"1:2:3\"" },
	{ "a$b", "expected a user such as \"app\", \"1000\" or \"app:www\", found \"a$b\"" },
	{ "007", "expected a user id from 0 to 4294967294, found \"007\"" },
	{ "nobody", "find the user \"nobody\": /etc/passwd of the image has no such name" },
	{ "minus", "find the user \"minus\": /etc/passwd of the image has no such name" },
	{ "huge", "find the user \"huge\": /etc/passwd of the image has no such name" },
	{ "spaces", "find the user \"spaces\": /etc/passwd of the image has no such name" },
	{ "broken", "find the user \"broken\": /etc/passwd of the image has no such name" },
	{ "app:none", "find the group \"none\": /etc/group of the image has no such name" },
	{ "app:bad", "find the group \"bad\": /etc/group of the image has no such name" },
	{ "0:4294967295", "expected a group id from 0 to 4294967294, found \"4294967295\"" },
	{ "app:-1", "expected a group's name or number, found \"-1\"" },
};

Test(users, bad)
{
	SCRATCH();

	fill();
	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		struct identity identity = { .uid = 4711 };
		struct error e = { 0 };

		cr_assert_eq(users_find(scratch, bads[i].user, NULL, &identity, &e), -1, "%s was accepted",
			     bads[i].user);
		cr_expect_str_eq(e.text, bads[i].text);
		cr_expect_eq(e.kind, ERROR_SPEC);
		cr_expect_eq(identity.uid, 4711, "the result was touched");
	}
}

Test(users, group_add)
{
	SCRATCH();
	autorelease(list) struct list added = { 0 };
	autorelease(text) struct text text = { 0 };
	autorelease(identity) struct identity identity = { 0 };
	struct error e = { 0 };

	fill();
	list_add(&added, "docker");
	list_add(&added, "12345");
	list_add(&added, "1000"); /* is the primary one already */
	cr_assert_eq(users_find(scratch, "1000", &added, &identity, &e), 0, "%s", e.text);
	group_text(&identity, &text);
	cr_expect_str_eq(text.data, "1000 999 12345");
	list_add(&added, "nosuch");
	cr_expect_eq(users_find(scratch, "1000", &added, &identity, &e), -1);
	cr_expect_str_eq(e.text, "find the group \"nosuch\": /etc/group of the image has no such name");
}

Test(users, image_without_files)
{
	SCRATCH();
	struct identity identity = { 0 };
	struct error e = { 0 };

	cr_assert_eq(users_find(scratch, "1000:5", NULL, &identity, &e), 0, "%s", e.text);
	cr_expect_eq(identity.uid, 1000);
	identity_release(&identity);
	cr_expect_eq(users_find(scratch, "app", NULL, &identity, &e), -1);
	cr_expect_str_eq(e.text, "find the user \"app\": the image has no /etc/passwd");
	cr_expect(strstr(e.hint, "1000:1000") != NULL);
}

/* Each would read, wait or fill memory for ever in a naive reader. */
Test(users, hostile_files, .timeout = 10)
{
	SCRATCH();
	static const char *const kinds[] = {
		"link out", "fifo", "folder", "huge", "sparse", "long line", "many lines"
	};

	cr_assert(mkdir("etc", 0755) == 0);
	put("/tmp/box-unit-outside-passwd", "app:x:0:0::/:/bin/sh\n");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct identity identity = { 0 };
		struct error e = { 0 };
		autorelease(text) struct text content = { 0 };

		(void)unlink("etc/passwd");
		(void)rmdir("etc/passwd");
		switch (i) {
		case 0: cr_assert(symlink("/tmp/box-unit-outside-passwd", "etc/passwd") == 0); break;
		case 1: cr_assert(mkfifo("etc/passwd", 0644) == 0); break;
		case 2: cr_assert(mkdir("etc/passwd", 0755) == 0); break;
		case 3:
			for (int k = 0; k < 60000; k++)
				text_add(&content, "user:x:1:1:a long comment to fill the file:/home:/bin/sh\n");
			put("etc/passwd", content.data);
			break;
		case 4:
			put("etc/passwd", "");
			cr_assert(truncate("etc/passwd", INT64_C(10) << 30) == 0);
			break;
		case 5:
			for (int k = 0; k < 70000; k++)
				text_add_char(&content, 'a');
			put("etc/passwd", content.data);
			break;
		default:
			for (int k = 0; k < 70000; k++)
				text_add(&content, "x\n");
			put("etc/passwd", content.data);
			break;
		}
		cr_expect_eq(users_find(scratch, "app", NULL, &identity, &e), -1, "%s was accepted", kinds[i]);
		cr_expect(strstr(e.text, "/etc/passwd") != NULL, "%s: %s", kinds[i], e.text);
		identity_release(&identity);
	}
	(void)unlink("/tmp/box-unit-outside-passwd");
}

Test(users, zero_bytes)
{
	SCRATCH();
	struct identity identity = { 0 };
	struct error e = { 0 };
	static const char content[] = "app\0:x:0:0::/:/bin/sh\nweb:x:5:5::/:/bin/sh\n";
	FILE *file;

	cr_assert(mkdir("etc", 0755) == 0);
	file = fopen("etc/passwd", "we");
	cr_assert_eq(fwrite(content, 1, sizeof content - 1, file), sizeof content - 1);
	cr_assert_eq(fclose(file), 0);
	cr_expect_eq(users_find(scratch, "app", NULL, &identity, &e), -1, "a line with a zero byte was used");
	cr_expect_eq(users_find(scratch, "web", NULL, &identity, &e), 0, "%s", e.text);
	cr_expect_eq(identity.uid, 5);
	identity_release(&identity);
}
