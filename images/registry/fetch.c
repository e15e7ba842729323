/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - the blobs of one image on their way into the store.
 *
 * One turn of the loop: idle fetchers get work, then poll(2) says which of these has news:
 *
 *     a fetcher's pipe     bytes: hashed, written. Its end: the fetcher's answer follows on its channel
 *     a follower's pipe    the unpacker can take more of a blob
 *     the unpacker         asks something: the caller's turn
 */
#include "images/registry/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/registry/download.h"
#include "images/registry/endpoint.h"
#include "images/registry/fetch_places.h"
#include "images/registry/fetcher_link.h"
#include "images/store.h"
#include "images/unpack/wire.h"

enum {
	FETCHERS = 3,        /* at once: more do not make a line faster, and registries count connections */
	BUFFER = 256 << 10,
	PIPE = 1 << 20,
	TURN_BYTES = 4 << 20, /* of one fetcher before others have their turn */
	ELSEWHERE_MS = 100,  /* between looks at what another process fetches */
	DOWNLOADS = 1024,
};

struct fetcher {
	struct fetcher_link link;
	struct download *download; /* what it brings; NULL: idle */
};

struct fetch {
	struct fetch_setup setup;
	int folder; /* the fetchers' root */
	char origin[DOWNLOAD_ORIGIN];
	struct fetcher fetchers[FETCHERS];
	int count;
	struct download **downloads; /* in the order of their need */
	size_t download_count;
	bool has_changed; /* a download became something else without a word from outside: nothing to wait for */
	char buffer[BUFFER];
};

static int start_fetcher(struct fetch *fetch, struct error *e)
{
	struct fetcher *fetcher = &fetch->fetchers[fetch->count];

	if (fetcher_link_start(&fetcher->link, fetch->folder, fetch->setup.ids, fetch->setup.plan, e))
		return -1;
	fetch->count++;
	return 0;
}

struct fetch *fetch_new(const struct fetch_setup *setup, struct error *e)
{
	struct fetch *fetch = alloc_zeroed(1, sizeof *fetch);

	fetch->setup = *setup;
	(void)signal(SIGPIPE, SIG_IGN); /* a follower that has ended is an error of sendfile(2) */
	download_sweep(setup->store);
	fetch->folder = fetch_places_make(setup->staging, e);
	if (fetch->folder >= 0 && download_origin(setup->plan->name.host, fetch->origin, e) == 0 && start_fetcher(fetch, e) == 0)
		return fetch;
	fetch_free(fetch);
	return NULL;
}

void fetch_free(struct fetch *fetch)
{
	if (!fetch)
		return;
	for (int i = 0; i < fetch->count; i++)
		fetcher_link_end(&fetch->fetchers[i].link);
	for (size_t i = 0; i < fetch->download_count; i++) {
		download_release(fetch->downloads[i]);
		free(fetch->downloads[i]);
	}
	free(fetch->downloads);
	if (fetch->folder >= 0)
		close(fetch->folder);
	free(fetch);
}

/* The one that speaks before all others do. */
static struct fetcher_link *first_link(struct fetch *fetch, struct error *e)
{
	struct fetcher *fetcher = &fetch->fetchers[0];

	/* Manifests come before all blobs. */
	if (!fetcher->download)
		return &fetcher->link;
	error_set(e, ERROR_IMAGE, "a manifest is asked for behind the first blob");
	return NULL;
}

int fetch_get_manifest(struct fetch *fetch, const char *name, const struct digest *wanted, struct fetch_manifest *ret, struct error *e)
{
	struct fetcher_link *link = first_link(fetch, e);

	if (!link || manifest_get(link, fetch->setup.store, name, wanted, ret, e))
		return -1;
	fetch->setup.progress(&ret->digest, 0, ret->size, fetch->setup.data);
	return 0;
}

int fetch_find_manifest(struct fetch *fetch, const char *tag, const struct digest *wanted, struct fetch_manifest *ret)
{
	struct fetch_manifest called = { 0 };
	struct error ignored = { 0 };
	struct fetcher_link *link = first_link(fetch, &ignored);

	if (wanted)
		return manifest_find(fetch->setup.store, wanted, ret);
	if (!link || !manifest_ask(link, tag, &called))
		return 0;
	if (manifest_find(fetch->setup.store, &called.digest, ret)) {
		ret->media_type = called.media_type;
		return 1;
	}
	free(called.media_type);
	return 0;
}

