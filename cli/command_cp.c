/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_cp.c - box cp: files into a running container, and out of it.
 *
 * Both sides speak tar. The container's side is a process of box in the container's user and mount namespaces (child/inside.h): a link
 * that the app puts in the way leads to where the app itself could go, and no further. The host's side makes nothing outside of the
 * folder that was named, and no file with more rights than the caller's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/tar_tree.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "images/tar_apply.h"
#include "runtime/box.h"
#include "runtime/child/inside.h"

enum { LINKS_MOST = 40 };

struct options {
	bool archive, follow, quiet;
};

const struct option_row cp_options[] = {
	{ 'a', "archive", OPTION_FLAG, offsetof(struct options, archive), NULL,
	  "keep owners; without it files are root's in the container, and the caller's outside" },
	{ 'L', "follow-link", OPTION_FLAG, offsetof(struct options, follow), NULL, "a source that is a link: what it leads to" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "taken for docker's sake: box prints nothing" },
	{ 0 },
};

/* One side of the copy, as it was typed. */
struct side {
	char *container; /* NULL: the host */
	const char *path;
	bool is_stream;  /* "-" */
};

struct copy {
	const struct options *options;
	struct side from, to;
	int tar;  /* in the process on the container's side: the stream; there, root is its root folder, or -1: "/" */
	int root;
};

/* NAME:PATH, but not ./a:b or /a:b. */
static struct side parse_side(const char *words)
{
	const char *colon = strchr(words, ':');

	if (strcmp(words, "-") == 0)
		return (struct side){ .path = words, .is_stream = true };
	if (!colon || colon == words || *words == '.' || memchr(words, '/', (size_t)(colon - words)))
		return (struct side){ .path = words };
	return (struct side){ .container = alloc_copy_bytes(words, (size_t)(colon - words)), .path = colon[1] ? colon + 1 : "/" };
}

/* "a/b/." and "." mean what is in the folder. */
static bool is_contents(const char *path)
{
	return strcmp(path, ".") == 0 || text_ends(path, "/.");
}

/* Where a source lies: an open folder, what it is called in there ("." for the folder itself), and its name in the tar. */
struct source {
	int folder;
	char entry[256];
};

/* What is called path is a link: path becomes what it leads to. */
static int follow_link(int root, struct text *path, bool *ret_again, struct error *e)
{
	char name[256], target[PATH_MAX];
	autoclose int parent = beneath_parent(root, path->data, name, e);
	ssize_t length = parent < 0 ? -1 : readlinkat(parent, name, target, sizeof target - 1);

	*ret_again = length > 0;
	if (length <= 0)
		return parent < 0 ? -1 : 0; /* no link */
	target[length] = '\0';
	if (*target == '/') {
		text_clear(path);
	} else {
		path->length = (size_t)(strrchr(path->data, '/') + 1 - path->data);
		path->data[path->length] = '\0';
	}
	text_add(path, target);
	return 0;
}

/* Below root, as the root's own processes see it. */
static int find_source(int root, const char *words, bool follows, struct source *ret, struct error *e)
{
	autorelease(text) struct text path = { 0 };
	bool is_folder = is_contents(words) || text_ends(words, "/") || !*words, again = follows;

	text_addf(&path, "/%s", words);
	*ret = (struct source){ .folder = -1, .entry = "." };
	for (int i = 0; again && !is_folder && i < LINKS_MOST; i++)
		if (follow_link(root, &path, &again, e))
			return -1;
	ret->folder = is_folder ? beneath_open(root, path.data, O_RDONLY | O_DIRECTORY, 0, e) : beneath_parent(root, path.data, ret->entry, e);
	return ret->folder < 0 ? -1 : 0;
}

