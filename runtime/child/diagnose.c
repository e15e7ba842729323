/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose.c - why execve(2) failed, in words.
 *
 * execve has a dozen errnos for some thirty causes, and the most frequent one, ENOENT, usually is not about the file that
 * was named. Each errno has a function here that looks for its causes in the order of their likelihood. The sentences begin
 * with the words of runc, because engines tell 126 from 127 by them; what follows is the cause.
 *
 * It runs in the child, as the app's user, after the filter was loaded: whatever cannot be looked at is left out.
 */
#include "runtime/child/diagnose.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime/child/diagnose_format.h"

/* One program file under examination. */
struct subject {
	int rootfd;
	const char *path;
	int fd;       /* O_PATH, or -1 */
	int sys;      /* why fd is -1 */
	int readable; /* the content, or -1 */
	struct stat st;
	struct program_file file;
};

static void subject_release(struct subject *subject)
{
	auto_close(&subject->fd);
	auto_close(&subject->readable);
	subject->fd = subject->readable = -1;
}

static void subject_open(int rootfd, const char *path, struct subject *ret)
{
	*ret = (struct subject){
		.rootfd = rootfd, .path = path, .fd = beneath_try(rootfd, path, O_PATH, 0), .readable = -1
	};
	ret->sys = errno;
	if (ret->fd >= 0 && fstat(ret->fd, &ret->st) == 0 && S_ISREG(ret->st.st_mode))
		ret->readable = beneath_try(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	program_file_read(ret->readable, &ret->file);
}

/* Adds a name that the image chose, so that it cannot steer the terminal. */
static const char *shown(struct text *buffer, const char *name)
{
	text_clear(buffer);
	text_add_escaped(buffer, name, strlen(name));
	return buffer->data ? buffer->data : "";
}

static const char *type_name(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* Walks path's folders: adds the sentence of the first one that stops the walk with sys. */
static bool explain_walk(int rootfd, const char *path, int sys, struct text *why)
{
	autorelease(text) struct text buffer = { 0 };
	autofree char *prefix = alloc_copy(path);
	size_t length = strlen(prefix);
	autoclose int before = beneath_try(rootfd, "/", O_PATH | O_DIRECTORY, 0);
	size_t before_length = 1;

	for (size_t i = 1; i <= length; i++) {
		autoclose int here = -1;
		struct stat st;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		prefix[i] = '\0';
		here = beneath_try(rootfd, prefix, O_PATH, 0);
		if (here < 0 && errno == sys && before >= 0 && fstat(before, &st) == 0) {
			prefix[before_length] = '\0';
			if (sys == EACCES)
				text_addf(why, "the folder %s (owner %u:%u, mode %04o) is closed to user %u:%u",
					  shown(&buffer, prefix), st.st_uid, st.st_gid, st.st_mode & 07777, geteuid(),
					  getegid());
			else if (sys == ENOTDIR)
				text_addf(why, "%s is not a folder", shown(&buffer, prefix));
			return true;
		}
		if (here < 0)
			return false;
		prefix[i] = path[i];
		auto_close(&before);
		before = take_fd(&here);
		before_length = i;
	}
	return false;
}

/* ENOENT on a path that is there as a link. */
static bool explain_link(const struct subject *subject, struct text *why, struct error *e)
{
	autorelease(text) struct text buffer = { 0 };
	autoclose int link = beneath_try(subject->rootfd, subject->path, O_PATH | O_NOFOLLOW, 0);
	char target[PATH_MAX];
	ssize_t length = link >= 0 ? readlinkat(link, "", target, sizeof target - 1) : -1;

	if (length < 0)
		return false;
	target[length] = '\0';
	text_addf(why, "it is a link to %s, which is not in the image", shown(&buffer, target));
	error_hint(e, "Links are followed inside the image: the target has to be there, too.");
	return true;
}

static void explain_loader(const struct subject *subject, struct text *why, struct error *e)
{
	autorelease(text) struct text buffer = { 0 };
	const char *loader = subject->file.wanted;
	const char *libc = strstr(loader, "musl") ? "musl" : strstr(loader, "ld-linux") ? "glibc" : NULL;

	text_addf(why, "%s loader %s is not in the image", libc ? "it was built for another libc: its" : "its",
		  shown(&buffer, loader));
	if (libc)
		error_hint(e,
			   "The program needs %s (%s); link it statically, build it for the image's C library, or take "
			   "an image with %s.",
			   libc, strcmp(libc, "musl") == 0 ? "as Alpine has it" : "as Debian and most others have it",
			   libc);
	else
		error_hint(e, "Link the program statically, or add its loader and libraries to the image.");
}

static void explain_content(int rootfd, const struct subject *subject, int sys, int depth, struct text *why,
			    struct error *e);

/* The file is a script: the cause lies in its interpreter. */
static void explain_interpreter(const struct subject *subject, int sys, int depth, struct text *why, struct error *e)
{
	autorelease(text) struct text buffer = { 0 };
	__attribute__((cleanup(subject_release))) struct subject next = { .fd = -1, .readable = -1 };
	const char *interpreter = subject->file.wanted;

	if (subject->file.has_carriage_return) {
		text_add_escaped(&buffer, interpreter, strlen(interpreter) - 1);
		text_addf(why,
			  "its first line ends with a carriage return, as on Windows, so the kernel looks for the "
			  "interpreter \"%s\\r\"",
			  buffer.data ? buffer.data : "");
		error_hint(e, "Convert the file in the image: sed -i 's/\\r$//' %s", shown(&buffer, subject->path));
		return;
	}
	subject_open(subject->rootfd, interpreter, &next);
	if (next.fd < 0 && next.sys == ENOENT) {
		text_addf(why, "its first line asks for the interpreter %s, which is not in the image",
			  shown(&buffer, interpreter));
		error_hint(e, "Add the interpreter to the image, or name another one in the first line of %s.",
			   shown(&buffer, subject->path));
		return;
	}
	text_addf(why, "its interpreter %s: ", shown(&buffer, interpreter));
	if (depth < 4)
		explain_content(subject->rootfd, &next, sys, depth + 1, why, e);
	else
		text_add(why, "too many scripts interpret each other");
}

static void explain_machine(const struct subject *subject, struct text *why, struct error *e)
{
	text_addf(why, "it is a program for %s, and this machine is %s", subject->file.wanted, program_machine());
	error_hint(e, "Build the image for this machine, or pull the variant for it.");
}

/* ENOEXEC: nothing in the kernel wanted the file. */
static void explain_format(const struct subject *subject, struct text *why, struct error *e)
{
	switch (subject->file.format) {
	case FORMAT_EMPTY: text_add(why, "the file is empty"); break;
	case FORMAT_TEXT:
		text_add(why, "it is a text without a first line such as #!/bin/sh");
		error_hint(e, "Add that line, or run it with its interpreter: \"command\": [\"sh\", \"%s\"]",
			   subject->path);
		break;
	case FORMAT_LONG_LINE:
		text_addf(why,
			  "the interpreter in its first line does not end within the %d bytes that the kernel reads",
			  FORMAT_LINE - 1);
		break;
	case FORMAT_NO_SCRIPT: text_add(why, "its first line begins with #! and names no interpreter"); break;
	case FORMAT_MACHINE: explain_machine(subject, why, e); break;
	case FORMAT_FOREIGN: text_addf(why, "it is a program for %s", subject->file.wanted); break;
	case FORMAT_BROKEN_ELF:
		text_add(why, "it is a broken program: its ELF header or program headers make no sense");
		break;
	case FORMAT_ELF:
		text_add(why,
			 "the kernel cannot run this kind of ELF program (a 32-bit one needs CONFIG_IA32_EMULATION)");
		break;
	case FORMAT_UNREADABLE: text_add(why, "its content cannot be read to find out more"); break;
	default: text_add(why, "it is neither a program nor a script"); break;
	}
}

/* EACCES on a file that was reached. */
static void explain_access(const struct subject *subject, struct text *why, struct error *e)
{
	struct statvfs fs;
	mode_t mode = subject->st.st_mode;

	if (!S_ISREG(mode)) {
		text_addf(why, "it is %s", type_name(mode));
	} else if (!(mode & 0111)) {
		text_addf(why, "it has no execute bit (mode %04o)", mode & 07777);
		error_hint(e, "Give it one in the image: chmod +x %s", subject->path);
	} else if (fstatvfs(subject->fd, &fs) == 0 && fs.f_flag & ST_NOEXEC) {
		text_add(why, "it lies on a mount with noexec");
		error_hint(e, "Keep programs in the image, or mount the volume without noexec.");
	} else if (faccessat(subject->fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS)) {
		text_addf(why, "owner %u:%u and mode %04o do not let user %u:%u execute it", subject->st.st_uid,
			  subject->st.st_gid, mode & 07777, geteuid(), getegid());
		error_hint(e, "Change its mode in the image (chmod a+rx), or run as another user.");
	} else {
		text_add(why, "a security module of the host, or its interpreter, refuses it");
	}
}

/* EPERM: file capabilities that the bounding set does not hold, with the effective bit set (capabilities(7)). */
static bool explain_capabilities(const struct subject *subject, struct text *why, struct error *e)
{
	struct vfs_ns_cap_data data = { 0 };
	ssize_t got =
		subject->readable >= 0 ? fgetxattr(subject->readable, "security.capability", &data, sizeof data) : -1;
	uint64_t wanted;

	if (got < (ssize_t)XATTR_CAPS_SZ_1)
		return false;
	/* The attribute is little-endian, as the machines are that box runs on. */
	wanted =
		data.data[0].permitted | (got >= (ssize_t)XATTR_CAPS_SZ_2 ? (uint64_t)data.data[1].permitted << 32 : 0);
	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		if (!(wanted >> i & 1) || prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			continue;
		text_addf(why, "the file demands the capability %s, which this container does not have",
			  capability_name(i));
		error_hint(e, "Add \"%s\" to cap_add, or remove the file's capabilities in the image: setcap -r %s",
			   capability_name(i), subject->path);
		return true;
	}
	return false;
}

static void explain_content(int rootfd, const struct subject *subject, int sys, int depth, struct text *why,
			    struct error *e)
{
	bool is_script = subject->file.format == FORMAT_SCRIPT;

	if (subject->fd < 0) {
		if (!(sys == ENOENT && explain_link(subject, why, e)) && !explain_walk(rootfd, subject->path, sys, why))
			text_add(why, "it cannot be opened");
	} else if (sys == EACCES && (!is_script || !S_ISREG(subject->st.st_mode) ||
				     faccessat(subject->fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS))) {
		explain_access(subject, why, e);
	} else if (is_script && (sys == ENOENT || sys == EACCES || sys == ENOEXEC || sys == ENOTDIR || sys == ELOOP)) {
		explain_interpreter(subject, sys, depth, why, e);
	} else if (sys == ENOEXEC || sys == ELIBBAD || sys == EINVAL) {
		explain_format(subject, why, e);
	} else if (sys == ENOENT && subject->file.format == FORMAT_ELF && subject->file.wanted[0]) {
		explain_loader(subject, why, e);
	} else if (sys == EPERM && explain_capabilities(subject, why, e)) {
		return;
	} else if (subject->file.format == FORMAT_UNREADABLE) {
		text_add(why, "its content cannot be read to find out more");
	}
}

/* The words that engines look for. */
static const char *words(int sys)
{
	switch (sys) {
	case ENOENT: return "no such file or directory";
	case EACCES: return "permission denied";
	case ENOEXEC: return "exec format error";
	case EPERM: return "operation not permitted";
	case ENOTDIR: return "not a directory";
	case EISDIR: return "is a directory";
	case ELOOP: return "too many levels of symbolic links";
	case ETXTBSY: return "text file busy: somebody has it open for writing";
	case E2BIG:
		return "argument list too long: arguments and environment together exceed the kernel's limit (a "
		       "quarter of the stack limit)";
	case ENOMEM: return "cannot allocate memory";
	case EAGAIN: return "resource temporarily unavailable: the user's process limit (ulimits.nproc) is reached";
	default: return strerror(sys);
	}
}

int diagnose_exec(int rootfd, const char *path, int sys, struct error *e)
{
	__attribute__((cleanup(subject_release))) struct subject subject = { .fd = -1, .readable = -1 };
	autorelease(text) struct text why = { 0 };
	autorelease(text) struct text name = { 0 };
	struct error hint = { 0 };

	if (sys != E2BIG && sys != ETXTBSY && sys != EAGAIN && sys != ENOMEM) {
		subject_open(rootfd, path, &subject);
		if (subject.fd >= 0 || subject.sys != ENOENT || sys != ENOENT)
			explain_content(rootfd, &subject, sys, /* depth = */ 0, &why, &hint);
		else
			(void)explain_link(&subject, &why, &hint); /* without a link the words say it all */
	}
	error_set(e, sys == ENOENT ? ERROR_NOT_FOUND : ERROR_NOT_EXECUTABLE, "exec: \"%s\": %s%s%s", shown(&name, path),
		  words(sys), why.length ? ": " : "", why.length ? why.data : "");
	e->sys = sys;
	memcpy(e->hint, hint.hint, sizeof e->hint);
	return -1;
}
