/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c - the filter of system calls: prepared by the parent, loaded by the child.
 *
 * Reading and compiling a profile costs milliseconds, loading it some tens of microseconds, so the compiled form is
 * kept on disk. Its key is everything that it was made from, in full.
 */
#include "runtime/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/seccomp_cache.h"
#include "runtime/seccomp_profile.h"
#include "specs/container.h"

enum {
	COMPILER_VERSION = 1, /* raised whenever seccomp_profile.c or seccomp_compile.c would make another program */
	PROFILE_LIMIT = 1 << 20,
};

/* seccomp_default.S */
extern const char seccomp_default_start[], seccomp_default_end[];

static int read_profile(const struct container *container, struct text *ret, struct error *e)
{
	if (container->seccomp == SECCOMP_FILE) {
		if (file_read(AT_FDCWD, container->seccomp_file, PROFILE_LIMIT, ret, e))
			return error_in(e, "read the seccomp profile");
		return 0;
	}
	if (container->seccomp == SECCOMP_TEXT) {
		text_add(ret, container->seccomp_text);
		return 0;
	}
	text_add_bytes(ret, seccomp_default_start, (size_t)(seccomp_default_end - seccomp_default_start));
	return 0;
}

static int compile(const struct text *json, const char *name, uint64_t capabilities, const char *kernel,
		   struct seccomp_filter *ret, struct error *e)
{
	struct seccomp_spec spec = { 0 };
	struct seccomp_profile profile = { 0 };
	int status;

	if (seccomp_spec_decode(json->data ? json->data : "", json->length, name, &spec, e))
		return -1;
	status = seccomp_profile_resolve(&spec, capabilities, kernel, &profile, e);
	seccomp_spec_release(&spec);
	if (status == 0)
		status = seccomp_profile_compile(&profile, ret, e);
	seccomp_profile_release(&profile);
	return status ? error_in(e, "%s", name) : 0;
}

int seccomp_prepare(const struct places *places, const struct container *container, struct seccomp_filter *ret,
		    struct error *e)
{
	autorelease(text) struct text key = { 0 };
	autorelease(text) struct text json = { 0 };
	const char *name = container->seccomp == SECCOMP_FILE	? container->seccomp_file
			   : container->seccomp == SECCOMP_TEXT ? "the seccomp profile" : "the default seccomp profile";
	const char *field = container->seccomp == SECCOMP_TEXT ? "linux.seccomp" : "security.seccomp";
	struct utsname kernel;

	*ret = (struct seccomp_filter){ 0 };
	if (container->seccomp == SECCOMP_UNCONFINED)
		return 0;
	if (read_profile(container, &json, e))
		return error_at(e, "%s", field);
	if (uname(&kernel))
		return error_sys(e, "ask for the kernel's version");
	text_addf(&key, "compiler %d\nlibseccomp %s\narch %s\nkernel %s\ncapabilities %016llx\n", COMPILER_VERSION,
		  seccomp_library_version(), seccomp_own_arch()->name, kernel.release,
		  (unsigned long long)container->capabilities.bounding);
	text_add_bytes(&key, json.data, json.length);
	if (seccomp_cache_get(places->cache, key.data, key.length, ret))
		return 0;
	if (compile(&json, name, container->capabilities.bounding, kernel.release, ret, e))
		return error_at(e, "%s", field);
	seccomp_cache_put(places->cache, key.data, key.length, ret);
	return 0;
}

int seccomp_filter_load(const struct seccomp_filter *filter, struct error *e)
{
	struct sock_fprog program = { .len = (unsigned short)filter->count, .filter = filter->code };

	if (filter->count == 0)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) == 0)
		return 0;
	error_sys(e, "load the seccomp filter (%zu instructions)", filter->count);
	if (e->sys == EACCES)
		error_hint(e, "Without no_new_privileges a filter needs CAP_SYS_ADMIN.");
	if (e->sys == EINVAL)
		error_hint(e, "The kernel has to be built with CONFIG_SECCOMP_FILTER.");
	return -1;
}