/* The last part of a path that is neither "" nor ".": what a source is called in the tar. */
static char *base_name(const char *path)
{
	size_t end = strlen(path);
	size_t begin;

	while (end && (path[end - 1] == '/' || (path[end - 1] == '.' && (end == 1 || path[end - 2] == '/'))))
		end--;
	for (begin = end; begin && path[begin - 1] != '/'; begin--)
		;
	return end ? alloc_copy_bytes(path + begin, end - begin) : alloc_copy(".");
}

/* A file that becomes shorter while it is read is no error: whoever writes it runs. */
static int pack_entry(int out, int folder, const char *entry, const char *name, struct error *e)
{
	struct tar_tree_report report;

	return tar_tree_write_entry(out, folder, entry, name, &report, e);
}

static int pack(int out, int root, const struct side *from, bool follows, struct error *e)
{
	autofree char *name = is_contents(from->path) ? alloc_copy(".") : base_name(from->path);
	struct source source;
	int result;

	if (find_source(root, from->path, follows, &source, e))
		return error_in(e, "copy %s", from->path);
	result = pack_entry(out, source.folder, source.entry, name, e);
	close(source.folder);
	return result ? error_in(e, "copy %s", from->path) : 0;
}

/* A stream, and what is put into a folder that exists, keeps its names; else the destination is the new name. */
static int apply(const struct copy *copy, int input, int root, const char *words, struct error *e)
{
	struct tar_apply apply = { .input = input, .keeps_owners = copy->options->archive || copy->from.is_stream,
				   .keeps_special_modes = copy->to.container };
	autofree char *prefix = alloc_copy(words);
	struct stat st = { 0 };
	int there = beneath_try(root, *prefix ? prefix : "/", O_PATH, 0);
	bool is_there = there >= 0 && fstat(there, &st) == 0, is_folder = is_there && S_ISDIR(st.st_mode);

	if (there >= 0)
		close(there);
	if (!is_folder && (copy->from.is_stream || text_ends(prefix, "/")))
		return error_set(e, ERROR_MISSING, "copy to %s: there is no such folder", copy->to.path);
	if (!is_there) {
		char name[256];
		autoclose int parent = beneath_parent(root, prefix, name, e);

		if (parent < 0)
			return error_in(e, "copy to %s", copy->to.path);
	}
	apply.drops_first = !is_folder && !is_contents(copy->from.path);
	/* tar_apply adds "/NAME". */
	for (size_t end = strlen(prefix); end && prefix[end - 1] == '/'; end--)
		prefix[end - 1] = '\0';
	return tar_apply(&apply, root, prefix, e) ? error_in(e, "copy to %s", copy->to.path) : 0;
}

/* In the container's namespaces. */
static int work_inside(void *data, struct error *e)
{
	struct copy *copy = data;
	autoclose int slash = copy->root < 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int root = copy->root < 0 ? slash : copy->root;

	if (root < 0)
		return error_sys(e, "open the root folder");
	if (copy->from.container)
		return pack(copy->tar, root, &copy->from, copy->options->follow, e);
	return apply(copy, copy->tar, root, copy->to.path, e);
}

