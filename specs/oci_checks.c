/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_checks.c - rules between the parts of a config.json: what would change the host, because the container shares a namespace with it.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/alloc.h"
#include "base/error.h"
#include "specs/oci_document.h"

enum { HOST_NAME_MOST = 64 }; /* uname(2) */

static int needs(const struct oci_document *doc, enum namespace_kind kind, const char *what, struct error *e)
{
	if (container_has_namespace(&doc->box, kind))
		return 0;
	return error_set(e, ERROR_SPEC, "%s needs a namespace of its own: linux.namespaces has no \"%s\"", what, oci_namespace_names[kind]);
}

static int check_name(const struct oci_document *doc, const char *name, const char *key, struct error *e)
{
	if (!name)
		return 0;
	if (strlen(name) > HOST_NAME_MOST)
		error_set(e, ERROR_SPEC, "%zu bytes, the kernel takes at most %d", strlen(name), HOST_NAME_MOST);
	else if (needs(doc, NAMESPACE_UTS, key, e) == 0)
		return 0;
	return error_at(e, "%s", key);
}

static int check_names(const struct oci_document *doc, struct error *e)
{
	if (check_name(doc, doc->box.hostname, "hostname", e) || check_name(doc, doc->oci.domainname, "domainname", e))
		return -1;
	return 0;
}

/* sysctl(8): a key whose first separator is a slash is a path; in it "." stands for itself. */
static void write_dotted(char *key)
{
	if (key[strcspn(key, "./")] != '/')
		return;
	for (; *key; key++)
		*key = *key == '/' ? '.' : *key == '.' ? '/' : *key;
}

/* ipc_namespaces(7), uts_namespaces(7), network_namespaces(7). Everything else is the host's, whatever namespaces there are. */
static int check_sysctl(const struct oci_document *doc, const char *key, struct error *e)
{
	static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",          "kernel.sem", "kernel.shmall",
					   "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", NULL };

	if (text_starts(key, "net."))
		return needs(doc, NAMESPACE_NETWORK, key, e);
	if (text_starts(key, "fs.mqueue."))
		return needs(doc, NAMESPACE_IPC, key, e);
	for (size_t i = 0; ipc[i]; i++)
		if (strcmp(key, ipc[i]) == 0)
			return needs(doc, NAMESPACE_IPC, key, e);
	if (strcmp(key, "kernel.domainname") == 0)
		return needs(doc, NAMESPACE_UTS, key, e);
	if (strcmp(key, "kernel.hostname") == 0) {
		error_set(e, ERROR_SPEC, "the host name has a place of its own");
		return error_hint(e, "write \"hostname\": \"…\" at the top of the file");
	}
	return error_set(e, ERROR_SPEC, "%s is no setting of a namespace: it would change the host's", key);
}

static int check_sysctls(const struct oci_document *doc, struct error *e)
{
	for (size_t i = 0; i < doc->box.sysctl_count; i++) {
		autofree char *key = alloc_copy(doc->box.sysctls[i].key);

		write_dotted(key);
		if (check_sysctl(doc, key, e)) {
			error_at(e, "%s", doc->box.sysctls[i].key);
			return error_at(e, "linux.sysctl");
		}
	}
	return 0;
}

static int check_masks(const struct oci_document *doc, struct error *e)
{
	if (doc->box.masked_paths.count && needs(doc, NAMESPACE_MOUNT, "to hide a path", e))
		return error_at(e, "linux.maskedPaths");
	if (doc->box.read_only_paths.count && needs(doc, NAMESPACE_MOUNT, "to protect a path", e))
		return error_at(e, "linux.readonlyPaths");
	return 0;
}

/* Clocks can be set only while nobody is in the namespace (time_namespaces(7)). */
static int check_clocks(const struct oci_document *doc, struct error *e)
{
	if (!doc->oci.has_time_offsets || doc->box.namespaces[NAMESPACE_TIME].choice == NAMESPACE_NEW)
		return 0;
	error_set(e, ERROR_SPEC, "offsets need a new time namespace, and linux.namespaces has none");
	return error_at(e, "linux.timeOffsets");
}

static int check_net_devices(const struct oci_document *doc, struct error *e)
{
	if (doc->oci.net_device_count && needs(doc, NAMESPACE_NETWORK, "to move a device", e))
		return error_at(e, "linux.netDevices");
	return 0;
}

int oci_check(const struct oci_document *doc, struct error *e)
{
	static int (*const rules[])(const struct oci_document *doc, struct error *e) = {
		check_names, check_sysctls, check_masks, check_clocks, check_net_devices,
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i](doc, e))
			return -1;
	return 0;
}
