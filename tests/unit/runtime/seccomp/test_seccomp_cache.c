/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp_cache.c - compiled filters on disk: what is trusted, and what is not.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/seccomp/seccomp_cache.h"
#include "specs/container.h"
#include "tests/unit/base/scratch.h"

static struct sock_filter code[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
				     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
static const struct seccomp_filter filter = { .code = code, .count = 2, .flags = SECCOMP_FILTER_FLAG_LOG };
static const char key[] = "a key\0with a zero byte";

/* The one file in folder. */
static void only_file(char *ret, size_t size)
{
	autoclosedir DIR *folder = opendir("cache");
	const struct dirent *entry;

	cr_assert(folder != NULL);
	*ret = '\0';
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] != '.')
			(void)snprintf(ret, size, "cache/%s", entry->d_name);
	}
	cr_assert(*ret);
}

static int get(struct seccomp_filter *ret)
{
	return seccomp_cache_get("cache", key, sizeof key, ret);
}

Test(seccomp_cache, round_trip)
{
	SCRATCH();
	struct seccomp_filter found = { 0 };
	struct stat st;

	cr_expect_eq(get(&found), 0, "found in a folder that is not there");
	seccomp_cache_put("cache", key, sizeof key, &filter);
	cr_assert_eq(get(&found), 1);
	cr_expect_eq(found.count, 2);
	cr_expect_eq(found.flags, SECCOMP_FILTER_FLAG_LOG);
	cr_expect_eq(memcmp(found.code, code, sizeof code), 0);
	seccomp_filter_release(&found);
	cr_assert_eq(stat("cache", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	cr_expect_eq(seccomp_cache_get("cache", "another", 7, &found), 0);
}

Test(seccomp_cache, key_is_compared_not_its_hash)
{
	SCRATCH();
	struct seccomp_filter found = { 0 };
	char path[300];
	FILE *file;

	seccomp_cache_put("cache", key, sizeof key, &filter);
	only_file(path, sizeof path);
	file = fopen(path, "r+e");
	cr_assert(file && fseek(file, 24 + 2, SEEK_SET) == 0 && fputc('X', file) == 'X' && fclose(file) == 0);
	cr_expect_eq(get(&found), 0, "a file with another key was used");
}

Test(seccomp_cache, broken_files)
{
	SCRATCH();
	struct seccomp_filter found = { 0 };
	char path[300];
	struct stat st;

	seccomp_cache_put("cache", key, sizeof key, &filter);
	only_file(path, sizeof path);
	cr_assert_eq(stat(path, &st), 0);
	for (off_t length = st.st_size - 1; length >= 0; length--) {
		cr_assert_eq(truncate(path, length), 0);
		cr_expect_eq(get(&found), 0, "used with %lld of %lld bytes", (long long)length, (long long)st.st_size);
	}
}

Test(seccomp_cache, not_ours)
{
	SCRATCH();
	struct seccomp_filter found = { 0 };
	char path[300];

	seccomp_cache_put("cache", key, sizeof key, &filter);
	only_file(path, sizeof path);
	cr_assert_eq(chmod(path, 0660), 0);
	cr_expect_eq(get(&found), 0, "a file that others can write was used");
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(chmod("cache", 0777), 0);
	cr_expect_eq(get(&found), 0, "a file in a folder that others can write was used");
	cr_assert_eq(chmod("cache", 0700), 0);
	cr_assert_eq(rename(path, "elsewhere"), 0);
	cr_assert_eq(symlink("../elsewhere", path), 0);
	cr_expect_eq(get(&found), 0, "a link was followed");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_eq(get(&found), 0, "a FIFO was read");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rename("elsewhere", path), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chown(path, 1000, 0), 0);
		cr_expect_eq(get(&found), 0, "another user's file was used");
		cr_assert_eq(chown(path, 0, 0), 0);
	}
	cr_expect_eq(get(&found), 1, "it was good all the time");
	seccomp_filter_release(&found);
}

/* seccomp_prepare on top of it */

static void prepare(const char *cache, const struct container *container, struct seccomp_filter *ret)
{
	struct places places = { .cache = (char *)cache };
	struct error e = { 0 };

	cr_assert_eq(seccomp_prepare(&places, container, ret, &e), 0, "%s", e.text);
}

Test(seccomp_cache, prepare)
{
	SCRATCH();
	struct container container = { .seccomp = SECCOMP_UNCONFINED, .capabilities.bounding = 0x405fb };
	struct seccomp_filter first = { 0 }, second = { 0 };
	char path[300];

	prepare("cache", &container, &first);
	cr_expect_eq(first.count, 0);
	cr_expect(!has_file("cache"));
	container.seccomp = SECCOMP_DEFAULT;
	prepare("cache", &container, &first);
	cr_assert_gt(first.count, 100);
	only_file(path, sizeof path);
	prepare("cache", &container, &second);
	cr_expect_eq(second.count, first.count);
	cr_expect_eq(memcmp(first.code, second.code, first.count * sizeof *first.code), 0);
	seccomp_filter_release(&second);
	/* Other capabilities: another filter. */
	container.capabilities.bounding |= UINT64_C(1) << 21;
	prepare("cache", &container, &second);
	cr_expect_neq(second.count, first.count);
	seccomp_filter_release(&second);
	/* A cache that cannot be written costs time only. */
	put("file", "");
	prepare("file/cache", &container, &second);
	cr_expect_gt(second.count, 100);
	seccomp_filter_release(&second);
	seccomp_filter_release(&first);
}

Test(seccomp_cache, prepare_from_file)
{
	SCRATCH();
	struct container container = { .seccomp = SECCOMP_FILE, .seccomp_file = (char *)"profile.json" };
	struct places places = { .cache = (char *)"cache" };
	struct seccomp_filter found = { 0 };
	struct error e = { 0 };

	cr_expect_eq(seccomp_prepare(&places, &container, &found, &e), -1);
	cr_expect_str_eq(e.field, "security.seccomp");
	cr_expect_str_eq(e.text, "read the seccomp profile: open profile.json: No such file or directory [ENOENT]");
	put("profile.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultAktion\": 1}");
	cr_expect_eq(seccomp_prepare(&places, &container, &found, &e), -1);
	cr_expect_str_eq(e.field, "security.seccomp");
	cr_expect_str_eq(e.text, "profile.json: unknown key \"defaultAktion\": did you mean \"defaultAction\"?");
	put("profile.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"]}");
	cr_assert_eq(seccomp_prepare(&places, &container, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.flags, SECCOMP_FILTER_FLAG_LOG);
	seccomp_filter_release(&found);
	/* The same name with another content is another profile. */
	put("profile.json", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"read\"], "
			    "\"action\": \"SCMP_ACT_ALLOW\"}]}");
	cr_assert_eq(seccomp_prepare(&places, &container, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.flags, 0);
	seccomp_filter_release(&found);
}
