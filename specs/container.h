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

#include "base/id_map.h"
#include "base/text.h"
#include "specs/limits.h"

enum mount_kind {
	MOUNT_BIND,       /* source: an absolute path on the host */
	MOUNT_VOLUME,     /* source: the volume's name; its folder lies in the store and keeps container ids */
	MOUNT_TMPFS,
	MOUNT_PROC,
	MOUNT_SYSFS,
	MOUNT_DEV,        /* box's own /dev: a tmpfs with nodes, links, pts, shm, mqueue */
	MOUNT_CGROUP,     /* the container's own view of its cgroups */
	MOUNT_FILESYSTEM, /* OCI: any file system of the kernel, by type, source and options */
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
	bool has_descriptor; /* MOUNT_BIND: it was looked up already: */
	int descriptor;      /* the source, O_PATH, borrowed; nothing else is mounted, whatever the path leads to by now */
	char *target;        /* absolute, in the container */
	uint64_t attributes; /* MOUNT_ATTR_RDONLY, _NOSUID, _NODEV, _NOEXEC: recursive for binds */
	enum mount_idmap idmap;
	int64_t size;        /* tmpfs: bytes; LIMIT_UNSET: the kernel's half of memory. MOUNT_DEV: of /dev/shm */
	mode_t mode;         /* tmpfs: of its root folder */
	bool copy_up;        /* tmpfs and new empty volumes: filled with what the image has at the target */
	bool is_image_volume; /* the image asked for it, not the user */
	bool is_shared;      /* volume: several apps may write it at once */
	bool is_app_root;    /* MOUNT_BIND, box debug: the root of the app that is looked at; it has no other source */
	char *field;         /* where the spec says so, for messages: "volumes[2]"; NULL for box's own mounts */

	/* What only an OCI configuration can say (is_oci: config.md, "Mounts"). attributes then hold for the mount itself, and for a
	 * bind mount only those that attributes_said names; the recursive ones for its sub-mounts too. */
	char *type;                    /* MOUNT_FILESYSTEM: "tmpfs", "devpts", …; for others as written */
	struct list data;              /* "key=value" or "key", for the file system itself */
	uint64_t attributes_said;      /* MOUNT_ATTR_* that an option sets or clears */
	uint64_t recursive_attributes; /* set on the mount and all below: "rro" */
	uint64_t recursive_said;
	unsigned long propagation;     /* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, perhaps with MS_REC; 0: not said */
	bool is_recursive;             /* MOUNT_BIND: "rbind" */
	bool is_remount;               /* MOUNT_FILESYSTEM, MOUNT_BIND: changes the mount that is there */
	struct id_map *id_map;         /* an id-mapped mount of its own; NULL: none */
	bool id_map_is_recursive;
};

/* Whoever the app's user turns out to be, by the image's own files. */
#define FILE_OWNER_OF_APP ((uid_t)-1)
#define FILE_GROUP_OF_APP ((gid_t)-1)

/* A small file that box itself puts into the container: /etc/hosts, secrets. Kept on a tmpfs, never on disk. */
struct file_entry {
	char *target; /* absolute, in the container */
	char *data;
	size_t length;
	uid_t uid; /* in the container; or FILE_OWNER_OF_APP */
	gid_t gid; /* likewise; or FILE_GROUP_OF_APP */
	mode_t mode;
	bool is_secret;    /* mounted read-only, never printed */
	bool is_program;   /* it may be executed */
	bool is_optional;  /* skipped without a word where the parent folder is missing in the image (an image without /etc) */
	char *watch;       /* path on the host: what it holds follows that file while the app runs in the background. NULL: none */
	char *field;
};

