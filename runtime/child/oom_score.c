/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom_score.c - who goes first when memory runs out.
 */
#include "runtime/child/oom_score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"
#include "specs/limits.h"

int oom_score_set(pid_t pid, int64_t score, struct error *e)
{
	char path[48], text[24];

	if (score == LIMIT_UNSET)
		return 0;
	(void)snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)pid); /* always fits */
	(void)snprintf(text, sizeof text, "%lld", (long long)score);          /* always fits */
	if (file_poke(AT_FDCWD, path, text) == 0)
		return 0;
	error_sys(e, "set the out-of-memory score to %s", text);
	if (e->sys == EACCES)
		error_hint(e, "a lower one than box's own needs CAP_SYS_RESOURCE");
	return error_at(e, "process.oomScoreAdj");
}