int fetch_document(struct fetch *fetch, const char *order, const char *name, struct text *ret, struct error *e)
{
	struct fetcher_link *link = first_link(fetch, e);

	return link ? manifest_document(link, order, name, ret, e) : -1;
}

static int name_download(const struct download *download, struct error *e)
{
	return error_in(e, "fetch the blob %s:%.12s…", digest_algorithm_name(download->digest.algorithm), download->digest.hex);
}

static void tell(struct fetch *fetch, const struct download *download)
{
	fetch->setup.progress(&download->digest, download->state == DOWNLOAD_DONE ? download->size : download->have, download->size,
			      fetch->setup.data);
}

static int finish(struct fetch *fetch, struct download *download, struct error *e)
{
	if (download_finish(download, fetch->setup.store, e))
		return name_download(download, e);
	tell(fetch, download);
	return 0;
}

static int claim(struct fetch *fetch, struct download *download, struct error *e)
{
	if (download_claim(download, fetch->setup.store, e))
		return name_download(download, e);
	fetch->has_changed = fetch->has_changed || download->state != DOWNLOAD_ELSEWHERE;
	/* An empty blob, or one that was interrupted just before its name. */
	if (download->state == DOWNLOAD_READY && download->have == download->size)
		return finish(fetch, download, e);
	if (download->state == DOWNLOAD_DONE)
		tell(fetch, download);
	return 0;
}

static struct fetcher *idle_fetcher(struct fetch *fetch, struct error *e)
{
	for (int i = 0; i < fetch->count; i++)
		if (!fetch->fetchers[i].download)
			return &fetch->fetchers[i];
	if (fetch->count == FETCHERS || start_fetcher(fetch, e))
		return NULL;
	return &fetch->fetchers[fetch->count - 1];
}

static struct download *next_ready(struct fetch *fetch, bool *ret_elsewhere, struct error *e)
{
	for (size_t i = 0; i < fetch->download_count; i++) {
		struct download *download = fetch->downloads[i];

		if ((download->state == DOWNLOAD_NEW || download->state == DOWNLOAD_ELSEWHERE) && claim(fetch, download, e))
			return NULL;
		if (download->state == DOWNLOAD_READY)
			return download;
		if (download->state == DOWNLOAD_ELSEWHERE)
			*ret_elsewhere = true;
	}
	return NULL;
}

/* Gives work to whoever is idle; *ret_elsewhere: something is fetched by another process. */
static int hand_out(struct fetch *fetch, bool *ret_elsewhere, struct error *e)
{
	int busy = 0;

	for (int i = 0; i < fetch->count; i++)
		busy += fetch->fetchers[i].download != NULL;
	for (; busy < FETCHERS; busy++) {
		struct download *download = next_ready(fetch, ret_elsewhere, e);
		struct fetcher *fetcher = download ? idle_fetcher(fetch, e) : NULL;
		char name[DIGEST_TEXT];

		if (!fetcher)
			return e->kind == ERROR_NONE ? 0 : -1;
		digest_text(&download->digest, name);
		if (fetcher_link_order(&fetcher->link, "blob", name, download->have, e))
			return -1;
		if (fcntl(fetcher->link.pipe, F_SETFL, O_NONBLOCK))
			return error_sys(e, "make a pipe for what is fetched");
		fetcher->download = download;
		download->state = DOWNLOAD_RUNNING;
		tell(fetch, download);
	}
	return 0;
}

static int take_bytes(struct fetch *fetch, struct fetcher *fetcher, struct error *e)
{
	struct download *download = fetcher->download;
	struct wire_message answer;
	ssize_t got = 0;

	for (int64_t taken = 0; taken < TURN_BYTES; taken += got) {
		got = read(fetcher->link.pipe, fetch->buffer, BUFFER);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got < 0)
			return error_sys(e, "read what is fetched");
		if (got == 0) {
			fetcher->download = NULL;
			return fetcher_link_hear(&fetcher->link, &answer, e) ? name_download(download, e) : finish(fetch, download, e);
		}
		if (download_add(download, fetch->buffer, got, e))
			return name_download(download, e);
	}
	tell(fetch, download);
	return 0;
}

