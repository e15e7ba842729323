/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - what the two halves of a start say to each other.
 *
 *   parent (launch.c)                              child (child.c)
 *   ------------------------------------------    ----------------------------------------------
 *   cgroup, writable layer, clone3
 *   writes the id maps
 *   opens and id-maps the layers
 *   DESCRIPTORS… GO                          -->   enters cgroup, takes the layers, mounts the overlay,
 *                                                  looks the user up in the image
 *                                            <--   ROOT (uid, gid)
 *   opens and id-maps binds and volumes
 *   DESCRIPTORS… MOUNTS                      -->   proc, dev, sys, mounts, files, masks, pivot,
 *                                                  hostname, sysctls, streams, program
 *                                            <--   READY (stdin, stdout, stderr or terminal)
 *   rlimits, state record
 *   START                                    -->   identity, capabilities, seccomp, exec
 *                                            <--   end of file: the program runs
 *
 * At any point the child may say FAILED with its error, and end. End of file before START means that it died:
 * the parent reports how. The child treats the end of file as its own end: nobody is left to run for.
 * For an ordinary user the child opens layers and sources by itself (only it may clone mounts), and no DESCRIPTORS come.
 */
#pragma once

enum stage {
	STAGE_NONE,            /* never sent */
	STAGE_DESCRIPTORS,     /* up to CHANNEL_FDS mounts; more may follow */
	STAGE_GO,
	STAGE_ROOT,
	STAGE_MOUNTS,
	STAGE_READY,
	STAGE_START,
	STAGE_EXECUTED, /* never sent: the end of file says it */
	STAGE_FAILED,
	STAGE_HOOKS,    /* OCI: the parent shall run prestart and createRuntime hooks */
	STAGE_HOOKED,
	STAGE_PARK,     /* OCI create: the parent ends now; START comes by a connection to the state folder's socket */
	STAGE_LISTENER, /* the listener of a seccomp filter that notifies (listener.h) */
	STAGE_ENTERED, /* box exec: the middle process is done; the new one's pidfd (enter.c) */
};

struct error;
struct message;

/* The parent's wait for one stage: 1, or 0 at the end of file, or -1: the child's own failure, or another stage than this. */
int stage_receive(int channel, unsigned stage, struct message *ret, struct error *e);

/* Collects a mount into a message (message_init) for the child, and sends it as DESCRIPTORS when it is full. Takes mount. */
int stage_add_mount(int channel, struct message *message, int mount, struct error *e);

/* Takes the streams out of a READY message and releases it; those that it does not have stay as they are. */
void stage_take_streams(struct message *ready, int ret_streams[static 3]);
