/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_network.h - what of the networks of an app in the background its app.json does not say: STORE/apps/NAME/network, for services of a
 * file with several. A file STORE/apps/NAME/standby says that its service's address does not lead to it yet.
 */
#pragma once

struct container;
struct error;

/* Notes it in the open folder of a definition that is being made; nothing where app.json says all. */
int app_network_define(int definition, const struct container *container, struct error *e);

/* Replaces service, networks, ports and neighbours of the container, which was made from app.json, by what is noted. */
int app_network_read(int definition, struct container *container, struct error *e);
