/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.c - from a filter that notifies to the program that decides.
 */
#include "runtime/child/listener.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/child/oci_state.h"
#include "runtime/child/stage.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/streams/descriptor_socket.h"
#include "specs/container.h"

/* The child's side */

enum {
	HELPER_STACK = 128 << 10, /* two messages and what is below them */
	HELPER_PAUSE_NS = 20000,
	LISTENER_AWAITED = -1, /* the filter is not loaded yet */
	LISTENER_NONE = -2,    /* and never will be */
};

struct handover {
	int channel;
	atomic_int listener;
	atomic_bool is_sent;
	atomic_int thread; /* the kernel makes it 0 when the thread has ended */
};

static int send_listener(int channel, int listener)
{
	struct error ignored = { 0 };
	struct message message;

	message_init(&message, STAGE_LISTENER);
	message.fds[message.fd_count++] = listener;
	return channel_send(channel, &message, &ignored);
}

/*
 * The helper. It shares the thread storage of the process, errno with it: clock_nanosleep leaves errno alone, and once there is a
 * listener the process looks at nothing but the struct.
 */
static int hand_over(void *data)
{
	static const struct timespec pause = { .tv_nsec = HELPER_PAUSE_NS };
	struct handover *h = data;
	int listener;

	while ((listener = atomic_load(&h->listener)) == LISTENER_AWAITED)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* a signal makes the pause shorter */
	if (listener == LISTENER_NONE)
		return 0;
	atomic_store(&h->is_sent, send_listener(h->channel, listener) == 0);
	return 0;
}

static int start_helper(struct handover *h, struct error *e)
{
	/* Not in the list of libc's threads, whose setuid(2) would stop to tell all of them. */
	static const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	static _Alignas(16) char stack[HELPER_STACK];

	if (clone(hand_over, stack + sizeof stack, flags, h, NULL, NULL, &h->thread) >= 0)
		return 0;
	error_sys(e, "make a thread that hands the seccomp listener over");
	return e->sys == EAGAIN ? error_hint(e, "it counts as one more process for a moment: pids.limit, RLIMIT_NPROC") : -1;
}

static long set_filter(const struct seccomp_filter *filter, unsigned flags)
{
	const struct sock_fprog program = { .len = (unsigned short)filter->count, .filter = filter->code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* The listener, or -1. */
static int load_notifying(const struct seccomp_filter *filter, struct error *e)
{
	long listener = set_filter(filter, filter->flags);

	/* Linux 5.19 has this flag. Without it a process that waits for an answer is disturbed by any signal, not only by a deadly one. */
	if (listener < 0 && errno == EINVAL && (filter->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		listener = set_filter(filter, filter->flags & ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (listener >= 0)
		return (int)listener;
	error_sys(e, "load the seccomp filter (%zu instructions) with a listener", filter->count);
	if (e->sys == EBUSY)
		error_hint(e, "another filter above this process has a listener already, and the kernel allows one");
	return -1;
}

static int load_and_hand_over(const struct seccomp_filter *filter, int channel, struct error *e)
{
	struct handover h = { .channel = channel, .listener = LISTENER_AWAITED, .thread = 1 };
	int listener;

	if (start_helper(&h, e))
		return -1;
	listener = load_notifying(filter, e);
	atomic_store(&h.listener, listener < 0 ? LISTENER_NONE : listener);
	while (atomic_load(&h.thread))
		; /* some microseconds, and no call that could be filtered */
	if (listener < 0)
		return -1;
	if (!atomic_load(&h.is_sent))
		__builtin_trap(); /* box is gone: nobody is left to tell, and exit(2) may be a call that waits */
	return 0;
}

/* Where the filter lets the one call through that this takes. On a busy machine the helper would be waited for for milliseconds, which this
 * process spends with a processor that somebody else needs. */
static int load_and_send(const struct seccomp_filter *filter, int channel, struct error *e)
{
	int listener = load_notifying(filter, e);

	if (listener < 0)
		return -1;
	if (send_listener(channel, listener))
		__builtin_trap(); /* as above */
	return 0;
}

int listener_load_filter(const struct seccomp_filter *filter, int channel, struct error *e)
{
	if (!(filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return seccomp_filter_load(filter, e);
	return seccomp_filter_allows(filter, SYS_sendmsg) ? load_and_send(filter, channel, e) : load_and_hand_over(filter, channel, e);
}

/* The parent's side */

int listener_connect(const struct container *container, int *ret, struct error *e)
{
	const struct oci_part *oci = container->oci;

	if (!oci || !oci->seccomp_notifies)
		return 0;
	*ret = descriptor_socket_connect(oci->seccomp_listener, "the seccomp listener", e);
	return *ret < 0 ? error_at(e, "linux.seccomp.listenerPath") : 0;
}

static int send_on(int connection, int descriptor, const struct listener_notice *notice, struct error *e)
{
	static char word[] = "seccompFd", *words[] = { word };
	const struct container *c = notice->container;
	struct oci_process_state state = {
		.version = c->oci->version, .fds = { .items = words, .count = 1 }, .pid = notice->pid, .metadata = c->oci->seccomp_metadata,
		.state = { .version = c->oci->version, .id = c->name, .pid = notice->first, .status = (char *)notice->status,
			   .bundle = c->oci->bundle, .annotations = c->oci->annotations },
	};
	autorelease(text) struct text json = { 0 };

	oci_process_state_dump(&state, &json); /* borrows everything */
	if (descriptor_socket_send(connection, json.data, json.length, descriptor, e))
		return error_in(e, "give the seccomp filter's listener to %s", c->oci->seccomp_listener);
	return 0;
}

int listener_wait(int channel, int *connection, const struct listener_notice *notice, struct error *e)
{
	struct message message;
	int got, result;

	if (*connection >= 0) {
		/* At once the end of file: no call that the profile notifies on exists on this machine. */
		got = stage_receive(channel, STAGE_LISTENER, &message, e);
		if (got <= 0)
			return got;
		result = message.fd_count == 1 ? send_on(*connection, message.fds[0], notice, e)
					       : error_set(e, ERROR_INTERNAL, "wait for a listener: %u came", message.fd_count);
		message_release(&message);
		close(take_fd(connection));
		if (result)
			return -1;
	}
	return stage_receive(channel, STAGE_EXECUTED, &message, e) < 0 ? -1 : 0;
}
