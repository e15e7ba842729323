/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_device.h - network devices of the host that a container gets (OCI's linux.netDevices).
 *
 * A device is in one network namespace at a time, so it leaves the host's. Its name (where the container wants another), its permanent
 * addresses of global scope and its hardware settings go along, and it is brought up. When the namespace ends, the kernel gives hardware
 * back to the host's first network namespace and removes what is virtual (network_namespaces(7)).
 */
#pragma once

#include <sys/types.h>

struct container;
struct error;

/* Moves every device of the container into the network namespace of its first process. Errors name the device. */
int net_devices_move(const struct container *container, pid_t pid, struct error *e);
