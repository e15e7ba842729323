/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manager.c - what box-scope asks of a running systemd.
 *
 * The manager answers a start or a stop at once with a job, and says later by the signal JobRemoved how that went. So the signal is asked
 * for before the job is; what comes in meanwhile is kept by its path.
 */
#include "cgroups/scope/manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/scope/property.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define MANAGER_PATH "/org/freedesktop/systemd1"

enum { JOB_SECONDS = 30 /* as runc waits */, VERSION_UNKNOWN = 0 };

struct manager {
	sd_bus *bus;
	struct list ended; /* "JOB RESULT" */
};

AUTO(sd_bus_message *, message, sd_bus_message_unref, *object);
#define automessage __attribute__((cleanup(auto_message)))

static void bus_error_release(sd_bus_error *error)
{
	sd_bus_error_free(error);
}

/* What a call said when it failed. */
static int explain(int failed, const sd_bus_error *said, struct error *e, const char *action, const char *object)
{
	errno = -failed;
	if (said && said->message)
		return error_set(e, errno == EACCES || errno == EPERM ? ERROR_DENIED : ERROR_KERNEL, "%s %s: %s [%s]", action, object,
				 said->message, said->name ? said->name : error_name(errno));
	return error_sys(e, "%s %s", action, object);
}

/* Connects to one address: 0, or a negative errno. is_bus: a message bus, which wants a greeting. */
static int connect_to(const char *address, bool is_bus, sd_bus **ret)
{
	sd_bus *bus = NULL;
	int failed = sd_bus_new(&bus);

	if (failed >= 0)
		failed = sd_bus_set_address(bus, address);
	if (failed >= 0)
		failed = sd_bus_set_bus_client(bus, is_bus);
	if (failed >= 0)
		failed = sd_bus_start(bus);
	if (failed < 0) {
		sd_bus_unref(bus);
		return failed;
	}
	*ret = bus;
	return 0;
}

/* Where the manager and its bus listen, in the order in which they are tried. */
static void list_addresses(bool is_user, struct list *managers, struct list *buses)
{
	const char *run = getenv("XDG_RUNTIME_DIR"), *session = getenv("DBUS_SESSION_BUS_ADDRESS");

	if (!is_user) {
		list_add(managers, "unix:path=/run/systemd/private");
		list_add(buses, "unix:path=/run/dbus/system_bus_socket");
		return;
	}
	if (run && run[0] == '/') {
		list_addf(managers, "unix:path=%s/systemd/private", run);
		list_addf(buses, "unix:path=%s/bus", run);
	}
	list_addf(managers, "unix:path=/run/user/%u/systemd/private", geteuid());
	list_addf(buses, "unix:path=/run/user/%u/bus", geteuid());
	if (session && *session)
		list_add(buses, session);
}

static int on_job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct manager *manager = data;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0)
		list_addf(&manager->ended, "%s %s", job, result);
	return 0;
}

static int listen_for_jobs(struct manager *manager, struct error *e)
{
	__attribute__((cleanup(bus_error_release))) sd_bus_error said = SD_BUS_ERROR_NULL;
	int failed = sd_bus_match_signal(manager->bus, NULL, NULL, MANAGER_PATH, MANAGER, "JobRemoved", on_job_removed, manager);

	/* Its own socket sends every signal anyway. */
	if (failed >= 0)
		failed = sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER, "Subscribe", &said, NULL, "");
	return failed < 0 ? explain(failed, &said, e, "listen to", "systemd") : 0;
}

static int try_addresses(const struct list *addresses, bool is_bus, sd_bus **ret)
{
	int failed = -ENOENT;

	for (size_t i = 0; i < addresses->count; i++) {
		int now = connect_to(addresses->items[i], is_bus, ret);

		if (now == 0)
			return 0;
		failed = now == -ENOENT ? failed : now; /* what is there and refuses says more than what is not there */
	}
	return failed;
}

