/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_probe.c - checks over the network, against servers that answer well, badly, and with evil intent.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/health.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/probe_network.h"
#include "runtime/supervise/progress.h"

static char folder[] = "/tmp/box-probe-XXXXXX";
static int state = -1;

static void begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	state = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(state, 0);
}

static void end(void)
{
	struct error e = { 0 };

	close(state);
	(void)folder_remove(AT_FDCWD, folder, &e);
}

TestSuite(probe, .init = begin, .fini = end);

struct answer {
	char bytes[100];
	int status;
	char line[40];
};

ParameterizedTestParameters(probe, answers)
{
	static struct answer answers[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", 200, "200 OK" },
		{ "HTTP/1.0 301\r\n", 301, "301" },
		{ "HTTP/1.1 503 Service Unavailable\n", 503, "503 Service Unavailable" },
		{ "HTTP/1.1 200", 0, "" },
		{ "", 0, "" },
		{ "\r\n", -1, "" },
		{ "HTTP/2 200 OK\r\n", -1, "" },
		{ "HTTP/1.1 2000 OK\r\n", -1, "" },
		{ "HTTP/1.1 20 OK\r\n", -1, "" },
		{ "HTTP/1.1 700 OK\r\n", -1, "" },
		{ "HTTP/1.1200 OK\r\n", -1, "" },
		{ "SSH-2.0-OpenSSH\r\n", -1, "" },
		{ "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 404 Not Found\r\n", 404, "404 Not Found" },
		{ "HTTP/1.1 100 Continue\r\nA: b\r\n", 0, "" },
		{ "HTTP/1.1 100 Continue\r\n\r\nrubbish\n", -1, "" },
	};

	return cr_make_param_array(struct answer, answers, sizeof answers / sizeof *answers);
}

ParameterizedTest(struct answer *answer, probe, answers)
{
	const char *line = "";
	size_t length = 0;

	cr_assert_eq(probe_http_status(answer->bytes, strlen(answer->bytes), &line, &length), answer->status, "%s", answer->bytes);
	if (answer->status > 0) {
		cr_expect_eq(length, strlen(answer->line));
		cr_expect_eq(memcmp(line, answer->line, length), 0);
	}
}

/* A server that says bytes (NULL: nothing, and waits) to each visitor, byte by byte where it is slow. Its pid and port. */
static pid_t serve(const char *bytes, bool is_slow, bool in_own_network, int64_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int ends[2], listener, fd;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid) {
		close(ends[1]);
		cr_assert_eq(read(ends[0], ret_port, sizeof *ret_port), (ssize_t)sizeof *ret_port, "the server did not start");
		close(ends[0]);
		return pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (in_own_network) {
		struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };

		if (unshare(CLONE_NEWNET) || ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &up))
			_exit(1);
	}
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (void *)&address, length) || listen(listener, 8) || getsockname(listener, (void *)&address, &length))
		_exit(1);
	*ret_port = ntohs(address.sin_port);
	if (write(ends[1], ret_port, sizeof *ret_port) < 0)
		_exit(1);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		char request[1000];

		if (read(fd, request, sizeof request) <= 0 || !bytes)
			pause();
		for (size_t i = 0; i < strlen(bytes); i += is_slow ? 1 : strlen(bytes)) {
			(void)send(fd, bytes + i, is_slow ? 1 : strlen(bytes), MSG_NOSIGNAL);
			if (is_slow)
				usleep(50000);
		}
		close(fd);
	}
	_exit(0);
}

static struct health_plan plan_for(char *probe, int64_t port)
{
	static char path[] = "/x", host[] = "h";

	return (struct health_plan){ .probe = probe, .path = path, .host = host, .port = port, .retries = 1, .interval_ms = 20,
				     .timeout_ms = 400 };
}

/* Runs the loop until so many checks have ended. The last event that was none. */
static enum health_event run(struct health *h, uint64_t count)
{
	enum health_event last = HEALTH_SAME;

	while (h->record->count < count) {
		struct pollfd polls[HEALTH_POLLS];
		int64_t left = health_watch(h, polls) - clock_boot_ms();
		enum health_event event;

		cr_assert_leq(left, 10000);
		cr_assert_geq(poll(polls, HEALTH_POLLS, left > 0 ? (int)left : 0), 0);
		event = health_serve(h, clock_boot_ms());
		last = event == HEALTH_SAME ? last : event;
	}
	return last;
}

static struct health start(const struct health_plan *plan, pid_t server)
{
	const struct probe_app app = { .name = "x", .state = folder, .store = folder, .box = "/bin/false", .pidfd = -1 };
	struct error e = { 0 };
	struct health h;

	cr_assert_eq(health_open(&h, plan, &app, state, &e), 0, "%s", e.text);
	health_begin(&h, process_open(server), clock_boot_ms(), true, clock_boot_ms());
	return h;
}

static char http[] = PROBE_HTTP, tcp[] = PROBE_TCP;

static void expect_words(const struct health_result *result, const char *words)
{
	cr_expect(result->length == strlen(words) && memcmp(result->output, words, result->length) == 0, "expected %s, found %.*s", words,
		  (int)result->length, result->output);
}

static void stop(struct health *h, pid_t server)
{
	health_close(h);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
}

