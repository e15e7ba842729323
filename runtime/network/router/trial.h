/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial.h - whether this host has what networks need: tried in namespaces of their own, for box doctor.
 */
#pragma once

#include <stdbool.h>

struct error;
struct text;

/* What the host's own rules would drop: a sentence, added to ret; nothing where all is well. In the host's network namespace. */
void trial_forward(struct text *ret);

/* Links, rules and forwarding in a new network namespace, in which this process is afterwards. */
int trial_network(bool is_rootless, struct error *e);
