/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_name.c - the name of an image in a registry.
 *
 * The grammar is the one of the distribution project, which every registry checks again. Nothing that passes here can be taken for an
 * option, a path with "..", a query, or a user with a password in a URL.
 */
#include "images/image_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "images/digest.h"

enum { REPOSITORY_LIMIT = 255, TAG_LIMIT = 128, HOST_LIMIT = 253 };

static const char default_host[] = "docker.io";
static const char lower_and_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char letters_and_digits[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Other names of docker.io, in references and in files with credentials. */
static const char *const docker_names[] = { "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com" };

static bool is_docker(const char *host)
{
	for (size_t i = 0; i < sizeof docker_names / sizeof docker_names[0]; i++)
		if (strcmp(host, docker_names[i]) == 0)
			return true;
	return false;
}

/* "example.com", "EXAMPLE-2.com", "[::1]", each perhaps with ":5000". */
static bool is_host(const char *text)
{
	const char *rest = text;
	int64_t port;

	if (*text == '[') {
		size_t length = strspn(text + 1, "0123456789abcdefABCDEF:.");

		if (length < 2 || text[1 + length] != ']')
			return false;
		rest = text + length + 2;
	} else {
		/* Labels of letters, digits and dashes between dots; a dash neither begins nor ends one. */
		for (;;) {
			size_t length = strspn(rest, letters_and_digits);

			if (!length)
				return false;
			rest += length;
			while (*rest == '-')
				rest++;
			if (rest[-1] == '-' && !memchr(letters_and_digits, *rest, sizeof letters_and_digits - 1))
				return false;
			if (*rest == '.')
				rest++;
			else if (*rest == '\0' || *rest == ':')
				break;
		}
	}
	if (rest - text > HOST_LIMIT)
		return false;
	return *rest == '\0' || (*rest == ':' && number_parse(rest + 1, 1, 65535, &port) == 0);
}

/* Lower-case letters and digits, with one ".", one or two "_" or any number of "-" between them. */
static bool is_component(const char *text, size_t length)
{
	const char *end = text + length;

	for (;;) {
		size_t word = strspn(text, lower_and_digits), separator;

		if (!word || text + word > end)
			return false;
		text += word;
		if (text == end)
			return true;
		separator = strspn(text, "-");
		if (!separator)
			separator = *text == '.' ? 1 : *text == '_' && text[1] == '_' ? 2 : *text == '_' ? 1 : 0;
		if (!separator)
			return false;
		text += separator;
	}
}

static bool is_repository(const char *text)
{
	if (strlen(text) > REPOSITORY_LIMIT)
		return false;
	for (;;) {
		size_t length = strcspn(text, "/");

		if (!is_component(text, length))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static bool is_tag(const char *text)
{
	size_t length = strlen(text);

	if (!length || length > TAG_LIMIT || *text == '.' || *text == '-')
		return false;
	for (; *text; text++)
		if (!memchr(letters_and_digits, *text, sizeof letters_and_digits - 1) && !strchr("_.-", *text))
			return false;
	return true;
}

/* Splits "HOST/REST" where the first part can only be a host. */
static char *split_host(const char **rest)
{
	const char *slash = strchr(*rest, '/');
	char *first;

	if (slash) {
		first = alloc_copy_bytes(*rest, (size_t)(slash - *rest));
		if (strpbrk(first, ".:") || strcmp(first, "localhost") == 0) {
			*rest = slash + 1;
			return first;
		}
		free(first);
	}
	return alloc_copy(default_host);
}

static int split_digest(char *text, char **ret, struct error *e)
{
	struct digest digest;
	char *at = strchr(text, '@');

	if (!at)
		return 0;
	if (digest_parse(at + 1, &digest)) {
		/* Perhaps a user with a password: neither is printed. */
		error_set(e, ERROR_USAGE, "read the name of an image: what stands behind its \"@\" is no sha256 or sha512 digest");
		return error_hint(e, "users and passwords do not belong into a name: box login HOST");
	}
	*ret = alloc_copy(at + 1);
	*at = '\0';
	return 0;
}

static int check(const char *text, const struct image_name *name, struct error *e)
{
	if (!is_host(name->host))
		return error_set(e, ERROR_USAGE, "read the image name %.300s: \"%.100s\" is no host", text, name->host);
	if (!is_repository(name->repository)) {
		error_set(e, ERROR_USAGE, "read the image name %.300s: \"%.260s\" is no name of a repository", text, name->repository);
		return error_hint(e, "expected [HOST[:PORT]/]NAME[:TAG][@DIGEST], the name in lower-case letters, digits, \".\", \"_\", \"-\" "
				     "and \"/\"");
	}
	if (name->tag && !is_tag(name->tag))
		return error_set(e, ERROR_USAGE, "read the image name %.300s: \"%.130s\" is no tag", text, name->tag);
	return 0;
}

/* "sha256:0123…" is how people write an image's digest: no image may be called so, or it would stand for the one with that digest. */
static int refuse_digest(const char *text, struct error *e)
{
	static const char *const algorithms[] = { "sha256:", "sha512:" };

	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (text_starts(text, algorithms[i]) && !strchr(text, '/')) {
			error_set(e, ERROR_USAGE, "read the image name %.300s: it is a digest, and no name", text);
			return error_hint(e, "expected NAME@DIGEST");
		}
	return 0;
}

int image_name_parse(const char *text, struct image_name *ret, struct error *e)
{
	autofree char *words = alloc_copy(text);
	struct image_name name = { 0 };
	const char *rest = words;
	char *colon;

	if (refuse_digest(text, e) || split_digest(words, &name.digest, e))
		return -1;
	name.host = split_host(&rest);
	name.is_short = rest == words;
	colon = strrchr(rest, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = '\0';
		name.tag = alloc_copy(colon + 1);
	}
	if (is_docker(name.host)) {
		free(name.host);
		name.host = alloc_copy(default_host);
	}
	name.repository = strcmp(name.host, default_host) == 0 && !strchr(rest, '/') ? text_format("library/%s", rest) : alloc_copy(rest);
	if (!name.tag && !name.digest)
		name.tag = alloc_copy("latest");
	if (check(text, &name, e)) {
		image_name_release(&name);
		return -1;
	}
	*ret = name;
	return 0;
}

void image_name_release(struct image_name *name)
{
	int saved = errno;

	free(name->host);
	free(name->repository);
	free(name->tag);
	free(name->digest);
	*name = (struct image_name){ 0 };
	errno = saved;
}

char *image_name_host(const char *text, struct error *e)
{
	static const char *const schemes[] = { "https://", "http://" };
	autofree char *host = NULL;

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (text_starts(text, schemes[i])) {
			text += strlen(schemes[i]);
			break;
		}
	host = alloc_copy_bytes(text, strcspn(text, "/"));
	if (is_docker(host)) {
		free(host);
		host = alloc_copy(default_host);
	}
	if (is_host(host))
		return take_ptr(&host);
	error_set(e, ERROR_USAGE, "\"%.100s\" is no name of a registry: expected HOST or HOST:PORT", strchr(host, '@') ? "…@…" : host);
	return NULL;
}

const char *image_name_behind(const struct image_name *name, const char *full)
{
	autofree char *repository = text_format("%s/%s", name->host, name->repository);
	const char *rest = text_starts(full, repository) ? full + strlen(repository) : NULL;

	return rest && (*rest == '\0' || *rest == ':' || *rest == '@') ? rest : NULL;
}

char *image_name_written(const struct image_name *name)
{
	autofree char *full = image_name_text(name);

	/* "library/debian" cannot be taken for a host. */
	return alloc_copy(name->is_short ? full + strlen(name->host) + 1 : full);
}

char *image_name_text(const struct image_name *name)
{
	return text_format("%s/%s%s%s%s%s", name->host, name->repository, name->tag ? ":" : "", name->tag ? name->tag : "",
			   name->digest ? "@" : "", name->digest ? name->digest : "");
}
