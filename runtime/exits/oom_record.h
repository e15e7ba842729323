/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom_record.h - whom the kernel's log says it killed for want of memory.
 */
#pragma once

struct text;

/* record: one of /dev/kmsg. Where it is the kernel's own about a victim in the group of this path, or because of that group's limit,
 * replaces ret by the victim's name, escaped. A group whose path only begins or ends alike is another one; those below it are its own. */
void oom_record_victim(const char *record, const char *group, struct text *ret);
