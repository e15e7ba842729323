/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - box-supervise: keeps one app in the background, or watches those who do.
 *
 * What it is to do comes by descriptors (spawn.h); its command line is the title that ps shows.
 */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/spawn.h"
#include "runtime/supervise/supervisor.h"
#include "runtime/supervise/watcher.h"

enum { EXIT_FAILED = 125 };

/* Somebody may wait for the first start. */
static void tell(int asker, const struct error *e)
{
	autorelease(text) struct text answer = { 0 };
	struct error ignored = { 0 };

	control_add_failure(e, &answer);
	if (asker >= 0)
		(void)control_send(asker, answer.data, NULL, &ignored); /* it may be gone */
}

int main(int argc, char **argv)
{
	int fds[SPAWN_FDS];
	struct error e = { 0 };
	int code;

	for (int i = 0; i < SPAWN_FDS; i++)
		fds[i] = spawn_given(3 + i);
	if (argc < 1 || fds[0] < 0) {
		static const char words[] = "box-supervise is begun by box run -d\n";

		(void)!write(STDERR_FILENO, words, sizeof words - 1); /* nobody is left to tell otherwise */
		return EXIT_FAILED;
	}
	if (strcmp(argv[0], WATCHER_TITLE) == 0) {
		process_title(WATCHER_TITLE);
		return watcher_run(fds[0], fds[1], fds[2], &e) ? EXIT_FAILED : 0;
	}
	if (strcmp(argv[0], KEEPER_TITLE) == 0 && argc > 1) {
		autofree char *box = alloc_copy(argv[1]);

		process_title(KEEPER_TITLE);
		return keeper_run(fds[0], box, &e) ? EXIT_FAILED : 0;
	}
	process_title("box:[supervise]");
	code = supervisor_run(fds[0], fds[1], fds[2], &e);
	if (code >= 0)
		return code;
	tell(fds[2], &e);
	return EXIT_FAILED;
}
