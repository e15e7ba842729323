/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.c - where things live on this host.
 */
#include "base/places.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

/* $variable/box where the variable is an absolute path, else $HOME/fallback/box; NULL without both. */
static char *user_place(const char *variable, const char *fallback)
{
	const char *base = getenv(variable);
	const char *home = getenv("HOME");

	if (base && base[0] == '/')
		return text_format("%s/box", base);
	return home && home[0] == '/' ? text_format("%s/%s/box", home, fallback) : NULL;
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

int places_find(struct places *ret, struct error *e)
{
	const char *store = getenv("BOX_STORE");
	struct places places = { .rootless = geteuid() != 0 };

	if (places.rootless) {
		places.state = user_state();
		places.store = user_place("XDG_DATA_HOME", ".local/share");
		places.cache = user_place("XDG_CACHE_HOME", ".cache");
		places.config = user_place("XDG_CONFIG_HOME", ".config");
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

/* The path that this program was started from. A sealed one (runtime/sealed.c) lies in no folder, but knows its original. */
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
