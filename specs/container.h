/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - one container as the runtime makes it: plain data, every choice already taken.
 *
 * app.json (with the image's configuration under it) and, later, an OCI config.json are both resolved into this
 * struct; nothing in runtime/ or cgroups/ asks "was it written?". Texts are owned by the struct.
 * container_release() frees everything.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "specs/limits.h"

enum mount_kind {
	MOUNT_BIND,   /* source: an absolute path on the host */
	MOUNT_VOLUME, /* source: the volume's name; its folder lies in the store and keeps container ids */
	MOUNT_TMPFS,
	MOUNT_PROC,
	MOUNT_SYSFS,
	MOUNT_DEV,    /* box's own /dev: a tmpfs with nodes, links, pts, shm, mqueue */
	MOUNT_CGROUP, /* the container's own view of its cgroups, read-only */
};

/* Who owns, on disk, what the container writes to a bind mount (design.md, section 5). */
enum mount_idmap {
	IDMAP_CALLER,    /* the folder's owner, whoever wrote inside; no setuid file of another user can come about */
	IDMAP_CONTAINER, /* container id n is host id n; refused where other users can enter the folder */
	IDMAP_NONE,      /* no id-mapped mount: host ids outside the container's range appear as nobody */
};

struct mount_entry {
	enum mount_kind kind;
	char *source;
	char *target;        /* absolute, in the container */
	uint64_t attributes; /* MOUNT_ATTR_RDONLY, _NOSUID, _NODEV, _NOEXEC: recursive for binds */
	enum mount_idmap idmap;
	int64_t size;        /* tmpfs: bytes; LIMIT_UNSET: the kernel's half of memory. MOUNT_DEV: of /dev/shm */
	mode_t mode;         /* tmpfs: of its root folder */
	bool copy_up;        /* tmpfs and new empty volumes: filled with what the image has at the target */
	bool is_shared;      /* volume: several apps may write it at once */
	char *field;         /* where the spec says so, for messages: "volumes[2]"; NULL for box's own mounts */
};

/* A small file that box itself puts into the container: /etc/hosts, secrets. Kept on a tmpfs, never on disk. */
struct file_entry {
	char *target; /* absolute, in the container */
	char *data;
	size_t length;
	uid_t uid; /* in the container */
	gid_t gid;
	mode_t mode;
	bool is_secret;    /* mounted read-only, never printed */
	bool is_optional;  /* skipped without a word where the parent folder is missing in the image (an image without /etc) */
	char *field;
};

struct device_entry {
	char *source; /* path on the host */
	char *target; /* below /dev in the container */
	char access[4]; /* of "rwm" */
	char *field;
};

struct sysctl_entry {
	char *key; /* "net.core.somaxconn" */
	char *value;
	bool is_optional; /* box's own wish: left out where the kernel refuses it */
};

struct rlimit_entry {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard; /* RLIM_INFINITY: unlimited */
};

enum seccomp_mode {
	SECCOMP_UNCONFINED,
	SECCOMP_DEFAULT, /* box's own profile */
	SECCOMP_FILE,    /* a profile in Docker's format, or OCI's */
};

enum network_mode {
	NETWORK_NONE, /* a network namespace of its own with loopback only */
	NETWORK_HOST, /* the host's */
};

/* Whose ids a layer folder carries on disk. */
enum layer_ids {
	LAYER_IDS_CONTAINER, /* container id n is stored as n: a folder that the user named */
	LAYER_IDS_STORE,     /* container id n is stored as store base + n (as root; rootless: as the caller's own map says) */
};

struct layer {
	char *path; /* absolute, on the host */
	enum layer_ids ids;
};

struct container {
	char *name;      /* checked: [a-zA-Z0-9][a-zA-Z0-9_.-]{0,127} */
	char *spec_file; /* app.json as the user named it, for messages; NULL for none */
	char *image;     /* what it was made from, as the user knows it, for ps and messages */

	struct layer *layers; /* lowest first; at least one */
	size_t layer_count;
	bool read_only_root;  /* no writable layer at all */

	struct list args; /* entrypoint and command; at least one */
	struct list env;
	char *working_dir;      /* absolute; made where missing */
	char *user;             /* "", "name", "1000", "name:group", "1000:1000": looked up in the container's own files */
	struct list group_add;  /* names or numbers */
	char *user_field;       /* "user", or NULL where it came from the image */
	bool terminal;          /* a pty of its own as stdin, stdout and stderr */
	bool keep_stdin;        /* -i: the caller's stdin reaches the app; else it reads /dev/null */
	bool init;              /* box-init is PID 1 */
	int stop_signal;
	int64_t stop_grace_us;

	bool user_namespace; /* false: "security.userns": "host" */
	enum network_mode network;
	char *hostname;

	struct mount_entry *mounts; /* in the order in which they are made: parents before children */
	size_t mount_count;
	struct file_entry *files;
	size_t file_count;
	struct device_entry *devices; /* beside the standard nodes */
	size_t device_count;
	struct sysctl_entry *sysctls;
	size_t sysctl_count;
	struct list masked_paths;    /* hidden; missing ones are skipped */
	struct list read_only_paths; /* likewise */

	uint64_t capabilities; /* bit n: capability n, in the bounding, permitted and effective sets; inheritable and ambient stay empty */
	bool no_new_privileges;
	enum seccomp_mode seccomp;
	char *seccomp_file;    /* absolute, with SECCOMP_FILE */
	struct rlimit_entry *rlimits;
	size_t rlimit_count;

	struct limits limits;
	struct list labels; /* "key=value" */
};

void container_release(struct container *container);
