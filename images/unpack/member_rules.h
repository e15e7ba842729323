/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member_rules.h - what of a member a layer keeps, whichever form the layer has.
 *
 * The folder form (member.c, metadata.c) and the index form (index_member.c) both ask here; names are in member_name.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct apply_options;
struct apply_report;
struct error;

/* The owner that the layer gets for what the archive says; -1: refused. */
int member_rule_owner(const struct apply_options *options, struct apply_report *report, int64_t uid, int64_t gid, uid_t *ret_uid,
		      gid_t *ret_gid, struct error *e);

enum xattr_rule { XATTR_DROPPED, XATTR_KEPT, XATTR_CAPABILITY };

/*
 * user.* and file capabilities are kept. The rest would mean something on this host: labels of security modules, overlayfs' own notes
 * (user.overlay.*, which this store's layers are read by), ACLs whose ids are not the container's.
 */
enum xattr_rule member_rule_xattr(const char *name, bool is_folder);

enum { CAPABILITY_V2 = 20, CAPABILITY_V3 = 24 };

/* A file capability as revision 2, which names no root: whatever the archive said, it will be the container's. */
int member_rule_capability(const void *value, size_t size, unsigned char ret[static CAPABILITY_V2], struct error *e);

/* The bytes of all extended attributes of a member, names and values, kept or not. */
int member_rule_xattr_bytes(int64_t total, int64_t limit, struct error *e);

/* A device node or socket: left out and counted, or refused. */
int member_rule_node(struct apply_report *report, bool is_char, int64_t major, int64_t minor, struct error *e);

/* What a symbolic link leads to. */
int member_rule_target(const char *target, int64_t limit, struct error *e);

int member_rule_refuse_root(struct error *e);     /* something else in the place of the root folder */
int member_rule_refuse_whiteout(struct error *e); /* a whiteout that is no empty file */