int manager_open(bool is_user, struct manager **ret, struct error *e)
{
	autorelease(list) struct list managers = { 0 };
	autorelease(list) struct list buses = { 0 };
	sd_bus *bus = NULL;
	int failed, later;

	list_addresses(is_user, &managers, &buses);
	failed = try_addresses(&managers, /* is_bus= */ false, &bus);
	if (failed < 0 && (later = try_addresses(&buses, /* is_bus= */ true, &bus)) <= 0)
		failed = later == -ENOENT ? failed : later;
	if (failed < 0) {
		explain(failed, NULL, e, "reach", is_user ? "the systemd of this user" : "systemd");
		return error_in(e, "none of %s and %s answers", managers.items[0], buses.items[0]);
	}
	*ret = alloc_zeroed(1, sizeof **ret);
	(*ret)->bus = bus;
	if (listen_for_jobs(*ret, e) == 0)
		return 0;
	manager_close(*ret);
	return -1;
}

void manager_close(struct manager *manager)
{
	sd_bus_flush_close_unref(manager->bus);
	list_release(&manager->ended);
	free(manager);
}

static char *manager_property(struct manager *manager, const char *name, struct error *e)
{
	__attribute__((cleanup(bus_error_release))) sd_bus_error said = SD_BUS_ERROR_NULL;
	char *text = NULL;
	int failed = sd_bus_get_property_string(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER, name, &said, &text);

	if (failed >= 0)
		return text;
	explain(failed, &said, e, "ask systemd for", name);
	return NULL;
}

char *manager_group(struct manager *manager, struct error *e)
{
	return manager_property(manager, "ControlGroup", e);
}

/* 252 of "252.38-1~deb12u1" or "v252". */
static int manager_version(struct manager *manager)
{
	struct error ignored = { 0 };
	autofree char *text = manager_property(manager, "Version", &ignored);

	return text ? (int)strtol(text + (text[0] == 'v'), NULL, 10) : VERSION_UNKNOWN;
}

static int append_value(sd_bus_message *message, const struct variant *value);

static int append_items(sd_bus_message *message, char container, const char *contents, const struct variant *value)
{
	int failed = sd_bus_message_open_container(message, container, contents);

	for (size_t i = 0; i < value->count && failed >= 0; i++)
		failed = append_value(message, &value->items[i]);
	return failed < 0 ? failed : sd_bus_message_close_container(message);
}

static int append_basic(sd_bus_message *message, const struct variant *value)
{
	union {
		uint8_t y;
		uint16_t q;
		uint32_t u;
		uint64_t t;
		int b;
	} number = { 0 };

	switch (value->signature[0]) {
	case 's': case 'o': case 'g': return sd_bus_message_append_basic(message, value->signature[0], value->text);
	case 'd': return sd_bus_message_append_basic(message, 'd', &value->number);
	case 'b': number.b = value->bits != 0; break;
	case 'y': number.y = (uint8_t)value->bits; break;
	case 'n': case 'q': number.q = (uint16_t)value->bits; break;
	case 'i': case 'u': number.u = (uint32_t)value->bits; break;
	default: number.t = value->bits;
	}
	return sd_bus_message_append_basic(message, value->signature[0], &number);
}

static int append_value(sd_bus_message *message, const struct variant *value)
{
	autofree char *contents = NULL;

	switch (value->signature[0]) {
	case 'a': return append_items(message, 'a', value->signature + 1, value);
	case 'v': return append_items(message, 'v', value->items[0].signature, value);
	case '(':
		contents = alloc_copy_bytes(value->signature + 1, strlen(value->signature) - 2);
		return append_items(message, 'r', contents, value);
	default: return append_basic(message, value);
	}
}

static int append_property(sd_bus_message *message, const struct property *property)
{
	int failed = sd_bus_message_open_container(message, 'r', "sv");

	if (failed >= 0)
		failed = sd_bus_message_append(message, "s", property->name);
	if (failed >= 0)
		failed = sd_bus_message_open_container(message, 'v', property->value.signature);
	if (failed >= 0)
		failed = append_value(message, &property->value);
	if (failed >= 0)
		failed = sd_bus_message_close_container(message);
	return failed < 0 ? failed : sd_bus_message_close_container(message);
}

