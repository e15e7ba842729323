/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_network.h - a box-net that answers as a test wants it, and notes what it was asked.
 *
 * In a test with SCRATCH(): the folder is state folder and store alike. Who asks is answered one after the other.
 */
#pragma once

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"
#include "tests/unit/base/scratch.h"

/* count: how many questions there were before. Adds the answer; descriptors in fds go along, and are closed. */
typedef void fake_answer(const char *question, unsigned count, struct text *ret, struct control_fds *fds);

static inline struct places fake_places(void)
{
	static char here[PATH_MAX];

	cr_assert_not_null(realpath(".", here));
	return (struct places){ .state = here, .store = here };
}

static inline void fake_serve(const char *name, int listener, fake_answer *answer)
{
	autofree char *heard = text_format("%s.heard", name);
	int note = open(heard, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct error e = { 0 };

	for (unsigned count = 0;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		struct text question = { 0 }, words = { 0 };
		struct control_fds fds = { .count = 0 };

		while (connection >= 0 && control_receive(connection, &question, NULL, &e) > 0) {
			(void)!write(note, question.data, question.length);
			(void)!write(note, ";\n", 2);
			answer(question.data, count++, &words, &fds);
			if (control_send(connection, words.data, &fds, &e))
				break;
			control_fds_close(&fds);
			text_clear(&question);
			text_clear(&words);
		}
		if (connection < 0)
			_exit(1);
		close(connection);
	}
}

/* It ends with the test's process. */
static inline pid_t fake_network(const char *name, fake_answer *answer)
{
	autofree char *path = text_format(NETWORKS_FOLDER "/%s", name);
	struct error e = { 0 };
	int folder, listener;
	pid_t pid;

	(void)mkdir(NETWORKS_FOLDER, 0700);
	(void)mkdir(path, 0700);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(folder, 0, "%s: %m", path);
	listener = control_listen(folder, NETWORK_SOCKET, &e);
	cr_assert_geq(listener, 0, "%s", e.text);
	cr_assert_eq(fcntl(listener, F_SETFL, 0), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fake_serve(name, listener, answer);
	}
	close(folder);
	close(listener);
	return pid;
}

/* What it was asked since the last time: "switch web|instance web.2; flows web; ". */
static inline void fake_expect(const char *name, const char *expected)
{
	autofree char *path = text_format("%s.heard", name);
	struct text heard = { 0 };
	struct error e = { 0 };

	text_add(&heard, "");
	(void)file_read(AT_FDCWD, path, 1 << 20, &heard, &e); /* nothing yet is nothing */
	for (size_t i = 0; i < heard.length; i++)
		if (heard.data[i] == '\n')
			heard.data[i] = i && heard.data[i - 1] == ';' ? ' ' : '|';
	cr_expect_str_eq(heard.data, expected, "%s heard \"%s\", not \"%s\"", name, heard.data, expected);
	text_release(&heard);
	cr_expect(truncate(path, 0) == 0 || errno == ENOENT);
}

static inline void fake_ok(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)question;
	(void)count;
	(void)fds;
	text_add(ret, "ok");
}

static inline void fake_refuse(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	const struct error no = { .kind = ERROR_KERNEL, .sys = 5, .text = "the rules are not written" };

	(void)question;
	(void)count;
	(void)fds;
	control_add_failure(&no, ret);
}
