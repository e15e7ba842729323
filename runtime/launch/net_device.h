/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_device.h - network devices of the host that a container gets (OCI's linux.netDevices).
 *
 * A device is in one network namespace at a time, so it leaves the host's. Its name (where the container wants another), its permanent
 * addresses of global scope and its hardware settings go along, and it is brought up. When the namespace ends, the kernel gives hardware
 * back to the host's first network namespace and removes what is virtual (network_namespaces(7)). Only where the container does not come
 * about after all does box itself bring them back: a create that failed must not have taken anything.
 */
#pragma once

#include <sys/types.h>

struct container;
struct error;
struct net_moves; /* devices that are away, with what they had */

/* Moves every device of the container into the network namespace of its first process. Errors name the device. What was moved is in ret,
 * also on failure; NULL where there is nothing to move. */
int net_devices_move(const struct container *container, pid_t pid, struct net_moves **ret, struct error *e);

/* Brings them back, under their names, with their addresses, as they were; what cannot be brought back is a warning. Frees moves. NULL is
 * fine. */
void net_devices_return(struct net_moves *moves);

/* They stay where they are. */
void net_moves_free(struct net_moves *moves);
