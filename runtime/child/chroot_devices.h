/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_devices.h - /dev, /proc and /sys of a container whose root is a chroot.
 */
#pragma once

struct child;
struct error;

/* Fills the folder that becomes /dev: with nodes, or where they may not be made with places for those of this container. */
int chroot_devices_make(int folder, struct error *e);

/* In the child: where it could have a mount namespace of its own, what this container has in /proc, /sys and /dev is shown. Root is the
 * current folder. */
int chroot_devices_mount(struct child *c, struct error *e);
