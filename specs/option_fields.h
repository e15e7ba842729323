/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_fields.h - options of docker run and podman run that stand for a field of app.json: one table, which the command line and
 * the spec read.
 *
 * An option is merged into the file before it is decoded, behind its override: so it has the field's own checks and messages.
 */
#pragma once

/* F(letter, option, form, field, argument, help). Forms (option_merge.c has a function each): text, number and flag replace what the
 * file has; items adds to a list, file does with a path that begins in the caller's folder, pair adds KEY=VALUE to a map, host
 * NAME:ADDRESS; program is a list of one word; network a mode, or a name for "networks"; shell a health check by a shell's line; seconds a
 * whole number of them; storage is size=SIZE; security docker's words about it. A flag has no argument. */
#define OPTION_FIELDS(F) \
	F('u', "user", text, "user", "USER[:GROUP]", "run as this user") \
	F('w', "workdir", text, "working_dir", "FOLDER", "folder in which the program starts") \
	F(0, "entrypoint", program, "entrypoint", "PROGRAM", "in place of the image's entrypoint and command") \
	F(0, "env-file", file, "env_file", "FILE", "read variables from a file") \
	F('l', "label", pair, "labels", "KEY=VALUE", "a word for people and tools") \
	F(0, "annotation", pair, "annotations", "KEY=VALUE", "a word for OCI tools") \
	F(0, "hostname", text, "hostname", "NAME", "host name inside") \
	F(0, "network", network, "network_mode", "none|host|private|NAME", "the network it is in; by name, more than once for several") \
	F(0, "add-host", host, "extra_hosts", "NAME:ADDRESS", "a further line of /etc/hosts") \
	F(0, "net", network, "network_mode", "none|host|private|NAME", "the same as --network") \
	F('p', "publish", items, "ports", "[[ADDRESS:]PORT:]PORT[/udp]", "publish a port of the host, on loopback where no address is written") \
	F('m', "memory", text, "resources.limits.memory", "SIZE", "limit of its memory") \
	F(0, "memory-reservation", text, "resources.reservations.memory", "SIZE", "memory that is taken from it last") \
	F(0, "cpus", text, "resources.limits.cpus", "NUMBER", "limit of its processor time") \
	F(0, "cpuset-cpus", text, "resources.limits.cpuset", "LIST", "processors that it may run on") \
	F(0, "pids-limit", number, "resources.limits.pids", "NUMBER", "limit of its processes") \
	F(0, "storage-opt", storage, "resources.limits.disk", "size=SIZE", "limit of what it writes beside its volumes") \
	F(0, "shm-size", text, "shm_size", "SIZE", "size of /dev/shm") \
	F(0, "ulimit", pair, "ulimits", "NAME=SOFT[:HARD]", "limit of each process") \
	F(0, "sysctl", pair, "sysctls", "KEY=VALUE", "kernel setting of its namespaces") \
	F(0, "tmpfs", items, "tmpfs", "TARGET[:size=SIZE]", "add a folder in memory") \
	F(0, "read-only", flag, "read_only", NULL, "its root cannot be written") \
	F(0, "device", items, "devices", "DEVICE[:TARGET[:rwm]]", "add a device of the host") \
	F(0, "group-add", items, "group_add", "GROUP", "a further group") \
	F(0, "cap-add", items, "cap_add", "CAPABILITY", "add a capability") \
	F(0, "cap-drop", items, "cap_drop", "CAPABILITY", "take a capability away") \
	F(0, "security-opt", security, "security", "WORD", "seccomp=FILE|unconfined|default, no-new-privileges[=false]") \
	F(0, "userns", text, "security.userns", "auto|host", "user ids of its own, or the host's") \
	F(0, "init", flag, "init", NULL, "a small init as process 1") \
	F(0, "restart", text, "restart", "POLICY", "with -d: no, always, on-failure[:N] or unless-stopped") \
	F(0, "stop-signal", text, "stop_signal", "SIGNAL", "asks it to end") \
	F(0, "stop-timeout", seconds, "stop_grace_period", "SECONDS", "time from that signal to a kill") \
	F(0, "reload-signal", text, "reload.signal", "SIGNAL", "what box reload sends it") \
	F(0, "health-cmd", shell, "healthcheck.test", "COMMAND", "with -d: healthy when this line of a shell ends with 0") \
	F(0, "health-interval", text, "healthcheck.interval", "TIME", "from one check to the next") \
	F(0, "health-timeout", text, "healthcheck.timeout", "TIME", "for one check") \
	F(0, "health-retries", number, "healthcheck.retries", "NUMBER", "failures in a row until unhealthy") \
	F(0, "health-start-period", text, "healthcheck.start_period", "TIME", "in which failures do not count") \
	F(0, "health-start-interval", text, "healthcheck.start_interval", "TIME", "from check to check in the start period") \
	F(0, "health-on-failure", text, "healthcheck.on_failure", "none|restart|stop", "what happens to an unhealthy app") \
	F(0, "no-healthcheck", flag, "healthcheck.disable", NULL, "no checks, whatever the image wants")
