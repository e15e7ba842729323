/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_words.c - keys and values of Compose's files that are something else here: what does it.
 *
 * Somebody who brings a compose.yaml along is told at each word what to write, or that it can go. docs/from-compose.md has the same as a
 * table.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"

/* The object that a key stands in, by a row that only its table has. */
#define OF_APP "rootfs"
#define OF_FILE "services"
#define OF_BUILD "dockerfile"
#define OF_VOLUME "idmap"
#define OF_PORT "published"
#define OF_MEMBERSHIP "aliases"
#define OF_NETWORK "subnet"
#define OF_LOGGING "max_size"

#define NO_HOST_NAMESPACES "leave it out: every app has its own"
#define HOST_NAMES "leave it out: names that are no service's are asked of the host's servers"
#define GIVEN_ADDRESS "leave it out: box gives addresses, and the name of a service leads to one that stays"
#define BUILD_BY_HAND "box build has an option for it: box build -t NAME …, and \"image\": \"NAME\""

static const struct {
	const char *of, *theirs, *instead;
} elsewhere[] = {
	{ OF_FILE, "version", "leave it out" },
	{ OF_FILE, "include", "one file has all services; \"overrides\" in it are what changes from place to place" },
	{ OF_FILE, "configs", "a file: \"volumes\": [\"./nginx.conf:/etc/nginx/nginx.conf:ro\"]" },
	{ OF_APP, "version", "leave it out" },
	{ OF_APP, "attach", "leave it out: box logs -f NAME follows those that it names" },
	{ OF_APP, "blkio_config",
	  "\"resources\": {\"limits\": {\"io_weight\": 100, \"io\": [{\"device\": \"/dev/sda\", \"read_bps\": \"10m\"}]}}" },
	{ OF_APP, "cgroup", NO_HOST_NAMESPACES },
	{ OF_APP, "cgroup_parent", "leave it out: each has a group of its own, below /box" },
	{ OF_APP, "configs", "a file: \"volumes\": [\"./nginx.conf:/etc/nginx/nginx.conf:ro\"]" },
	{ OF_APP, "container_name",
	  "leave it out: a service is called after the file's \"name\" and itself (shop-web); of an app alone it is \"name\"" },
	{ OF_APP, "cpu_count", "\"resources\": {\"limits\": {\"cpus\": 1.5}}" },
	{ OF_APP, "cpu_percent", "\"resources\": {\"limits\": {\"cpus\": 1.5}}" },
	{ OF_APP, "cpu_period", "\"resources\": {\"limits\": {\"cpus\": 1.5}}" },
	{ OF_APP, "cpu_quota", "\"resources\": {\"limits\": {\"cpus\": 1.5}}" },
	{ OF_APP, "deploy", "\"replicas\", \"resources\", \"restart\", \"update\" and \"labels\" stand in the service itself" },
	{ OF_APP, "develop", "leave it out: \"volumes\": [\"./src:/src\"], and a program that reads its files again, or box restart" },
	{ OF_APP, "device_cgroup_rules", "\"devices\" with their paths" },
	{ OF_APP, "dns", HOST_NAMES },
	{ OF_APP, "dns_opt", HOST_NAMES },
	{ OF_APP, "dns_search", HOST_NAMES },
	{ OF_APP, "domainname", "\"hostname\"" },
	{ OF_APP, "expose", "leave it out: inside a network every port is reached" },
	{ OF_APP, "extends", "\"overrides\" of the file; box config prints what comes of them" },
	{ OF_APP, "external_links", "a network that both are in; \"aliases\" in it are further names" },
	{ OF_APP, "gpus", "\"devices\" with their paths" },
	{ OF_APP, "ipc", NO_HOST_NAMESPACES },
	{ OF_APP, "isolation", "leave it out" },
	{ OF_APP, "label_file", "\"labels\"" },
	{ OF_APP, "links", "leave it out: services find each other by their names" },
	{ OF_APP, "mac_address", "leave it out: box gives addresses" },
	{ OF_APP, "mem_swappiness", "\"resources\": {\"limits\": {\"swap\": \"0\"}}, which is so where memory is limited" },
	{ OF_APP, "memswap_limit", "\"resources\": {\"limits\": {\"swap\": \"512m\"}}: swap alone, beside memory" },
	{ OF_APP, "oom_kill_disable", "leave it out, or \"resources\": {\"reservations\": {\"memory\": \"256m\"}}, which is taken last" },
	{ OF_APP, "oom_score_adj", "\"resources\": {\"reservations\": {\"memory\": \"256m\"}}, which is taken last" },
	{ OF_APP, "pid", "leave it out: every app sees its own processes; box debug looks into one" },
	{ OF_APP, "platform", "box up --platform OS/ARCH" },
	{ OF_APP, "post_start", "a service that depends on it, with \"restart\": \"no\"; or the program's own script" },
	{ OF_APP, "pre_stop", "what the program does at its \"stop_signal\"" },
	{ OF_APP, "privileged", "\"cap_add\", \"devices\" and \"security\" for what it needs of it" },
	{ OF_APP, "pull_policy", "box up --pull missing|always|never" },
	{ OF_APP, "runtime", "leave it out" },
	{ OF_APP, "security_opt", "\"security\": no_new_privileges is true anyway; {\"seccomp\": \"unconfined\"} or a file" },
	{ OF_APP, "stdin_open", "box run -i" },
	{ OF_APP, "storage_opt", "\"resources\": {\"limits\": {\"disk\": \"10g\"}}" },
	{ OF_APP, "tty", "box run -t" },
	{ OF_APP, "uts", NO_HOST_NAMESPACES },
	{ OF_APP, "volumes_from", "\"volumes\" of each, with \"shared\": true where both write" },
	{ OF_BUILD, "cache_from", BUILD_BY_HAND },
	{ OF_BUILD, "cache_to", BUILD_BY_HAND },
	{ OF_BUILD, "dockerfile_inline", "a Dockerfile beside it, or \"steps\"" },
	{ OF_BUILD, "extra_hosts", BUILD_BY_HAND },
	{ OF_BUILD, "labels", "LABEL in the Dockerfile" },
	{ OF_BUILD, "network", BUILD_BY_HAND },
	{ OF_BUILD, "no_cache", "box build --no-cache" },
	{ OF_BUILD, "platforms", "box up --platform OS/ARCH" },
	{ OF_BUILD, "pull", "box build --pull" },
	{ OF_BUILD, "secrets", BUILD_BY_HAND },
	{ OF_BUILD, "shm_size", BUILD_BY_HAND },
	{ OF_BUILD, "ssh", BUILD_BY_HAND },
	{ OF_BUILD, "tags", BUILD_BY_HAND },
	{ OF_VOLUME, "bind", "leave it out; what is bound has to be there" },
	{ OF_VOLUME, "consistency", "leave it out" },
	{ OF_VOLUME, "tmpfs", "\"tmpfs\" of the app: [\"/scratch:size=64m,mode=1777\"]" },
	{ OF_VOLUME, "volume", "leave it out; a new volume gets what the image has there" },
	{ OF_PORT, "app_protocol", "leave it out" },
	{ OF_PORT, "name", "leave it out" },
	{ OF_MEMBERSHIP, "driver_opts", "leave it out" },
	{ OF_MEMBERSHIP, "gw_priority", "leave it out: the first network that is not internal leads out" },
	{ OF_MEMBERSHIP, "interface_name", "leave it out: eth0 is in the first network, eth1 in the second" },
	{ OF_MEMBERSHIP, "ipv4_address", GIVEN_ADDRESS },
	{ OF_MEMBERSHIP, "ipv6_address", GIVEN_ADDRESS },
	{ OF_MEMBERSHIP, "link_local_ips", GIVEN_ADDRESS },
	{ OF_MEMBERSHIP, "mac_address", "leave it out: box gives addresses" },
	{ OF_MEMBERSHIP, "priority", "leave it out: the order of the networks is what counts" },
	{ OF_NETWORK, "attachable", "leave it out: any app may name it" },
	{ OF_NETWORK, "labels", "networks have no labels: leave it out" },
	{ OF_LOGGING, "options", "\"max_size\" and \"max_files\" stand in \"logging\" itself" },
};

