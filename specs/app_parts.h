/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_parts.h - texts of app.json that stand for a small struct, and the release of those structs. Private to specs/.
 */
#pragma once

struct device_entry;
struct error;
struct mount_entry;
struct rlimit_entry;

/* "nofile=65536", "nofile=1024:65536", "core=unlimited". The error carries the limit's name as its step. */
int app_parse_ulimit(const char *text, struct rlimit_entry *ret, struct error *e);

/* "/dev/x", "/dev/x:/dev/y", "/dev/x:/dev/y:rw". */
int app_parse_device(const char *text, struct device_entry *ret, struct error *e);

/* "/target", "/target:size=64m,mode=1777,ro". What is there to release is released by the caller, also on failure. */
int app_parse_tmpfs(const char *text, struct mount_entry *ret, struct error *e);

void mount_entry_release(struct mount_entry *mount);
void device_entry_release(struct device_entry *device);
