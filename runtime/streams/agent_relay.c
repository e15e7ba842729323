/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_relay.c - the caller's SSH agent, for one step of a build.
 *
 * One process without threads: it takes a message, asks the agent over a connection that belongs to that client, and gives the answer. What
 * a client does not finish in a few seconds ends its connection: it can keep nobody waiting but its own step.
 */
#include "runtime/streams/agent_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

enum {
	CLIENTS = 16,
	MESSAGE = 256 << 10, /* as OpenSSH bounds them */
	CLIENT_S = 10,
	AGENT_S = 120, /* it may ask a person */
	FAILURE = 5,
	REQUEST_IDENTITIES = 11,
	SIGN_REQUEST = 13,
};

struct client {
	int socket, agent;
};

bool agent_relay_allows(unsigned char type)
{
	return type == REQUEST_IDENTITIES || type == SIGN_REQUEST;
}

static int connect_agent(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void set_patience(int fd, int seconds)
{
	const struct timeval time = { .tv_sec = seconds };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time); /* cannot fail on a socket */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static bool read_all(int fd, unsigned char *bytes, size_t length)
{
	while (length) {
		ssize_t got = read(fd, bytes, length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		bytes += got;
		length -= (size_t)got;
	}
	return true;
}

/* A length of four bytes, and so many more, of which the first is the type. 0: there is none any more. */
static size_t read_message(int fd, unsigned char message[static MESSAGE + 4])
{
	uint32_t length;

	if (!read_all(fd, message, 4))
		return 0;
	length = (uint32_t)message[0] << 24 | (uint32_t)message[1] << 16 | (uint32_t)message[2] << 8 | message[3];
	return length && length <= MESSAGE && read_all(fd, message + 4, length) ? length + 4 : 0;
}

/* One question and its answer; false: the connection is over. */
static bool serve(struct client *client, const char *agent)
{
	static const unsigned char failure[] = { 0, 0, 0, 1, FAILURE };
	static unsigned char message[MESSAGE + 4];
	size_t length = read_message(client->socket, message);

	if (!length)
		return false;
	if (!agent_relay_allows(message[4]))
		return write_all(client->socket, failure, sizeof failure) == 0;
	if (client->agent < 0) {
		client->agent = connect_agent(agent);
		if (client->agent < 0)
			return write_all(client->socket, failure, sizeof failure) == 0;
		set_patience(client->agent, AGENT_S);
	}
	if (write_all(client->agent, message, length))
		return false;
	length = read_message(client->agent, message);
	return length && write_all(client->socket, message, length) == 0;
}

static void forget(struct client *client)
{
	close(client->socket);
	if (client->agent >= 0)
		close(client->agent);
	*client = (struct client){ -1, -1 };
}

static void take_client(struct client *clients, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	set_patience(fd, CLIENT_S);
	for (size_t i = 0; i < CLIENTS; i++)
		if (clients[i].socket < 0) {
			clients[i] = (struct client){ fd, -1 };
			return;
		}
	close(fd);
}

static _Noreturn void work(const char *agent, int listener)
{
	struct client clients[CLIENTS];
	struct pollfd polls[CLIENTS + 1] = { { .fd = listener, .events = POLLIN } };

	for (size_t i = 0; i < CLIENTS; i++)
		clients[i] = (struct client){ -1, -1 };
	for (;;) {
		for (size_t i = 0; i < CLIENTS; i++)
			polls[i + 1] = (struct pollfd){ .fd = clients[i].socket, .events = POLLIN };
		if (poll(polls, CLIENTS + 1, -1) < 0 && errno != EINTR)
			_exit(1);
		for (size_t i = 0; i < CLIENTS; i++)
			if (polls[i + 1].revents && clients[i].socket == polls[i + 1].fd && !serve(&clients[i], agent))
				forget(&clients[i]);
		if (polls[0].revents)
			take_client(clients, listener);
	}
}

int agent_relay_start(const char *agent, int listener, struct agent_relay *ret, struct error *e)
{
	const struct process_clone request = { .cgroup = -1 };
	int *const kept[] = { &listener };
	autoclose int probe = connect_agent(agent);
	struct error ignored = { 0 };
	pid_t pid;

	*ret = (struct agent_relay){ -1 };
	if (probe < 0) {
		error_sys(e, "speak to the SSH agent at %s", agent);
		close(listener);
		return error_hint(e, "eval $(ssh-agent), ssh-add; SSH_AUTH_SOCK names its socket");
	}
	pid = process_clone(&request, &ret->pidfd, e);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* neither can fail */
		(void)prctl(PR_SET_DUMPABLE, 0);
		process_title("box:[agent]");
		(void)signal(SIGPIPE, SIG_IGN);
		if (process_keep_only(3, kept, 1, &ignored) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			_exit(1);
		work(agent, listener);
	}
	close(listener);
	return pid < 0 ? -1 : 0;
}

void agent_relay_end(struct agent_relay *relay)
{
	struct process_end end;
	struct error ignored = { 0 };

	if (relay->pidfd < 0)
		return;
	(void)process_signal(relay->pidfd, SIGKILL); /* it may have ended */
	(void)process_wait(relay->pidfd, &end, &ignored); /* only so that it is reaped */
	close(take_fd(&relay->pidfd));
}