/* Values; those that end in ":" are a beginning. */
static const struct {
	const char *key, *theirs, *instead;
} values[] = {
	{ "network_mode", "bridge", "leave it out: the services of a file share a network of their own" },
	{ "network_mode", "service:", "leave it out: in one network the other's ports are at its name, web:8080" },
	{ "network_mode", "container:", "leave it out: in one network the other's ports are at its name, web:8080" },
	{ "mode", "ingress", "leave it out" },
	{ "driver", "json-file", "leave it out: it is a file; \"max_size\": \"10m\", \"max_files\": 3" },
	{ "driver", "local", "leave it out: it is a file; \"max_size\": \"10m\", \"max_files\": 3" },
	{ "driver", "none", "leave it out: \"max_size\" bounds what is kept" },
	{ "driver", "syslog", "\"journald\", whose records rsyslog reads" },
	{ "type", "image", "COPY --from=IMAGE in a build" },
};

static bool is_of(const struct field *table, const char *mark)
{
	for (const struct field *f = table; f->key; f++)
		if (strcmp(f->key, mark) == 0)
			return true;
	return false;
}

const char *field_elsewhere(const struct field *table, const char *key)
{
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		if (strcmp(elsewhere[i].theirs, key) == 0 && is_of(table, elsewhere[i].of))
			return elsewhere[i].instead;
	return NULL;
}

static bool is_value(const char *theirs, const char *found)
{
	return text_ends(theirs, ":") ? text_starts(found, theirs) : strcmp(theirs, found) == 0;
}

static void hint_text(const char *key, const char *found, struct error *e)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (strcmp(values[i].key, key) == 0 && is_value(values[i].theirs, found)) {
			error_hint(e, "%s", values[i].instead);
			return;
		}
}

/* A mode that is a number: 400 that means 0400, or what YAML has made of 0620. */
static void hint_mode(long long number, struct error *e)
{
	char digits[32];

	if (number < 0 || number > 07777)
		return;
	(void)snprintf(digits, sizeof digits, "%lld", number); /* it is short */
	if (strspn(digits, "01234567") == strlen(digits))
		error_hint(e, "write \"%04lld\", or \"%04llo\" where YAML made this number of 0%llo", number, (unsigned long long)number,
			   (unsigned long long)number);
	else
		error_hint(e, "write \"%04llo\"", (unsigned long long)number);
}

void field_hint_value(const struct field *f, json_t *found, struct error *e)
{
	long long number = json_integer_value(found);

	if (json_is_null(found))
		error_hint(e, "leave it out");
	else if (json_is_string(found))
		hint_text(f->key, json_string_value(found), e);
	/* What YAML makes of 0440, 1000 and no. */
	else if (f->kind == FIELD_MODE && json_is_integer(found))
		hint_mode(number, e);
	else if (f->kind == FIELD_TEXT && json_is_integer(found))
		error_hint(e, "write \"%lld\"", number);
	else if (strcmp(f->key, "external") == 0 && json_is_object(found))
		error_hint(e, "\"external\": true, and \"name\" beside it");
	else if (strcmp(f->key, "restart") == 0 && json_is_false(found))
		error_hint(e, "write \"no\"");
}
