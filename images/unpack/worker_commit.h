/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_commit.h - what reads and compresses a writable layer, in sandboxes.
 *
 * Each gets its descriptors as messages before it starts, and asks what wire.h says.
 */
#pragma once

struct upper_tar;

/* Tasks for sandbox_start. The root is the upper folder; data is a struct upper_tar without descriptor and questions. One descriptor: the
 * tar, for writing. Ends with WIRE_DONE. */
int worker_pack(int channel, void *data);

/* data is an enum compression. Two descriptors: the tar for reading, the blob for writing. */
int worker_compress(int channel, void *data);
