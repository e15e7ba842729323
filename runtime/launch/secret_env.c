/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_env.c - variables whose values are secrets.
 */
#include "runtime/launch/secret_env.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { ENVIRONMENT_LIMIT = 8 << 20 }; /* Linux gives arguments and environment 6 MiB at most */

void secret_env_names(const struct list *variables, struct list *ret)
{
	for (size_t i = 0; i < variables->count; i++)
		list_addf(ret, "%.*s", (int)strcspn(variables->items[i], "="), variables->items[i]);
}

void secret_env_find(pid_t pid, const struct list *names, struct list *ret)
{
	autofree char *path = text_format("/proc/%jd/environ", (intmax_t)pid);
	autoclose int fd = names->count ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct text environment = { 0 };
	struct error e = { 0 };

	if (!names->count)
		return;
	(void)text_reserve(&environment, ENVIRONMENT_LIMIT + 1); /* growing would leave copies behind */
	if (fd < 0)
		error_sys(&e, "open %s", path);
	if (fd < 0 || file_read_fd(fd, path, ENVIRONMENT_LIMIT, &environment, &e))
		log_warning("the program gets no secret variable: %s, continuing", e.text);
	for (size_t at = 0; at < environment.length; at += strlen(environment.data + at) + 1) {
		const char *item = environment.data + at;
		autofree char *name = alloc_copy_bytes(item, strcspn(item, "="));

		if (list_has(names, name))
			(void)list_env_put(ret, item); /* without "=" it is no variable */
	}
	explicit_bzero(environment.data, environment.length);
	text_release(&environment);
}
