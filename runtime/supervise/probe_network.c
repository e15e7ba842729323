/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_network.c - a health check over the app's loopback.
 *
 * Nothing here waits with a limit of its own: the supervisor ends this process when the check's time is over.
 */
#include "runtime/supervise/probe_network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"

enum { NOBODY = 65534, GOOD = 0, BAD = 1, BROKEN = 125, LINE_MOST = 128 };

static _Noreturn __attribute__((format(printf, 2, 3))) void end(int code, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args); /* cut is fine */
	va_end(args);
	(void)write_all(1, words, strlen(words)); /* nobody is left to tell */
	_exit(code);
}

/* Into the app's network. Root may join that alone; an ordinary user has the right only inside the app's user namespace. */
static void join(int app)
{
	int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER;

	if (setns(app, flags))
		end(BROKEN, "join the app's network: %s", strerror(errno));
}

static void give_up(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		end(BROKEN, "become nobody: %s", strerror(errno));
	if (syscall(SYS_capset, &header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		end(BROKEN, "give up privileges: %s", strerror(errno));
}

static int try_connect(const void *address, socklen_t length, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, address, length)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Over IPv4, else over IPv6; the words are those of the first. */
static int connect_to(int64_t port)
{
	const struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port),
					  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = try_connect(&four, sizeof four, AF_INET), saved = errno;

	if (fd < 0)
		fd = try_connect(&six, sizeof six, AF_INET6);
	if (fd < 0)
		end(BAD, "connect to port %lld: %s", (long long)port, strerror(saved));
	return fd;
}

/* "HTTP/1.1 200 OK": where the status begins, or NULL. */
static const char *status_of(const char *line, size_t length)
{
	static const char start[] = "HTTP/1.";
	const size_t version = sizeof start; /* with its last digit */

	if (length < version + 4 || memcmp(line, start, sizeof start - 1) != 0 || line[version] != ' ')
		return NULL;
	line += version + 1;
	length -= version + 1;
	if (line[0] < '1' || line[0] > '5' || line[1] < '0' || line[1] > '9' || line[2] < '0' || line[2] > '9')
		return NULL;
	return length == 3 || line[3] == ' ' ? line : NULL;
}

int probe_http_status(const char *bytes, size_t length, const char **ret_line, size_t *ret_length)
{
	const char *at = bytes, *last = bytes + length;

	for (;;) {
		const char *line_end = memchr(at, '\n', (size_t)(last - at)), *status, *head_end;
		size_t line_length = line_end ? (size_t)(line_end - at) : 0;
		int code;

		if (!line_end)
			return 0;
		if (line_length && at[line_length - 1] == '\r')
			line_length--;
		status = status_of(at, line_length);
		if (!status)
			return -1;
		code = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
		*ret_line = status;
		*ret_length = line_length - (size_t)(status - at);
		if (code >= 200)
			return code;
		head_end = memmem(line_end, (size_t)(last - line_end), "\n\r\n", 3);
		if (!head_end)
			return 0;
		at = head_end + 3;
	}
}

/* With what of the answer's body has come already: an app that feels ill often says why. */
static _Noreturn void end_badly(const char *line, size_t line_length, const char *last)
{
	const char *head_end = memmem(line, (size_t)(last - line), "\r\n\r\n", 4);
	const char *body = head_end ? head_end + 4 : last;

	end(BAD, "%.*s%s%.*s", (int)line_length, line, body < last ? "\n" : "", (int)(last - body), body);
}

static _Noreturn void ask_http(const struct health_plan *plan)
{
	char bytes[HEALTH_OUTPUT];
	const char *line = NULL;
	size_t length = 0, line_length = 0;
	int fd = connect_to(plan->port), status = 0;
	ssize_t got = 0;

	if (dprintf(fd, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: box/" BOX_VERSION "\r\nAccept: */*\r\nConnection: close\r\n\r\n", plan->path,
		    plan->host) < 0)
		end(BAD, "ask port %lld: %s", (long long)plan->port, strerror(errno));
	while (!status && length < sizeof bytes && (got = read(fd, bytes + length, sizeof bytes - length)) > 0) {
		length += (size_t)got;
		status = probe_http_status(bytes, length, &line, &line_length);
	}
	if (status <= 0 && got < 0)
		end(BAD, "read the answer of port %lld: %s", (long long)plan->port, strerror(errno));
	if (status <= 0)
		end(BAD, "the answer is no HTTP/1");
	if (line_length > LINE_MOST)
		line_length = LINE_MOST;
	if (status < 400)
		end(GOOD, "%.*s", (int)line_length, line);
	got = recv(fd, bytes + length, sizeof bytes - length, MSG_DONTWAIT);
	length += got > 0 ? (size_t)got : 0;
	end_badly(line, line_length, bytes + length);
}

_Noreturn void probe_network(const struct health_plan *plan, int app, int output)
{
	int *const kept[] = { &output, &app };
	struct error e = { 0 };

	process_title("box:[check]");
	if (prctl(PR_SET_DUMPABLE, 0) || process_keep_only(1, kept, 2, &e))
		_exit(BROKEN);
	if (plan->has_network)
		join(app);
	close(app);
	give_up();
	(void)signal(SIGPIPE, SIG_IGN);
	if (strcmp(plan->probe, PROBE_HTTP) == 0)
		ask_http(plan);
	(void)connect_to(plan->port);
	end(GOOD, "port %lld accepts", (long long)plan->port);
}
