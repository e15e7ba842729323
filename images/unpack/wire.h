/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - what the sandboxed worker may ask of its parent, and nothing else.
 *
 *     worker                                   parent (outside the sandbox, parses nothing)
 *     WIRE_SOURCE                              the archive's descriptor
 *     WIRE_FILE   name                         a file of the layout, for reading
 *     WIRE_WANT   digest, size                 no answer but "yes": it will be asked for; a pull begins to fetch it
 *     WIRE_MANIFEST digest, size               as WIRE_BLOB, for an index or a manifest, which registries keep in another place
 *     WIRE_BLOB   digest, size                 copies the blob from the layout to staging, hashing; answers only where both are right
 *     WIRE_ADD    name                         the same for a file whose digest is not known yet: answers with digest and size
 *     WIRE_MADE   name                         the same for a file that the worker wrote into its own root (a converted manifest)
 *     WIRE_HAS    digest of a layer            1 or 0
 *     WIRE_LOWER  name, 0 or 1                 how that folder (1: empty file) looks in the layers told so far: "mode uid gid
 *                                              seconds nanoseconds", or ""
 *     WIRE_LAYER  digest, folder or -1         the next layer of the image: unpacked in that folder of the worker's root, or in the store
 *     WIRE_LISTING folder                      a file for the listing of that folder (listing.h), for writing
 *     WIRE_CONFIG digest                       the image's configuration
 *     WIRE_INDEX  digest                       of an archive: the index of several platforms that the image was chosen from
 *     WIRE_WARN   words
 *     WIRE_LIST   name, number                 an archive's image number N has this name, or none
 *     WIRE_TAKE                                the archive itself becomes a blob: answers as WIRE_ADD
 *     WIRE_TELL   line                         of a survey: "platform OS/ARCH[/VARIANT] MANIFEST CONFIG", then for each of its layers
 *                                              "layer BLOB DIFF-ID"; all but the platform are digests
 *     WIRE_DONE   digest, 1 or 0               of the image: all was said; 1: its manifest is of Docker's kind
 *     WIRE_FAIL   error                        the end
 *
 * Every question but the last two gets one answer: WIRE_ANSWER or WIRE_FAIL. The process that talks to a registry
 * (images/registry/fetcher.h) is on such a socket too; there the parent asks, with WIRE_FETCH.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum wire_op {
	WIRE_ANSWER,
	WIRE_SOURCE,
	WIRE_FILE,
	WIRE_WANT,
	WIRE_MANIFEST,
	WIRE_BLOB,
	WIRE_ADD,
	WIRE_MADE,
	WIRE_HAS,
	WIRE_LOWER,
	WIRE_LAYER,
	WIRE_LISTING,
	WIRE_CONFIG,
	WIRE_INDEX,
	WIRE_WARN,
	WIRE_LIST,
	WIRE_TAKE,
	WIRE_TELL,
	WIRE_DONE,
	WIRE_FAIL,
	WIRE_FETCH,
	WIRE_OPS,
};

enum { WIRE_TEXT = 1024 };

struct wire_message {
	uint32_t op;
	int64_t number;
	char text[WIRE_TEXT];
	struct error error;
};

/* A pair of connected sockets. */
int wire_open(int ret_ends[static 2], struct error *e);

/* fd: sent along, or -1. */
int wire_send(int channel, const struct wire_message *message, int fd, struct error *e);

/* 1, or 0 at the end of file, or -1. *ret_fd is -1 where none came. Texts are ended by a zero byte whatever the sender did. */
int wire_receive(int channel, struct wire_message *ret, int *ret_fd, struct error *e);

/* Worker: one question and its answer; text may be NULL, ret_fd too. answer holds number and text. */
int wire_ask(int channel, enum wire_op op, const char *text, int64_t number, struct wire_message *answer, int *ret_fd,
	     struct error *e);
