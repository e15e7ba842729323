/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach.c - a connection to the box-net of a network.
 *
 * Who connects, begins or ends a box-net holds the lock of its network meanwhile, which is its folder's. Box takes that one behind the
 * lock of all networks, which no box-net can have (router/confine.c), and then waits for nobody. The listening socket is made here and
 * handed on, so that a second box can connect before the new process has done anything.
 */
#include "runtime/network/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/holder.h"
#include "base/lock.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/network/folder.h"
#include "runtime/network/leases.h"
#include "runtime/network/record.h"
#include "runtime/network/run.h"
#include "runtime/network/words.h"
#include "runtime/state/outlive.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/spawn.h"

enum { PATIENCE_MS = 20000, SHOW_MS = 5000, LOCK_MS = 20000, OWN_LOCK_MS = 10000, STEP_US = 5000 };

static const struct line_row rows[] = { NETWORK_RUN_ROWS };

static int spawn_network(const char *name, int folder, int listener, int first, struct error *e)
{
	autofree char *program = places_helper("box-net", e);
	autofree char *title = text_format(NETWORK_TITLE " %s", name);
	char *const argv[] = { title, NULL };
	const struct spawn request = { .program = program, .argv = argv, .fds = { folder, listener, first } };

	return program ? outlive_spawn(&request, e) : -1;
}

/* Nobody listens: the caller holds both locks. */
static int begin(const struct places *places, const struct network_record *record, int folder, struct error *e)
{
	autofree char *apps = text_format("%s/apps", places->store), *state = realpath(places->state, NULL), *leases = NULL;
	struct network_run run = { .name = record->name, .subnet = record->subnet, .prefix6 = record->prefix6,
				   .state = state ? state : places->state, .apps = apps, .is_internal = record->is_internal,
				   .is_rootless = places->rootless };
	autoclose int ours = -1, theirs = -1, listener = -1;
	int ends[2];

	if (network_leases_make(record, &leases, e))
		return -1;
	run.leases = leases;
	if (lines_write(folder, NETWORK_RUN_NOTE, rows, &run, e) || control_pair(ends, e))
		return -1;
	ours = ends[0];
	theirs = ends[1];
	listener = control_listen(folder, NETWORK_SOCKET, e);
	if (listener < 0 || spawn_network(record->name, folder, listener, theirs, e))
		return -1;
	return take_fd(&ours);
}

static int is_absent(const struct error *e)
{
	return e->sys == ENOENT || e->sys == ECONNREFUSED;
}

int network_lock(const struct places *places, struct error *e)
{
	autofree char *path = text_format("%s/" NETWORKS_FOLDER, places->state);
	autoclose int all = folder_make_private(path, e);

	return all < 0 ? -1 : lock_file_within(all, NETWORK_LOCK, "all networks", LOCK_MS, e);
}

/* A descriptor of its own, because box-net gets the other one. EAGAIN: somebody has it, or the folder has just gone. */
static int lock_folder(int folder)
{
	autoclose int lock = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) || fstat(lock, &st)) {
		errno = lock < 0 && errno != ENOENT ? errno : EAGAIN;
		return -1;
	}
	errno = EAGAIN;
	return st.st_nlink ? take_fd(&lock) : -1;
}

static int not_free(const struct network_record *record, int folder, struct error *e)
{
	autofree char *holder = holder_of_lock(folder);

	error_set(e, ERROR_KERNEL, "reach the network %s: %s holds its lock", record->name, holder ? holder : "somebody");
	e->sys = EAGAIN;
	return error_hint(e, "the network's process takes it for a moment when it ends; if it goes on holding it, kill it and its spare, and "
			     "box restart what is in the network");
}

/* The caller holds the lock of all networks, and so waits for nothing: -1 with EAGAIN where it is to try again. */
static int reach(const struct places *places, const struct network_record *record, struct error *e)
{
	autoclose int folder = network_folder(places, record->name, e), lock = -1;
	int connection = -1;

	if (folder < 0)
		return -1;
	lock = lock_folder(folder);
	if (lock < 0)
		return errno == EAGAIN ? not_free(record, folder, e) : error_sys(e, "lock the network %s", record->name);
	connection = control_try_connect(folder, NETWORK_SOCKET, e);
	if (connection >= 0 || !is_absent(e))
		return connection < 0 ? error_in(e, "reach the network %s", record->name) : connection;
	error_clear(e);
	connection = begin(places, record, folder, e);
	return connection < 0 ? error_in(e, "begin the network %s", record->name) : connection;
}

