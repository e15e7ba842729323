/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.c - where things live on this host.
 */
#include "base/places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

/* $variable/box where the variable is an absolute path, else $HOME/fallback/box; without both beside state, or NULL. */
static char *user_place(const char *variable, const char *fallback, const char *state)
{
	const char *base = getenv(variable);
	const char *home = getenv("HOME");

	if (base && base[0] == '/')
		return text_format("%s/box", base);
	if (home && home[0] == '/')
		return text_format("%s/%s/box", home, fallback);
	/* Engines call box with hardly any environment. */
	return state ? text_format("%s-%s", state, variable) : NULL;
}

/* $XDG_RUNTIME_DIR/box, else /run/user/UID/box where that folder is ours, else /tmp/box-UID. */
static char *user_state(void)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	autofree char *folder = NULL;
	struct stat st;

	if (base && base[0] == '/')
		return text_format("%s/box", base);
	folder = text_format("/run/user/%u", geteuid());
	if (lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		return text_format("%s/box", folder);
	return text_format("/tmp/box-%u", geteuid());
}

/* Root of a user namespace that an ordinary user made, and that is still theirs (podman without root calls box that way): its folders are
 * the user's. The same signs as runc's: the id map, and an environment that is not root's. */
static bool is_borrowed_root(void)
{
	const char *user = getenv("USER"), *base = getenv("XDG_RUNTIME_DIR");
	autorelease(text) struct text map = { 0 };
	struct error ignored = { 0 };
	unsigned long inside = 0, outside = 0;

	if (geteuid() != 0 || !base || base[0] != '/' || (user && strcmp(user, "root") == 0))
		return false;
	if (file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &map, &ignored) || !map.data)
		return false;
	return sscanf(map.data, "%lu %lu", &inside, &outside) == 2 && outside != inside;
}

int places_find(struct places *ret, struct error *e)
{
	const char *store = getenv("BOX_STORE");
	struct places places = { .rootless = geteuid() != 0 };

	if (places.rootless || is_borrowed_root()) {
		const char *without_home = NULL;

		places.state = user_state();
		without_home = places.rootless ? NULL : places.state;
		places.store = user_place("XDG_DATA_HOME", ".local/share", without_home);
		places.cache = user_place("XDG_CACHE_HOME", ".cache", without_home);
		places.config = user_place("XDG_CONFIG_HOME", ".config", without_home);
	} else {
		places.state = alloc_copy("/run/box");
		places.store = alloc_copy("/var/lib/box");
		places.cache = alloc_copy("/var/cache/box");
		places.config = alloc_copy("/etc/box");
	}
	if (store && *store) {
		free(places.store);
		places.store = store[0] == '/' ? alloc_copy(store) : NULL;
		if (!places.store) {
			places_release(&places);
			return error_set(e, ERROR_USAGE, "use the store BOX_STORE=%s: it has to be an absolute path", store);
		}
	}
	if (!places.store || !places.cache || !places.config) {
		places_release(&places);
		return error_set(e, ERROR_USAGE, "find the folders of user %u: neither HOME nor the XDG variables are set", geteuid());
	}
	*ret = places;
	return 0;
}

void places_release(struct places *places)
{
	int saved = errno;

	free(places->state);
	free(places->store);
	free(places->cache);
	free(places->config);
	memset(places, 0, sizeof *places);
	errno = saved;
}

/* The path that this program was started from. A sealed one (runtime/launch/sealed.c) lies in no folder, but knows its original. */
static int own_path(char ret[static PATH_MAX], struct error *e)
{
	const char *original = getenv(PLACES_SELF);
	ssize_t length = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (length < 0)
		return error_sys(e, "find box's own folder: read /proc/self/exe");
	ret[length] = '\0';
	if ((text_starts(ret, "/memfd:") || !strchr(ret + 1, '/')) && original && strlen(original) < PATH_MAX)
		memcpy(ret, original, strlen(original) + 1);
	return 0;
}

char *places_self(struct error *e)
{
	char self[PATH_MAX];

	return own_path(self, e) ? NULL : alloc_copy(self);
}

char *places_helper(const char *name, struct error *e)
{
	char self[PATH_MAX];
	autofree char *path = NULL;
	char *slash;

	if (own_path(self, e))
		return NULL;
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	path = text_format("%s/../libexec/box/%s", self, name);
	if (access(path, X_OK)) {
		error_sys(e, "find the helper program %s", path);
		error_hint(e, "box and its libexec folder belong together: run make install again");
		return NULL;
	}
	return take_ptr(&path);
}
