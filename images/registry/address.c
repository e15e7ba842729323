/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.c - a file by its address.
 *
 * The sandboxed half speaks to the server and gives bytes into a pipe; the outer half counts, hashes and writes them, as in a pull.
 */
#include "images/registry/address.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/registry/certificates.h"
#include "images/registry/endpoint.h"
#include "images/registry/fetch_places.h"
#include "images/registry/http.h"
#include "images/registry/http_url.h"
#include "images/store.h"
#include "images/unpack/budget.h"
#include "images/unpack/hash.h"
#include "images/unpack/running.h"
#include "images/unpack/sandbox.h"
#include "images/unpack/store_ids.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

enum { BUFFER = 256 << 10, TRIES = 3, STALE_S = 24 * 3600 };

/* What the sandboxed half is told. */
struct order {
	const char *url;
	struct http_tls tls;
	int out;
	bool has_begun;
};

static int into_pipe(const char *bytes, size_t length, void *data, struct error *e)
{
	struct order *order = data;

	order->has_begun = true;
	return write_all(order->out, bytes, length) ? error_sys(e, "hand the bytes on") : 0;
}

static int get(struct order *order, struct error *e)
{
	const struct http_request request = { .url = order->url, .tls = &order->tls, .limit = HTTP_DOCUMENT, .stays_out = true,
					      .sink = into_pipe, .data = order };
	struct http *http = http_new();
	autorelease(http_answer) struct http_answer answer = { 0 };
	enum http_failure failure = HTTP_FAILURE_PASSING;
	int result = -1;

	for (int i = 0; result && i < TRIES && failure == HTTP_FAILURE_PASSING && !order->has_begun; i++) {
		const struct timespec pause = { .tv_sec = i };

		(void)nanosleep(&pause, NULL); /* shorter is only sooner */
		error_clear(e);
		result = http_send(http, &request, &answer, &failure, e);
	}
	http_free(http);
	if (result == 0 && answer.status != 200)
		result = error_set(e, answer.status == 404 || answer.status == 410 ? ERROR_MISSING : ERROR_NETWORK,
				   "the server answers with status %ld", answer.status);
	return result;
}

/* In the sandbox. */
static int task(int channel, void *data)
{
	const struct wire_message done = { .op = WIRE_ANSWER };
	struct order *order = data;
	struct error e = { 0 };

	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(2) */
	order->out = running_receive(channel, &e);
	if (order->out < 0 || get(order, &e)) {
		worker_fail(channel, &e);
		return 1;
	}
	close(order->out); /* before the answer: who has read to the end finds it there */
	return wire_send(channel, &done, -1, &e) ? 1 : 0;
}

