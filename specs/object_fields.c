/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_fields.c - the tables of the objects inside app.json.
 */
#include "specs/app_fields.h"
#include "specs/app_tables.h"
#include "specs/shorthand.h"
#include "specs/stack.h"

static const char *const volume_types[] = { "bind", "volume", "tmpfs", NULL };
static const char *const idmaps[] = { "caller", "container", "none", NULL };
static const char *const port_modes[] = { "host", "dnat", NULL };
static const char *const userns_choices[] = { "auto", "host", NULL };
static const char *const failure_actions[] = { "none", "restart", "stop", NULL };
static const char *const change_actions[] = { "restart", NULL };
static const char *const log_drivers[] = { "file", "journald", NULL };
static const char *const update_orders[] = { "stop-first", "start-first", NULL };

#define AT(member) offsetof(struct volume, member)
const struct field volume_fields[] = {
	{ "type", FIELD_ENUM, AT(type), .min = VOLUME_BIND, .names = volume_types,
	  .help = "bind (a folder or file of the host), volume (kept by box) or tmpfs. Default: as the source looks, a path or a name." },
	{ "source", FIELD_TEXT, AT(source), .help = "bind: path, relative to the file; volume: its name." },
	{ "target", FIELD_PATH, AT(target), .flags = FIELD_REQUIRED, .help = "Where it appears inside." },
	{ "read_only", FIELD_BOOL, AT(read_only), .help = "Not writable, with all mounts below it. Default: false." },
	{ "shared", FIELD_BOOL, AT(shared), .help = "volume: several apps may write it at once. Default: false." },
	{ "idmap", FIELD_ENUM, AT(idmap), .names = idmaps,
	  .help = "bind: who owns on the host what is written: caller (the folder's owner), container (the same number), none." },
	{ 0 },
};
#undef AT

const struct field app_network_fields[] = {
	{ "aliases", FIELD_TEXT_LIST, offsetof(struct app_network, aliases), .flags = FIELD_SPARSE,
	  .help = "Further names by which others in the network find it." },
	{ 0 },
};

