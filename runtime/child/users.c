/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.c - "name:group" to numbers, by the container's own passwd and group files.
 *
 * The files are read with a limit and taken apart in place: lines of fields between colons, nothing else. A line that
 * is no record (too few fields, a number that does not fit, a zero byte) counts as absent, as libc has it.
 */
#include "runtime/child/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

static const char passwd_path[] = "etc/passwd", group_path[] = "etc/group";

enum {
	FILE_LIMIT = 1 << 20,
	LINE_LIMIT = 64 << 10,
	LINES_LIMIT = 65536,
	GROUPS_LIMIT = 65536, /* NGROUPS_MAX of the kernel */
	PASSWD_FIELDS = 7,
	GROUP_FIELDS = 4,
};

static const int64_t highest_id = UINT32_MAX - 1; /* (uid_t)-1 means "leave as it is" to setuid(2) */

struct database {
	const char *path;
	struct text content; /* empty where the file is missing */
	char *next;
	size_t line;
	bool is_missing;
};

static void database_release(struct database *database)
{
	text_release(&database->content);
}

/* A missing file is an empty one: images from scratch have none. */
static int database_open(int rootfd, const char *path, struct database *ret, struct error *e)
{
	autoclose int fd = beneath_try(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	*ret = (struct database){ .path = path };
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		ret->is_missing = true;
		return 0;
	}
	if (fd < 0) {
		error_sys(e, "open /%s of the container", path);
		return error_as(e, ERROR_SPEC);
	}
	if (fstat(fd, &st))
		return error_sys(e, "look at /%s of the container", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_SPEC, "read /%s of the container: it is not a regular file", path);
	if (file_read_fd(fd, path, FILE_LIMIT, &ret->content, e)) {
		text_release(&ret->content);
		error_as(e, ERROR_SPEC);
		return error_in(e, "read /%s of the container", path);
	}
	ret->next = ret->content.data;
	return 0;
}

/* Splits line at its colons; returns how many fields there are, at most count. The last one keeps further colons. */
static size_t split(char *line, char **fields, size_t count)
{
	size_t n = 0;

	while (n < count) {
		fields[n++] = line;
		line = n < count ? strchr(line, ':') : NULL;
		if (!line)
			break;
		*line++ = '\0';
	}
	return n;
}

/* The next record with enough fields: 1, or 0 at the end, or -1. Lines are cut in place. */
static int database_next(struct database *database, char **fields, size_t count, struct error *e)
{
	char *end = database->content.data ? database->content.data + database->content.length : NULL;

	while (database->next && database->next < end) {
		char *line = database->next;
		char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);

		database->next = stop ? stop + 1 : end;
		if (++database->line > LINES_LIMIT)
			return error_set(e, ERROR_SPEC, "read /%s of the container: it has more than %d lines",
					 database->path, LINES_LIMIT);
		if (length > LINE_LIMIT)
			return error_set(e, ERROR_SPEC, "read /%s of the container: line %zu has more than %d bytes",
					 database->path, database->line, LINE_LIMIT);
		line[length] = '\0'; /* the text ends with a zero byte, so this is inside it also at the end */
		if (strlen(line) == length && split(line, fields, count) == count)
			return 1;
	}
	return 0;
}

static bool is_digits(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* [A-Za-z_][A-Za-z0-9_.-]*$? */
static bool is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";
	size_t length;

	if (!*text || !strchr(letters, *text) || strlen(text) > 255)
		return false;
	length = strspn(text, more);
	return text[length] == '\0' || (text[length] == '$' && text[length + 1] == '\0');
}

static int id_parse(const char *text, const char *what, unsigned *ret, struct error *e)
{
	int64_t number;

	if (number_parse(text, 0, highest_id, &number))
		return error_set(e, ERROR_SPEC, "expected a %s id from 0 to %lld, found \"%.64s\"", what,
				 (long long)highest_id, text);
	*ret = (unsigned)number;
	return 0;
}

/* An id inside one of the files: false for what is none. */
static bool id_read(const char *text, unsigned *ret)
{
	int64_t number;

	if (number_parse(text, 0, highest_id, &number))
		return false;
	*ret = (unsigned)number;
	return true;
}

static void add_group(struct identity *identity, gid_t gid)
{
	gid_t *item;

	for (size_t i = 0; i < identity->group_count; i++) {
		if (identity->groups[i] == gid)
			return;
	}
	item = alloc_append(&identity->groups, &identity->group_count, sizeof *item);
	*item = gid;
}

/* Fills identity from passwd, by name, or by uid where name is NULL: 1 found, 0 not, or -1. The first record wins. */
static int find_passwd(int rootfd, const char *name, struct identity *identity, struct error *e)
{
	__attribute__((cleanup(database_release))) struct database passwd = { 0 };
	char *fields[PASSWD_FIELDS];
	unsigned uid, gid;
	int got;

	if (database_open(rootfd, passwd_path, &passwd, e))
		return -1;
	while ((got = database_next(&passwd, fields, PASSWD_FIELDS, e)) > 0) {
		if (!id_read(fields[2], &uid) || !id_read(fields[3], &gid))
			continue;
		if (name ? strcmp(fields[0], name) != 0 : uid != identity->uid)
			continue;
		identity->uid = uid;
		identity->gid = gid;
		identity->name = alloc_copy(fields[0]);
		if (fields[5][0] == '/')
			identity->home = alloc_copy(fields[5]);
		return 1;
	}
	if (got < 0 || !name)
		return got;
	if (passwd.is_missing)
		error_set(e, ERROR_SPEC, "find the user \"%s\": the image has no /etc/passwd", name);
	else
		error_set(e, ERROR_SPEC, "find the user \"%s\": /etc/passwd of the image has no such name", name);
	return error_hint(e, "Write a number, such as \"1000:1000\", or add the user to the image.");
}

