/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.c - what the sandboxed worker gets for its questions.
 *
 * The worker reads foreign bytes and is not trusted: digests are parsed again, names are opened beneath the layout, numbers are compared
 * with what there is. The worst it can do is to unpack a wrong layer under the name of one that the store does not have yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/job.h"
#include "images/unpack/manifest.h"
#include "images/unpack/unpack.h"
#include "images/unpack/wire.h"

enum { WARNINGS = 64, TOLD = 4096 };

/* Fills answer (and *ret_fd) from question. */
typedef int answer_function(struct job *job, const struct wire_message *question, struct wire_message *answer,
			    int *ret_fd, struct error *e);

static int parse(const struct wire_message *question, struct digest *ret, struct error *e)
{
	if (digest_parse(question->text, ret))
		return error_set(e, ERROR_IMAGE, "\"%.200s\" is no sha256 or sha512 digest", question->text);
	return 0;
}

static int answer_source(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
			 struct error *e)
{
	int fd = fcntl(job->request->source, F_DUPFD_CLOEXEC, 0);

	(void)question;
	(void)answer;
	/* A pipe is where it is, and is asked for once. */
	if (fd < 0 || (lseek(fd, 0, SEEK_SET) != 0 && errno != ESPIPE)) {
		error_sys(e, "read the archive from its beginning");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

static int need_layout(const struct job *job, struct error *e)
{
	return job->layout >= 0 || job->source ? 0 : error_set(e, ERROR_INTERNAL, "a plain tar has no blobs");
}

static int need_archive(struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "only an archive has files that become blobs");
}

static int answer_file(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	(void)answer;
	if (need_layout(job, e))
		return -1;
	*ret_fd = job->source ? job->source->file(job, question->text, e) : job_open_file(job->layout, question->text, e);
	return *ret_fd >= 0 ? 0 : -1;
}

static int answer_blob(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	struct digest digest;

	(void)answer;
	if (need_layout(job, e) || parse(question, &digest, e))
		return -1;
	*ret_fd = job->source ? job->source->blob(job, &digest, question->number, question->op == WIRE_MANIFEST, e)
			      : job_blob(job, &digest, question->number, e);
	return *ret_fd >= 0 ? 0 : -1;
}

static int answer_want(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	struct digest digest;

	(void)answer;
	(void)ret_fd;
	if (need_layout(job, e) || parse(question, &digest, e))
		return -1;
	return job->source ? job->source->want(job, &digest, question->number, e) : 0;
}

static int add(struct job *job, int folder, const char *name, struct wire_message *answer, int *ret_fd, struct error *e)
{
	struct digest digest;

	*ret_fd = job_add_blob(job, folder, name, &digest, &answer->number, e);
	if (*ret_fd < 0)
		return -1;
	digest_text(&digest, answer->text);
	return 0;
}

static int answer_add(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		      struct error *e)
{
	return job->layout < 0 ? need_archive(e) : add(job, job->layout, question->text, answer, ret_fd, e);
}

static int answer_made(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	return add(job, job->work, question->text, answer, ret_fd, e);
}

static int answer_take(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	struct digest digest;

	(void)question;
	*ret_fd = job_take_source(job, &digest, &answer->number, e);
	if (*ret_fd < 0)
		return -1;
	digest_text(&digest, answer->text);
	return 0;
}

static int answer_list(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	struct job_item *item;

	(void)answer;
	(void)ret_fd;
	if (job->item_count >= JOB_ITEMS || question->number < 0 || question->number >= JOB_ITEMS)
		return error_set(e, ERROR_IMAGE, "it names more than %d images", JOB_ITEMS);
	item = alloc_append(&job->items, &job->item_count, sizeof *item);
	item->number = (int)question->number;
	item->name = question->text[0] ? alloc_copy(question->text) : NULL;
	return 0;
}

static int answer_has(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		      struct error *e)
{
	struct digest digest;

	(void)ret_fd;
	if (parse(question, &digest, e))
		return -1;
	answer->number = job_has_layer(job, &digest);
	/* An image may hold one layer twice; the second time it is still in staging. */
	for (size_t i = 0; i < job->layer_count; i++)
		if (digest_equal(&job->layers[i].digest, &digest))
			answer->number = 1;
	return 0;
}

static int64_t inside(const struct id_extent *ranges, int count, uint32_t id)
{
	for (int i = 0; i < count; i++)
		if (id >= ranges[i].outside && id - ranges[i].outside < ranges[i].count)
			return (int64_t)ranges[i].inside + (id - ranges[i].outside);
	return 0;
}

/* Whether it is one of the kind that was asked for: a folder, or an empty file without attributes. */
static bool is_lower(int root, const char *name, bool wants_file, const struct stat *st)
{
	autoclose int fd = -1;

	if (!wants_file)
		return S_ISDIR(st->st_mode);
	if (!S_ISREG(st->st_mode) || st->st_size)
		return false;
	fd = beneath_try(root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	return fd >= 0 && flistxattr(fd, NULL, 0) <= 0;
}

/* The uppermost layer that has the name decides: a folder there is what an app would see; anything else hides what is below. */
static int answer_lower(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
			struct error *e)
{
	struct stat st;

	(void)ret_fd;
	(void)e;
	for (size_t i = job->layer_count; i-- > 0;) {
		int root = job_layer_root(job, &job->layers[i]);
		autoclose int fd = root >= 0 ? beneath_try(root, question->text, O_PATH | O_NOFOLLOW, 0) : -1;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd >= 0 && fstat(fd, &st) == 0 && is_lower(root, question->text, question->number == 1, &st))
			(void)snprintf(answer->text, sizeof answer->text, "%o %u %u %lld %ld", st.st_mode & 07777,
				       (unsigned)inside(job->ids.uids, job->ids.uid_count, st.st_uid),
				       (unsigned)inside(job->ids.gids, job->ids.gid_count, st.st_gid),
				       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec); /* always fits */
		return 0;
	}
	return 0;
}

static int answer_layer(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
			struct error *e)
{
	struct digest digest;

