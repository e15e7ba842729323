/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.c - the terminal that an engine takes over.
 */
#include "runtime/streams/console.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/streams/descriptor_socket.h"

int console_send(const char *path, int master, struct error *e)
{
	static const char name[] = "/dev/ptmx"; /* the words of runc's go-console, which receivers show and nothing more */
	autoclose int fd = descriptor_socket_connect(path, "the console socket", e);

	if (fd < 0)
		return -1;
	if (descriptor_socket_send(fd, name, sizeof name - 1, master, e))
		return error_in(e, "give the terminal to the console socket %s", path);
	return 0;
}
