/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - box-net: one private network, as long as somebody is in it.
 *
 * What it is to do comes by descriptors (network/words.h); its command line is the title that ps shows.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/network/router/copies.h"
#include "runtime/network/router/host.h"
#include "runtime/network/router/router.h"
#include "runtime/network/router/split.h"
#include "runtime/network/router/trial.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"

enum { EXIT_FAILED = 125 };

/* Whoever has begun it waits for the answer to its first request. */
static void tell(int asker, const struct error *e)
{
	autorelease(text) struct text answer = { 0 };
	struct error ignored = { 0 };

	control_add_failure(e, &answer);
	(void)control_send(asker, answer.data, NULL, &ignored); /* it may be gone */
}

/* The caller waits, and gets the last line of stderr. */
static int sweep(const char *number)
{
	struct host host = { .monitor = -1, .note = -1, .lock = -1 };
	struct error e = { 0 };
	int64_t networks;
	int result;

	if (number_parse(number, 3, INT32_MAX, &networks))
		return EXIT_FAILED;
	host.networks = (int)networks;
	result = host_end(&host, &e);
	if (result)
		(void)!write(STDERR_FILENO, e.text, strlen(e.text)); /* the exit code says it, too */
	host_release(&host);
	return result ? EXIT_FAILED : 0;
}

/* Prints a line where something is wrong. */
static int try(void)
{
	autorelease(text) struct text said = { 0 };
	struct process_end end = { .code = EXIT_FAILED };
	struct error e = { 0 };
	struct split split;
	pid_t pid;

	if (geteuid() == 0)
		trial_forward(&said);
	pid = split_begin(&split, &e);
	if (pid > 0)
		return process_wait(split.pidfd, &end, &e) ? EXIT_FAILED : end.code;
	if (pid < 0 || trial_network(&e)) {
		text_clear(&said);
		text_addf(&said, "! %s%s%s", e.text, e.hint[0] ? ": " : "", e.hint);
	}
	return said.length && write_all(STDOUT_FILENO, said.data, said.length) ? EXIT_FAILED : 0;
}

static int begin(struct router *r, const int *fds, struct error *e)
{
	if (router_open(r, fds[0], fds[1], e) || router_enter(r, e) || router_begin(r, fds[2], e) || router_furnish(r, e))
		return -1;
	/* Its program may begin: nothing of what that sends is read before the fences are up. */
	router_answer_first(r);
	return router_confine(r, e) || copies_begin(r, e) ? -1 : 0;
}

int main(int argc, char **argv)
{
	int fds[] = { NETWORK_AT_FOLDER, NETWORK_AT_LISTENER, NETWORK_AT_FIRST };
	struct error e = { 0 };
	struct router router;
	int code;

	if (argc == 3 && strcmp(argv[1], NETWORK_SWEEP) == 0)
		return sweep(argv[2]);
	if (argc == 2 && strcmp(argv[1], NETWORK_TRIAL) == 0)
		return try();
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		static const char words[] = "box-net is begun by box run\n";

		if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) == 0)
			continue;
		(void)!write(STDERR_FILENO, words, sizeof words - 1); /* nobody is left to tell otherwise */
		return EXIT_FAILED;
	}
	process_title(NETWORK_TITLE);
	if (begin(&router, fds, &e)) {
		tell(router.connection_count ? router.connections[0] : fds[2], &e);
		router_give_up(&router);
		code = EXIT_FAILED;
	} else {
		code = router_serve(&router, &e) ? EXIT_FAILED : 0;
	}
	router_release(&router);
	return code;
}