/* A secret whose source may have changed, and what is done then. */
enum change_action { CHANGE_NOTHING, CHANGE_SIGNAL, CHANGE_EXEC, CHANGE_RESTART };
struct secret_change {
	struct file_entry file;
	enum change_action action;
	int signal;       /* CHANGE_SIGNAL */
	struct list exec; /* CHANGE_EXEC: program and arguments */
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

enum health_kind {
	HEALTH_NONE,
	HEALTH_EXEC, /* args end with exit code 0 */
	HEALTH_HTTP, /* the port answers a GET with 200 to 399 */
	HEALTH_TCP,  /* the port accepts */
};

enum health_action { HEALTH_DO_NOTHING, HEALTH_DO_RESTART, HEALTH_DO_STOP };

/* How to tell that an app works; done by the supervisor of an app in the background. */
struct health_check {
	enum health_kind kind;
	enum health_action on_failure;
	struct list args;
	char *path, *host; /* HTTP */
	int port;
	int retries;       /* failures in a row until unhealthy */
	int64_t interval_us, timeout_us, start_period_us, start_interval_us;
};

/* What box reload does; neither a signal nor a program: nobody said. */
struct reload {
	int signal;       /* for the first process, or 0 */
	struct list exec; /* a program in the container, with its arguments */
	int64_t timeout_us; /* the program's */
};

/* A private network that the container is in. */
struct network_membership {
	char *name;       /* checked as a container's name is */
	bool is_internal; /* no way out: where the network has to be made */
	bool is_own;      /* nobody else's: it goes with the container's definition, or with the container */
	char *subnet;     /* "10.9.0.0/24": where the network has to be made; NULL: box chooses one */
	struct list aliases; /* further names of the service in this network */
	char *field;      /* "networks[1]" */
};

/* A port of the host that leads to the service. */
struct published_port {
	uint16_t target, published; /* published 0: any that is free */
	int protocol;   /* IPPROTO_TCP or IPPROTO_UDP */
	bool is_dnat;   /* by rules of the kernel beside the relay */
	char *host_ip;  /* NULL: 127.0.0.1 and ::1 */
	char *field;    /* "ports[0]" */
};

enum seccomp_mode {
	SECCOMP_UNCONFINED,
	SECCOMP_DEFAULT, /* box's own profile */
	SECCOMP_FILE,    /* a profile in Docker's format, or OCI's */
	SECCOMP_TEXT,    /* such a profile's JSON itself, in seccomp_text */
};

/* In the order in which they are joined: what is owned by a user namespace comes after it. */
enum namespace_kind {
	NAMESPACE_USER,
	NAMESPACE_PID,
	NAMESPACE_NETWORK,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_CGROUP,
	NAMESPACE_TIME,
	NAMESPACE_MOUNT,
	NAMESPACE_COUNT,
};

enum namespace_choice {
	NAMESPACE_NEW,
	NAMESPACE_HOST, /* the one that box runs in */
	NAMESPACE_JOIN, /* the one behind path */
};

struct namespace_entry {
	enum namespace_choice choice;
	char *path; /* NAMESPACE_JOIN: absolute */
};

/* A process' five sets; bit n: capability n (capabilities(7)). */
struct capability_sets {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

/* OCI config.md, "POSIX-platform Hooks", in the order in which they run. */
enum hook_point {
	HOOK_PRESTART,         /* in the runtime's namespaces, after the container's are made, before its root is entered */
	HOOK_CREATE_RUNTIME,   /* likewise */
	HOOK_CREATE_CONTAINER, /* in the container's namespaces, before its root is entered */
	HOOK_START_CONTAINER,  /* inside the container, right before its program */
	HOOK_POSTSTART,        /* in the runtime's namespaces, after the program was started */
	HOOK_POSTSTOP,         /* in the runtime's namespaces, after the container is removed */
	HOOK_COUNT,
};

struct hook {
	char *path; /* absolute */
	struct list args;
	struct list env;
	int64_t timeout_s; /* 0: none */
};

struct hook_list {
	struct hook *items;
	size_t count;
};

/* A node that the container gets below its root, made from numbers (OCI linux.devices). */
struct node_entry {
	char *path;  /* absolute, in the container */
	char type;   /* 'c', 'b' or 'p' */
	unsigned major, minor;
	mode_t mode; /* permission bits */
	uid_t uid;   /* in the container */
	gid_t gid;
	char *field;
};

/* How the kernel schedules a process (sched_setattr(2)). */
struct scheduler {
	bool is_set;
	unsigned policy; /* SCHED_* */
	int nice;
	unsigned priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct net_device {
	char *name;    /* on the host */
	char *renamed; /* in the container; NULL: as on the host */
};

/* What only an OCI configuration can ask for. */
struct oci_part {
	char *bundle;             /* absolute */
	char *version;            /* ociVersion */
	char *cgroups_path;       /* as written; NULL: none */
	unsigned long root_propagation; /* of the container's "/": MS_* | MS_REC; 0: not said */
	struct hook_list hooks[HOOK_COUNT];
	struct node_entry *nodes; /* beside the standard ones */
	size_t node_count;
	struct net_device *net_devices;
	size_t net_device_count;
	char *domainname;
	char *apparmor_profile, *selinux_label, *mount_label;
	int64_t oom_score_adj;    /* LIMIT_UNSET: as it is */
	struct scheduler scheduler;
	int io_class, io_priority; /* IOPRIO_CLASS_*; class 0: as it is */
	char *affinity_initial, *affinity_final; /* exec: cpu lists, NULL: as they are */
	int64_t personality;      /* personality(2); -1: as it is */
	int64_t monotonic_offset_s, monotonic_offset_ns, boottime_offset_s, boottime_offset_ns;
	bool has_time_offsets;
	int memory_policy;        /* MPOL_* with mode flags; -1: as it is */
	char *memory_nodes;       /* "0-1" */
	char *seccomp_listener;   /* a socket that gets the notify descriptor */
	char *seccomp_metadata;   /* what it is told */
	bool seccomp_notifies;    /* the profile asks it for some call */
	unsigned short console_rows, console_columns; /* 0: not said */
	struct list annotations;  /* "key=value" */
	bool no_pivot;            /* command line: MS_MOVE instead of pivot_root */
	bool no_new_keyring;      /* command line */
	int preserved;            /* command line: so many descriptors from 3 on stay open */
};

/* Annotations that change what box does. crun's: a system call in the seccomp profile that this machine does not have is an error. */
#define OCI_FAIL_UNKNOWN_SYSCALL "run.oci.seccomp_fail_unknown_syscall"

/* Nothing asked for. */
struct oci_part *oci_part_new(void);

/* Whose ids a layer folder carries on disk. */
enum layer_ids {
	LAYER_IDS_CONTAINER, /* container id n is stored as n: a folder that the user named */
	LAYER_IDS_STORE,     /* container id n is stored as store base + n (as root; rootless: as the caller's own map says) */
};

/* Where programs are looked for where neither image nor user name a PATH: Docker's. box-init, which includes nothing, repeats it. */
#define CONTAINER_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct layer {
	char *path; /* absolute, on the host; for messages where there is a mount */
	int mount;  /* a detached mount of it, read-only, owned; -1: path is a folder */
	enum layer_ids ids;
};

void layer_release(struct layer *layer);

/* What its programs see that is not so (runtime/child/other_world.h): for a build that is verified. */
struct other_world {
	int64_t clock_shift; /* seconds, at most a signed 32-bit number, that are added to the time of day; 0: none */
	bool reverses_names; /* folders list their names in another order */
};

struct container {
	char *name;      /* checked: [a-zA-Z0-9][a-zA-Z0-9_.-]{0,127} */
	char *spec_file; /* app.json as the user named it, for messages; NULL for none */
	char *image;     /* what it was made from, as the user knows it, for ps and messages */