static int append_properties(struct manager *manager, sd_bus_message *message, const struct property *properties, size_t count,
			     struct error *e)
{
	int version = manager_version(manager);
	int failed = sd_bus_message_open_container(message, 'a', "(sv)");

	for (size_t i = 0; i < count && failed >= 0; i++) {
		if (version != VERSION_UNKNOWN && version < property_since(&properties[i]))
			continue;
		failed = append_property(message, &properties[i]);
		if (failed < 0)
			return explain(failed, NULL, e, "send to systemd the property", properties[i].name);
	}
	if (failed >= 0)
		failed = sd_bus_message_close_container(message);
	return failed < 0 ? explain(failed, NULL, e, "send to systemd", "properties") : 0;
}

static sd_bus_message *new_call(struct manager *manager, const char *method, struct error *e)
{
	sd_bus_message *message = NULL;
	int failed = sd_bus_message_new_method_call(manager->bus, &message, SYSTEMD, MANAGER_PATH, MANAGER, method);

	if (failed >= 0)
		return message;
	explain(failed, NULL, e, "prepare the call", method);
	return NULL;
}

/* How a job ended, in words for a sentence; NULL: well. */
static const char *job_failure(const char *result)
{
	static const struct {
		const char *result, *words;
	} words[] = {
		{ "done", NULL },
		{ "skipped", NULL },
		{ "canceled", "another job took its place" },
		{ "timeout", "systemd gave up after a time" },
		{ "failed", "it failed; journalctl says why" },
		{ "dependency", "something that it needs failed" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].result, result) == 0)
			return words[i].words;
	return result;
}

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Takes the next message, or waits for one until the deadline. */
static int next_message(struct manager *manager, int64_t deadline, const char *action, const char *unit, struct error *e)
{
	int64_t left = deadline - now_us();
	int got = sd_bus_process(manager->bus, NULL);

	if (got == 0 && left > 0)
		got = sd_bus_wait(manager->bus, (uint64_t)left);
	if (got < 0 && got != -EINTR)
		return explain(got, NULL, e, action, unit);
	return left > 0 ? 0 : error_set(e, ERROR_KERNEL, "%s %s: systemd did not do it within %d seconds", action, unit, JOB_SECONDS);
}

static int wait_for_job(struct manager *manager, const char *job, const char *action, const char *unit, struct error *e)
{
	autofree char *start = text_format("%s ", job);
	int64_t deadline = now_us() + JOB_SECONDS * INT64_C(1000000);

	for (;;) {
		for (size_t i = 0; i < manager->ended.count; i++) {
			const char *ended = manager->ended.items[i], *failure;

			if (!text_starts(ended, start))
				continue;
			failure = job_failure(ended + strlen(start));
			return failure ? error_set(e, ERROR_KERNEL, "%s %s: %s", action, unit, failure) : 0;
		}
		if (next_message(manager, deadline, action, unit, e))
			return -1;
	}
}

static void forget_failure(struct manager *manager, const char *unit)
{
	/* A unit that did not fail, or is gone already: an error that means nothing. */
	(void)sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}

/* What became of a call that starts a job. */
enum answer { ANSWER_REFUSED, ANSWER_EXISTS /* there is a unit of that name */, ANSWER_JOB };

static int call_for_job(struct manager *manager, sd_bus_message *message, const char *action, const char *unit, enum answer *ret_answer,
			struct error *e)
{
	__attribute__((cleanup(bus_error_release))) sd_bus_error said = SD_BUS_ERROR_NULL;
	automessage sd_bus_message *reply = NULL;
	const char *job = NULL;
	int failed = sd_bus_call(manager->bus, message, 0, &said, &reply);

