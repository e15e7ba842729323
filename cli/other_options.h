/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_options.h - options of docker's and podman's commands about images that people will type: the refusal says what to type instead.
 * Those of run that are fields of app.json are in spec_options.h.
 */
#pragma once

#include "cli/options.h"

#define OTHER_OPTION(letter, name, instead) { letter, name, OPTION_ELSEWHERE, 0, NULL, instead }

#define LEAVE_OUT "leave it out; "

/* Of docker compose, before its commands and, by habit, behind them. */
#define COMPOSE_OPTIONS \
	OTHER_OPTION('f', "file", "the file stands behind the command: box up app.json"), \
	OTHER_OPTION('p', "project-name", "\"name\" in the file; two copies of it have different ones"), \
	OTHER_OPTION(0, "project-directory", "paths in the file begin at its folder"), \
	OTHER_OPTION(0, "env-file", "${…} in the file are the caller's variables: set -a; . ./.env; set +a; box up app.json"), \
	OTHER_OPTION(0, "ansi", LEAVE_OUT "there are no colours"), \
	OTHER_OPTION(0, "progress", "leave it out; --quiet says less"), \
	OTHER_OPTION(0, "parallel", LEAVE_OUT "what waits for nobody starts at once")

/* Of docker compose up. */
#define COMPOSE_UP_OPTIONS \
	COMPOSE_OPTIONS, \
	OTHER_OPTION('d', "detach", LEAVE_OUT "box up returns when all run; box run stays"), \
	OTHER_OPTION(0, "build", LEAVE_OUT "what has \"build\" is built, from the cache where nothing has changed"), \
	OTHER_OPTION(0, "no-build", "\"image\" in place of \"build\""), \
	OTHER_OPTION(0, "force-recreate", "box restart NAME, or box down and box up"), \
	OTHER_OPTION(0, "no-recreate", "box start NAME starts what is there, as it was made"), \
	OTHER_OPTION(0, "always-recreate-deps", "\"depends_on\": {\"db\": {\"restart\": true}} restarts who depends on it"), \
	OTHER_OPTION(0, "scale", "write it into the file: \"replicas\": 3"), \
	OTHER_OPTION(0, "no-deps", "box restart NAME for one alone; box up app.json SERVICE brings what it depends on, too"), \
	OTHER_OPTION(0, "no-start", "box plan app.json says what would be started"), \
	OTHER_OPTION(0, "dry-run", "box plan app.json"), \
	OTHER_OPTION(0, "wait", LEAVE_OUT "box up waits until all run, and are healthy; --no-wait does not"), \
	OTHER_OPTION(0, "wait-timeout", "--timeout DURATION, such as 90s"), \
	OTHER_OPTION('t', "-t", "\"stop_grace_period\" in the file"), \
	OTHER_OPTION(0, "quiet-pull", "--quiet"), \
	OTHER_OPTION('y', "yes", LEAVE_OUT "box up asks nothing"), \
	OTHER_OPTION('V', "renew-anon-volumes", "box down --volumes, then box up"), \
	OTHER_OPTION(0, "abort-on-container-exit", "box run app.json stays; a \"restart\" says what follows an end"), \
	OTHER_OPTION(0, "exit-code-from", "box run app.json: its exit code is that of the first that did not end well"), \
	OTHER_OPTION(0, "attach", "box up app.json, then box logs -f NAME"), \
	OTHER_OPTION(0, "no-color", LEAVE_OUT "there are no colours"), \
	OTHER_OPTION(0, "no-log-prefix", "box up app.json, then box logs NAME of one service"), \
	OTHER_OPTION('w', "watch", "box up app.json, once more")

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

/* Of docker build, docker buildx build, podman build and buildah build. */
#define BUILD_OTHER_OPTIONS \
	PLATFORM_OPTIONS, TRANSFER_OPTIONS, \
	OTHER_OPTION(0, "rm", LEAVE_OUT "a step leaves nothing but its layer"), \
	OTHER_OPTION(0, "force-rm", LEAVE_OUT "a step leaves nothing but its layer"), \
	OTHER_OPTION(0, "layers", LEAVE_OUT "every step that changes something has a layer; --no-cache makes all again"), \
	OTHER_OPTION(0, "compress", LEAVE_OUT "there is no daemon that the context is sent to"), \
	OTHER_OPTION(0, "jobs", LEAVE_OUT "stages that do not need each other are made at the same time"), \
	OTHER_OPTION(0, "format", LEAVE_OUT "images are OCI images; -o type=docker,dest=FILE writes one for docker load"), \
	OTHER_OPTION(0, "timestamp", "SOURCE_DATE_EPOCH=SECONDS before the command"), \
	OTHER_OPTION(0, "source-date-epoch", "SOURCE_DATE_EPOCH=SECONDS before the command"), \
	OTHER_OPTION(0, "rewrite-timestamp", LEAVE_OUT "files of new layers have no time after SOURCE_DATE_EPOCH, those of base images stay"), \
	OTHER_OPTION(0, "env", "ENV in the build file, or --build-arg with ARG"), \
	OTHER_OPTION(0, "unsetenv", "ENV in the build file"), \
	OTHER_OPTION('v', "volume", "RUN --mount=type=bind or --mount=type=cache in the build file"), \
	OTHER_OPTION(0, "device", "a step has no devices"), \
	OTHER_OPTION(0, "cap-add", "a step has the capabilities of docker's, and no others"), \
	OTHER_OPTION(0, "cap-drop", "a step has the capabilities of docker's"), \
	OTHER_OPTION(0, "security-opt", "a step has box's own seccomp filter"), \
	OTHER_OPTION(0, "userns", LEAVE_OUT "every step has a user namespace"), \
	OTHER_OPTION(0, "cgroup-parent", LEAVE_OUT "steps lie below /box"), \
	OTHER_OPTION(0, "dns", "RUN reads the host's resolv.conf"), \
	OTHER_OPTION(0, "http-proxy", "--build-arg http_proxy; it is predefined, and in no image"), \
	OTHER_OPTION(0, "ignorefile", "FILE.dockerignore beside the build file FILE, or .dockerignore of the context"), \
	OTHER_OPTION(0, "logfile", "2>FILE"), \
	OTHER_OPTION(0, "manifest", "an image for each platform, by a name of its own"), \
	OTHER_OPTION(0, "from", "ARG before FROM, and --build-arg"), \
	OTHER_OPTION(0, "builder", LEAVE_OUT "there is one builder, box"), \
	OTHER_OPTION(0, "allow", "a step gets no more power than the others")
