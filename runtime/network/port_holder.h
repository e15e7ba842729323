/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_holder.h - who listens on a port of this host.
 */
#pragma once

#include <stdint.h>

/* "nginx (process 812)"; where it cannot be told, because others' descriptors are not shown to ordinary users: NULL. protocol:
 * IPPROTO_TCP or IPPROTO_UDP. The caller frees it. */
char *port_holder(int protocol, uint16_t port);
