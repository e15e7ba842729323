/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_settings_files.h - where the settings about registries stand.
 *
 *     /etc/box/registries.json, /etc/box/registries.d/NAME.json, and the same below $XDG_CONFIG_HOME/box   box's own
 *     registries.conf (version 2) of containers-registries.conf(5)                                          what podman and skopeo read
 *
 * Later ones win, host by host; box's own come last.
 */
#pragma once

struct error;
struct registry_settings;

int registry_settings_read(struct registry_settings *ret, struct error *e);
