/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.c - signals that box gets and its app should have.
 */
#include "runtime/streams/forward.h"

#include <sys/signalfd.h>

#include "base/process.h"

void forward_set(sigset_t *ret)
{
	static const int kept[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE, SIGURG,
				    SIGTTIN, SIGTTOU, SIGTSTP };

	(void)sigfillset(ret);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		(void)sigdelset(ret, kept[i]);
}

void forward_end_set(sigset_t *ret)
{
	(void)sigemptyset(ret);
	for (int signal = 1; signal < NSIG; signal++)
		if (forward_is_end(signal))
			(void)sigaddset(ret, signal);
}

bool forward_is_end(int signal)
{
	return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}

void forward_signal(int pidfd, const struct signalfd_siginfo *info, int *ret_default)
{
	int signal = (int)info->ssi_signo;

	/* From the kernel these two are about box's own terminal; an app without one could take SIGWINCH for something else (nginx and
 * Apache:
	 * "end when all requests are answered"). */
	if ((signal == SIGWINCH || signal == SIGCONT) && info->ssi_code == SI_KERNEL)
		return;
	if (forward_is_end(signal) && process_drops(pidfd, signal)) {
		*ret_default = signal;
		signal = SIGKILL;
	}
	(void)process_signal(pidfd, signal); /* it may have ended just now */
}
