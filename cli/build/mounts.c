/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.c - what the mounts of a RUN step come from.
 *
 * Every source is a descriptor that was looked up below its own root (base/beneath.h): a link of the context, of a stage or of a cache
 * folder that leads elsewhere leads to something in that root, or nowhere (CVE-2024-1753, CVE-2024-23651).
 *
 *     STORE/build/mounts/id-HASH-N      holds the id of a cache; locked by whoever uses it
 *     STORE/build/mounts/id-HASH-N.M    its folder, with the ids of containers; M is 0 unless "private" caches are in use
 */
#include "cli/build/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/isolation.h"
#include "base/places.h"
#include "cli/build/agent.h"
#include "cli/build/copies.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/store.h"
#include "runtime/child/inside.h"
#include "runtime/streams/agent_relay.h"
#include "specs/build_container.h"
#include "specs/paths.h"

enum { SECRET_LIMIT = 512 << 10, PRIVATE_MOST = 64 };

static void keep(struct build_mounts *mounts, int fd)
{
	int *place = alloc_append(&mounts->open, &mounts->open_count, sizeof *mounts->open);

	*place = fd;
}

struct owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

struct giving {
	int folder;
	const char *name; /* NULL: the folder itself */
	struct owner owner;
};

static int give(void *data, struct error *e)
{
	const struct giving *giving = data;
	const struct owner *owner = &giving->owner;
	/* Box itself has made what is there a moment ago, where nobody else enters: it is no link. */
	int failed = giving->name ? fchownat(giving->folder, giving->name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) ||
					    fchmodat(giving->folder, giving->name, owner->mode, 0)
				  : fchown(giving->folder, owner->uid, owner->gid) || fchmod(giving->folder, owner->mode);

	return failed ? error_sys(e, "give it to %u:%u", owner->uid, owner->gid) : 0;
}

/* What is called name in the folder gets that owner, an id of containers; NULL: the folder itself. An ordinary user needs subordinate ids
 * for others than root. */
static int give_to(const struct build_work *work, int folder, const char *name, const struct owner *owner, struct error *e)
{
	struct giving giving = { folder, name, *owner };
	int *const kept[] = { &giving.folder };
	struct id_map map;
	const struct inside inside = { .map = &map, .first = -1, .confine = -1, .kept = kept, .kept_count = 1, .work = give, .data = &giving };

	if (!work->call->places->rootless)
		return give(&giving, e);
	id_map_for_caller(&map);
	return inside_run(&inside, e);
}

