/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - the audit trail: what is found out about a call, and where its record goes.
 */
#include "cli/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/chain.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit_record.h"
#include "cli/audit_words.h"
#include "cli/commands.h"
#include "cli/locking.h"
#include "cli/report.h"
#include "runtime/box.h"
#include "specs/field.h"

/* A record stays below CHAIN_LINE, even where every byte of it is escaped. */
enum { CONFIG_LIMIT = 64 << 10, IMAGES = 50, CONTAINERS = 30, SHORT = 128, PATH = 4096 };

struct audit {
	const struct call *call;
	struct audit_record record;
	struct timespec begin;
	pid_t pid;
	bool is_engines, is_others; /* it is about a container of an engine; about another one */
};

struct audit *audit_begin(const struct call *call)
{
	struct audit *audit;

	if (call->command->audit != AUDITED)
		return NULL;
	audit = alloc_zeroed(1, sizeof *audit);
	audit->call = call;
	audit->pid = getpid();
	(void)clock_gettime(CLOCK_MONOTONIC, &audit->begin); /* cannot fail with this clock */
	return audit;
}

void audit_container(struct audit *audit, const char *name)
{
	if (!audit)
		return;
	if (box_is_oci(audit->call->places, name))
		audit->is_engines = true;
	else
		audit->is_others = true;
	if (audit->record.containers.count < CONTAINERS)
		list_addf(&audit->record.containers, "%.*s", SHORT, name);
}

void audit_object(struct audit *audit, const char *name)
{
	if (audit && audit->record.objects.count < CONTAINERS)
		list_addf(&audit->record.objects, "%.*s", SHORT, name);
}

void audit_engine(struct audit *audit)
{
	if (audit)
		audit->is_engines = true;
}

void audit_spec(struct audit *audit, const struct app *app)
{
	if (!audit || audit->record.spec)
		return; /* the services of a file have it in common */
	audit->record.spec = locking_spec_digest(app);
}

void audit_image(struct audit *audit, const char *name, const char *before, const char *after)
{
	struct audit_image *image;

	if (!audit || audit->record.image_count == IMAGES)
		return;
	image = alloc_append(&audit->record.images, &audit->record.image_count, sizeof *image);
	*image = (struct audit_image){ .name = text_format("%.*s", SHORT, name), .before = alloc_copy(before), .after = alloc_copy(after) };
}

/* Who logged in, which no sudo and no su changes; -1 where nobody did, or the kernel does not tell. */
static int64_t login_uid(void)
{
	autorelease(text) struct text words = { 0 };
	struct error ignored = { 0 };
	int64_t uid;

	if (file_read(AT_FDCWD, "/proc/self/loginuid", SHORT, &words, &ignored) || !words.data ||
	    number_parse(words.data, 0, UINT32_MAX - 1, &uid))
		return -1;
	return uid;
}

static char *terminal(void)
{
	char path[SHORT];

	for (int fd = 0; fd < 3; fd++)
		if (isatty(fd) && ttyname_r(fd, path, sizeof path) == 0)
			return alloc_copy(path);
	return NULL;
}

static char *now(void)
{
	int64_t ns = clock_since_1970_ns();
	char words[CLOCK_TEXT];

	clock_print(ns / 1000000000, ns % 1000000000, /* digits= */ 6, words);
	return alloc_copy(words);
}

static void fill(struct audit *audit, int status)
{
	struct audit_record *record = &audit->record;
	const char *ssh = getenv("SSH_CONNECTION");
	autofree char *folder = getcwd(NULL, 0);
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &end); /* cannot fail with this clock */
	record->duration_us = (end.tv_sec - audit->begin.tv_sec) * 1000000 + (end.tv_nsec - audit->begin.tv_nsec) / 1000;
	record->time = now();
	record->verb = alloc_copy(audit->call->command->name);
	record->uid = getuid();
	record->login_uid = login_uid();
	record->ssh = ssh ? text_format("%.*s", SHORT, ssh) : NULL;
	record->terminal = terminal();
	record->folder = folder ? text_format("%.*s", PATH, folder) : NULL;
	audit_words(audit->call->command, audit->call->argv, &record->argv);
	record->result = alloc_copy(status == 0 ? "ok" : report_has_failed() ? "failed" : "ended");
	record->exit_code = status;
}

/* The journal's own protocol: lines of KEY=VALUE in one datagram. Where nobody listens it is nobody's loss: the file has it. */
static void tell_journal(const struct text *members)
{
	static const struct sockaddr_un journal = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autorelease(text) struct text message = { 0 };

	text_addf(&message, "MESSAGE={%s}\nPRIORITY=5\nSYSLOG_IDENTIFIER=box\nSYSLOG_FACILITY=10\n", members->data);
	if (fd < 0 || sendto(fd, message.data, message.length, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&journal, sizeof journal) < 0)
		log_debug("the journal does not hear of it: %s, continuing", error_name(errno));
}

/* Whether verbs on OCI containers are audited, too. */
static bool wants_engines(const struct places *places)
{
	struct settings {
		bool engines;
	} settings = { 0 };
	static const struct field fields[] = {
		{ "engines", FIELD_BOOL, offsetof(struct settings, engines), .help = "verbs on OCI containers leave a record, too" },
		{ 0 },
	};
	autofree char *path = text_format("%s/audit.json", places->config);
	autorelease(text) struct text json = { 0 };
	struct error e = { 0 };

	if (file_read(AT_FDCWD, path, CONFIG_LIMIT, &json, &e) == 0 &&
	    field_decode_text(json.data ? json.data : "", json.length, path, fields, &settings, &e) == 0)
		return settings.engines;
	if (e.sys == ENOENT)
		return false;
	/* Rather too much than too little. */
	log_warning("%s, continuing as if it said \"engines\": true", e.text);
	return true;
}

/* Where an engine's container is one of several names, the others are not to be hidden behind it. */
static bool is_wanted(const struct audit *audit)
{
	return !audit->is_engines || audit->is_others || wants_engines(audit->call->places);
}

static int write_record(struct audit *audit, struct error *e)
{
	autorelease(text) struct text members = { 0 };
	autoclose int store = -1;

	audit_record_write(&audit->record, &members);
	tell_journal(&members);
	store = folder_make_private(audit->call->places->store, e);
	return store < 0 || chain_add(store, AUDIT_LOG, &members, e) ? -1 : 0;
}

void audit_drop(struct audit *audit)
{
	if (audit)
		audit->pid = 0;
}

void audit_write(struct audit *audit, int status)
{
	struct error e = { 0 };

	/* Not where it was dropped, nor in a copy of this process that goes on as something else. */
	if (!audit || audit->pid != getpid() || !is_wanted(audit))
		return;
	audit->pid = 0; /* once */
	fill(audit, status);
	if (write_record(audit, &e) == 0)
		return;
	error_in(&e, "add to the audit trail %s/" AUDIT_LOG, audit->call->places->store);
	if (status && report_has_failed())
		log_debug("%s, continuing", e.text); /* one error is enough, and nothing was done */
	else
		log_warning("%s, continuing", e.text);
}

void audit_end(struct audit *audit, int status)
{
	if (!audit)
		return;
	audit_write(audit, status);
	audit_record_release(&audit->record);
	free(audit);
}
