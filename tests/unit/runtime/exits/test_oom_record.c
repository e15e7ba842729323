/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oom_record.c - whose victim a record of the kernel's log names.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/exits/oom_record.h"

#define HEAD "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
#define TAIL ",pid=4711,uid=0\n"

struct sample {
	/* No pointers: every test is a process of its own. */
	char record[220], victim[16]; /* "": nobody of /box/web */
};

ParameterizedTestParameters(oom_record, victims)
{
	static struct sample samples[] = {
		{ "6,1,2,-;" HEAD "oom_memcg=/box/web,task_memcg=/box/web,task=node" TAIL, "node" },
		{ "6,1,2,-;" HEAD "oom_memcg=/box/web,task_memcg=/box/web/worker,task=node" TAIL, "node" },
		{ "6,1,2,-;" HEAD "global_oom,task_memcg=/box/web,task=node" TAIL, "node" },
		{ "6,1,2,-;" HEAD "oom_memcg=/box/web,task_memcg=/box/web,task=a,pid=1,b" TAIL, "a,pid=1,b" },
		{ "6,1,2,-;" HEAD "oom_memcg=/box/web,task_memcg=/box/web,task=a\033b" TAIL, "a\\x1bb" },
		/* Paths that begin or end alike. */
		{ "6,1,2,-;" HEAD "oom_memcg=/box/web2,task_memcg=/box/web2,task=other" TAIL, "" },
		{ "6,1,2,-;" HEAD "oom_memcg=/host/box/web,task_memcg=/host/box/web,task=other" TAIL, "" },
		/* Its parent's limit, and another group's task. */
		{ "6,1,2,-;" HEAD "oom_memcg=/box,task_memcg=/box/db,task=other" TAIL, "" },
		{ "6,1,2,-;" HEAD "oom_memcg=/box,task_memcg=/box/web,task=node" TAIL, "node" },
		/* Not the kernel's words. */
		{ "12,1,2,-;" HEAD "oom_memcg=/box/web,task_memcg=/box/web,task=liar" TAIL, "" },
		{ "6,1,2,-;usb: oom-kill:x,oom_memcg=/box/web,task_memcg=/box/web,task=liar" TAIL, "" },
		{ "6,1,2,-;" HEAD "oom_memcg=/box/web,task_memcg=/box/web,task=torn", "" },
		{ "", "" },
	};

	return cr_make_param_array(struct sample, samples, sizeof samples / sizeof *samples);
}

ParameterizedTest(const struct sample *sample, oom_record, victims)
{
	autorelease(text) struct text victim = { 0 };

	oom_record_victim(sample->record, "/box/web", &victim);
	cr_expect(text_equal(victim.data ? victim.data : "", sample->victim),
		  "found %s in %s", victim.data ? victim.data : "nobody", sample->record);
}
