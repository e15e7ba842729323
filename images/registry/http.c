/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - requests by libcurl.
 */
#include "images/registry/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/registry/http_inner.h"
#include "images/registry/http_url.h"

enum { REDIRECTS = 5, CONNECT_TIME = 15 };

struct http {
	CURL *curl;
	char said[CURL_ERROR_SIZE];
	/* Of the request at hand: how far inside its own address is, and whether a redirect may lead no further than that. */
	enum http_inner first;
	bool stays_out, was_refused;
	bool may_not_link; /* its own address is a name, whose owner says what it leads to */
};

/* One exchange: what libcurl's callbacks see. */
struct exchange {
	CURL *curl;
	const struct http_request *request;
	struct http_answer *answer;
	size_t header_bytes;
	bool has_begun;
	int64_t left; /* of body_length */
	struct error *error;
};

int http_prepare(struct error *e)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

	return code ? error_set(e, ERROR_INTERNAL, "load libcurl: %s", curl_easy_strerror(code)) : 0;
}

struct http *http_new(void)
{
	struct http *http = alloc_zeroed(1, sizeof *http);

	http->curl = curl_easy_init();
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	free(http);
}

void http_answer_release(struct http_answer *answer)
{
	int saved = errno;

	list_release(&answer->headers);
	text_release(&answer->body);
	*answer = (struct http_answer){ 0 };
	errno = saved;
}

const char *http_header(const struct http_answer *answer, const char *name, size_t nth)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < answer->headers.count; i++) {
		const char *header = answer->headers.items[i];

		if (strncmp(header, name, length) == 0 && header[length] == ':' && nth-- == 0)
			return header + length + 1 + strspn(header + length + 1, " \t");
	}
	return NULL;
}

/* A line of the head. A new status line begins a new head: what came before it was only "100 Continue". */
static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	size_t length = size * count, name;
	char *line;

	exchange->header_bytes += length;
	if (exchange->header_bytes > HTTP_DOCUMENT) {
		error_set(exchange->error, ERROR_NETWORK, "the answer's headers have more than %d KiB", HTTP_DOCUMENT >> 10);
		return 0;
	}
	if (length > 5 && strncmp(bytes, "HTTP/", 5) == 0) {
		list_release(&exchange->answer->headers);
		return length;
	}
	line = alloc_copy_bytes(bytes, length);
	line[strcspn(line, "\r\n")] = '\0';
	name = strcspn(line, ":");
	for (size_t i = 0; i < name; i++)
		if (line[i] >= 'A' && line[i] <= 'Z')
			line[i] = (char)(line[i] | 0x20);
	if (line[name])
		list_take(&exchange->answer->headers, line);
	else
		free(line);
	return length;
}

/* Before the first byte of a body: what its head promises. */
static int begin(struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	struct http_answer *answer = exchange->answer;
	const char *coding = http_header(answer, "content-encoding", 0);

	exchange->has_begun = true;
	(void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &answer->status); /* cannot fail with this name */
	/* Digests are of the bytes as they are; a compressed manifest is a way to send much with little. */
	if (coding && strcasecmp(coding, "identity") != 0)
		return error_set(exchange->error, ERROR_NETWORK, "the answer is encoded as \"%.40s\", which was not asked for", coding);
	answer->has_sunk = request->sink && (answer->status == 200 || answer->status == 206);
	return answer->has_sunk && request->begin ? request->begin(answer, request->data, exchange->error) : 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	const struct http_request *request = exchange->request;
	struct http_answer *answer = exchange->answer;
	size_t length = size * count;
	int64_t limit;

	if (!exchange->has_begun && begin(exchange))
		return 0;
	if (answer->has_sunk)
		return request->sink(bytes, length, request->data, exchange->error) ? 0 : length;
	limit = answer->status >= 200 && answer->status < 300 ? request->limit : HTTP_DOCUMENT;
	if (answer->body.length + length > (uint64_t)limit) {
		error_set(exchange->error, ERROR_NETWORK, "the answer has more than the %lld bytes that it may have", (long long)limit);
		return 0;
	}
	text_add_bytes(&answer->body, bytes, length);
	return length;
}

static size_t give_body(char *buffer, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	const struct http_request *request = exchange->request;
	size_t room = size * count;
	ssize_t got;

	if ((int64_t)room > exchange->left)
		room = (size_t)exchange->left;
	if (request->body) {
		memcpy(buffer, request->body + (request->body_length - exchange->left), room);
		got = (ssize_t)room;
	} else {
		do
			got = pread(request->body_fd, buffer, room, request->body_offset + request->body_length - exchange->left);
		while (got < 0 && errno == EINTR);
		if (got < 0) {
			error_sys(exchange->error, "read what is to be sent");
			return CURL_READFUNC_ABORT;
		}
	}
	exchange->left -= got;
	return (size_t)got;
}

