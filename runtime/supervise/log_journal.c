/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_journal.c - lines of an app as messages to journald, in its native protocol.
 *
 * A field is its name, a newline, its length as 64 bits with the lowest byte first, its bytes, a newline. The other form (NAME=value) is
 * for text alone. The socket is not connected but named in each message: journald may be restarted at any time.
 */
#include "runtime/supervise/log_journal.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un journal_address = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
static const char *const priorities[] = { [LOG_STDOUT] = "6", [LOG_STDERR] = "3", [LOG_BOX] = "4" };

static void add_field(struct text *ret, const char *name, const char *value)
{
	uint64_t length = value ? htole64(strlen(value)) : 0;

	if (!value)
		return;
	text_add(ret, name);
	text_add_char(ret, '\n');
	text_add_bytes(ret, &length, sizeof length);
	text_add(ret, value);
	text_add_char(ret, '\n');
}

void log_journal_init(struct log_journal *ret, const struct log_journal_names *names)
{
	*ret = (struct log_journal){ .fd = -1 };
	for (size_t i = 0; names->name && i < sizeof priorities / sizeof *priorities; i++) {
		struct text *head = &ret->heads[i];

		add_field(head, "PRIORITY", priorities[i]);
		add_field(head, "SYSLOG_IDENTIFIER", names->name);
		add_field(head, "CONTAINER_NAME", names->name);
		add_field(head, "CONTAINER_ID_FULL", names->id);
		add_field(head, "IMAGE_NAME", names->image);
	}
}

void log_journal_release(struct log_journal *journal)
{
	int saved = errno;

	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	for (size_t i = 0; i < sizeof journal->heads / sizeof *journal->heads; i++)
		text_release(&journal->heads[i]);
	errno = saved;
}

static int open_socket(struct log_journal *journal)
{
	const struct timeval second = { .tv_sec = 1 };

	if (journal->fd < 0)
		journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return journal->fd < 0 ? -1 : setsockopt(journal->fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

int log_journal_send(struct log_journal *journal, enum log_stream stream, const char *line, size_t length, bool is_partial)
{
	static char message[] = "MESSAGE\n", newline[] = "\n", partial[] = "CONTAINER_PARTIAL_MESSAGE=true\n";
	uint64_t size = htole64(length);
	struct iovec parts[] = {
		{ journal->heads[stream].data, journal->heads[stream].length },
		{ message, sizeof message - 1 },
		{ &size, sizeof size },
		{ (void *)(uintptr_t)line, length },
		{ newline, 1 },
		{ partial, sizeof partial - 1 },
	};
	struct msghdr header = {
		.msg_name = (void *)(uintptr_t)&journal_address,
		.msg_namelen = sizeof journal_address,
		.msg_iov = parts,
		.msg_iovlen = sizeof parts / sizeof *parts - !is_partial,
	};
	ssize_t sent;

	if (journal->fd < 0 && open_socket(journal))
		return -1;
	do {
		sent = sendmsg(journal->fd, &header, MSG_NOSIGNAL | (journal->is_stalled ? MSG_DONTWAIT : 0));
	} while (sent < 0 && errno == EINTR);
	journal->is_stalled = sent < 0 && errno == EAGAIN;
	return sent < 0 ? -1 : 0;
}

int log_journal_loss(struct log_journal *journal, uint64_t lost, const char *why)
{
	char words[160];

	(void)snprintf(words, sizeof words, "%ju bytes of output are lost: %s", (uintmax_t)lost, why); /* cut where too long */
	return log_journal_send(journal, LOG_BOX, words, strlen(words), false);
}
