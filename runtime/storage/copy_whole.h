/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_whole.h - a copy of a folder that keeps all there is to keep.
 */
#pragma once

struct error;

/* Copies what is in folder from into the empty folder to, and its own owner, mode, times and extended attributes: content shared where the
 * file system can (FICLONE), holes as holes, hard links as hard links. Devices and sockets are left out. Follows no link in from, which an
 * app may change meanwhile; nobody but the caller may write to. Deeper than 128 levels is an error. */
int copy_whole(int from, int to, struct error *e);
