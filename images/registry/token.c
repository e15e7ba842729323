/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c - how a registry that answered 401 is asked again: with a password, or with a token that another server gives.
 *
 * The registry names that other server. A hostile one would name a machine of its own to collect passwords (the realm attack), so the
 * credentials of a host go to that host and to the few that are known to be its token servers.
 */
#include "images/registry/token.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/registry/challenge.h"
#include "images/registry/endpoint.h"
#include "images/registry/http.h"
#include "images/registry/http_url.h"
#include "specs/field.h"

/* Registries whose token server has another name. */
static const struct {
	const char *registry, *realm;
} token_servers[] = {
	{ "docker.io", "auth.docker.io" },
	{ "registry.gitlab.com", "gitlab.com" },
	{ "registry.redhat.io", "sso.redhat.com" },
};

struct reply {
	char *token, *access_token;
};

static const struct field reply_fields[] = {
	{ "token", FIELD_TEXT, offsetof(struct reply, token), .flags = FIELD_OPEN, .help = "the token" },
	{ "access_token", FIELD_TEXT, offsetof(struct reply, access_token), .help = "the same by OAuth's name" },
	{ 0 },
};

static bool is_trusted(const struct endpoint *endpoint, const char *origin, const char *realm)
{
	autofree char *own = http_url_host(origin);
	autofree char *other = http_url_host(realm);

	if (!own || !other)
		return false;
	if (strcmp(own, other) == 0 || list_has(&endpoint->token_hosts, other))
		return true;
	for (size_t i = 0; i < sizeof token_servers / sizeof token_servers[0]; i++)
		if (strcmp(endpoint->host, token_servers[i].registry) == 0 && strcmp(other, token_servers[i].realm) == 0)
			return true;
	return false;
}

static char *basic(const struct credentials *credentials)
{
	autofree char *coded = credentials_encode(credentials);
	char *words = text_format("Basic %s", coded);

	explicit_bzero(coded, strlen(coded));
	return words;
}

static void add_parameter(struct text *to, const char *key, const char *value)
{
	autofree char *coded = value ? http_escape(value) : NULL;

	if (coded)
		text_addf(to, "%s%s=%s", to->length ? "&" : "", key, coded);
}

static char *take_token(const struct http_answer *answer, struct error *e)
{
	struct reply reply = { 0 };
	const char *found;
	char *words = NULL;

	if (answer->status != 200) {
		error_set(e, answer->status == 401 || answer->status == 403 ? ERROR_DENIED : ERROR_NETWORK, "it answered %ld", answer->status);
		return NULL;
	}
	if (field_decode_text(answer->body.data ? answer->body.data : "", answer->body.length, "its answer", reply_fields, &reply, e)) {
		field_release(reply_fields, &reply);
		return NULL;
	}
	found = reply.token ? reply.token : reply.access_token;
	/* It becomes a line of a request. */
	if (found && *found && !found[strcspn(found, " \t\r\n")])
		words = text_format("Bearer %s", found);
	else
		error_set(e, ERROR_NETWORK, "its answer holds no token");
	field_release(reply_fields, &reply);
	return words;
}

/* Asks realm: by GET with a password or without, or by POST with a refresh token. */
static char *ask(const struct token_request *request, const struct challenge *challenge, bool is_trusted_realm, struct error *e)
{
	const struct credentials *credentials = &request->endpoint->credentials;
	const char *realm = list_env_get(&challenge->parameters, "realm");
	bool has_identity = is_trusted_realm && credentials->identity;
	autofree char *scope = request->access ? text_format("repository:%s:%s", request->endpoint->repository, request->access) : NULL;
	autofree char *authorization = is_trusted_realm && !has_identity && credentials->password ? basic(credentials) : NULL;
	autorelease(text) struct text query = { 0 };
	autorelease(list) struct list headers = { 0 };
	autorelease(http_answer) struct http_answer answer = { 0 };
	autofree char *url = NULL;
	enum http_failure failure;
	const struct http_tls tls = is_trusted_realm ? *request->tls : http_tls_of_stranger(request->tls);
	struct http_request http = { .tls = &tls, .limit = HTTP_DOCUMENT, .timeout_s = HTTP_DOCUMENT_TIME, .body_fd = -1 };

	add_parameter(&query, "service", list_env_get(&challenge->parameters, "service"));
	add_parameter(&query, "scope", scope);
	if (has_identity) {
		add_parameter(&query, "client_id", "box");
		add_parameter(&query, "grant_type", "refresh_token");
		add_parameter(&query, "refresh_token", credentials->identity);
		list_add(&headers, "Content-Type: application/x-www-form-urlencoded");
		http.method = "POST";
		http.headers = &headers;
		http.body = query.data;
		http.body_length = (int64_t)query.length;
		url = alloc_copy(realm);
	} else {
		url = text_format("%s%s%s", realm, query.length ? strchr(realm, '?') ? "&" : "?" : "", query.data ? query.data : "");
	}
	http.url = url;
	http.authorization = authorization;
	if (http_send(request->http, &http, &answer, &failure, e))
		return NULL;
	return take_token(&answer, e);
}

static char *bearer(const struct token_request *request, const struct challenge *challenge, char **ret_withheld, struct error *e)
{
	const struct credentials *credentials = &request->endpoint->credentials;
	const char *realm = list_env_get(&challenge->parameters, "realm");
	autofree char *host = realm ? http_url_host(realm) : NULL;
	bool trusted;
	char *words;

	if (!host) {
		error_set(e, ERROR_NETWORK, "it wants a token, and names no http or https server that gives one");
		return NULL;
	}
	/* Not for the password alone: what is asked, and the token, would be there to read, and plain services of this host to ask. */
	if (text_starts(request->origin, "https:") && !text_starts(realm, "https:")) {
		error_set(e, ERROR_NETWORK, "it speaks https, and its token server %s http, which is refused", host);
		return NULL;
	}
	trusted = is_trusted(request->endpoint, request->origin, realm);
	if (!trusted && (credentials->password || credentials->identity)) {
		free(*ret_withheld);
		*ret_withheld = alloc_copy(host);
	}
	words = ask(request, challenge, trusted, e);
	if (!words)
		error_in(e, "get a token from %s", host);
	return words;
}

char *token_get(const struct token_request *request, const struct http_answer *answer, char **ret_withheld, struct error *e)
{
	const struct credentials *credentials = &request->endpoint->credentials;
	autorelease(challenges) struct challenges challenges = { 0 };
	const struct challenge *challenge;
	const char *value;

	for (size_t i = 0; (value = http_header(answer, "www-authenticate", i)); i++)
		if (challenges_parse(value, &challenges, e))
			return NULL;
	challenge = challenges_find(&challenges, "bearer");
	if (challenge)
		return bearer(request, challenge, ret_withheld, e);
	if (!challenges_find(&challenges, "basic")) {
		error_set(e, ERROR_DENIED, "it refuses (401), and wants neither a token nor a password");
		return NULL;
	}
	if (!credentials->password) {
		error_set(e, ERROR_DENIED, "it wants a user and a password");
		error_hint(e, "box login %s", request->endpoint->host);
		return NULL;
	}
	return basic(credentials);
}
