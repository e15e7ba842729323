/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide_ports.h - what people should know of a container's published ports before it runs.
 */
#pragma once

struct container;

/* Says on stderr which ports everybody who can reach this host can reach, and which go round the host's INPUT rules. */
void wide_ports_say(const struct container *container);
