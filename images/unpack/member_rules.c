/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member_rules.c - what of a member a layer keeps.
 */
#include "images/unpack/member_rules.h"

#include <string.h>

#include "base/error.h"
#include "base/id_map.h"
#include "base/text.h"
#include "images/unpack/apply_options.h"

/* In the highest byte of security.capability's first word, which is little-endian. */
enum { REVISION_AT = 3, REVISION_V2 = 2, REVISION_V3 = 3 };

static int check_id(const char *what, int64_t id, uint32_t count, struct error *e)
{
	if (id >= 0 && id < (int64_t)count)
		return 0;
	return error_set(e, ERROR_IMAGE, "its %s id %lld is outside the %u ids that an app has", what, (long long)id, count);
}

int member_rule_owner(const struct apply_options *options, struct apply_report *report, int64_t uid, int64_t gid, uid_t *ret_uid,
		      gid_t *ret_gid, struct error *e)
{
	if (options->squash_ids) {
		if (check_id("user", uid, ID_RANGE, e) || check_id("group", gid, ID_RANGE, e))
			return -1;
		report->squashed += uid || gid;
		uid = gid = 0;
	} else if (check_id("user", uid, options->uid_count, e) || check_id("group", gid, options->gid_count, e)) {
		return -1;
	}
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return 0;
}

enum xattr_rule member_rule_xattr(const char *name, bool is_folder)
{
	if (strcmp(name, "security.capability") == 0)
		return is_folder ? XATTR_DROPPED : XATTR_CAPABILITY;
	return text_starts(name, "user.") && !text_starts(name, "user.overlay.") ? XATTR_KEPT : XATTR_DROPPED;
}

int member_rule_capability(const void *value, size_t size, unsigned char ret[static CAPABILITY_V2], struct error *e)
{
	if (size != CAPABILITY_V2 && size != CAPABILITY_V3)
		return error_set(e, ERROR_IMAGE, "its file capability has %zu bytes", size);
	memcpy(ret, value, CAPABILITY_V2);
	if (ret[REVISION_AT] != (size == CAPABILITY_V2 ? REVISION_V2 : REVISION_V3))
		return error_set(e, ERROR_IMAGE, "its file capability has the unknown revision %d", ret[REVISION_AT]);
	ret[REVISION_AT] = REVISION_V2;
	return 0;
}

int member_rule_xattr_bytes(int64_t total, int64_t limit, struct error *e)
{
	return total > limit ? error_set(e, ERROR_IMAGE, "its extended attributes have more than %d bytes", (int)limit) : 0;
}

int member_rule_node(struct apply_report *report, bool is_char, int64_t major, int64_t minor, struct error *e)
{
	/* overlayfs would take a character device 0:0 for a whiteout that no archive has to bring in this form. */
	if (is_char && major == 0 && minor == 0)
		return error_set(e, ERROR_IMAGE, "it is a character device 0:0, which overlayfs would take for a whiteout");
	report->devices++;
	return 0;
}

int member_rule_target(const char *target, int64_t limit, struct error *e)
{
	if (!target || !*target || (int64_t)strlen(target) >= limit)
		return error_set(e, ERROR_IMAGE, "it is a link to no name, or to one that is too long");
	return 0;
}

int member_rule_refuse_root(struct error *e)
{
	return error_set(e, ERROR_IMAGE, "it would put something else in the place of the root folder");
}

int member_rule_refuse_whiteout(struct error *e)
{
	return error_set(e, ERROR_IMAGE, "a whiteout is an empty file, and this is not");
}