/* Everything that comes, hashed, into file. */
static int take_bytes(int pipe, int file, int folder, struct digest *ret, struct error *e)
{
	autorelease(hash) struct hash *hash = hash_begin(DIGEST_SHA256, e);
	autofree char *buffer = alloc_zeroed(1, BUFFER);
	struct budget budget;
	ssize_t got;

	if (!hash)
		return -1;
	budget_init(&budget, budget_default_limits(), folder);
	while ((got = read(pipe, buffer, BUFFER)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read what is fetched");
		if (budget_file(&budget, got, e))
			return -1;
		if (write_all(file, buffer, (size_t)got))
			return error_sys(e, "write what is fetched to the image store");
		hash_add(hash, buffer, (size_t)got);
	}
	hash_end(hash, ret);
	return fdatasync(file) ? error_sys(e, "write what is fetched to the image store") : 0;
}

static int hear_end(const struct running *running, struct error *e)
{
	struct wire_message message = { 0 };
	int got = wire_receive(running->channel, &message, NULL, e);

	if (got < 0)
		return -1;
	if (got == 1 && message.op == WIRE_ANSWER)
		return 0;
	if (got == 1 && message.op == WIRE_FAIL) {
		*e = message.error;
		return -1;
	}
	return error_set(e, ERROR_NETWORK, "the sandboxed process that fetches it ended and said nothing");
}

/* A client's certificate is for registries that the caller has named, and for no address of a build file. */
static int make_order(const char *url, struct order *ret, char **ret_authorities, struct error *e)
{
	struct plan plan = { .endpoints = alloc_zeroed(1, sizeof *plan.endpoints), .count = 1 };
	int result;

	plan.endpoints[0].host = http_url_host(url);
	result = certificates_read(&plan.endpoints[0], e);
	*ret_authorities = take_ptr(&plan.endpoints[0].authorities);
	*ret = (struct order){ .url = url, .tls = { .authorities = *ret_authorities }, .out = -1 };
	plan_release(&plan);
	return result;
}

static int fetch(const char *url, int staging, int file, struct digest *ret, struct error *e)
{
	autorelease(running) struct running running = RUNNING_NONE;
	struct id_map ids;
	struct sandbox sandbox = { .ids = &ids, .has_network = true };
	autoclose int folder = fetch_places_make(staging, e), from = -1, to = -1;
	autofree char *authorities = NULL;
	struct order order;
	struct process_end end;
	struct error ended = { 0 };
	int ends[2], result;

	if (folder < 0 || make_order(url, &order, &authorities, e))
		return -1;
	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for what is fetched");
	from = ends[0];
	to = ends[1];
	store_ids_find(&ids);
	sandbox.folder = folder;
	if (running_start(&sandbox, task, &order, &to, 1, &running, e))
		return -1;
	close(take_fd(&to));
	result = take_bytes(from, file, staging, ret, e);
	close(take_fd(&from));
	if (result)
		(void)process_signal(running.pidfd, SIGKILL); /* it may have ended */
	else
		result = hear_end(&running, e);
	(void)process_wait(running.pidfd, &end, &ended); /* its answer is what counts */
	return result;
}

/* What builds that were killed have left. */
static void sweep(int fetched)
{
	autorelease(list) struct list names = { 0 };
	struct stat st;

	if (folder_names(fetched, &names))
		return;
	for (size_t i = 0; i < names.count; i++)
		if (fstatat(fetched, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > STALE_S)
			(void)unlinkat(fetched, names.items[i], 0); /* the next time */
}

static int keep(int store, int staging, const struct digest *digest, struct error *e)
{
	autoclose int fetched = -1;

	if (store_make_folder(store, "build/fetched", e))
		return -1;
	fetched = openat(store, "build/fetched", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fetched < 0)
		return error_sys(e, "open the folder build/fetched in the image store");
	sweep(fetched);
	return renameat(staging, "content", fetched, digest->hex) ? error_sys(e, "name what was fetched in the image store") : 0;
}

static int compare(const struct digest *digest, const char *expected, struct error *e)
{
	char found[DIGEST_TEXT];

	digest_text(digest, found);
	if (!*expected || strcmp(found, expected) == 0)
		return 0;
	error_set(e, ERROR_IMAGE, "its content has the digest %s, and %s is wanted", found, expected);
	return error_hint(e, "somebody has changed it, or the checksum is another file's");
}

int address_run(const struct address *request, struct list *ret_told, struct error *e)
{
	char name[STORE_NAME], words[DIGEST_TEXT];
	autofree char *host = http_url_host(request->url), *plain = http_url_join(request->url, ""), *path = NULL;
	autoclose int staging = -1, file = -1;
	struct error ignored = { 0 };
	struct digest digest;
	int result;

	if (!host || !plain)
		return error_set(e, ERROR_SPEC, "it is no https or http address without a user");
	staging = store_staging_make(request->store, name, e);
	if (staging < 0)
		return -1;
	path = text_format("staging/%s", name);
	file = openat(staging, "content", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	result = file < 0 ? error_sys(e, "make a file in the image store") : fetch(request->url, staging, file, &digest, e);
	if (result == 0)
		result = compare(&digest, request->expected, e) || keep(request->store, staging, &digest, e) ? -1 : 0;
	(void)folder_remove(request->store, path, &ignored); /* else the next sweep does it */
	if (result)
		return -1;
	digest_text(&digest, words);
	list_add(ret_told, words);
	return 0;
}