static int try_reach(const struct places *places, const struct network_wish *wish, struct error *e)
{
	autoclose int lock = network_lock(places, e);
	struct network_record record = { 0 };
	int connection = lock < 0 || network_record_make(places, wish, &record, e) ? -1 : reach(places, &record, e);

	network_record_release(&record);
	return connection;
}

/* Who has taken a box-net over can hold the lock of its network, and take no connections: that stops those alone who want to be in it. */
int network_reach(const struct places *places, const struct network_wish *wish, struct error *e)
{
	int64_t until_ms = clock_monotonic_ms() + OWN_LOCK_MS;
	int connection;

	for (;;) {
		connection = try_reach(places, wish, e);
		if (connection >= 0 || e->sys != EAGAIN || clock_monotonic_ms() >= until_ms)
			return connection;
		error_clear(e);
		usleep(STEP_US);
	}
}

/* -1 with EAGAIN: it takes no connections at the moment. */
static int try_find(const struct places *places, const char *name, struct error *e)
{
	autofree char *path = text_format("%s/" NETWORKS_FOLDER "/%s", places->state, name);
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int connection;

	if (folder < 0 && errno != ENOENT)
		return error_sys(e, "open the folder %s", path);
	connection = folder < 0 ? -1 : control_try_connect(folder, NETWORK_SOCKET, e);
	if (connection >= 0 || (folder >= 0 && !is_absent(e)))
		return connection;
	error_clear(e);
	return error_set(e, ERROR_MISSING, "reach the network %s: nobody is in it", name);
}

int network_find(const struct places *places, const char *name, struct error *e)
{
	int64_t until_ms = clock_monotonic_ms() + OWN_LOCK_MS;
	int connection;

	while ((connection = try_find(places, name, e)) < 0 && e->sys == EAGAIN && clock_monotonic_ms() < until_ms) {
		error_clear(e);
		usleep(STEP_US);
	}
	return connection;
}

bool network_lives(const struct places *places, const char *name)
{
	struct error e = { 0 };
	autoclose int connection = try_find(places, name, &e);

	return connection >= 0 || e.sys == EAGAIN;
}

static int hear_within(int connection, int ms, struct text *ret, struct control_fds *fds, struct error *e)
{
	autorelease(text) struct text answer = { 0 };
	struct pollfd coming = { .fd = connection, .events = POLLIN };
	int got = poll(&coming, 1, ms);

	/* One that is killed while it works is replaced by a spare, which has the connection, and not the question. */
	if (got == 0)
		return error_set(e, ERROR_KERNEL, "wait for the process of a network: it does not answer");
	got = control_receive(connection, &answer, fds, e);
	if (got < 0)
		return -1;
	if (got == 0) {
		errno = EPIPE;
		return error_sys(e, "wait for the process of a network");
	}
	if (control_check(answer.data, e))
		return -1;
	if (ret && text_starts(answer.data, "ok\n"))
		text_add(ret, answer.data + strlen("ok\n"));
	else if (ret && text_starts(answer.data, "ok "))
		text_add(ret, answer.data + strlen("ok "));
	return 0;
}

int network_hear(int connection, struct text *ret, struct control_fds *fds, struct error *e)
{
	return hear_within(connection, PATIENCE_MS, ret, fds, e);
}

/* One that is gone may have said why. */
int network_say(int connection, const char *words, const struct control_fds *fds, struct error *e)
{
	struct error last_words = { 0 };

	/* What is longer would arrive cut, and half a name is another name. */
	if (strlen(words) >= CONTROL_MOST) {
		error_set(e, ERROR_UNSUPPORTED, "tell a network what it has to know: that is longer than %d bytes", CONTROL_MOST);
		return error_hint(e, "aliases, services and ports make it long");
	}
	if (control_send(connection, words, fds, e) == 0)
		return 0;
	if ((e->sys == EPIPE || e->sys == ECONNRESET) && network_hear(connection, NULL, /* fds= */ NULL, &last_words) && last_words.sys != EPIPE)
		*e = last_words;
	return -1;
}

int network_ask(int connection, const char *words, const struct control_fds *fds, struct text *ret, struct error *e)
{
	return network_say(connection, words, fds, e) || network_hear(connection, ret, /* fds= */ NULL, e) ? -1 : 0;
}

int network_show(const struct places *places, const char *network, struct text *ret, struct error *e)
{
	autoclose int connection = network_find(places, network, e);

	return connection < 0 || network_say(connection, "show", NULL, e) || hear_within(connection, SHOW_MS, ret, /* fds= */ NULL, e) ? -1 : 0;
}
