/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup.h - release at the end of a scope.
 *
 *     autofree char *path = text_format("/run/%s", name);
 *     autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
 *     ...
 *     return take_fd(&fd);           gives the descriptor away
 *
 * Only memory and descriptors are released this way; what the kernel shows to others (cgroups, mounts,
 * processes, folders) is undone in the open, by its owner. Release keeps errno.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTO(type, name, release, is_set)                     \
	static inline void auto_##name(type *object)          \
	{                                                     \
		int saved = errno;                            \
		if (is_set)                                   \
			release(*object);                     \
		errno = saved;                                \
	}                                                     \
	struct auto_##name##_needs_semicolon

AUTO(int, close, close, *object >= 0);
AUTO(FILE *, fclose, fclose, *object);
AUTO(DIR *, closedir, closedir, *object);

static inline void auto_free(void *object)
{
	int saved = errno;

	free(*(void **)object);
	errno = saved;
}

#define autofree __attribute__((cleanup(auto_free)))
#define autoclose __attribute__((cleanup(auto_close)))
#define autofclose __attribute__((cleanup(auto_fclose)))
#define autoclosedir __attribute__((cleanup(auto_closedir)))

/* Runs x_release(&object) at the end of the scope: "autorelease(text) struct text t = {0};". x_release keeps errno. */
#define autorelease(x) __attribute__((cleanup(x##_release)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_ptr(pointer)                         \
	(__extension__({                          \
		__auto_type taken_ = *(pointer);  \
		*(pointer) = NULL;                \
		taken_;                           \
	}))
