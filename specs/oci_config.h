/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_config.h - OCI's config.json (runtime-spec 1.x), process.json and resources, into the structs that the runtime works with.
 *
 * Nothing is added to what the engine wrote, and nothing that it wrote is dropped in silence:
 *
 *   - Unknown keys are errors, with the key that was probably meant, wherever a key decides what a container may do: process, root,
 *     linux and all below it, items of mounts, hooks. The specification lets a runtime ignore properties that it does not know; but a
 *     filter, a mask or a mapping that is not understood protects nobody, and the author believes that it does. Keys that begin
 *     with "x-" are ignored everywhere.
 *   - They are ignored at the top of the file and in annotations, as the specification says ("Extensibility"): engines put their
 *     own words there. The objects of other platforms (windows, solaris, vm, zos, freebsd) are ignored whatever they hold.
 *   - Keys that older versions had and that the kernel no longer obeys are known, and ignored: memory.kernel, memory.kernelTCP,
 *     memory.useHierarchy; process.commandLine and user.username, which are Windows'. linux.intelRdt is refused, with the reason.
 *   - null counts as absent, as for Go programs. Numbers up to 2^64 - 1 are read.
 *   - Capabilities that box does not know are left out with a warning, as the specification demands.
 *
 * Errors carry the file, the line and the place: "config.json:12: mounts[2].destination: …". On failure ret is untouched.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct container;
struct error;
struct limits;
struct text;

/* config.json. name is the file, for messages; bundle, absolute, is what relative paths of the host are relative to. All of ret is set, but
 * for its name, spec_file and image. A file without "process" (the specification allows it until start) leaves args empty. */
int oci_config_decode(const char *json, size_t length, const char *name, const char *bundle, struct container *ret, struct error *e);

/* The same, with the profile of linux.seccomp left as an unread text, which is most of what engines write and nearly always the one of
 * last time. Where the text does not come from box itself, the caller goes on only if seccomp_text turns out to be a profile
 * (seccomp_prepare): with it the whole was well-formed, without it oci_config_decode says what is wrong, and where. ret_rest, empty
 * before, becomes the text without its profile, which oci_config_decode takes; it stays empty where the profile was read with the rest. */
int oci_config_decode_open(const char *json, size_t length, const char *name, const char *bundle, struct container *ret,
			   struct text *ret_rest, struct error *e);

/* process.json of exec --process, over ret, which holds what oci_config_decode made of the container's own file.
 *
 * Taken from process.json even where it says nothing: args, env, cwd, user with additionalGids, terminal, consoleSize, noNewPrivileges.
 * Kept as the container has them where process.json says nothing: capabilities, rlimits, umask, apparmorProfile, selinuxLabel,
 * oomScoreAdj, scheduler, ioPriority, execCPUAffinity. All else of ret is untouched. */
int oci_process_decode(const char *json, size_t length, const char *name, struct container *ret, struct error *e);

/* The JSON of update --resources, an object as linux.resources, into ret, of which nothing is kept. 0 in memory, cpu (but for burst
 * and idle), pids and blockIO means "as it is", as engines write it: LIMIT_UNSET. Such a 0 in config.json means the same. cpu_period_us,
 * too, is LIMIT_UNSET where nobody said it, so that an update can keep the container's own. */
int oci_resources_decode(const char *json, size_t length, const char *name, struct limits *ret, struct error *e);

/* The newest version of the specification whose words are known here. */
#define OCI_VERSION "1.3.0"
