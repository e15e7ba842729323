/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_view.c - what a container sees at /sys/fs/cgroup.
 *
 * v2: one mount. v1: a small tmpfs with a folder per tree that the container has a group in, and a link per controller where several
 * share a tree. Neither: the empty tmpfs. With a cgroup namespace the mounts are new ones that show its root; in the host's, the
 * container's own groups are bound, and nothing else of the host's trees (CVE-2023-25809).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

static const uint64_t closed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

static int bind_group(const struct cgroup_mount *entry, uint64_t attributes, struct error *e)
{
	const struct mount_change change = { .set = attributes, .propagation = MS_PRIVATE };
	autoclose int mount = mount_clone(AT_FDCWD, entry->host_path, /* recursive= */ false, e);

	if (mount < 0 || mount_change(mount, entry->host_path, &change, e))
		return -1;
	return take_fd(&mount);
}

static int new_mount(const struct cgroup_mount *entry, uint64_t attributes, struct error *e)
{
	autofree char *words = text_format("%s", entry->option ? entry->option : "");
	struct mount_option options[8] = { { NULL, NULL } };
	char *state = NULL;
	size_t count = 0;

	/* Controllers may share a tree: "cpu,cpuacct". A named one: "name=systemd", which as an option is a key with a value, and "none".
	 * */
	for (char *word = strtok_r(words, ",", &state); word && count < 6; word = strtok_r(NULL, ",", &state)) {
		char *value = strchr(word, '=');

		if (value) {
			*value++ = '\0';
			options[count++].key = "none";
		}
		options[count++] = (struct mount_option){ word, value };
	}
	return mount_make(entry->type, options, attributes, e);
}

static int open_view(struct child *c, const struct cgroup_mount *entry, uint64_t attributes, struct error *e)
{
	return container_has_namespace(c->container, NAMESPACE_CGROUP) ? new_mount(entry, attributes, e) : bind_group(entry, attributes, e);
}

/* cpu -> cpu,cpuacct */
static int link_controllers(int parent, const char *folder, struct error *e)
{
	autofree char *words = text_format("%s", folder);
	char *state = NULL;

	if (!strchr(folder, ','))
		return 0;
	for (char *word = strtok_r(words, ",", &state); word; word = strtok_r(NULL, ",", &state))
		if (symlinkat(folder, parent, word) && errno != EEXIST)
			return error_sys(e, "make the link of cgroup controller %s", word);
	return 0;
}

static int mount_tree(struct child *c, int parent, const struct cgroup_mount *entry, uint64_t attributes, struct error *e)
{
	autoclose int mount = open_view(c, entry, attributes, e);
	autoclose int folder = -1;

	if (mount < 0)
		return error_in(e, "show the cgroup controller %s", entry->folder);
	if (mkdirat(parent, entry->folder, 0755))
		return error_sys(e, "make the folder of cgroup controller %s", entry->folder);
	folder = openat(parent, entry->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_sys(e, "open the folder of cgroup controller %s", entry->folder);
	return mount_attach(mount, folder, entry->folder, e) ? -1 : link_controllers(parent, entry->folder, e);
}

int cgroup_view_mount(struct child *c, const struct mount_entry *entry, struct error *e)
{
	static const struct mount_option small[] = { { "mode", "0755" }, { "size", "64k" }, { NULL, NULL } };
	uint64_t attributes = c->container->oci ? entry->attributes : closed | MOUNT_ATTR_RDONLY;
	const struct mount_change read_only = { .set = attributes & MOUNT_ATTR_RDONLY };
	const struct cgroup_mount *mounts = cgroup_mounts(c->cgroup);
	bool is_v2 = mounts && mounts->type && !*mounts->folder;
	autoclose int target = beneath_make_folder(c->root, entry->target, 0755, e);
	autoclose int mount = -1;

	if (target < 0)
		return -1;
	mount = is_v2 ? open_view(c, mounts, attributes, e) : mount_make("tmpfs", small, attributes & ~(uint64_t)MOUNT_ATTR_RDONLY, e);
	if (mount < 0 || mount_attach(mount, target, entry->target, e))
		return -1;
	if (is_v2)
		return 0;
	for (const struct cgroup_mount *m = mounts; m && m->type; m++)
		if (mount_tree(c, mount, m, attributes, e))
			return -1;
	return read_only.set ? mount_change(mount, entry->target, &read_only, e) : 0;
}
