/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_options.h - options of docker's and podman's commands about images that people will type: the refusal says what to type instead.
 * Those of run that are fields of app.json are in spec_options.h.
 */
#pragma once

#include "cli/options.h"

#define OTHER_OPTION(letter, name, instead) { letter, name, OPTION_ELSEWHERE, 0, NULL, instead }

/* Rows of an option table: of every command that asks a registry. */
#define REGISTRY_OPTIONS \
	OTHER_OPTION(0, "tls-verify", \
		     "say it of the registry, in /etc/box/registries.json: {\"registries\": {\"HOST:PORT\": {\"insecure\": true}}}"), \
	OTHER_OPTION(0, "cert-dir", "certificates lie in /etc/box/certs.d/HOST:PORT, an authority's as ca.crt"), \
	OTHER_OPTION(0, "authfile", "REGISTRY_AUTH_FILE=FILE before the command")

/* Of those that fetch or send. */
#define TRANSFER_OPTIONS \
	REGISTRY_OPTIONS, \
	OTHER_OPTION(0, "creds", "box login HOST, once"), \
	OTHER_OPTION(0, "disable-content-trust", "leave it out; every blob is compared with its digest")

#define PLATFORM_OPTIONS \
	OTHER_OPTION(0, "arch", "--platform linux/ARCH"), \
	OTHER_OPTION(0, "os", "--platform OS/ARCH"), \
	OTHER_OPTION(0, "variant", "--platform OS/ARCH/VARIANT")

#define ALL_TAGS_OPTION(command) OTHER_OPTION('a', "all-tags", "each tag by its name: box " command " NAME:TAG")
