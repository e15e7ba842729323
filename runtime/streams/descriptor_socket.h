/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor_socket.h - a descriptor for another program, through a Unix socket of its own (SCM_RIGHTS).
 */
#pragma once

#include <stddef.h>

struct error;

/* A connection to the stream socket at path; what names it in messages: "the console socket". */
int descriptor_socket_connect(const char *path, const char *what, struct error *e);

/* Sends length bytes, at least one, the first of them together with the descriptor, which stays open here. */
int descriptor_socket_send(int socket, const void *data, size_t length, int descriptor, struct error *e);