	*ret_answer = sd_bus_error_has_name(&said, SYSTEMD ".UnitExists") ? ANSWER_EXISTS : failed < 0 ? ANSWER_REFUSED : ANSWER_JOB;
	if (failed >= 0)
		failed = sd_bus_message_read(reply, "o", &job);
	if (failed < 0)
		return explain(failed, &said, e, action, unit);
	return wait_for_job(manager, job, action, unit, e);
}

static int try_start(struct manager *manager, const char *unit, const struct property *properties, size_t count,
		     enum answer *ret_answer, struct error *e)
{
	automessage sd_bus_message *message = new_call(manager, "StartTransientUnit", e);
	int failed;

	*ret_answer = ANSWER_REFUSED;
	if (!message)
		return -1;
	failed = sd_bus_message_append(message, "ss", unit, "fail");
	if (failed < 0)
		return explain(failed, NULL, e, "start the unit", unit);
	if (append_properties(manager, message, properties, count, e))
		return -1;
	failed = sd_bus_message_append(message, "a(sa(sv))", 0); /* no other units with it */
	if (failed < 0)
		return explain(failed, NULL, e, "start the unit", unit);
	return call_for_job(manager, message, "start the unit", unit, ret_answer, e);
}

int manager_start(struct manager *manager, const char *unit, const struct property *properties, size_t count, struct error *e)
{
	struct error ignored = { 0 };
	enum answer answer;

	if (try_start(manager, unit, properties, count, &answer, e) == 0)
		return 0;
	if (answer == ANSWER_EXISTS) {
		error_clear(e);
		forget_failure(manager, unit);
		if (try_start(manager, unit, properties, count, &answer, e) == 0)
			return 0;
	}
	/* What was started half-way goes; a unit that was there before us, or may be, stays. */
	if (answer == ANSWER_JOB)
		(void)manager_stop(manager, unit, &ignored);
	return -1;
}

int manager_set(struct manager *manager, const char *unit, const struct property *properties, size_t count, struct error *e)
{
	__attribute__((cleanup(bus_error_release))) sd_bus_error said = SD_BUS_ERROR_NULL;
	automessage sd_bus_message *message = new_call(manager, "SetUnitProperties", e);
	int failed;

	if (!message)
		return -1;
	failed = sd_bus_message_append(message, "sb", unit, /* runtime= */ 1);
	if (failed < 0)
		return explain(failed, NULL, e, "change the unit", unit);
	if (append_properties(manager, message, properties, count, e))
		return -1;
	failed = sd_bus_call(manager->bus, message, 0, &said, NULL);
	if (failed < 0)
		return explain(failed, &said, e, "change the unit", unit);
	/* The answer comes before the values are in the group's files; that to another question comes afterwards. */
	(void)manager_version(manager);
	return 0;
}

int manager_stop(struct manager *manager, const char *unit, struct error *e)
{
	__attribute__((cleanup(bus_error_release))) sd_bus_error said = SD_BUS_ERROR_NULL;
	automessage sd_bus_message *reply = NULL;
	const char *job = NULL;
	int failed = sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER, "StopUnit", &said, &reply, "ss", unit, "replace");
	int result = 0;

	if (failed >= 0)
		failed = sd_bus_message_read(reply, "o", &job);
	if (failed >= 0)
		result = wait_for_job(manager, job, "stop the unit", unit, e);
	else if (!sd_bus_error_has_name(&said, SYSTEMD ".NoSuchUnit"))
		result = explain(failed, &said, e, "stop the unit", unit);
	forget_failure(manager, unit);
	return result;
}

int manager_attach(struct manager *manager, const char *unit, const char *below, unsigned pid, struct error *e)
{
	__attribute__((cleanup(bus_error_release))) sd_bus_error said = SD_BUS_ERROR_NULL;
	int failed = sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER, "AttachProcessesToUnit", &said, NULL, "ssau", unit, below,
					1, pid);

	return failed < 0 ? explain(failed, &said, e, "move a process into the unit", unit) : 0;
}
