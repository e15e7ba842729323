/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - the terminal that an engine takes over: --console-socket.
 */
#pragma once

struct error;

/* Connects to the socket at path and sends the terminal's master along (SCM_RIGHTS), as runc does. */
int console_send(const char *path, int master, struct error *e);