/* One check of a server that answers so: its code and its words. */
static void expect(const char *bytes, bool is_slow, int code, const char *words)
{
	int64_t port = 0;
	pid_t server = serve(bytes, is_slow, false, &port);
	const struct health_plan plan = plan_for(http, port);
	struct health h = start(&plan, server);
	const struct health_result *result;

	cr_expect_eq(run(&h, 1), code == 0 ? HEALTH_WELL : HEALTH_ILL, "%s", words);
	result = health_record_result(h.record, 0);
	cr_expect_eq(result->code, code, "%s: code %d", words, result->code);
	expect_words(result, words);
	cr_expect_leq(result->lasted_ms, 2000);
	stop(&h, server);
}

Test(probe, good_answers)
{
	expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 0, "200 OK");
	expect("HTTP/1.1 302 Found\r\n\r\n", false, 0, "302 Found");
}

Test(probe, bad_answers)
{
	expect("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nno database", false, 1, "503 Service Unavailable\nno database");
	expect("hello\n", false, 1, "the answer is no HTTP/1");
	expect("HTTP/1.1 200 OK", false, 1, "the answer is no HTTP/1");
}

Test(probe, hostile_answers)
{
	static char endless[100001];

	memset(endless, 'x', sizeof endless - 1);
	expect(endless, false, 1, "the answer is no HTTP/1");
	expect("HTTP/1.1 200 a word after the other and no end of it in sight", true, HEALTH_TOO_LATE, "");
	expect(NULL, false, HEALTH_TOO_LATE, "");
}

Test(probe, nobody_listens)
{
	const struct health_plan plan = plan_for(tcp, 1);
	struct health h = start(&plan, getpid());

	cr_expect_eq(run(&h, 1), HEALTH_ILL);
	expect_words(health_record_result(h.record, 0), "connect to port 1: Connection refused");
	health_close(&h);
}

Test(probe, a_port_that_accepts)
{
	int64_t port = 0;
	pid_t server = serve(NULL, false, false, &port);
	const struct health_plan plan = plan_for(tcp, port);
	struct health h = start(&plan, server);

	cr_expect_eq(run(&h, 2), HEALTH_WELL);
	cr_expect_eq(health_record_status(state), HEALTH_HEALTHY);
	stop(&h, server);
}

Test(probe, a_paused_app_is_not_blamed)
{
	int64_t port = 0;
	pid_t server = serve("HTTP/1.1 500 No\r\n\r\n", false, false, &port);
	const struct health_plan plan = plan_for(http, port);
	struct health h = start(&plan, server);
	int64_t until = clock_boot_ms() + 300;

	close(openat(state, HEALTH_PAUSED_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	while (clock_boot_ms() < until) {
		cr_expect_eq(health_serve(&h, clock_boot_ms()), HEALTH_SAME);
		usleep(1000);
	}
	cr_expect_eq(h.record->count, 0u);
	cr_assert_eq(unlinkat(state, HEALTH_PAUSED_FILE, 0), 0);
	cr_expect_eq(run(&h, 1), HEALTH_ILL);
	stop(&h, server);
}

/* What /proc/PID/status says behind key. */
static char *status_of(pid_t pid, const char *key)
{
	autorelease(text) struct text status = { 0 };
	char *path = text_format("/proc/%d/status", (int)pid), *at;
	struct error e = { 0 };

	cr_assert_eq(file_read(AT_FDCWD, path, 1 << 16, &status, &e), 0, "%s", e.text);
	free(path);
	at = strstr(status.data, key);
	cr_assert_not_null(at);
	return alloc_copy_bytes(at + strlen(key), strcspn(at + strlen(key), "\n"));
}

static int descriptors_of(pid_t pid)
{
	char *path = text_format("/proc/%d/fd", (int)pid);
	DIR *fds = opendir(path);
	int count = 0;

	cr_assert_not_null(fds);
	for (struct dirent *entry; (entry = readdir(fds));)
		count += entry->d_name[0] != '.';
	closedir(fds);
	free(path);
	return count;
}

/* What reads an app's answer has nothing that it could give away, and its network is the app's. */
Test(probe, in_the_apps_network_without_any_privilege)
{
	int64_t port = 0, late = clock_boot_ms() + 5000;
	struct health_plan plan;
	char theirs[64] = "", found[64] = "", *words;
	struct health h;
	pid_t server;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	server = serve(NULL, false, true, &port);
	plan = plan_for(http, port);
	plan.has_network = 1;
	plan.timeout_ms = 20000;
	h = start(&plan, server);
	usleep(30000);
	(void)health_serve(&h, clock_boot_ms());
	cr_assert_gt(h.probe.pid, 0);
	cr_assert_gt(readlink(text_format("/proc/%d/ns/net", (int)server), theirs, sizeof theirs - 1), 0);
	while (descriptors_of(h.probe.pid) != 3 && clock_boot_ms() < late) /* 0, its output, and its connection */
		usleep(1000);
	cr_expect_eq(descriptors_of(h.probe.pid), 3);
	cr_assert_gt(readlink(text_format("/proc/%d/ns/net", (int)h.probe.pid), found, sizeof found - 1), 0);
	cr_expect_str_eq(found, theirs);
	/* It becomes nobody after that. */
	while (strcmp(words = status_of(h.probe.pid, "\nUid:\t"), "65534\t65534\t65534\t65534") != 0 && clock_boot_ms() < late)
		usleep(1000);
	cr_expect_str_eq(words, "65534\t65534\t65534\t65534");
	words = status_of(h.probe.pid, "\nCapPrm:\t");
	cr_expect_str_eq(words, "0000000000000000");
	words = status_of(h.probe.pid, "\nNoNewPrivs:\t");
	cr_expect_str_eq(words, "1");
	stop(&h, server);
}
