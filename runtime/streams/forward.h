/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.h - signals that box gets and its app should have.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct signalfd_siginfo;

/* The signals that the relay takes: all that somebody sends, none that the kernel raises for a fault of box, and no job control. */
void forward_set(sigset_t *ret);

/* The signals that ask for an end. */
void forward_end_set(sigset_t *ret);

/* Whether the signal asks for an end: SIGHUP, SIGINT, SIGQUIT, SIGTERM. */
bool forward_is_end(int signal);

/* Hands the signal to the process behind pidfd. *ret_default becomes its number where the process was ended because it has no handler:
 * the kernel withholds every default action from process 1 of a pid namespace, so that Ctrl-C would do nothing to "sleep 1000". */
void forward_signal(int pidfd, const struct signalfd_siginfo *info, int *ret_default);
