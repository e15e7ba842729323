/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - from an image's name to the places that will be asked.
 */
#include "images/registry/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/registry/auth_file.h"
#include "images/registry/certificates.h"
#include "images/registry/endpoint.h"
#include "images/registry/http_url.h"
#include "images/registry/registry_settings.h"
#include "images/registry/registry_settings_files.h"

/* docker.io is the name of a web site; its registry is another machine. */
static const char docker_host[] = "docker.io", docker_address[] = "registry-1.docker.io";

/* "HOST/PATH" of a location or name. */
static int add(struct plan *plan, const char *location, bool is_insecure, struct error *e)
{
	struct endpoint *endpoint = alloc_append(&plan->endpoints, &plan->count, sizeof *endpoint);
	const char *slash = strchr(location, '/');

	endpoint->host = image_name_host(location, e);
	if (!endpoint->host)
		return -1;
	if (!slash || !slash[1])
		return error_set(e, ERROR_SPEC, "the location %.200s in the registries' configuration names no repository", location);
	endpoint->repository = alloc_copy(slash + 1);
	endpoint->address = alloc_copy(strcmp(endpoint->host, docker_host) == 0 ? docker_address : endpoint->host);
	endpoint->is_insecure = is_insecure;
	endpoint->is_loopback = http_host_is_loopback(endpoint->host);
	return certificates_read(endpoint, e);
}

static int add_with_password(struct plan *plan, const char *location, bool is_insecure, struct error *e)
{
	if (add(plan, location, is_insecure, e))
		return -1;
	return auth_find(location, &plan->endpoints[plan->count - 1].credentials, e);
}

/* What name becomes where location stands in the place of prefix. */
static char *rewrite(const char *name, const struct registry_setting *setting, const char *location)
{
	size_t length = text_starts(setting->prefix, "*.") ? strcspn(name, "/") : strlen(setting->prefix);
	size_t kept = strlen(location);

	while (kept && location[kept - 1] == '/')
		kept--;
	return text_format("%.*s%s", (int)kept, location, name + length);
}

static int add_mirrors(struct plan *plan, const char *name, const struct registry_setting *setting, struct error *e)
{
	for (size_t i = 0; i < setting->mirror_count; i++) {
		const struct mirror_setting *mirror = &setting->mirrors[i];
		autofree char *location = rewrite(name, setting, mirror->location);

		if (mirror->by_digest_only && !plan->name.digest)
			continue;
		if (add_with_password(plan, location, mirror->is_insecure, e))
			return error_in(e, "use the mirror %.200s", mirror->location);
		plan->endpoints[plan->count - 1].is_mirror = true;
	}
	return 0;
}

static int check_short(const struct image_name *name, const struct registry_settings *settings, struct error *e)
{
	autofree char *full = image_name_text(name);

	if (!name->is_short || settings->short_names != SHORT_NAMES_REFUSED)
		return 0;
	error_set(e, ERROR_DENIED, "the configuration of this host refuses names without a registry (\"short_names\" in registries.json)");
	return error_hint(e, "write the whole name, such as %.300s", full);
}

static int fill(struct plan *plan, const struct registry_settings *settings, struct error *e)
{
	autofree char *name = text_format("%s/%s", plan->name.host, plan->name.repository);
	const struct registry_setting *setting = registry_settings_find(settings, name);
	autofree char *location = setting && setting->location ? rewrite(name, setting, setting->location) : alloc_copy(name);

	plan->idle_s = (int)(settings->idle_us / 1000000);
	if (setting && setting->is_blocked)
		return error_set(e, ERROR_DENIED, "the configuration of this host blocks %s", setting->prefix);
	if (setting && add_mirrors(plan, name, setting, e))
		return -1;
	if (add_with_password(plan, location, setting && setting->is_insecure, e))
		return -1;
	if (setting)
		list_copy(&plan->endpoints[plan->count - 1].token_hosts, &setting->token_hosts);
	/* A mirror's own entry says whether it is insecure, where its mention does not. */
	for (size_t i = 0; i + 1 < plan->count; i++) {
		autofree char *mirror = text_format("%s/%s", plan->endpoints[i].host, plan->endpoints[i].repository);
		const struct registry_setting *own = registry_settings_find(settings, mirror);

		if (own && own->is_insecure)
			plan->endpoints[i].is_insecure = true;
		if (own)
			list_copy(&plan->endpoints[i].token_hosts, &own->token_hosts);
	}
	return 0;
}

int plan_make(const struct image_name *name, struct plan *ret, struct error *e)
{
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	autorelease(plan) struct plan plan = { 0 };
	autofree char *words = image_name_text(name);

	if (image_name_parse(words, &plan.name, e) || registry_settings_read(&settings, e) ||
	    check_short(name, &settings, e) || fill(&plan, &settings, e))
		return -1;
	*ret = plan;
	plan = (struct plan){ 0 };
	return 0;
}

int plan_login(const char *host, const struct credentials *credentials, struct plan *ret, struct error *e)
{
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	autorelease(plan) struct plan plan = { 0 };
	/* Any repository will do: none is asked for. */
	autofree char *location = text_format("%s/login", host);
	const struct registry_setting *setting;
	struct endpoint *endpoint;

	if (image_name_parse(location, &plan.name, e) || registry_settings_read(&settings, e))
		return -1;
	setting = registry_settings_find(&settings, plan.name.host);
	if (add(&plan, location, setting && setting->is_insecure, e))
		return -1;
	endpoint = &plan.endpoints[0];
	endpoint->credentials.user = alloc_copy(credentials->user);
	endpoint->credentials.password = alloc_copy(credentials->password);
	if (setting)
		list_copy(&endpoint->token_hosts, &setting->token_hosts);
	*ret = plan;
	plan = (struct plan){ 0 };
	return 0;
}