/* The folder that is used, number n of that id, made where it is missing. */
static int open_cache_folder(struct build_work *work, const char *slot, unsigned n, const struct build_mount *mount, struct error *e)
{
	autofree char *path = text_format("%s.%u", slot, n);
	bool is_new = mkdirat(work->store, path, 0700) == 0;
	const struct owner owner = { (uid_t)mount->uid, (gid_t)mount->gid, (mode_t)mount->mode };
	autoclose int folder = -1, source = -1;

	if (!is_new && errno != EEXIST)
		return error_sys(e, "make the cache %s", mount->id);
	folder = openat(work->store, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return error_sys(e, "open the cache %s", mount->id);
	if (is_new && mount->from.kind != BUILD_FROM_SCRATCH && build_copy_into(work, &mount->from, mount->source, folder, "", e))
		return -1;
	if (is_new && give_to(work, folder, NULL, &owner, e))
		return error_in(e, "the cache %s", mount->id);
	source = beneath_open(folder, ".", O_PATH | O_DIRECTORY, 0, e);
	return source < 0 ? -1 : take_fd(&source);
}

/* A lock that nobody else has: of the shared folder, or of the first private one that is free. */
static int lock_cache(const struct build_work *work, const char *slot, const struct build_mount *mount, unsigned *ret_n, struct error *e)
{
	for (unsigned n = 0; n < PRIVATE_MOST; n++) {
		autofree char *path = n ? text_format("%s.lock-%u", slot, n) : alloc_copy(slot);
		autoclose int lock = openat(work->store, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		/* A folder that is moved to where it is mounted is for one step at a time. */
		bool is_shared = mount->sharing == BUILD_SHARING_SHARED && !isolation_is_chroot();
		int how = is_shared ? LOCK_SH : mount->sharing == BUILD_SHARING_PRIVATE ? LOCK_EX | LOCK_NB : LOCK_EX;

		if (lock < 0)
			return error_sys(e, "lock the cache %s", mount->id);
		*ret_n = n;
		if (flock(lock, how) == 0) {
			(void)utimensat(work->store, slot, NULL, AT_SYMLINK_NOFOLLOW); /* when it was last used, for prune */
			return take_fd(&lock);
		}
		if (errno != EWOULDBLOCK)
			return error_sys(e, "lock the cache %s", mount->id);
	}
	return error_set(e, ERROR_EXISTS, "lock the cache %s: %d builds use it", mount->id, PRIVATE_MOST);
}

/* A folder of the store that goes with the mounts. */
static int make_staging(struct build_work *work, struct build_mounts *mounts, struct error *e)
{
	char name[STORE_NAME];
	int folder = store_staging_make(work->store, name, e);

	if (folder < 0)
		return -1;
	keep(mounts, folder);
	list_add(&mounts->staged, name);
	return folder;
}

/* A build that is verified has empty ones the second time, as another machine has. */
static int open_new_cache(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts, struct error *e)
{
	autofree char *slot = NULL;

	if (make_staging(work, mounts, e) < 0)
		return -1;
	slot = text_format("staging/%s/root", mounts->staged.items[mounts->staged.count - 1]);
	return open_cache_folder(work, slot, 0, mount, e);
}

/* The source is that, or opening it has failed. */
static int take_source(int descriptor, struct build_mount_source *ret)
{
	ret->descriptor = descriptor;
	ret->is_there = descriptor >= 0;
	return ret->is_there ? 0 : -1;
}

static int open_cache(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts,
		      struct build_mount_source *ret, struct error *e)
{
	autofree char *slot = NULL;
	unsigned n = 0;
	int lock;

	if (work->verify)
		return take_source(open_new_cache(work, mount, mounts, e), ret);
	slot = store_slot(work->store, "build/mounts", "id-", mount->id, e);
	lock = slot ? lock_cache(work, slot, mount, &n, e) : -1;
	if (lock < 0)
		return -1;
	keep(mounts, lock);
	return take_source(open_cache_folder(work, slot, n, mount, e), ret);
}

/* What the step writes there is thrown away, so it gets a copy; as does what no folder of this host is. */
static int open_copy(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts, struct error *e)
{
	int folder = make_staging(work, mounts, e);

	if (folder < 0)
		return -1;
	if (build_copy_into(work, &mount->from, mount->source, folder, "/root", e))
		return -1;
	return beneath_open(folder, "root", O_PATH | O_NOFOLLOW, 0, e);
}

static int open_bind(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts,
		     struct build_mount_source *ret, struct error *e)
{
	struct build_folder folder;
	/* In a chroot what is mounted is moved. */
	bool is_direct = build_folder_of(work, &mount->from, &folder) && mount->read_only && !folder.ignore->count && !isolation_is_chroot();
	int found = is_direct ? beneath_open(folder.root, mount->source, O_PATH, 0, e) : open_copy(work, mount, mounts, e);

	return take_source(found, ret) == 0 ? 0 : error_in(e, "--mount=type=bind,source=%s", mount->source);
}

static const struct build_secret *find_secret(const struct build_work *work, const char *id)
{
	for (size_t i = 0; i < work->secret_count; i++)
		if (strcmp(work->secrets[i].id, id) == 0)
			return &work->secrets[i];
	return NULL;
}

static int read_secret(const struct build_secret *secret, struct text *ret, struct error *e)
{
	const char *value = secret->environment ? getenv(secret->environment) : NULL;

	if (secret->file && file_read(AT_FDCWD, secret->file, SECRET_LIMIT, ret, e))
		return error_in(e, "the secret %s", secret->id);
	if (secret->environment && !value)
		return error_set(e, ERROR_USAGE, "the secret %s: there is no variable %s", secret->id, secret->environment);
	if (value)
		text_add(ret, value);
	return 0;
}

int build_secret_read(const struct build_work *work, const char *id, struct text *ret, struct error *e)
{
	const struct build_secret *secret = find_secret(work, id);

	if (!secret) {
		error_set(e, ERROR_USAGE, "the secret %.80s: nobody gave it", id);
		return error_hint(e, "--secret id=%.80s,src=FILE, or --secret id=%.80s,env=VARIABLE", id, id);
	}
	if (read_secret(secret, ret, e))
		return -1;
	return ret->length ? 0 : error_set(e, ERROR_USAGE, "the secret %s is empty", id);
}

static int open_secret(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts,
		       struct build_mount_source *ret, struct error *e)
{
	const struct build_secret *secret = find_secret(work, mount->id);
	struct text *content;

	if (!secret && !mount->is_required)
		return 0;
	if (!secret) {
		error_set(e, ERROR_SPEC, "the secret %s is required, and nobody gave it", mount->id);
		return error_hint(e, "box build --secret id=%s,src=FILE, or --secret id=%s,env=VARIABLE", mount->id, mount->id);
	}
	content = alloc_append(&mounts->secrets, &mounts->secret_count, sizeof *content);
	if (read_secret(secret, content, e))
		return -1;
	ret->is_there = true;
	ret->data = content->length ? content->data : "";
	ret->length = content->length;
	return 0;
}

/* The socket belongs to who may use it, and the relay behind it has begun. */
static int start_agent(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts, const char *agent,
		       struct error *e)
{
	const struct owner owner = { (uid_t)mount->uid, (gid_t)mount->gid, (mode_t)mount->mode };
	int folder = make_staging(work, mounts, e);
	autoclose int listener = folder < 0 ? -1 : build_agent_listen(folder, e);
	struct agent_relay relay, *kept;

	if (listener < 0 || give_to(work, folder, BUILD_AGENT_SOCKET, &owner, e) ||
	    agent_relay_start(agent, take_fd(&listener), &relay, e))
		return -1;
	kept = alloc_append(&mounts->agents, &mounts->agent_count, sizeof *kept);
	*kept = relay;
	return beneath_open(folder, BUILD_AGENT_SOCKET, O_PATH | O_NOFOLLOW, 0, e);
}

static int open_agent(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts,
		      struct build_mount_source *ret, struct error *e)
{
	autofree char *agent = NULL;

	if (build_agent_find(work, mount, &agent, e))
		return -1;
	if (!agent)
		return 0;
	return take_source(start_agent(work, mount, mounts, agent, e), ret);
}

static int open_one(struct build_work *work, const struct build_mount *mount, struct build_mounts *mounts, struct build_mount_source *ret,
		    struct error *e)
{
	switch (mount->kind) {
	case BUILD_MOUNT_TMPFS:
		ret->is_there = true;
		return 0;
	case BUILD_MOUNT_CACHE:
		return open_cache(work, mount, mounts, ret, e);
	case BUILD_MOUNT_BIND:
		return open_bind(work, mount, mounts, ret, e);
	case BUILD_MOUNT_SECRET:
		return open_secret(work, mount, mounts, ret, e);
	case BUILD_MOUNT_SSH:
		return open_agent(work, mount, mounts, ret, e);
	}
	return error_set(e, ERROR_INTERNAL, "a mount of no kind");
}

static int find_path(struct build_mounts *mounts, struct build_mount_source *source, struct error *e)
{
	char link[32], path[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", source->descriptor); /* always fits */
	length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return error_sys(e, "find out where a mount's source is");
	path[length] = '\0';
	list_add(&mounts->paths, path);
	source->path = mounts->paths.items[mounts->paths.count - 1];
	return 0;
}

int build_mounts_open(struct build_work *work, const struct build_step *step, struct build_mounts *ret, struct error *e)
{
	ret->sources = alloc_zeroed(step->mount_count + 1, sizeof *ret->sources);
	for (size_t i = 0; i < step->mount_count; i++)
		ret->sources[i].descriptor = -1;
	for (size_t i = 0; i < step->mount_count; i++) {
		const char *target = step->mounts[i].target;

		ret->count = i + 1;
		if (target && path_is_own(target))
			return error_set(e, ERROR_SPEC, "mount on %s: that is box's own", target);
		if (open_one(work, &step->mounts[i], ret, &ret->sources[i], e))
			return -1;
		if (ret->sources[i].descriptor >= 0 && find_path(ret, &ret->sources[i], e))
			return -1;
	}
	return 0;
}

void build_mounts_close(struct build_work *work, struct build_mounts *mounts)
{
	autoclose int staging = mounts->staged.count ? openat(work->store, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct error ignored = { 0 };
	struct id_map map = { 0 };

	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->sources[i].descriptor >= 0)
			close(mounts->sources[i].descriptor);
	for (size_t i = 0; i < mounts->agent_count; i++)
		agent_relay_end(&mounts->agents[i]);
	if (work->call->places->rootless)
		id_map_for_caller(&map);
	for (size_t i = 0; i < mounts->staged.count; i++)
		(void)inside_remove(staging, mounts->staged.items[i], &map, &ignored); /* the next sweep does */
	for (size_t i = 0; i < mounts->open_count; i++)
		close(mounts->open[i]);
	for (size_t i = 0; i < mounts->secret_count; i++) {
		if (mounts->secrets[i].data)
			explicit_bzero(mounts->secrets[i].data, mounts->secrets[i].capacity);
		text_release(&mounts->secrets[i]);
	}
	free(mounts->sources);
	free(mounts->open);
	free(mounts->agents);
	free(mounts->secrets);
	list_release(&mounts->staged);
	list_release(&mounts->paths);
	*mounts = (struct build_mounts){ 0 };
}
