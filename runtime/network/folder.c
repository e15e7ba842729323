/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.c - STATE/.networks/NAME.
 */
#include "runtime/network/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/network/words.h"

/* In the folder of states, of which no process of a network may change a thing. */
#define NEW ".network"

static int make(int states, int networks, const char *name, struct error *e)
{
	autoclose int folder = -1;

	if (folder_remove(states, NEW, e)) /* of one that was killed here */
		return -1;
	if (mkdirat(states, NEW, 0700))
		return error_sys(e, "make the folder of the network %s", name);
	folder = openat(states, NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || file_replace(folder, NETWORK_RUN_NOTE, "\n", 1, 0600, e))
		return folder < 0 ? error_sys(e, "open the folder of the network %s", name) : -1;
	if (renameat(states, NEW, networks, name))
		return error_sys(e, "name the folder of the network %s", name);
	return take_fd(&folder);
}

int network_folder(const struct places *places, const char *name, struct error *e)
{
	autofree char *path = text_format("%s/" NETWORKS_FOLDER, places->state);
	autoclose int networks = folder_open_private(path, e), states = -1;
	int folder;

	if (networks < 0)
		return -1;
	folder = openat(networks, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0)
		return folder;
	if (errno != ENOENT)
		return error_sys(e, "open the folder %s/%s", path, name);
	states = openat(networks, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return states < 0 ? error_sys(e, "open the folder %s", places->state) : make(states, networks, name, e);
}