/* One turn. channel: -1, or what the caller waits for; 1: it can be read. */
static int turn(struct fetch *fetch, int channel, struct error *e)
{
	struct pollfd polls[1 + FETCHERS + DOWNLOADS];
	struct download *hungry[DOWNLOADS];
	nfds_t count = 1 + FETCHERS;
	size_t hungry_count = 0;
	bool is_elsewhere = false;

	fetch->has_changed = false;
	if (hand_out(fetch, &is_elsewhere, e))
		return -1;
	polls[0] = (struct pollfd){ .fd = channel, .events = POLLIN };
	for (int i = 0; i < FETCHERS; i++)
		polls[1 + i] = (struct pollfd){ .fd = i < fetch->count ? fetch->fetchers[i].link.pipe : -1, .events = POLLIN };
	for (size_t i = 0; i < fetch->download_count; i++)
		if (download_is_hungry(fetch->downloads[i])) {
			hungry[hungry_count++] = fetch->downloads[i];
			polls[count++] = (struct pollfd){ .fd = fetch->downloads[i]->follower, .events = POLLOUT };
		}
	if (poll(polls, count, fetch->has_changed ? 0 : is_elsewhere ? ELSEWHERE_MS : -1) < 0)
		return errno == EINTR ? 0 : error_sys(e, "wait for what is fetched");
	for (size_t i = 0; i < hungry_count; i++)
		if (polls[1 + FETCHERS + i].revents && download_feed(hungry[i], e))
			return -1;
	for (int i = 0; i < fetch->count; i++)
		if (polls[1 + i].revents && fetch->fetchers[i].download && take_bytes(fetch, &fetch->fetchers[i], e))
			return -1;
	return polls[0].revents != 0;
}

static struct download *find(const struct fetch *fetch, const struct digest *digest)
{
	for (size_t i = 0; i < fetch->download_count; i++)
		if (digest_equal(&fetch->downloads[i]->digest, digest))
			return fetch->downloads[i];
	return NULL;
}

bool fetch_is_wanted(const struct fetch *fetch, const struct digest *digest)
{
	return find(fetch, digest) != NULL;
}

int fetch_want(struct fetch *fetch, const struct digest *digest, int64_t size, struct error *e)
{
	struct download **place, *download = find(fetch, digest);

	if (download && download->size != size)
		return error_set(e, ERROR_IMAGE, "its size is said to be %lld and %lld", (long long)download->size, (long long)size);
	if (download)
		return 0;
	if (fetch->download_count == DOWNLOADS)
		return error_set(e, ERROR_IMAGE, "an image has at most %d blobs", DOWNLOADS);
	download = alloc_zeroed(1, sizeof *download);
	*download = (struct download){ .digest = *digest, .origin = fetch->origin, .size = size, .file = -1, .follower = -1 };
	place = alloc_append(&fetch->downloads, &fetch->download_count, sizeof *place);
	*place = download;
	return claim(fetch, download, e);
}

/* A pipe that gets all of a download that runs or waits. */
static int follow(struct download *download, struct error *e)
{
	int ends[2];

	if (download->follower >= 0)
		return error_set(e, ERROR_IMAGE, "a blob is asked for twice at once");
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for a blob");
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE); /* a smaller one is only slower */
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK)) {
		close(ends[0]);
		close(ends[1]);
		return error_sys(e, "make a pipe for a blob");
	}
	download->follower = ends[1];
	download->followed = 0;
	return ends[0];
}

int fetch_open(struct fetch *fetch, const struct digest *digest, int64_t size, struct error *e)
{
	autofree char *path = store_blob_path(digest);
	struct download *download;
	int fd;

	if (fetch_want(fetch, digest, size, e))
		return -1;
	download = find(fetch, digest);
	/* Another process fetches it, and tells nobody how far it is. */
	while (download->state == DOWNLOAD_ELSEWHERE)
		if (turn(fetch, -1, e) < 0)
			return -1;
	if (download->state != DOWNLOAD_DONE)
		return follow(download, e);
	fd = openat(fetch->setup.store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : error_sys(e, "open the blob %.16s… in the image store", digest->hex);
}

int fetch_wait(struct fetch *fetch, int channel, struct error *e)
{
	int result;

	do
		result = turn(fetch, channel, e);
	while (result == 0);
	return result < 0 ? -1 : 0;
}

int fetch_finish(struct fetch *fetch, struct error *e)
{
	for (size_t i = 0; i < fetch->download_count; i++) {
		autofree char *path = store_blob_path(&fetch->downloads[i]->digest);

		while (fetch->downloads[i]->state != DOWNLOAD_DONE)
			if (turn(fetch, -1, e) < 0)
				return -1;
		if (faccessat(fetch->setup.store, path, F_OK, AT_SYMLINK_NOFOLLOW))
			return error_set(e, ERROR_MISSING, "the blob %s was removed from the store meanwhile; try again", path);
	}
	return 0;
}
