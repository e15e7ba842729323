/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt.c - questions to whoever sits at the terminal.
 *
 * While a terminal shows nothing, signals that would end or stop box wait: one that comes makes the terminal as it was, and only then is
 * delivered. Who goes on after Ctrl-Z is asked again.
 */
#include "cli/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { LINE = 64 << 10 };

int prompt_read_line(struct text *ret, struct error *e)
{
	char c;

	for (;;) {
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read standard input");
		if (got == 0 || c == '\n')
			return 0;
		if (ret->length >= LINE)
			return error_set(e, ERROR_USAGE, "standard input has a line of more than %d KiB", LINE >> 10);
		if (c != '\r')
			text_add_char(ret, c);
	}
}

static void put_question(const char *question)
{
	(void)write_all(STDERR_FILENO, question, strlen(question)); /* a question that is not seen is answered all the same */
}

/* Until a whole line can be read: 1; 0: one of the signals has come. A terminal gives lines, whole. */
static int wait_line(int signals, struct error *e)
{
	struct pollfd polls[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = signals, .events = POLLIN } };

	while (poll(polls, 2, -1) < 0)
		if (errno != EINTR)
			return error_sys(e, "wait for an answer");
	return polls[1].revents ? 0 : 1;
}

/* One try: 1, 0 where a signal came, which is delivered now, or -1. */
static int ask_hidden(const struct termios *before, const sigset_t *set, int signals, struct text *ret, struct error *e)
{
	struct termios quiet = *before;
	int result;

	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet))
		return error_sys(e, "turn the terminal's echo off");
	result = wait_line(signals, e);
	if (result > 0 && prompt_read_line(ret, e))
		result = -1;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, before); /* as it was */
	put_question("\n");
	if (result)
		return result;
	(void)sigprocmask(SIG_UNBLOCK, set, NULL); /* box ends or stops here */
	(void)sigprocmask(SIG_BLOCK, set, NULL);
	return 0;
}

static int ask_secret(const char *question, const struct termios *before, struct text *ret, struct error *e)
{
	static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
	autoclose int signals = -1;
	sigset_t set, saved;
	int result;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		sigaddset(&set, ending[i]);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0 || sigprocmask(SIG_BLOCK, &set, &saved))
		return error_sys(e, "watch for signals");
	do {
		put_question(question);
		result = ask_hidden(before, &set, signals, ret, e);
	} while (result == 0);
	(void)sigprocmask(SIG_SETMASK, &saved, NULL); /* it was valid before */
	return result < 0 ? -1 : 0;
}

int prompt_ask(const char *question, bool is_secret, struct text *ret, struct error *e)
{
	struct termios before;

	if (is_secret && tcgetattr(STDIN_FILENO, &before) == 0)
		return ask_secret(question, &before, ret, e);
	put_question(question);
	return prompt_read_line(ret, e);
}