/* On the host: a source as the caller sees it. */
static int pack_here(const struct copy *copy, int out, struct error *e)
{
	autofree char *name = is_contents(copy->from.path) ? alloc_copy(".") : base_name(copy->from.path);
	autofree char *whole = copy->options->follow || is_contents(copy->from.path) || text_ends(copy->from.path, "/")
				       ? realpath(copy->from.path, NULL) : alloc_copy(copy->from.path);
	char *slash = whole ? strrchr(whole, '/') : NULL;
	autoclose int folder = -1;
	struct stat st;

	if (!whole || lstat(whole, &st))
		return error_sys(e, "copy %s", copy->from.path);
	if (S_ISDIR(st.st_mode) || !slash) {
		folder = open(S_ISDIR(st.st_mode) ? whole : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		*slash = '\0';
		folder = open(slash == whole ? "/" : whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (folder < 0)
		return error_sys(e, "copy %s", copy->from.path);
	return pack_entry(out, folder, S_ISDIR(st.st_mode) ? "." : slash ? slash + 1 : whole, name, e);
}

/* The destination as the caller sees it: nothing is made outside of its folder. */
static int apply_here(const struct copy *copy, int input, struct error *e)
{
	autofree char *whole = alloc_copy(copy->to.path);
	autoclose int root = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *slash;

	if (root >= 0)
		return apply(copy, input, root, "", e);
	if (text_ends(whole, "/"))
		return error_sys(e, "copy to %s", whole);
	slash = strrchr(whole, '/');
	if (slash)
		*slash = '\0';
	root = open(!slash ? "." : slash == whole ? "/" : whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? error_sys(e, "copy to %s", copy->to.path) : apply(copy, input, root, slash ? slash + 1 : whole, e);
}

/* This process' side, while the other one runs; whoever failed first is the cause. */
static int work_here(const struct copy *copy, int pipe, struct inside_process *process, struct error *e)
{
	struct error theirs = { 0 };
	int result = copy->from.container ? apply_here(copy, pipe, e) : pack_here(copy, pipe, e);

	close(pipe);
	if (inside_finish(process, &theirs) == 0)
		return result;
	/* EPIPE says that the other side gave up; where both do not, the tar ended early because of theirs. */
	if (result == 0 || theirs.sys != EPIPE)
		*e = theirs;
	return -1;
}

static int run(const struct call *call, struct copy *copy, struct error *e)
{
	bool is_out = copy->from.container, is_stream = copy->from.is_stream || copy->to.is_stream;
	const char *name = is_out ? copy->from.container : copy->to.container;
	int *const kept[] = { &copy->tar, &copy->root };
	struct inside inside = { .confine = -1, .kept = kept, .kept_count = 2, .work = work_inside, .data = copy };
	autoclose int first = inside_open(call->places, name, &copy->root, e);
	struct inside_process process;
	int ends[2] = { -1, -1 }, result;

	audit_container(call->audit, name);
	/* A process of box is in the container, if only for files; and stdin can be read once. */
	if (first < 0 || box_seal(e))
		return -1;
	if (is_stream)
		copy->tar = fcntl(is_out ? STDOUT_FILENO : STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else if (pipe2(ends, O_CLOEXEC) == 0)
		copy->tar = ends[is_out];
	if (copy->tar < 0)
		return error_sys(e, "make a pipe");
	inside.first = first;
	result = inside_start(&inside, &process, e);
	close(take_fd(&copy->tar));
	if (copy->root >= 0)
		close(take_fd(&copy->root));
	if (result)
		return -1;
	return is_stream ? inside_finish(&process, e) : work_here(copy, ends[!is_out], &process, e);
}

static int check(const struct copy *copy, struct error *e)
{
	if (!copy->from.container == !copy->to.container) {
		error_set(e, ERROR_USAGE, "cp: expected NAME:PATH on one side, and a path or - on the other");
		return copy->from.container ? error_hint(e, "box cp %s:%s - | box cp - %s:FOLDER", copy->from.container, copy->from.path,
							 copy->to.container) : -1;
	}
	if (copy->to.is_stream && isatty(STDOUT_FILENO))
		return error_set(e, ERROR_USAGE, "cp: the tar would be printed on a terminal; send it to a file or a pipe");
	return 0;
}

int command_cp(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(cp_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e);

	if (result == 0 && operands.count != 2)
		result = error_set(&e, ERROR_USAGE, "cp: expected a source and a destination");
	if (result == 0) {
		struct copy copy = { .options = &options, .from = parse_side(operands.items[0]), .to = parse_side(operands.items[1]),
				     .tar = -1, .root = -1 };

		result = check(&copy, &e) || (copy.from.container && target_one(call, &copy.from.container, &e)) ||
			 (copy.to.container && target_one(call, &copy.to.container, &e)) || run(call, &copy, &e);
		free(copy.from.container);
		free(copy.to.container);
	}
	return result ? report_failure(&e) : 0;
}
