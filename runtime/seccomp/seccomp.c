/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c - the filter of system calls: prepared by the parent, loaded by the child.
 *
 * Reading and compiling a profile costs milliseconds, loading it some tens of microseconds, so the compiled form is
 * kept on disk. Its key is everything that it was made from, in full.
 */
#include "runtime/seccomp/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/seccomp/seccomp_cache.h"
#include "runtime/seccomp/seccomp_profile.h"
#include "specs/container.h"

enum {
	COMPILER_VERSION = 2, /* raised whenever seccomp_profile.c or seccomp_compile.c would make another program */
	PROFILE_LIMIT = 1 << 20,
};

/* seccomp_default.S */
extern const char seccomp_default_start[], seccomp_default_end[];

int seccomp_profile_text(const struct container *container, struct text *ret, struct error *e)
{
	if (container->seccomp == SECCOMP_UNCONFINED)
		return 0;
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

static bool refuses_unknown(const struct container *container)
{
	const char *word = container->oci ? list_env_get(&container->oci->annotations, OCI_FAIL_UNKNOWN_SYSCALL) : NULL;

	return word && strcmp(word, "0") != 0;
}

/* With box's own profile alone: what another one refuses before the program runs is not known, and nobody listens by then. */
static bool counts_refused(const struct container *container)
{
	return container->counts_refused && container->seccomp == SECCOMP_DEFAULT && container->no_new_privileges;
}

/* What would be EPERM is asked about; who answers says EPERM (supervise/refused.h). */
static void ask_about_refused(struct seccomp_profile *profile)
{
	if (profile->default_result != (SECCOMP_RET_ERRNO | EPERM))
		return;
	profile->default_result = SECCOMP_RET_USER_NOTIF;
	profile->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

static const char *name_of(const struct container *container)
{
	switch (container->seccomp) {
	case SECCOMP_FILE: return container->seccomp_file;
	case SECCOMP_TEXT: return "the seccomp profile";
	default: return "the default seccomp profile";
	}
}

static int compile(const struct text *json, const struct container *container, const char *kernel, struct seccomp_filter *ret,
		   struct error *e)
{
	const char *name = name_of(container);
	struct seccomp_spec spec = { 0 };
	struct seccomp_profile profile = { 0 };
	int status;

	if (seccomp_spec_decode(json->data ? json->data : "", json->length, name, &spec, e))
		return -1;
	spec.refuses_unknown = refuses_unknown(container);
	if (seccomp_spec_notifies(&spec) && !(container->oci && container->oci->seccomp_listener))
		status = error_set(e, ERROR_UNSUPPORTED, "only an OCI configuration can have SCMP_ACT_NOTIFY, with \"listenerPath\"");
	else
		status = seccomp_profile_resolve(&spec, container->capabilities.bounding, kernel, &profile, e);
	seccomp_spec_release(&spec);
	if (status == 0 && counts_refused(container))
		ask_about_refused(&profile);
	if (status == 0)
		status = seccomp_profile_compile(&profile, ret, e);
	seccomp_profile_release(&profile);
	return status ? error_in(e, "%s", name) : 0;
}

int seccomp_prepare(const struct places *places, const struct container *container, struct seccomp_filter *ret,
		    struct error *e)
{
	const char *field = container->oci ? "linux.seccomp" : "security.seccomp";
	autorelease(text) struct text key = { 0 };
	autorelease(text) struct text json = { 0 };
	struct utsname kernel;

	*ret = (struct seccomp_filter){ 0 };
	if (container->seccomp == SECCOMP_UNCONFINED)
		return 0;
	if (seccomp_profile_text(container, &json, e))
		return error_at(e, "%s", field);
	if (uname(&kernel))
		return error_sys(e, "ask for the kernel's version");
	text_addf(&key, "compiler %d\nlibseccomp %s\narch %s\nkernel %s\ncapabilities %016llx\nlistener %d\nstrict %d\ncounts %d\n",
		  COMPILER_VERSION,
		  seccomp_library_version(), seccomp_own_arch()->name, kernel.release,
		  (unsigned long long)container->capabilities.bounding, container->oci && container->oci->seccomp_listener,
		  refuses_unknown(container), counts_refused(container));
	text_add_bytes(&key, json.data, json.length);
	if (seccomp_cache_get(places->cache, key.data, key.length, ret))
		return 0;
	if (compile(&json, container, kernel.release, ret, e))
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
