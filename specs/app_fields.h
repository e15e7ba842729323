/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_fields.h - app.json as it is written, word for word. Private to specs/.
 *
 * Every field has one row in a table of *_fields.c; names and words are those of the file. What nobody wrote is
 * NULL, empty, or what app_init says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "specs/field.h"

struct container;
struct error;
struct image_config;
struct json_t;
struct problems;

struct volume {
	int type; /* enum volume_type; never UNSAID behind app_decode */
	char *source;
	char *target;
	bool read_only;
	bool shared;
	int idmap; /* enum mount_idmap */
};
enum volume_type { VOLUME_UNSAID, VOLUME_BIND, VOLUME_NAMED, VOLUME_TMPFS };

/* A network that the app is in. */
struct app_network {
	char *name; /* the key */
	struct list aliases;
	/* Not fields: what the file says of the network, for a service of it. */
	bool is_internal;
	char *subnet;
};

struct port {
	int64_t target;
	int64_t published, count; /* LIMIT_UNSET: any that is free, and one */
	char *host_ip;
	char *protocol;
	int mode; /* enum port_mode */
};
enum port_mode { PORT_MODE_HOST, PORT_MODE_DNAT };

/* A file of variables. */
struct env_source {
	char *path;
	bool is_required;
};

/* Where a secret comes from: one of these. */
struct secret_source {
	char *file, *environment, *systemd_creds;
	struct list command;
};

/* What is done when the source changes while the app runs: at most one of these. */
struct on_change {
	char *signal;
	struct list exec;
	int action; /* 0, or ON_CHANGE_RESTART */
};
enum { ON_CHANGE_RESTART = 1 };

/* What box reload does: one of signal and exec. */
struct app_reload {
	char *signal;
	struct list exec;
	int64_t timeout; /* of exec */
};

struct secret {
	struct secret_source source;
	char *target;
	int64_t uid, gid;
	mode_t mode;
	char *environment;
	struct on_change on_change;
};

struct io_rule {
	char *device;
	int64_t read_bps, write_bps, read_iops, write_iops;
};

struct app_limits {
	int64_t cpus; /* millionths */
	int64_t cpu_weight, memory, swap, pids, disk, io_weight;
	char *cpuset, *cpuset_mems;
	struct io_rule *io;
	size_t io_count;
};

struct resources {
	struct app_limits limits;
	struct {
		int64_t memory;
	} reservations;
};

struct security {
	int userns; /* enum userns_choice */
	char *seccomp;
	bool no_new_privileges;
};
enum userns_choice { USERNS_AUTO, USERNS_HOST };

struct healthcheck {
	struct list test;
	struct {
		char *path, *host;
		int64_t port; /* LIMIT_UNSET: no such check; likewise below */
	} http;
	struct {
		int64_t port;
	} tcp;
	int64_t interval, timeout, retries, start_period, start_interval; /* LIMIT_UNSET: not said */
	int on_failure; /* enum health_action */
	bool disable;
};

/* One step of a build: one of run, copy, add, write and folder. */
struct native_step {
	struct list run;   /* a program with its arguments; a text was a line for /bin/sh */
	struct list copy, add;
	char *write, *folder;
	char *from, *to, *owner, *mode, *checksum, *user, *working_dir;
	struct list exclude, environment, cache, secrets, tmpfs, mounts;
	bool parents, unpack, ssh;
	int network; /* enum build_network */
};

/* What an image says of itself. */
struct native_config {
	struct list environment, entrypoint, command, expose, volumes, labels;
	char *user, *working_dir, *stop_signal, *author;
	struct {
		struct list test;
		int64_t interval, timeout, start_period, start_interval, retries;
	} healthcheck;
};

struct native_stage {
	char *name;
	char *from, *platform;
	struct native_step *steps;
	size_t step_count;
	struct native_config config;
};

struct build {
	char *context, *dockerfile, *target;
	struct list args;
	struct list contexts; /* "NAME=VALUE" */
	int64_t epoch; /* LIMIT_UNSET: not said */
	struct native_stage *stages;
	size_t stage_count;
	struct native_stage last; /* "from", "platform", "steps" and "config" of the build itself */
};

