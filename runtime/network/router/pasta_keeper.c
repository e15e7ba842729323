/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pasta_keeper.c - the way out of an ordinary user's network: pasta(1), which speaks to the outside with sockets of the user's own.
 *
 * Of the host's addresses nothing is mapped into the network (--no-map-gw), and no port is forwarded in either direction: that is box-net's
 * own work. The keeper is in the network's user namespace and in the host's network namespace. pasta is its child and dies with it: the
 * kernel forgets the death signal of a process that gains capabilities, so the keeper has all those that pasta begins with. pasta gets the
 * router's namespace as its stdin, because newer ones close whatever else they inherit.
 */
#include "runtime/network/router/uplink_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/network/router/split.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"

/* What the device has: each pasta is a world of its own. */
#define PASTA_OWN4 "10.203.252.1"
#define PASTA_PEER4 "10.203.252.0"
#define PASTA_OWN6 "fd62:6f78:ffff::1"
#define PASTA_PEER6 "fd62:6f78:ffff::2"

/* MTU: what pasta gives its device at most; it splits nothing, so large is fast. */
#define PASTA_BEGAN "began 65520 "
#define PASTA_WAY4 PASTA_OWN4 "/31 " PASTA_PEER4
#define PASTA_WAY6 " " PASTA_OWN6 "/126 " PASTA_PEER6

enum { PAUSE_FIRST_MS = 200, PAUSE_MOST_MS = 30000, EARLY_MS = 3000, ROUTES_MOST = 1 << 20, WORDS_MOST = 4096 };

struct keeper {
	int socket;
	int inside, namespace; /* as in the plan */
	bool has_begun;
	int pidfd;     /* of pasta, or -1 */
	int words;     /* what pasta says, or -1 */
	struct text said;
	int64_t begun_ms, again_ms; /* again_ms: when it is to be begun again, or -1 */
	int pause_ms;
};

/* A line of /proc/net/route: "DEVICE\tDESTINATION\t…\tMASK\t…", numbers in hexadecimal. */
static bool is_default4(const char *line, size_t length)
{
	const char *at = memchr(line, '\t', length);

	return at && text_starts(at, "\t00000000\t");
}

/* A line of /proc/net/ipv6_route: "DESTINATION BITS … DEVICE". The kernel's own, which leads nowhere, is on lo. */
static bool is_default6(const char *line, size_t length)
{
	return text_starts(line, "00000000000000000000000000000000 00 ") && length > 3 && memcmp(line + length - 3, " lo", 3) != 0;
}

/* Whether the host itself has a default route: without one pasta ends at once, or does without that version of IP. */
static bool has_version(int version)
{
	autorelease(text) struct text routes = { 0 };
	struct error ignored = { 0 };
	size_t length;

	if (file_read(AT_FDCWD, version == 4 ? "/proc/net/route" : "/proc/net/ipv6_route", ROUTES_MOST, &routes, &ignored))
		return false;
	for (const char *line = routes.data; line && *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		if (version == 4 ? is_default4(line, length) : is_default6(line, length))
			return true;
	}
	return false;
}

static void tell(const struct keeper *k, const char *words)
{
	struct error ignored = { 0 };

	(void)control_send(k->socket, words, NULL, &ignored); /* nobody there: the end of file comes next */
}

static void tell_failure(const struct keeper *k, const struct error *e)
{
	autorelease(text) struct text message = { 0 };

	control_add_failure(e, &message);
	tell(k, message.data);
}

static void add_arguments(bool has4, bool has6, struct list *ret)
{
	static const char *const fixed[] = { "pasta", "--foreground", "--quiet", "--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none",
					     "--tcp-ns", "none", "--udp-ns", "none", "--no-dhcp", "--no-dhcpv6", "--no-ra", "--netns-only", "--netns", "/proc/self/fd/0" };

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		list_add(ret, fixed[i]);
	list_add(ret, "--ns-ifname");
	list_add(ret, NETWORK_UPLINK);
	if (has4) {
		list_add(ret, "--address");
		list_add(ret, PASTA_OWN4);
		list_add(ret, "--netmask");
		list_add(ret, "31");
		list_add(ret, "--gateway");
		list_add(ret, PASTA_PEER4);
	}
	if (has6) {
		list_add(ret, "--address");
		list_add(ret, PASTA_OWN6);
		list_add(ret, "--gateway");
		list_add(ret, PASTA_PEER6);
	}
	if (!has4 || !has6)
		list_add(ret, has4 ? "--ipv4-only" : "--ipv6-only");
}

/* SIGPIPE as usual: a pasta of 2023 takes anything else for a failure. */
static _Noreturn void become(const char *program, const struct list *arguments, int namespace, int words, pid_t keeper)
{
	static char *const nothing[] = { NULL };
	int *const kept[] = { &words };
	struct error ignored = { 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper || null < 0 || !program || !arguments->items)
		_exit(125);
	(void)signal(SIGPIPE, SIG_DFL);
	words = fcntl(words, F_DUPFD_CLOEXEC, 3);
	if (dup2(namespace, 0) < 0 || dup2(null, 1) < 0 || dup2(words, 2) < 0 || process_keep_only(3, kept, 1, &ignored))
		_exit(125);
	execve(program, arguments->items, nothing);
	_exit(126);
}

