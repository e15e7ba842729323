/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_options.h - options of docker run and podman run that people will type. The file is the environment, so they are fields of app.json:
 * the refusal names the field.
 */
#pragma once

#include "cli/options.h"

#define SPEC_OPTION(letter, name, field) { letter, name, OPTION_ELSEWHERE, 0, NULL, "write it into app.json: " field }

/* Rows of an option table. */
#define SPEC_OPTIONS \
	SPEC_OPTION('p', "publish", "\"ports\": [\"127.0.0.1:8080:80\"]"), \
	SPEC_OPTION('u', "user", "\"user\": \"1000:1000\""), \
	SPEC_OPTION('w', "workdir", "\"working_dir\": \"/srv\""), \
	SPEC_OPTION('m', "memory", "\"resources\": {\"limits\": {\"memory\": \"64m\"}}"), \
	SPEC_OPTION(0, "cpus", "\"resources\": {\"limits\": {\"cpus\": 0.5}}"), \
	SPEC_OPTION(0, "memory-swap", "\"resources\": {\"limits\": {\"swap\": \"64m\"}}, beside memory"), \
	SPEC_OPTION('c', "cpu-shares", "\"resources\": {\"limits\": {\"cpu_weight\": 100}}"), \
	SPEC_OPTION(0, "cpuset-cpus", "\"resources\": {\"limits\": {\"cpuset\": \"0-1\"}}"), \
	SPEC_OPTION(0, "blkio-weight", "\"resources\": {\"limits\": {\"io_weight\": 100}}"), \
	SPEC_OPTION(0, "annotation", "\"annotations\": {\"key\": \"value\"}"), \
	SPEC_OPTION(0, "secret", "\"secrets\": [{\"source\": \"./db\", \"target\": \"db\"}]"), \
	SPEC_OPTION(0, "no-healthcheck", "\"healthcheck\": {\"disable\": true}"), \
	SPEC_OPTION(0, "log-driver", "\"logging\": {\"driver\": \"file\"}"), \
	SPEC_OPTION(0, "log-opt", "\"logging\": {\"max_size\": \"10m\", \"max_files\": 3}"), \
	SPEC_OPTION(0, "pids-limit", "\"resources\": {\"limits\": {\"pids\": 100}}"), \
	SPEC_OPTION(0, "entrypoint", "\"entrypoint\": [\"program\"]"), \
	SPEC_OPTION(0, "env-file", "\"env_file\": [\"./prod.env\"]"), \
	SPEC_OPTION(0, "network", "\"network_mode\": \"host\""), \
	SPEC_OPTION(0, "net", "\"network_mode\": \"host\""), \
	SPEC_OPTION(0, "hostname", "\"hostname\": \"web\""), \
	SPEC_OPTION(0, "mount", "\"volumes\": [\"./data:/data:ro\"]"), \
	SPEC_OPTION(0, "tmpfs", "\"tmpfs\": [\"/scratch:size=64m\"]"), \
	SPEC_OPTION(0, "read-only", "\"read_only\": true"), \
	SPEC_OPTION(0, "init", "\"init\": true"), \
	SPEC_OPTION('l', "label", "\"labels\": {\"key\": \"value\"}"), \
	SPEC_OPTION(0, "cap-add", "\"cap_add\": [\"NET_RAW\"]"), \
	SPEC_OPTION(0, "cap-drop", "\"cap_drop\": [\"CHOWN\"]"), \
	SPEC_OPTION(0, "security-opt", "\"security\": {\"seccomp\": \"./profile.json\"}"), \
	SPEC_OPTION(0, "userns", "\"security\": {\"userns\": \"host\"}"), \
	SPEC_OPTION(0, "privileged", "what it needs, in \"cap_add\", \"devices\" and \"security\""), \
	SPEC_OPTION(0, "device", "\"devices\": [\"/dev/fuse\"]"), \
	SPEC_OPTION(0, "group-add", "\"group_add\": [\"audio\"]"), \
	SPEC_OPTION(0, "ulimit", "\"ulimits\": {\"nofile\": 65536}"), \
	SPEC_OPTION(0, "sysctl", "\"sysctls\": {\"net.core.somaxconn\": \"1024\"}"), \
	SPEC_OPTION(0, "shm-size", "\"shm_size\": \"64m\""), \
	SPEC_OPTION(0, "stop-signal", "\"stop_signal\": \"SIGTERM\""), \
	SPEC_OPTION(0, "stop-timeout", "\"stop_grace_period\": \"10s\""), \
	SPEC_OPTION(0, "restart", "\"restart\": \"on-failure\""), \
	SPEC_OPTION(0, "health-cmd", "\"healthcheck\": {\"test\": [\"CMD\", \"program\"]}")
