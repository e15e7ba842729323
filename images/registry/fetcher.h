/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher.h - the process that talks to a registry, in a sandbox with the network and nothing else.
 *
 * Over its channel (images/unpack/wire.h) it is asked, one thing after the other:
 *
 *     WIRE_FETCH "manifest NAME" or "blob DIGEST", offset, and a pipe     the bytes from offset on go into the pipe, which is closed then
 *     WIRE_FETCH "called NAME", 0, and a pipe                             nothing: only what the registry calls the manifest
 *     WIRE_FETCH "login ", 0, and a pipe                                  nothing: whether the registry takes the credentials
 *     WIRE_FETCH "referrers DIGEST", 0, and a pipe                        a JSON list of what refers to that manifest (referrers.h)
 *     WIRE_ANSWER "MEDIA-TYPE\nDIGEST"                                    what the registry calls the manifest; both may be empty
 *     WIRE_FAIL error
 */
#pragma once

/* A task for sandbox_start; data is a struct plan. */
int fetcher_run(int channel, void *data);
