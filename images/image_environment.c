/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_environment.c - what of the caller's environment box-image gets.
 */
#include "images/image_environment.h"

#include <stdlib.h>

#include "base/text.h"

/* Of the caller's environment only what the registry's client reads; credential helpers are the caller's own programs, and get the same. */
void image_environment(struct list *ret)
{
	static const char *const kept[] = { "HOME", "USER", "LOGNAME", "PATH", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
					    "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG",
					    "CONTAINERS_REGISTRIES_CONF", "SSL_CERT_FILE", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY", "no_proxy", "NO_PROXY", "AWS_PROFILE", "AWS_REGION", "GNUPGHOME", "GPG_TTY",
					    "PASSWORD_STORE_DIR" };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const char *value = getenv(kept[i]);

		if (value)
			list_env_set(ret, kept[i], value);
	}
	/* libcurl reads it in lower case alone, because a CGI program's upper case is a request's header; here nobody else sets it. */
	if (getenv("HTTP_PROXY") && !getenv("http_proxy"))
		list_env_set(ret, "http_proxy", getenv("HTTP_PROXY"));
}
