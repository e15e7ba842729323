/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shorthand.c - the short forms of app.json, as JSON before decoding: the tables then know one form only.
 */
#include "specs/shorthand.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"

json_t *shorthand_volume(const char *text, struct error *e)
{
	char *copy = alloc_copy(text), *state = NULL;
	const char *source = strtok_r(copy, ":", &state);
	const char *target = strtok_r(NULL, ":", &state);
	const char *mode = strtok_r(NULL, ":", &state);
	json_t *volume = NULL;

	if (!source || !target || target[0] != '/' || strtok_r(NULL, ":", &state) ||
	    (mode && strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0))
		error_set(e, ERROR_SPEC, "expected \"source:/target\" or \"source:/target:ro\", found \"%s\"", text);
	else
		volume = json_pack("{s:s, s:s, s:s, s:b}", "type", strchr("/.~", source[0]) ? "bind" : "volume", "source", source,
				   "target", target, "read_only", mode && strcmp(mode, "ro") == 0);
	free(copy);
	return volume;
}

/* "[host_ip:][published:]target[/protocol]"; an IPv6 address stands in brackets. */
static json_t *expand_port(const char *text, struct error *e)
{
	char *copy = alloc_copy(text);
	char *slash = strchr(copy, '/');
	const char *protocol = slash ? slash + 1 : "tcp";
	char *last, *host = NULL, *published = NULL;
	int64_t target, outside = 0;
	json_t *port = NULL;

	if (slash)
		*slash = '\0';
	last = strrchr(copy, ':');
	if (last) {
		*last++ = '\0';
		published = strrchr(copy, ':');
		if (published && published > copy && (copy[0] != '[' || published[-1] == ']')) {
			*published++ = '\0';
			host = copy;
		} else {
			published = copy;
		}
	}
	if (number_parse(last ? last : copy, 1, 65535, &target) == 0 &&
	    (!published || number_parse(published, 1, 65535, &outside) == 0)) {
		port = json_pack("{s:I, s:s}", "target", (json_int_t)target, "protocol", protocol);
		if (published)
			json_object_set_new(port, "published", json_integer(outside));
		if (host)
			json_object_set_new(port, "host_ip", json_string(host));
	} else {
		error_set(e, ERROR_SPEC, "expected a port such as \"127.0.0.1:80:8080/tcp\", found \"%s\"", text);
	}
	free(copy);
	return port;
}

static int expand_array(json_t *root, const char *key, json_t *(*expand)(const char *, struct error *), struct error *e)
{
	json_t *array = json_object_get(root, key), *item;
	size_t i;

	json_array_foreach(array, i, item) {
		json_t *object;

		if (!json_is_string(item))
			continue;
		object = expand(json_string_value(item), e);
		if (!object) {
			error_at(e, "[%zu]", i);
			return error_at(e, "%s", key);
		}
		json_array_set_new(array, i, object);
	}
	return 0;
}

static int expand_ulimits(json_t *root, struct error *e)
{
	json_t *ulimits = json_object_get(root, "ulimits"), *item;
	const char *key;

	json_object_foreach(ulimits, key, item) {
		json_t *soft = json_object_get(item, "soft"), *hard = json_object_get(item, "hard");

		if (!json_is_object(item))
			continue;
		if (!json_is_integer(soft) || !json_is_integer(hard) || json_object_size(item) != 2) {
			error_set(e, ERROR_SPEC, "expected a number or {\"soft\": n, \"hard\": n}");
			error_at(e, "%s", key);
			return error_at(e, "ulimits");
		}
		json_object_set_new(ulimits, key, json_sprintf("%lld:%lld", (long long)json_integer_value(soft),
							       (long long)json_integer_value(hard)));
	}
	return 0;
}

int shorthand_expand(json_t *root, struct error *e)
{
	if (expand_array(root, "volumes", shorthand_volume, e) || expand_array(root, "ports", expand_port, e))
		return -1;
	return expand_ulimits(root, e);
}