struct logging {
	int driver; /* enum log_choice */
	int64_t max_size, max_files;
};

enum log_choice { LOG_CHOICE_FILE, LOG_CHOICE_JOURNALD };
enum { LOG_MAX_SIZE = 10 << 20, LOG_MAX_FILES = 3 }; /* where nobody says */

struct update {
	int order; /* enum app_update_order */
	int64_t monitor, timeout, drain;
};

struct schedule {
	char *cron, *tz;
	int overlap;      /* enum overlap_choice */
	int64_t timeout;  /* LIMIT_UNSET: none */
	bool catch_up;
};
enum overlap_choice { OVERLAP_SKIP, OVERLAP_QUEUE, OVERLAP_REPLACE };

enum network_choice { NETWORK_CHOICE_NONE, NETWORK_CHOICE_HOST, NETWORK_CHOICE_PRIVATE };

struct app {
	char *name, *image, *rootfs;
	struct build build;
	struct list entrypoint, command;
	char *working_dir, *user;
	struct list group_add;
	char *hostname;
	struct list environment;
	struct list extra_hosts; /* "name=address" */
	struct env_source *env_file;
	size_t env_file_count;
	struct volume *volumes;
	size_t volume_count;
	struct list tmpfs;
	bool read_only;
	struct app_network *networks;
	size_t network_count;
	int network_mode; /* enum network_choice */
	struct port *ports;
	size_t port_count;
	struct resources resources;
	struct list ulimits, sysctls;
	int64_t shm_size;
	struct list devices, cap_drop, cap_add;
	struct security security;
	struct healthcheck healthcheck;
	char *restart;
	struct secret *secrets;
	size_t secret_count;
	bool init;
	char *stop_signal;
	int64_t stop_grace_period;
	struct app_reload reload;
	struct logging logging;
	struct update update;
	struct schedule schedule;
	int64_t replicas;
	struct list profiles;
	struct list labels, annotations;

	/* Not fields: where it came from. */
	char *file;            /* as the user named it */
	char *folder;          /* absolute: relative paths begin here */
	struct text text;      /* the file, comments blanked */
	char *override;        /* chosen, or NULL */
	struct list env_files; /* KEY=VALUE of env_file, in order */
	char *reference;       /* image or rootfs, its path absolute */
	struct list written;   /* top-level keys that the file (with its override) has */
	struct list from_options; /* fields that an option has set: option_merge.h */
	bool is_service;       /* one of several in the file */
	struct list neighbours; /* of a service: "NETWORK NAME SERVICE", as in struct container */
	char *prefix;          /* where in the file it stands: "services.web"; NULL: it is the file */
	struct json_t *oci;    /* the "oci" block, or NULL */
};

extern const struct field app_table[];

/* Every default that is not zero and needs nothing else. */
void app_init(struct app *app);

/* Gives it a name, its folder's, where it has none. */
void app_fill_name(struct app *app);

/* Releases everything but the memory of app itself. */
void app_release(struct app *app);

/* From the parsed object (comments blanked, overrides merged, short forms and variables still in it) to a checked app. app->file and
 * app->folder are set. */
int app_decode(struct app *app, struct json_t *object, struct problems *p);

/* An absolute path: as it is, or below the file's folder. The caller frees it. */
char *app_path(const struct app *app, const char *path);

/* Whether a reference names a local archive or layout ("oci:…") rather than a registry's image. */
bool app_is_transport(const char *reference);

/* Sets app->reference from image or rootfs. */
void app_resolve_reference(struct app *app);

/* Which namespaces are the host's. */
void app_choose_namespaces(const struct app *app, struct container *c);

/* The resolved spec as JSON, before what looks like a variable in it is escaped. A new reference. */
struct json_t *app_build(const struct app *app);

/* The networks and ports of the container, which has its name. */
void app_networks(const struct app *app, struct container *c);

/* The check of the app, the image's where the file has none. */
int app_health(const struct app *app, const struct image_config *image, struct container *c, struct error *e);

/* Whether the file has this top-level key. */
bool app_has(const struct app *app, const char *key);