	struct layer *layers; /* lowest first; at least one, or none with root_folder */
	size_t layer_count;
	char *root_folder;    /* OCI: this folder of the host is the root as it is; absolute */
	bool read_only_root;  /* layers: no writable layer at all */

	struct list args; /* entrypoint and command; at least one */
	struct list env;
	struct list secret_env; /* likewise, of secrets: for the program alone, kept and printed nowhere */
	char *working_dir;      /* absolute; made where missing */
	char *user;             /* "", "name", "1000", "name:group", "1000:1000": looked up in the container's own files */
	struct list group_add;  /* names or numbers */
	char *user_field;       /* "user", or NULL where it came from the image */
	bool terminal;          /* a pty of its own as stdin, stdout and stderr */
	bool keep_stdin;        /* -i: the caller's stdin reaches the app; else it reads /dev/null */
	bool init;              /* box-init is PID 1 */
	int stop_signal;
	int64_t stop_grace_us;
	struct reload reload;

	char *service; /* whose stable address leads to it: "web", "shop-web"; NULL: its name */
	struct network_membership *networks; /* the first has its name server, and is what ports are published from */
	size_t network_count;
	struct published_port *ports;
	size_t port_count;
	struct list extra_hosts; /* "ADDRESS\tNAME": further lines of /etc/hosts */
	struct list neighbours; /* "NETWORK NAME SERVICE": in that network NAME leads to that service's address */
	bool is_standby;        /* its service's address does not lead to it until somebody says so (network/orders.h) */

	struct namespace_entry namespaces[NAMESPACE_COUNT];
	struct id_map *id_map; /* of a new user namespace; NULL: box leases a range of host ids */
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

	struct capability_sets capabilities;
	bool only_root_has_capabilities; /* app.json: a user other than root has nothing but the bounding set */
	mode_t umask;
	bool no_new_privileges;
	bool counts_refused; /* an app in the background: somebody listens to the calls that its seccomp profile refuses */
	enum seccomp_mode seccomp;
	char *seccomp_file;    /* absolute, with SECCOMP_FILE */
	char *seccomp_text;    /* with SECCOMP_TEXT */
	struct rlimit_entry *rlimits;
	size_t rlimit_count;

	struct limits limits;
	struct other_world world;
	int64_t disk_limit;  /* bytes of the writable layer; 0: none. Not in limits: no cgroup has it */
	struct health_check health;
	struct list labels; /* "key=value" */

	struct oci_part *oci;   /* NULL: from app.json */
	struct oci_part *block; /* of app.json: what its "oci" block alone can say; NULL: none */
};

/* What only OCI can say, wherever it was said; NULL: nothing. */
const struct oci_part *container_extra(const struct container *container);

void container_release(struct container *container);

/* It is in no network any more, and has no port. */
void container_forget_networks(struct container *container);

/* Nothing of what it holds stays in freed memory. */
void file_entry_release(struct file_entry *file);
void secret_change_release(struct secret_change *change);

/* A list of secrets: as list_release, and nothing stays in freed memory. */
void secret_list_release(struct list *list);

/* Whether the container has a namespace that is not the caller's. */
bool container_has_namespace(const struct container *container, enum namespace_kind kind);
