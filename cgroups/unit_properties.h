/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_properties.h - limits and device rules as properties of a systemd unit. Private to cgroups/; nothing here touches the kernel.
 *
 * A property is "Name=VALUE" with the value as GVariant text ("MemoryMax=uint64 1048576"): what box-scope reads, and what engines write
 * into the org.systemd.property.* annotations.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct device_rule;
struct limits;
struct list;

/* Adds those of the limits that systemd knows, each that was said. limits: as limits_settled gives them. */
void unit_limits(const struct limits *limits, bool is_v2, struct list *ret);

/* Adds DevicePolicy and DeviceAllow: whatever the rules allow, and where systemd has no words for that, more. Only v1 wants it: there
 * systemd writes its own list into the group again whenever it is reloaded; the program that box attaches on v2 stays beside systemd's. */
void unit_devices(const struct device_rule *rules, size_t count, struct list *ret);

/* Adds "Name='text'". */
void unit_text(struct list *ret, const char *name, const char *text);
