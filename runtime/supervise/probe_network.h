/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_network.h - a health check over the app's loopback, by a copy of the supervisor.
 *
 * The answer is the app's: hostile. The process that reads it has no descriptor but its output, no privilege, and at most HEALTH_OUTPUT
 * bytes of patience; who began it ends it when its time is over.
 */
#pragma once

#include <stddef.h>

struct health_plan;

/* Joins the network of the process behind app, gives up everything, asks, writes what came of it to output, and ends: 0 is good health. */
_Noreturn void probe_network(const struct health_plan *plan, int app, int output);

/* The status of an answer (100 to 599) whose first bytes these are; 0: none yet; -1: this is no HTTP. *ret_line and *ret_length are
 * its line without the version, "200 OK". Answers below 200 are passed over. */
int probe_http_status(const char *bytes, size_t length, const char **ret_line, size_t *ret_length);