static struct curl_blob blob_of(const char *text)
{
	return (struct curl_blob){ .data = (void *)(uintptr_t)text, .len = strlen(text), .flags = CURL_BLOB_NOCOPY }; /* only read */
}

static void set_tls(CURL *curl, const struct http_tls *tls)
{
	struct curl_blob authorities = blob_of(tls->authorities ? tls->authorities : "");

	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls->is_unverified ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls->is_unverified ? 0L : 2L);
	curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	if (authorities.len)
		curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &authorities);
	if (tls->certificate && tls->key) {
		struct curl_blob certificate = blob_of(tls->certificate), key = blob_of(tls->key);

		curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &certificate);
		curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
	}
}

/* The environment names a proxy. It would ask its own machine for what is at ours, and read what is sent to ours in plain text. */
static void set_proxy(CURL *curl, const char *url)
{
	autofree char *host = http_url_host(url);

	if (host && http_host_is_loopback(host))
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static void set_body(CURL *curl, const struct http_request *request, struct exchange *exchange)
{
	const char *method = request->method ? request->method : "GET";

	if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		return;
	}
	if (strcmp(method, "GET") != 0) {
		exchange->left = request->body_length;
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_length);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, exchange);
		curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	}
}

/* An address that a name has led to, right before it is connected to: what was looked up once cannot become another one meanwhile. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http *http = data;
	enum http_inner inner = http_inner_of(&address->addr);

	(void)purpose;
	if ((http->stays_out && inner > http->first) || (http->may_not_link && inner == HTTP_LINK)) {
		http->was_refused = true;
		return CURL_SOCKET_BAD;
	}
	if (!http->stays_out && inner > http->first)
		http->first = inner;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void set_all(struct http *http, const struct http_request *request, struct exchange *exchange)
{
	CURL *curl = http->curl;

	curl_easy_reset(curl); /* keeps connections and the cache of names */
	http->said[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "box/" BOX_VERSION);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->said);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIME);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)request->timeout_s);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)(request->idle_s ? request->idle_s : HTTP_IDLE_TIME));
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	if (request->stays_out) {
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, http);
	}
	set_tls(curl, request->tls);
	set_proxy(curl, request->url);
	set_body(curl, request, exchange);
}

static struct curl_slist *headers_of(const struct http_request *request, const char *authorization)
{
	struct curl_slist *headers = NULL;

	for (size_t i = 0; request->headers && i < request->headers->count; i++)
		headers = curl_slist_append(headers, request->headers->items[i]);
	if (authorization) {
		autofree char *line = text_format("Authorization: %s", authorization);

		headers = curl_slist_append(headers, line);
		explicit_bzero(line, strlen(line));
	}
	return headers;
}

#define PROXY_WORDS "https_proxy and http_proxy name the proxy, no_proxy the hosts that need none"

static const struct failure {
	CURLcode code;
	enum http_failure failure;
	const char *hint; /* NULL: none that always helps */
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, HTTP_FAILURE_PASSING, "check the spelling of the host, and that this machine has a network; " PROXY_WORDS },
	{ CURLE_COULDNT_CONNECT, HTTP_FAILURE_PASSING, "does the server run, and is this its port? " PROXY_WORDS },
	{ CURLE_COULDNT_RESOLVE_PROXY, HTTP_FAILURE_LASTING, PROXY_WORDS },
	{ CURLE_PARTIAL_FILE, HTTP_FAILURE_PASSING, NULL },
	{ CURLE_GOT_NOTHING, HTTP_FAILURE_PASSING, NULL },
	{ CURLE_SEND_ERROR, HTTP_FAILURE_PASSING, NULL },
	{ CURLE_RECV_ERROR, HTTP_FAILURE_PASSING, NULL },
	{ CURLE_SSL_CONNECT_ERROR, HTTP_FAILURE_NO_TLS, NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_FAILURE_LASTING,
	  "the certificate of an authority of your own goes to /etc/box/certs.d/HOST:PORT/ca.crt" },
};

static const struct failure *failure_of(CURLcode code)
{
	static const struct failure other = { CURLE_OK, HTTP_FAILURE_LASTING, NULL };

	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (failures[i].code == code)
			return &failures[i];
	return &other;
}

/* What libcurl says, and what to do about it. Always -1. */
static int explain(const struct http *http, CURLcode code, struct error *e)
{
	const char *hint = failure_of(code)->hint;

	/* Its buffer for one line of the head has a limit, and this is what it says then. */
	if (code == CURLE_OUT_OF_MEMORY)
		return error_set(e, ERROR_NETWORK, "one of the answer's headers is too long");
	error_set(e, ERROR_NETWORK, "%.300s", http->said[0] ? http->said : curl_easy_strerror(code));
	if (text_starts(http->said, "CONNECT tunnel failed"))
		hint = "the proxy refuses (407: it wants a user and a password, http://USER:PASSWORD@HOST:PORT); " PROXY_WORDS;
	return hint ? error_hint(e, "%s", hint) : -1;
}