static int look_at_host(bool has4, bool has6, char **ret_program, struct error *e)
{
	autoclose int tun = -1;

	if (!has4 && !has6)
		return error_set(e, ERROR_NETWORK, "lead out of the network: this host has no default route itself");
	*ret_program = process_find("pasta");
	if (!*ret_program) {
		error_set(e, ERROR_UNSUPPORTED, "lead out of the network: an ordinary user's networks need the program pasta");
		return error_hint(e, "as root: apt-get install passt");
	}
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun >= 0)
		return 0;
	error_sys(e, "lead out of the network: open /dev/net/tun, which pasta needs");
	return error_hint(e, e->sys == ENOENT ? "as root: modprobe tun" : "as root: chmod 666 /dev/net/tun");
}

static int begin(struct keeper *k, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	bool has4 = has_version(4), has6 = has_version(6);
	autorelease(list) struct list arguments = { 0 };
	autofree char *program = NULL;
	pid_t keeper = getpid(), pid;
	int ends[2];

	if (look_at_host(has4, has6, &program, e))
		return -1;
	add_arguments(has4, has6, &arguments);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return error_sys(e, "make a pipe for pasta");
	pid = process_clone(&plain, &k->pidfd, e);
	if (pid == 0)
		become(program, &arguments, k->namespace, ends[1], keeper);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	k->words = ends[0];
	k->begun_ms = clock_monotonic_ms();
	k->again_ms = -1;
	tell(k, has4 && has6 ? PASTA_BEGAN PASTA_WAY4 PASTA_WAY6 : has4 ? PASTA_BEGAN PASTA_WAY4 " - -" : PASTA_BEGAN "- -" PASTA_WAY6);
	return 0;
}

static void hear(struct keeper *k)
{
	char buffer[1024];
	ssize_t got = read(k->words, buffer, sizeof buffer);

	if (got > 0 && k->said.length + (size_t)got <= WORDS_MOST)
		text_add_bytes(&k->said, buffer, (size_t)got);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		close(take_fd(&k->words));
}

/* Its last line that is about something: where there is no syslog it complains of every line that it cannot write there. */
static void add_reason(const struct text *said, struct text *ret)
{
	static const char noise[] = "to syslog";
	size_t length;

	for (size_t at = 0; at < said->length; at += length + 1) {
		length = strcspn(said->data + at, "\n");
		if (!length || memmem(said->data + at, length, noise, sizeof noise - 1))
			continue;
		text_clear(ret);
		text_add_escaped(ret, said->data + at, length);
	}
}

/* One that ends as soon as it has begun will do so again. */
static void ended(struct keeper *k)
{
	autorelease(text) struct text reason = { 0 };
	struct error e = { 0 }, ignored = { 0 };
	struct process_end end;

	(void)process_wait(k->pidfd, &end, &ignored); /* it has ended */
	close(take_fd(&k->pidfd));
	if (k->words >= 0) {
		hear(k);
		if (k->words >= 0)
			close(take_fd(&k->words));
	}
	add_reason(&k->said, &reason);
	text_clear(&k->said);
	if (clock_monotonic_ms() - k->begun_ms < EARLY_MS && k->pause_ms == PAUSE_FIRST_MS) {
		error_set(&e, ERROR_NETWORK, "lead out of the network: pasta ended at once: %s", reason.length ? reason.data : "it does not say why");
		tell_failure(k, &e);
	} else {
		tell(k, "ended");
	}
	k->again_ms = clock_monotonic_ms() + k->pause_ms;
	k->pause_ms = k->pause_ms * 2 < PAUSE_MOST_MS ? k->pause_ms * 2 : PAUSE_MOST_MS;
}

static void begin_or_tell(struct keeper *k)
{
	struct error e = { 0 };

	if (begin(k, &e) == 0)
		return;
	tell_failure(k, &e);
	k->again_ms = clock_monotonic_ms() + PAUSE_MOST_MS; /* the host may get what it lacks */
}

/* false: whoever held the other end has ended. */
static bool obey(struct keeper *k)
{
	autorelease(text) struct text message = { 0 };
	struct error ignored = { 0 };

	if (control_receive(k->socket, &message, /* fds= */ NULL, &ignored) <= 0)
		return false;
	if (strcmp(message.data, "begin") == 0 && !k->has_begun) {
		k->has_begun = true;
		begin_or_tell(k);
	}
	return true;
}

static int wait_ms(const struct keeper *k)
{
	int64_t left = k->again_ms - clock_monotonic_ms();

	if (k->again_ms < 0 || k->pidfd >= 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

_Noreturn void pasta_keep(const struct uplink_keep *plan)
{
	struct keeper k = { .socket = plan->socket, .inside = plan->inside, .namespace = plan->namespace, .pidfd = -1, .words = -1,
			    .again_ms = -1, .pause_ms = PAUSE_FIRST_MS };
	int *const kept[] = { &k.socket, &k.inside, &k.namespace };
	struct error ignored = { 0 };

	process_title("box:[uplink]");
	if (process_keep_only(3, kept, sizeof kept / sizeof *kept, &ignored))
		_exit(125);
	for (;;) {
		struct pollfd polls[] = { { .fd = k.socket, .events = POLLIN }, { .fd = k.pidfd, .events = POLLIN },
					  { .fd = k.words, .events = POLLIN }, { .fd = k.inside, .events = POLLIN } };

		if (poll(polls, 4, wait_ms(&k)) < 0 && errno != EINTR)
			break;
		if (polls[3].revents)
			split_bury(&k.inside);
		if (polls[0].revents && !obey(&k))
			break;
		if (k.words >= 0 && polls[2].revents)
			hear(&k);
		if (k.pidfd >= 0 && polls[1].revents)
			ended(&k);
		if (k.pidfd < 0 && k.again_ms >= 0 && wait_ms(&k) == 0)
			begin_or_tell(&k);
	}
	if (k.pidfd >= 0)
		(void)process_signal(k.pidfd, SIGKILL);
	_exit(0);
}
