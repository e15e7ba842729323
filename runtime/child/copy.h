/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.h - copy the content of one folder into another, by descriptors only.
 */
#pragma once

struct error;

/* Copies what is in folder from (and its owner and mode) into folder to: folders, regular files, links,
 * FIFOs, with owners, modes, times and security.capability. Devices and sockets are left out, hard links
 * become files of their own. What belongs to ids that do not exist in the caller's user namespace stays the
 * caller's, without setuid bits. Follows no link; deeper than 128 levels is an error. */
int copy_tree(int from, int to, struct error *e);
