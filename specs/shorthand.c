/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shorthand.c - the short forms of app.json, as the long ones that the tables know.
 */
#include "specs/shorthand.h"

#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"

size_t split_text(char *text, char separator, char **ret_parts, size_t most)
{
	size_t count = 0;

	for (char *part = text; part; count++) {
		char *end = strchr(part, separator);

		if (count == most)
			return 0;
		if (end)
			*end++ = '\0';
		ret_parts[count] = part;
		part = end;
	}
	return count;
}

/* Of "ro,z". */
static bool is_read_only(const char *options)
{
	return strcmp(options, "ro") == 0 || text_starts(options, "ro,") || strstr(options, ",ro");
}

json_t *shorthand_volume(const char *text, struct error *e)
{
	autofree char *copy = alloc_copy(text);
	char *parts[3] = { NULL };
	size_t count = split_text(copy, ':', parts, 3);
	bool read_only = count == 3 && strcmp(parts[2], "ro") == 0;

	if (count >= 2 && *parts[0] && parts[1][0] == '/' && (count == 2 || read_only || strcmp(parts[2], "rw") == 0))
		return json_pack("{s:s, s:s, s:s, s:b}", "type", strchr("/.~", parts[0][0]) ? "bind" : "volume", "source", parts[0],
				 "target", parts[1], "read_only", read_only);
	error_set(e, ERROR_SPEC, "expected \"source:/target\" or \"source:/target:ro\", found \"%.80s\"", text);
	if (count == 1 && *text == '/')
		error_hint(e, "give it a name, which is in \"volumes\" of the file, too: \"data:%.80s\"", text);
	else if (count == 3 && *parts[0] && parts[1][0] == '/')
		error_hint(e, "only \"ro\" and \"rw\" stand behind a target (no labels of SELinux, no caches): \"%.80s:%.80s%s\"", parts[0], parts[1],
			   is_read_only(parts[2]) ? ":ro" : "");
	return NULL;
}

/* Cuts "[::1]:" or "127.0.0.1:" off the front of "ADDRESS:PORT:PORT"; NULL where there is no address. */
static char *take_address(char **text)
{
	char *address = *text, *end;

	if (address[0] == '[') {
		end = strchr(address, ']');
		if (!end || end[1] != ':')
			return NULL;
		*end = '\0';
		*text = end + 2;
		return address + 1;
	}
	end = strchr(address, ':');
	if (!end || !strchr(end + 1, ':'))
		return NULL;
	*end = '\0';
	*text = end + 1;
	return address;
}

/* "80", or "8000-8010": the first one, and how many. */
static bool read_ports(char *text, int64_t *ret_first, int64_t *ret_count)
{
	char *dash = strchr(text, '-');
	int64_t last;

	if (dash)
		*dash = '\0';
	if (number_parse(text, 1, 65535, ret_first) || (dash && number_parse(dash + 1, *ret_first, 65535, &last)))
		return false;
	*ret_count = dash ? last - *ret_first + 1 : 1;
	return true;
}

json_t *shorthand_port(const char *text, struct error *e)
{
	autofree char *copy = alloc_copy(text);
	char *slash = strchr(copy, '/'), *ports = copy, *address;
	char *parts[2] = { NULL };
	size_t count;
	int64_t target, published = 0, number, published_number;
	json_t *port;

	if (slash)
		*slash = '\0';
	address = take_address(&ports);
	count = split_text(ports, ':', parts, 2);
	if (!count || !read_ports(parts[count - 1], &target, &number) ||
	    (count == 2 && *parts[0] && (!read_ports(parts[0], &published, &published_number) || published_number != number)) ||
	    (count == 2 && !*parts[0] && !address)) {
		error_set(e, ERROR_SPEC, "expected a port such as \"8080:80\" or \"127.0.0.1:8080:80/tcp\", up to 65535, found \"%.80s\"", text);
		if (strchr(text, '-'))
			error_hint(e, "a range leads to one of the same length: \"8000-8010:8000-8010\"");
		return NULL;
	}
	port = json_pack("{s:I}", "target", (json_int_t)target);
	if (published)
		json_object_set_new(port, "published", json_integer(published));
	if (number > 1)
		json_object_set_new(port, "count", json_integer(number));
	if (address)
		json_object_set_new(port, "host_ip", json_string(address));
	if (slash)
		json_object_set_new(port, "protocol", json_string(slash + 1));
	return port;
}

json_t *shorthand_build(const char *text, struct error *e)
{
	(void)e; /* every text may be a folder */
	return json_pack("{s:s}", "context", text);
}

json_t *shorthand_run(const char *text, struct error *e)
{
	if (*text)
		return json_pack("[s, s, s]", "/bin/sh", "-c", text);
	error_set(e, ERROR_SPEC, "expected a line for /bin/sh, found \"\"");
	return NULL;
}

json_t *shorthand_host(const char *text, struct error *e)
{
	size_t length = strcspn(text, "=:");
	autofree char *pair = text_format("%.*s=%s", (int)length, text, text[length] ? text + length + 1 : "");

	if (length && text[length])
		return json_string(pair);
	error_set(e, ERROR_SPEC, "expected a name and an address such as \"ldap.lan:192.0.2.7\", found \"%.80s\"", text);
	return NULL;
}

json_t *shorthand_env_file(const char *text, struct error *e)
{
	(void)e; /* every text may be a file */
	return json_pack("{s:s}", "path", text);
}

json_t *shorthand_secret(const char *text, struct error *e)
{
	(void)e; /* every text may be a file */
	return json_pack("{s:s}", "source", text);
}

json_t *shorthand_secret_source(const char *text, struct error *e)
{
	(void)e; /* likewise */
	return json_pack("{s:s}", "file", text);
}

json_t *shorthand_on_change(const char *text, struct error *e)
{
	if (strcmp(text, "restart") == 0)
		return json_pack("{s:s}", "action", text);
	error_set(e, ERROR_SPEC, "expected \"restart\", {\"signal\": \"SIGHUP\"} or "
			"{\"exec\": [\"program\", \"argument\"]}, found \"%.80s\"", text);
	return NULL;
}

json_t *shorthand_schedule(const char *text, struct error *e)
{
	(void)e; /* what it says is looked at as "cron" */
	return json_pack("{s:s}", "cron", text);
}

char *shorthand_ulimit(json_t *object, struct error *e)
{
	json_t *soft = json_object_get(object, "soft"), *hard = json_object_get(object, "hard");

	if (json_is_integer(soft) && json_is_integer(hard) && json_object_size(object) == 2)
		return text_format("%lld:%lld", (long long)json_integer_value(soft), (long long)json_integer_value(hard));
	error_set(e, ERROR_SPEC, "expected a number or {\"soft\": n, \"hard\": n}");
	return NULL;
}