#define AT(member) offsetof(struct port, member)
const struct field port_fields[] = {
	{ "target", FIELD_INTEGER, AT(target), .flags = FIELD_REQUIRED, .min = 1, .max = 65535, .help = "Port inside." },
	{ "published", FIELD_INTEGER, AT(published), .flags = FIELD_UNSET, .min = 1, .max = 65535,
	  .help = "Port on the host. Default: one that is free." },
	{ "count", FIELD_INTEGER, AT(count), .flags = FIELD_UNSET, .min = 1, .max = 4096, .help = "So many ports from these two on. Default: 1." },
	{ "host_ip", FIELD_TEXT, AT(host_ip), .help = "Address on the host. Default: 127.0.0.1 and ::1." },
	{ "protocol", FIELD_TEXT, AT(protocol), .help = "tcp or udp. Default: tcp." },
	{ "mode", FIELD_ENUM, AT(mode), .names = port_modes, .help = "host (relayed by box) or dnat." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct env_source, member)
const struct field env_source_fields[] = {
	{ "path", FIELD_TEXT, AT(path), .flags = FIELD_REQUIRED, .help = "Where it lies, relative to the spec." },
	{ "required", FIELD_BOOL, AT(is_required), .flags = FIELD_UNSET, .help = "It has to be there. Default: true." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct secret_source, member)
const struct field secret_source_fields[] = {
	{ "file", FIELD_TEXT, AT(file), .help = "A file, relative to the spec." },
	{ "environment", FIELD_TEXT, AT(environment), .help = "A variable of the caller." },
	{ "command", FIELD_TEXT_LIST, AT(command), .flags = FIELD_SPARSE,
	  .help = "A program of the host that prints it, with its arguments: [\"pass\", \"show\", \"db\"]." },
	{ "systemd_creds", FIELD_TEXT, AT(systemd_creds),
	  .help = "A credential of systemd: its name, or the path of an encrypted one, relative to the spec." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct on_change, member)
static const struct field on_change_fields[] = {
	{ "signal", FIELD_TEXT, AT(signal), .help = "A signal to the app's first process: \"SIGHUP\"." },
	{ "exec", FIELD_TEXT_LIST, AT(exec), .flags = FIELD_SPARSE,
	  .help = "A program in the app, with its arguments, as the app's user: [\"nginx\", \"-s\", \"reload\"]. It has 30 seconds." },
	{ "action", FIELD_ENUM, AT(action), .min = ON_CHANGE_RESTART, .names = change_actions,
	  .help = "restart: ends the app and starts it again." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct app_reload, member)
const struct field reload_fields[] = {
	{ "signal", FIELD_TEXT, AT(signal), .help = "A signal to the app's first process: \"SIGHUP\"." },
	{ "exec", FIELD_TEXT_LIST, AT(exec), .flags = FIELD_SPARSE,
	  .help = "A program in the app, with its arguments, as the app's user: [\"nginx\", \"-s\", \"reload\"]." },
	{ "timeout", FIELD_DURATION, AT(timeout), .min = 1000, .help = "Time that the program has. Default: 30s." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct secret, member)
const struct field secret_fields[] = {
	{ "source", FIELD_OBJECT, AT(source), .flags = FIELD_REQUIRED, .sub = secret_source_fields, .expand = shorthand_secret_source,
	  .help = "Where it comes from: a file, relative to the spec; or an object. Read at every start." },
	{ "target", FIELD_TEXT, AT(target), .help = "Path inside, or a name below /run/secrets. Default: /run/secrets/ and the source's name." },
	{ "uid", FIELD_INTEGER, AT(uid), .flags = FIELD_UNSET, .max = 4294967294, .help = "Owner inside. Default: the app's user." },
	{ "gid", FIELD_INTEGER, AT(gid), .flags = FIELD_UNSET, .max = 4294967294,
	  .help = "Group inside. Default: the app's, or 0 where uid is written." },
	{ "mode", FIELD_MODE, AT(mode), .help = "Octal mode. Default: \"0400\"." },
	{ "environment", FIELD_TEXT, AT(environment), .help = "Name of a variable that gets the secret too." },
	{ "on_change", FIELD_OBJECT, AT(on_change), .sub = on_change_fields, .expand = shorthand_on_change,
	  .help = "In the background: the file inside follows its source, and then a signal, a program, or \"restart\". Default: nothing." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct io_rule, member)
static const struct field io_fields[] = {
	{ "device", FIELD_PATH, AT(device), .flags = FIELD_REQUIRED, .help = "Block device of the host." },
	{ "read_bps", FIELD_SIZE, AT(read_bps), .min = 1, .help = "Bytes read per second." },
	{ "write_bps", FIELD_SIZE, AT(write_bps), .min = 1, .help = "Bytes written per second." },
	{ "read_iops", FIELD_INTEGER, AT(read_iops), .min = 1, .max = INT64_MAX, .help = "Reads per second." },
	{ "write_iops", FIELD_INTEGER, AT(write_iops), .min = 1, .max = INT64_MAX, .help = "Writes per second." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct app_limits, member)
static const struct field limit_fields[] = {
	{ "cpus", FIELD_CPUS, AT(cpus), .help = "Processor time, in processors: 1.5." },
	{ "cpu_weight", FIELD_INTEGER, AT(cpu_weight), .min = 1, .max = 10000,
	  .help = "Share of processor time under contention. Kernel's default: 100." },
	{ "cpuset", FIELD_TEXT, AT(cpuset), .help = "Processors it may run on: \"0-1,4\"." },
	{ "cpuset_mems", FIELD_TEXT, AT(cpuset_mems), .help = "Memory nodes it may use: \"0\"." },
	{ "memory", FIELD_SIZE, AT(memory), .help = "Memory: \"512m\". More ends a process of the app." },
	{ "swap", FIELD_SIZE, AT(swap), .help = "Swap beside memory. Default: none where memory is limited." },
	{ "pids", FIELD_INTEGER, AT(pids), .min = 1, .max = 4194304, .help = "Processes and threads. Default: 1024." },
	{ "disk", FIELD_SIZE, AT(disk), .help = "What it writes beside its volumes: \"10g\". Needs project quotas (box doctor)." },
	{ "io_weight", FIELD_INTEGER, AT(io_weight), .min = 1, .max = 10000, .help = "Share of disk time under contention." },
	{ "io", FIELD_OBJECT_LIST, AT(io), .sub = io_fields, .size = sizeof(struct io_rule), .count_offset = AT(io_count),
	  .help = "Limits per block device." },
	{ 0 },
};
#undef AT

static const struct field reservation_fields[] = {
	{ "memory", FIELD_SIZE, 0, .help = "Memory that is taken last when the host runs short." },
	{ 0 },
};

const struct field resource_fields[] = {
	{ "limits", FIELD_OBJECT, offsetof(struct resources, limits), .sub = limit_fields, .help = "What it cannot exceed." },
	{ "reservations", FIELD_OBJECT, offsetof(struct resources, reservations), .sub = reservation_fields, .help = "What it should get." },
	{ 0 },
};

const struct field security_fields[] = {
	{ "userns", FIELD_ENUM, offsetof(struct security, userns), .names = userns_choices,
	  .help = "auto: user ids of its own; host: root inside is root of the host." },
	{ "seccomp", FIELD_TEXT, offsetof(struct security, seccomp), .help = "default, unconfined, or a profile in Docker's format." },
	{ "no_new_privileges", FIELD_BOOL, offsetof(struct security, no_new_privileges), .help = "setuid programs gain nothing. Default: true." },
	{ 0 },
};

#define AT(member) (offsetof(struct healthcheck, http.member) - offsetof(struct healthcheck, http))
static const struct field http_fields[] = {
	{ "path", FIELD_PATH, AT(path), .help = "Path to ask for, with a query if wanted. Default: /." },
	{ "port", FIELD_INTEGER, AT(port), .flags = FIELD_REQUIRED, .min = 1, .max = 65535, .help = "Port to ask, on the app's loopback." },
	{ "host", FIELD_TEXT, AT(host), .help = "Host header, for an app that serves several. Default: localhost and the port." },
	{ 0 },
};
#undef AT

static const struct field tcp_fields[] = {
	{ "port", FIELD_INTEGER, 0, .flags = FIELD_REQUIRED, .min = 1, .max = 65535, .help = "Port that has to accept." },
	{ 0 },
};

#define AT(member) offsetof(struct healthcheck, member)
const struct field healthcheck_fields[] = {
	{ "test", FIELD_TEXT_LIST, AT(test), .flags = FIELD_CHECK,
	  .help = "[\"CMD\", program, …], [\"CMD-SHELL\", line] or [\"NONE\"]: healthy when it ends with 0. Default: the image's." },
	{ "http", FIELD_OBJECT, AT(http), .sub = http_fields, .help = "Healthy when it answers 2xx or 3xx." },
	{ "tcp", FIELD_OBJECT, AT(tcp), .sub = tcp_fields, .help = "Healthy when the port accepts." },
	{ "interval", FIELD_DURATION, AT(interval), .min = 1000, .help = "Time from one check to the next. Default: 30s." },
	{ "timeout", FIELD_DURATION, AT(timeout), .min = 1000, .help = "Time for one check. Default: 30s." },
	{ "retries", FIELD_INTEGER, AT(retries), .min = 1, .max = 1000, .help = "Failures in a row until unhealthy. Default: 3." },
	{ "start_period", FIELD_DURATION, AT(start_period),
	  .help = "Time in the beginning in which failures do not count, until the first success. Default: one interval." },
	{ "start_interval", FIELD_DURATION, AT(start_interval), .min = 1000,
	  .help = "Time from one check to the next in the start period. Default: 1s, or interval where that is less." },
	{ "on_failure", FIELD_ENUM, AT(on_failure), .names = failure_actions,
	  .help = "What happens to an unhealthy app: none, restart or stop. Default: none." },
	{ "disable", FIELD_BOOL, AT(disable), .help = "Switches the image's check off, as [\"NONE\"] does." },
	{ 0 },
};
#undef AT

const struct field logging_fields[] = {
	{ "driver", FIELD_ENUM, offsetof(struct logging, driver), .names = log_drivers,
	  .help = "file (box logs reads it) or journald (journalctl reads it). Default: file." },
	{ "max_size", FIELD_SIZE, offsetof(struct logging, max_size), .min = 4096, .help = "Size of one file. Default: 10m." },
	{ "max_files", FIELD_INTEGER, offsetof(struct logging, max_files), .min = 1, .max = 1000, .help = "Number of files. Default: 3." },
	{ 0 },
};

#define AT(member) offsetof(struct update, member)
const struct field update_fields[] = {
	{ "order", FIELD_ENUM, AT(order), .min = UPDATE_STOP_FIRST, .names = update_orders,
	  .help = "stop-first or start-first. Default: start-first where nothing is written by both, else stop-first." },
	{ "monitor", FIELD_DURATION, AT(monitor), .help = "So long a new one without a health check has to run. Default: 2s." },
	{ "timeout", FIELD_DURATION, AT(timeout), .min = 1000, .help = "By then a new one with a health check has to be healthy. Default: 60s." },
	{ "drain", FIELD_DURATION, AT(drain), .help = "So long connections to the old one may last. Default: 10s." },
	{ 0 },
};
#undef AT

static const char *const overlaps[] = { "skip", "queue", "replace", NULL };

#define AT(member) offsetof(struct schedule, member)
const struct field schedule_fields[] = {
	{ "cron", FIELD_TEXT, AT(cron), .flags = FIELD_REQUIRED,
	  .help = "When it runs: minute, hour, day, month and day of the week as in crontab, or @hourly, @daily, @weekly, @monthly, @yearly." },
	{ "tz", FIELD_TEXT, AT(tz), .help = "Time zone of these times: \"Europe/Berlin\", or \"local\" for the host's. Default: UTC." },
	{ "overlap", FIELD_ENUM, AT(overlap), .names = overlaps,
	  .help = "When its time comes while it runs: skip that one, queue it (one at most), or replace the run. Default: skip." },
	{ "timeout", FIELD_DURATION, AT(timeout), .min = 1000000, .help = "Time for one run; then it is asked to end. Default: none." },
	{ "catch_up", FIELD_BOOL, AT(catch_up),
	  .help = "A time that passed while the host was off, or box had been stopped, is made up for by one run. Default: false." },
	{ 0 },
};
#undef AT
