/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - the only user of libcurl: one request, one answer, bounded in every direction.
 *
 * Nothing is followed, decoded or retried by libcurl itself. Redirects are followed here: at most five, never from https to http, and what
 * says who we are (Authorization, the client's certificate) stays behind when host, port or scheme change.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct error;
struct http;

enum {
	HTTP_DOCUMENT = 64 << 10,    /* bytes of a token, an error, all headers */
	HTTP_DOCUMENT_TIME = 45,     /* seconds for a whole small document */
	HTTP_IDLE_TIME = 30,         /* seconds without a byte */
};

struct http_tls {
	const char *authorities; /* PEM; all that are trusted */
	const char *certificate, *key; /* PEM, or NULL: who we are */
	bool is_unverified;
};

/* The same for another host than the one that we are known to: without the client's certificate. Borrows. */
struct http_tls http_tls_of_stranger(const struct http_tls *own);

enum http_failure {
	HTTP_FAILURE_NONE,
	HTTP_FAILURE_PASSING, /* may work the next time */
	HTTP_FAILURE_NO_TLS,  /* the other side does not speak TLS */
	HTTP_FAILURE_LASTING,
};

struct http_answer {
	long status;
	struct list headers; /* "name: value", names in lower case */
	struct text body;    /* where the request has no sink, or the status is none of success */
	bool has_sunk;       /* the body went to the sink */
};

struct http_request {
	const char *method; /* NULL: GET */
	const char *url;
	const struct list *headers; /* "Name: value", or NULL */
	const char *authorization;  /* "Bearer …", or NULL */
	const struct http_tls *tls;
	int64_t limit;              /* bytes of a body that goes to answer->body */
	int timeout_s;              /* for everything; 0: only idle_s counts */
	int idle_s;                 /* 0: HTTP_IDLE_TIME */
	bool stays_out;             /* a redirect does not lead from elsewhere to this machine or its networks (http_inner.h) */
	/* Gets the body of a success; not 0 ends the transfer, with e set. begin (may be NULL) sees the headers first. */
	int (*begin)(const struct http_answer *answer, void *data, struct error *e);
	int (*sink)(const char *bytes, size_t length, void *data, struct error *e);
	void *data;
	/* What is sent: length bytes of body, or of the file body_fd from an offset on. */
	const char *body;
	int body_fd; /* used where body_length is not 0 and body NULL */
	int64_t body_offset;
	int64_t body_length;
};

/* Loads libcurl and all that it reads from disk; before the sandbox closes. */
int http_prepare(struct error *e);

struct http *http_new(void);
void http_free(struct http *http);

/* 0: there is an answer, of whatever status. -1 with *ret_failure. answer is zeroed by the caller, released with http_answer_release. */
int http_send(struct http *http, const struct http_request *request, struct http_answer *ret, enum http_failure *ret_failure,
	      struct error *e);
void http_answer_release(struct http_answer *answer);

/* How many seconds from now (0: it is past) the date of a header such as Retry-After is; -1 where it is none. */
int http_date_seconds(const char *date, int64_t *ret);

/* The value of the header of that (lower-case) name, the nth with it; NULL: none. */
const char *http_header(const struct http_answer *answer, const char *name, size_t nth);