	(void)answer;
	(void)ret_fd;
	if (parse(question, &digest, e))
		return -1;
	if (question->number < -1 || question->number > INT_MAX)
		return error_set(e, ERROR_INTERNAL, "the sandbox named an impossible layer");
	return job_add_layer(job, &digest, (int)question->number, e);
}

static int answer_listing(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
			  struct error *e)
{
	(void)answer;
	if (question->number < 0 || question->number >= MANIFEST_LAYERS)
		return error_set(e, ERROR_INTERNAL, "the sandbox named an impossible layer");
	*ret_fd = job_open_listing(job, (int)question->number, O_WRONLY | O_CREAT | O_TRUNC, e);
	return *ret_fd < 0 ? -1 : 0;
}

static int set_digest(char **place, const struct wire_message *question, struct error *e)
{
	struct digest digest;
	char words[DIGEST_TEXT];

	if (parse(question, &digest, e))
		return -1;
	digest_text(&digest, words);
	free(*place);
	*place = alloc_copy(words);
	return 0;
}

static int answer_config(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
			 struct error *e)
{
	(void)answer;
	(void)ret_fd;
	return set_digest(&job->config, question, e);
}

static int answer_index(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
			struct error *e)
{
	(void)answer;
	(void)ret_fd;
	return set_digest(&job->index, question, e);
}

static int answer_warn(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	autorelease(text) struct text words = { 0 };

	(void)answer;
	(void)ret_fd;
	(void)e;
	text_add_escaped(&words, question->text, strlen(question->text));
	if (job->request->warnings.count < WARNINGS)
		list_add(&job->request->warnings, words.data ? words.data : "");
	return 0;
}

static int answer_tell(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	(void)answer;
	(void)ret_fd;
	if (!job->request->is_survey || job->request->told.count >= TOLD)
		return error_set(e, ERROR_IMAGE, "all its platforms have more than %d layers", TOLD);
	list_add(&job->request->told, question->text);
	return 0;
}

static int answer_done(struct job *job, const struct wire_message *question, struct wire_message *answer, int *ret_fd,
		       struct error *e)
{
	(void)answer;
	(void)ret_fd;
	/* Only an unpacking names an image; extracting and clearing end without one. */
	if (question->text[0] && set_digest(&job->image, question, e))
		return -1;
	job->is_docker = question->number == 1;
	job->is_done = true;
	return 0;
}

static answer_function *const answers[WIRE_OPS] = {
	[WIRE_SOURCE] = answer_source, [WIRE_FILE] = answer_file,   [WIRE_BLOB] = answer_blob,
	[WIRE_WANT] = answer_want,     [WIRE_MANIFEST] = answer_blob,
	[WIRE_ADD] = answer_add,       [WIRE_MADE] = answer_made,   [WIRE_HAS] = answer_has,
	[WIRE_LOWER] = answer_lower,   [WIRE_LAYER] = answer_layer, [WIRE_CONFIG] = answer_config,
	[WIRE_LIST] = answer_list,     [WIRE_TAKE] = answer_take,   [WIRE_WARN] = answer_warn,
	[WIRE_TELL] = answer_tell,     [WIRE_DONE] = answer_done,   [WIRE_LISTING] = answer_listing,
	[WIRE_INDEX] = answer_index,
};

static int answer_one(struct job *job, int channel, const struct wire_message *question, struct error *e)
{
	struct wire_message answer = { .op = WIRE_ANSWER };
	autoclose int fd = -1;

	if (!answers[question->op])
		return error_set(e, ERROR_INTERNAL, "the sandbox asked an unknown question");
	/* A refusal goes back to the worker, which adds where in the image it was and ends. */
	if (answers[question->op](job, question, &answer, &fd, &answer.error))
		answer.op = WIRE_FAIL;
	return wire_send(channel, &answer, fd, e);
}

int job_serve(struct job *job, int channel, struct error *e)
{
	struct wire_message question;
	int got;

	job->is_done = false;
	for (;;) {
		if (job->source && job->source->wait(job, channel, e))
			return -1;
		got = wire_receive(channel, &question, NULL, e);
		if (got != 1)
			return got < 0 ? -1 : 1;
		if (question.op == WIRE_FAIL) {
			*e = question.error;
			return -1;
		}
		if (answer_one(job, channel, &question, e))
			return -1;
		if (job->is_done)
			return 0;
	}
}
