/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_commit.c - what reads and compresses a writable layer, in sandboxes.
 */
#include "images/unpack/worker_commit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/compressor.h"
#include "images/unpack/running.h"
#include "images/unpack/upper_tar.h"
#include "images/unpack/wire.h"
#include "images/unpack/worker.h"

static int finish(int channel, int result, struct error *e)
{
	if (result == 0 && wire_ask(channel, WIRE_DONE, NULL, 0, NULL, NULL, e) == 0)
		return 0;
	worker_fail(channel, e);
	return 1;
}

static int ask_lower(const char *name, struct stat *ret, void *data)
{
	return worker_ask_lower(*(const int *)data, name, /* is_file= */ false, ret);
}

static int ask_lower_file(const char *name, struct stat *ret, void *data)
{
	return worker_ask_lower(*(const int *)data, name, /* is_file= */ true, ret);
}

static int pack(int channel, struct upper_tar *how, struct error *e)
{
	autoclose int tar = running_receive(channel, e), root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct upper_report report = { 0 };
	char words[160];

	if (tar < 0)
		return -1;
	if (root < 0)
		return error_sys(e, "open the writable layer");
	how->fd = tar;
	how->lower = ask_lower;
	how->lower_file = ask_lower_file;
	how->data = &channel;
	if (upper_tar_write(how, root, &report, e))
		return -1;
	if (!report.left_out)
		return 0;
	(void)snprintf(words, sizeof words, "%lld device nodes or sockets are left out of the layer, continuing",
		       (long long)report.left_out); /* always fits */
	return wire_ask(channel, WIRE_WARN, words, 0, NULL, NULL, e);
}

int worker_pack(int channel, void *data)
{
	struct error e = { 0 };

	return finish(channel, pack(channel, data, &e), &e);
}

int worker_compress(int channel, void *data)
{
	struct error e = { 0 };
	autoclose int from = running_receive(channel, &e), to = from < 0 ? -1 : running_receive(channel, &e);

	return finish(channel, to < 0 ? -1 : compressor_run(*(const enum compression *)data, from, to, &e), &e);
}
