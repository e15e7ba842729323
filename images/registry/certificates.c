/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificates.c - whom TLS trusts.
 *
 * They are read before the sandbox closes, and given to libcurl as memory.
 */
#include "images/registry/certificates.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/registry/endpoint.h"

enum { LIMIT = 4 << 20 };

static const char *const bundles[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };

/* Adds a file; a missing one is fine. */
static int add(const char *path, struct text *ret, struct error *e)
{
	struct error failed = { 0 };

	if (file_read(AT_FDCWD, path, LIMIT, ret, &failed) == 0) {
		text_add_char(ret, '\n');
		return 0;
	}
	if (failed.sys == ENOENT || failed.sys == ENOTDIR)
		return 0;
	*e = failed;
	return error_in(e, "read certificates");
}

static int add_host(struct text *ret, struct error *e)
{
	const char *named = getenv("SSL_CERT_FILE");

	if (named && *named)
		return add(named, ret, e);
	for (size_t i = 0; i < sizeof bundles / sizeof bundles[0] && !ret->length; i++)
		if (add(bundles[i], ret, e))
			return -1;
	return 0;
}

static int take(char **place, const char *path, struct error *e)
{
	struct text content = { 0 };

	if (add(path, &content, e)) {
		text_release(&content);
		return -1;
	}
	free(*place);
	*place = text_take(&content);
	return 0;
}

static int add_folder(const char *folder, struct endpoint *endpoint, struct text *authorities, struct error *e)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort), result = 0;

	for (int i = 0; i < count; i++) {
		autofree char *path = text_format("%s/%s", folder, entries[i]->d_name);

		if (result == 0 && text_ends(path, ".crt"))
			result = add(path, authorities, e);
		else if (result == 0 && text_ends(path, ".cert"))
			result = take(&endpoint->certificate, path, e);
		else if (result == 0 && text_ends(path, ".key"))
			result = take(&endpoint->key, path, e);
		free(entries[i]);
	}
	free(entries);
	return result;
}

int certificates_read(struct endpoint *endpoint, struct error *e)
{
	static const char *const places[] = { "/etc/docker", "/etc/containers", "/etc/box", "containers", "box" };
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	autofree char *user = base && base[0] == '/' ? alloc_copy(base) : home && home[0] == '/' ? text_format("%s/.config", home) : NULL;
	struct text authorities = { 0 };

	if (add_host(&authorities, e)) {
		text_release(&authorities);
		return -1;
	}
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		bool is_own = places[i][0] != '/';
		autofree char *folder = is_own ? text_format("%s/%s/certs.d/%s", user ? user : "", places[i], endpoint->host)
					       : text_format("%s/certs.d/%s", places[i], endpoint->host);

		if ((!is_own || user) && add_folder(folder, endpoint, &authorities, e)) {
			text_release(&authorities);
			return -1;
		}
	}
	endpoint->authorities = text_take(&authorities);
	return 0;
}
