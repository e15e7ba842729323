/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom_record.c - whom the kernel's log says it killed for want of memory.
 *
 *     6,1142,93000611,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,
 *         oom_memcg=/box/web,task_memcg=/box/web/worker,task=node,pid=4711,uid=1879048192        (mm/oom_kill.c)
 *
 * Where the host has no memory left "global_oom" stands in the place of oom_memcg.
 */
#include "runtime/exits/oom_record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { FACILITY_SHIFT = 3 };

/* Whether the member, "key=", has this group's path, or that of a group below it. */
static bool names_group(const char *record, const char *key, const char *group)
{
	const char *at = strstr(record, key);
	size_t length = strlen(group);

	return at && strncmp(at + strlen(key), group, length) == 0 && (at[strlen(key) + length] == ',' || at[strlen(key) + length] == '/');
}

void oom_record_victim(const char *record, const char *group, struct text *ret)
{
	const char *message = strchr(record, ';');
	const char *task, *end;

	/* What a program wrote into the log has another facility than the kernel's 0. */
	if (!message || !text_starts(message + 1, "oom-kill:") || strtoul(record, NULL, 10) >> FACILITY_SHIFT)
		return;
	if (!names_group(message, ",oom_memcg=", group) && !names_group(message, ",task_memcg=", group))
		return;
	/* Behind the groups: a group may have any name. Its own may be anything as well, and the last ",pid=" ends it. */
	task = strstr(strstr(message, ",task_memcg=") ? strstr(message, ",task_memcg=") : message, ",task=");
	end = NULL;
	for (const char *next = task; next && (next = strstr(next + 1, ",pid=")); )
		end = next;
	if (!end)
		return;
	text_clear(ret);
	text_add_escaped(ret, task + strlen(",task="), (size_t)(end - task) - strlen(",task="));
}