static bool has_member(const char *members, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = members; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

/* The gid of a group's name: 1 found, 0 not, or -1. */
static int find_group(int rootfd, const char *name, gid_t *ret, bool *ret_missing, struct error *e)
{
	__attribute__((cleanup(database_release))) struct database group = { 0 };
	char *fields[GROUP_FIELDS];
	unsigned gid;
	int got;

	if (database_open(rootfd, group_path, &group, e))
		return -1;
	*ret_missing = group.is_missing;
	while ((got = database_next(&group, fields, GROUP_FIELDS, e)) > 0) {
		if (strcmp(fields[0], name) != 0 || !id_read(fields[2], &gid))
			continue;
		*ret = gid;
		return 1;
	}
	return got;
}

static int parse_group(int rootfd, const char *text, gid_t *ret, struct error *e)
{
	bool is_missing = false;
	int found;

	if (is_digits(text))
		return id_parse(text, "group", ret, e);
	if (!is_name(text))
		return error_set(e, ERROR_SPEC, "expected a group's name or number, found \"%.64s\"", text);
	found = find_group(rootfd, text, ret, &is_missing, e);
	if (found)
		return found < 0 ? -1 : 0;
	if (is_missing)
		error_set(e, ERROR_SPEC, "find the group \"%s\": the image has no /etc/group", text);
	else
		error_set(e, ERROR_SPEC, "find the group \"%s\": /etc/group of the image has no such name", text);
	return error_hint(e, "Write the group's number, or add the group to the image.");
}

/* Every group that lists the user as a member. */
static int add_memberships(int rootfd, struct identity *identity, struct error *e)
{
	__attribute__((cleanup(database_release))) struct database group = { 0 };
	char *fields[GROUP_FIELDS];
	unsigned gid;
	int got;

	if (database_open(rootfd, group_path, &group, e))
		return -1;
	while ((got = database_next(&group, fields, GROUP_FIELDS, e)) > 0) {
		if (!has_member(fields[3], identity->name) || !id_read(fields[2], &gid))
			continue;
		if (identity->group_count >= GROUPS_LIMIT)
			return error_set(e, ERROR_SPEC, "find the groups of \"%s\": more than %d", identity->name,
					 GROUPS_LIMIT);
		add_group(identity, gid);
	}
	return got;
}

/* The part before the colon: sets uid, and gid as passwd has it. *ret_is_name: it was no number. */
static int resolve_user(int rootfd, const char *user, struct identity *identity, bool *ret_is_name, struct error *e)
{
	*ret_is_name = false;
	if (*user == '\0') /* Docker's reading: nobody said who, so root */
		return find_passwd(rootfd, NULL, identity, e) < 0 ? -1 : 0;
	if (is_digits(user)) {
		if (id_parse(user, "user", &identity->uid, e))
			return -1;
		return find_passwd(rootfd, NULL, identity, e) < 0 ? -1 : 0;
	}
	if (!is_name(user))
		return error_set(e, ERROR_SPEC,
				 "expected a user such as \"app\", \"1000\" or \"app:www\", found \"%.64s\"", user);
	*ret_is_name = true;
	return find_passwd(rootfd, user, identity, e) < 0 ? -1 : 0;
}

static int resolve(int rootfd, const char *text, const struct list *group_add, struct identity *identity,
		   struct error *e)
{
	autofree char *user = alloc_copy(text);
	char *group = strchr(user, ':');
	bool is_name;

	if (group)
		*group++ = '\0';
	if (group && (*user == '\0' || *group == '\0' || strchr(group, ':')))
		return error_set(e, ERROR_SPEC,
				 "expected a user such as \"app\", \"1000\" or \"app:www\", found \"%.64s\"", text);
	if (resolve_user(rootfd, user, identity, &is_name, e))
		return -1;
	if (group && parse_group(rootfd, group, &identity->gid, e))
		return -1;
	/* The primary group is in the list as well: without it a file that denies the group would open (CVE-2022-36109). */
	add_group(identity, identity->gid);
	if (is_name && !group && add_memberships(rootfd, identity, e))
		return -1;
	for (size_t i = 0; group_add && i < group_add->count; i++) {
		gid_t gid;

		if (parse_group(rootfd, group_add->items[i], &gid, e))
			return -1;
		add_group(identity, gid);
	}
	return 0;
}

int users_find(int rootfd, const char *user, const struct list *group_add, struct identity *ret, struct error *e)
{
	struct identity identity = { 0 };

	if (resolve(rootfd, user ? user : "", group_add, &identity, e)) {
		identity_release(&identity);
		return -1;
	}
	if (!identity.home)
		identity.home = alloc_copy("/");
	*ret = identity;
	return 0;
}

void identity_release(struct identity *identity)
{
	free(identity->groups);
	free(identity->home);
	free(identity->name);
	*identity = (struct identity){ 0 };
}
