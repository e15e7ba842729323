/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_publish.c - what box says to box-net of published ports; a process of the test is box-net.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "runtime/network/publish.h"
#include "runtime/supervise/control.h"

enum { MANY = 3000 }; /* more than a message has room for */

TestSuite(network_publish, .timeout = 20);

typedef void answer(const char *question, struct text *ret);

/* Answers until the other end is closed; its exit code is how many questions there were. */
static pid_t serve(int *ret_connection, answer *say)
{
	struct error e = { 0 };
	int ends[2], questions = 0;
	pid_t pid;

	cr_assert_eq(control_pair(ends, &e), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid) {
		close(ends[1]);
		*ret_connection = ends[0];
		return pid;
	}
	close(ends[0]);
	for (;; questions++) {
		struct text question = { 0 }, words = { 0 };

		if (control_receive(ends[1], &question, NULL, &e) <= 0)
			_exit(questions);
		say(question.data, &words);
		if (control_send(ends[1], words.data, NULL, &e))
			_exit(99);
		text_release(&question);
		text_release(&words);
	}
}

static int stop(pid_t pid, int connection)
{
	int status = 0;

	close(connection);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Refuses what does not go on where the message before ended. */
static void take_in_order(const char *question, struct text *ret)
{
	static int next;

	if (!text_starts(question, "withdraw web\n"))
		text_addf(ret, "failed 1 0\n\n\nit was \"%.40s\"", question);
	for (const char *line = strstr(question, "\nport"); line && !ret->length; line = strstr(line + 1, "\nport")) {
		char expected[64];

		snprintf(expected, sizeof expected, "\nport tcp 80 127.0.0.1 %d host", ++next);
		if (strncmp(line, expected, strlen(expected)) != 0)
			text_addf(ret, "failed 1 0\n\n\n%d was expected, it was \"%.40s\"", next, line + 1);
	}
	if (!ret->length)
		text_add(ret, next == MANY ? "failed 1 0\n\n\nall have come" : "ok");
}

Test(network_publish, as_many_as_there_are_are_withdrawn_in_messages_that_fit)
{
	struct list ports = { 0 };
	struct error e = { 0 };
	int connection;
	pid_t pid = serve(&connection, take_in_order);

	for (int i = 1; i <= MANY; i++)
		list_addf(&ports, "tcp 80 127.0.0.1 %d host", i);
	cr_assert_eq(network_withdraw(connection, "web", &ports, &e), -1);
	cr_expect_str_eq(e.text, "all have come");
	cr_expect_gt(stop(pid, connection), 1);
	list_release(&ports);
}

Test(network_publish, nothing_to_withdraw_is_nothing_to_say)
{
	const struct list none = { 0 };
	struct error e = { 0 };
	int connection;
	pid_t pid = serve(&connection, take_in_order);

	cr_expect_eq(network_withdraw(connection, "web", &none, &e), 0);
	cr_expect_eq(stop(pid, connection), 0);
}

/* 250 ports, a hundred in each answer, between words that are none. */
static void tell_some(const char *question, struct text *ret)
{
	long from = strtol(question + strlen("ports web "), NULL, 10);

	text_add(ret, "ok\nother x");
	for (long i = from; i < 250 && i < from + 100; i++)
		text_addf(ret, "\nport udp 53 0.0.0.0 %ld dnat", i);
}

Test(network_publish, all_that_is_held_is_heard)
{
	struct list held = { 0 };
	struct error e = { 0 };
	int connection;
	pid_t pid = serve(&connection, tell_some);

	cr_assert_eq(network_published(connection, "web", &held, &e), 0, "%s", e.text);
	cr_assert_eq(held.count, 250);
	cr_expect_str_eq(held.items[0], "udp 53 0.0.0.0 0 dnat");
	cr_expect_str_eq(held.items[249], "udp 53 0.0.0.0 249 dnat");
	cr_expect_eq(stop(pid, connection), 4);
	list_release(&held);
}

static void tell_for_ever(const char *question, struct text *ret)
{
	(void)question;
	text_add(ret, "ok");
	for (int i = 0; i < 1000; i++)
		text_add(ret, "\nport udp 53 0.0.0.0 53 host");
}

Test(network_publish, who_never_comes_to_an_end_is_not_listened_to_for_ever)
{
	struct list held = { 0 };
	struct error e = { 0 };
	int connection;
	pid_t pid = serve(&connection, tell_for_ever);

	cr_expect_eq(network_published(connection, "web", &held, &e), -1);
	cr_expect_not_null(strstr(e.text, "at most 4096"));
	cr_expect_eq(stop(pid, connection), 5);
	list_release(&held);
}

static void refuse(const char *question, struct text *ret)
{
	(void)question;
	text_add(ret, "failed 3 17\nports[0]\na hint\nno room");
}

Test(network_publish, what_box_net_says_is_the_error)
{
	struct list held = { 0 };
	struct error e = { 0 };
	int connection;
	pid_t pid = serve(&connection, refuse);

	cr_expect_eq(network_published(connection, "web", &held, &e), -1);
	cr_expect_str_eq(e.text, "no room");
	cr_expect_str_eq(e.field, "ports[0]");
	cr_expect_eq(e.sys, 17);
	cr_expect_eq((int)e.kind, 3);
	cr_expect_eq(held.count, 0);
	(void)stop(pid, connection);
}