/* url: where redirects have led. */
static int exchange_once(struct http *http, const struct http_request *request, const char *authorization, struct http_answer *answer,
			 enum http_failure *ret_failure, struct error *e)
{
	struct error said = { 0 };
	struct exchange exchange = { .curl = http->curl, .request = request, .answer = answer, .error = &said };
	struct curl_slist *headers = headers_of(request, authorization);
	CURLcode code;

	set_all(http, request, &exchange);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(http->curl);
	curl_slist_free_all(headers);
	/* A callback's own reason is better than libcurl's "failed writing". */
	if (said.kind != ERROR_NONE) {
		*ret_failure = HTTP_FAILURE_LASTING;
		*e = said;
		return -1;
	}
	if (http->was_refused) {
		*ret_failure = HTTP_FAILURE_LASTING;
		return error_set(e, ERROR_NETWORK, "it %s to an address of this machine or its network, which is refused",
				 http->stays_out ? "redirects" : "leads");
	}
	if (code != CURLE_OK) {
		*ret_failure = failure_of(code)->failure;
		return explain(http, code, e);
	}
	if (!exchange.has_begun && begin(&exchange)) {
		*ret_failure = HTTP_FAILURE_LASTING;
		*e = said;
		return -1;
	}
	return 0;
}

static bool is_redirect(const struct http_request *request, const struct http_answer *answer)
{
	bool may_repeat = !request->method || strcmp(request->method, "HEAD") == 0;

	return may_repeat && http_header(answer, "location", 0) &&
	       (answer->status == 301 || answer->status == 302 || answer->status == 303 || answer->status == 307 || answer->status == 308);
}

/* The next URL: absolute, with https where we come from https. */
static char *next_url(const char *from, const struct http_answer *answer, struct error *e)
{
	autofree char *next = http_url_join(from, http_header(answer, "location", 0));

	if (!next) {
		error_set(e, ERROR_NETWORK, "it redirects to something that is no http or https URL");
		return NULL;
	}
	if (text_starts(from, "https:") && !text_starts(next, "https:")) {
		error_set(e, ERROR_NETWORK, "it redirects from https to http, which is refused");
		return NULL;
	}
	return take_ptr(&next);
}

/* What a proxy reaches for us has no address that could be seen here, and the proxy itself is an inner one. So the words of a redirect
 * count: to where the proxy, or the loopback without it (set_proxy), is as near as to us. */
static bool leads_inside(const char *first, const char *next)
{
	static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
	autofree char *from = http_url_host(first), *to = http_url_host(next);
	bool has_proxy = false;

	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
		const char *proxy = getenv(proxies[i]);

		has_proxy = has_proxy || (proxy && *proxy);
	}
	return has_proxy && (!from || !to || http_inner_of_host(to) > http_inner_of_host(from));
}

static bool is_name(const char *url)
{
	autofree char *host = http_url_host(url);

	return host && *host != '[' && host[strspn(host, "0123456789.:")];
}

struct http_tls http_tls_of_stranger(const struct http_tls *own)
{
	return (struct http_tls){ .authorities = own->authorities, .is_unverified = own->is_unverified };
}

int http_date_seconds(const char *date, int64_t *ret)
{
	time_t then = curl_getdate(date, NULL), now = time(NULL);

	if (then < 0)
		return -1;
	*ret = then > now ? (int64_t)(then - now) : 0;
	return 0;
}

int http_send(struct http *http, const struct http_request *request, struct http_answer *ret, enum http_failure *ret_failure,
	      struct error *e)
{
	const struct http_tls stranger = http_tls_of_stranger(request->tls);
	struct http_request now = *request;
	autofree char *url = alloc_copy(request->url);
	const char *authorization = request->authorization;

	*ret_failure = HTTP_FAILURE_NONE;
	http->first = HTTP_OUTER;
	http->stays_out = http->was_refused = false;
	http->may_not_link = request->stays_out && is_name(url);
	for (int i = 0; i <= REDIRECTS; i++) {
		char *next;

		now.url = url;
		http_answer_release(ret);
		if (exchange_once(http, &now, authorization, ret, ret_failure, e))
			return -1;
		if (!is_redirect(request, ret))
			return 0;
		next = next_url(url, ret, e);
		if (next && request->stays_out && leads_inside(request->url, next)) {
			error_set(e, ERROR_NETWORK, "it redirects to an address of this machine or its network, which is refused");
			free(take_ptr(&next));
		}
		if (!next) {
			*ret_failure = HTTP_FAILURE_LASTING;
			return -1;
		}
		if (!http_same_origin(url, next)) {
			authorization = NULL;
			now.tls = &stranger;
		}
		http->stays_out = request->stays_out; /* of the same name, too: its owner can let it lead elsewhere by now */
		free(url);
		url = next;
	}
	*ret_failure = HTTP_FAILURE_LASTING;
	return error_set(e, ERROR_NETWORK, "it redirects more than %d times", REDIRECTS);
}
