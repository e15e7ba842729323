/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial.h - whether this host has what networks need: tried in namespaces of their own, for box doctor.
 */
#pragma once

struct error;
struct text;

/* What the host's own rules would drop: a sentence, added to ret; nothing where all is well. In the host's network namespace. */
void trial_forward(struct text *ret);

/* Links, rules and forwarding, in new namespaces (split.h). */
int trial_network(struct error *e);
