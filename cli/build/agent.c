/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.c - RUN --mount=type=ssh.
 */
#include "cli/build/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/build/work.h"
#include "specs/build_plan.h"

int build_agent_check(const char *words, struct error *e)
{
	const char *path = strchr(words, '=');
	struct stat st;

	if (path == words || !*words)
		return error_set(e, ERROR_USAGE, "option --ssh: expected default, ID or ID=SOCKET, found \"%.200s\"", words);
	path = path ? path + 1 : getenv("SSH_AUTH_SOCK");
	if (!path || !*path) {
		error_set(e, ERROR_USAGE, "option --ssh %s: there is no agent: SSH_AUTH_SOCK is not set", words);
		return error_hint(e, "eval $(ssh-agent), ssh-add; or --ssh %s=SOCKET", words);
	}
	if (stat(path, &st))
		return error_sys(e, "option --ssh %s: look at %s", words, path);
	if (S_ISSOCK(st.st_mode))
		return 0;
	error_set(e, ERROR_USAGE, "option --ssh %s: %s is no socket, and box reads no keys", words, path);
	return error_hint(e, "ssh-add FILE gives a key to an agent, whose socket a step can have");
}

/* The socket of the agent with that id, to be freed; NULL: nobody gave one. */
static char *find_agent(const struct build_work *work, const char *id)
{
	const struct list *given = &work->options->ssh;

	for (size_t i = 0; i < given->count; i++) {
		size_t length = strcspn(given->items[i], "=");

		if (length != strlen(id) || strncmp(given->items[i], id, length) != 0)
			continue;
		return alloc_copy(given->items[i][length] ? given->items[i] + length + 1 : getenv("SSH_AUTH_SOCK"));
	}
	return NULL;
}

/* Paths of sockets are short; one through a descriptor always is short enough. */
int build_agent_listen(int folder, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" BUILD_AGENT_SOCKET, folder); /* always fits */
	if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) || listen(listener, 8))
		return error_sys(e, "make the socket of an SSH agent");
	return take_fd(&listener);
}

int build_agent_find(const struct build_work *work, const struct build_mount *mount, char **ret_path, struct error *e)
{
	*ret_path = find_agent(work, mount->id);
	if (*ret_path || !mount->is_required)
		return 0;
	error_set(e, ERROR_SPEC, "the SSH agent %s is required, and nobody gave it", mount->id);
	return error_hint(e, "box build --ssh %s, with SSH_AUTH_SOCK set, or --ssh %s=SOCKET", mount->id, mount->id);
}
