/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_plan.h - what a build does, whichever way it was written: as a Dockerfile, or as the "build" object of app.json.
 *
 * Planning has two phases, because what a line means can depend on the image that its stage begins with (ENV, SHELL, ONBUILD):
 *
 *     build_file_parse     text and inputs -> stages: names, bases, who needs whom, which the target needs
 *     build_stage_resolve  one stage and its base's configuration -> steps with everything expanded and absolute,
 *                          and the configuration and history of the stage's image
 *
 * Both touch no file, start nothing, and give the same for the same input on every machine. The stages that the target needs are
 * resolved in any order in which a stage comes after the one that it begins with.
 *
 * Everything here is hostile as a Dockerfile from the network is: sizes are bounded (BUILD_*_LIMIT), paths are cleaned as texts but
 * never looked up. A pattern or path of a step is relative to a root that the engine opens beneath its own descriptor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct build;
struct error;

enum {
	BUILD_TEXT_LIMIT = 1 << 20, /* bytes of a Dockerfile */
	BUILD_INSTRUCTION_LIMIT = 1000,
	BUILD_STAGE_LIMIT = 200,
	BUILD_EXPANDED_LIMIT = 4 << 20, /* bytes that all expansions of a stage may make together */
};

#define BUILD_NO_STAGE SIZE_MAX
#define BUILD_NO_STEP  SIZE_MAX

/* What the caller says beside the file. */
struct build_inputs {
	struct list args;           /* --build-arg: "KEY=value" */
	struct list contexts;       /* names of --build-context: they come before stages and images of that name */
	const char *target;         /* --target: a stage's name or number; NULL: the last one */
	const char *platform;       /* of the image: "linux/arm64/v8" */
	const char *build_platform; /* of this machine */
};

/* Where files or a root come from. */
enum build_from_kind {
	BUILD_FROM_CONTEXT, /* the build context; not for FROM */
	BUILD_FROM_SCRATCH, /* an empty root */
	BUILD_FROM_STAGE,   /* another stage of the file: stage */
	BUILD_FROM_IMAGE,   /* name is a reference, as written and expanded */
	BUILD_FROM_NAMED,   /* name is one of build_inputs.contexts */
};

struct build_from {
	enum build_from_kind kind;
	size_t stage;   /* BUILD_NO_STAGE: none */
	char *name;     /* NULL for a context or scratch; a stage's name as it was written */
	char *platform; /* of FROM: "linux/amd64"; NULL: the image's own */
};

enum build_network {
	BUILD_NETWORK_NONE,
	BUILD_NETWORK_DEFAULT, /* reaches other machines, as a docker build does */
	BUILD_NETWORK_HOST,    /* the host's; box build gives no other one for the default either */
};

enum build_mount_kind { BUILD_MOUNT_BIND, BUILD_MOUNT_CACHE, BUILD_MOUNT_TMPFS, BUILD_MOUNT_SECRET, BUILD_MOUNT_SSH };
enum build_sharing { BUILD_SHARING_SHARED, BUILD_SHARING_PRIVATE, BUILD_SHARING_LOCKED };

/* RUN --mount. */
struct build_mount {
	enum build_mount_kind kind;
	char *target; /* absolute, clean; NULL: a secret that is only a variable */
	struct build_from
		from; /* BIND: context, stage, image or named; CACHE: what a new one begins with, SCRATCH: nothing */
	char *source; /* BIND, CACHE: path in from, clean, no leading "/", "." for all of it; NULL otherwise */
	char *id;     /* CACHE, SECRET, SSH: its name; never NULL for these */
	char *environment;          /* SECRET: the variable that gets it; NULL: none */
	enum build_sharing sharing; /* CACHE */
	bool read_only;         /* BIND: unless "rw" (what is written there is thrown away); CACHE: where it says so */
	bool is_required;       /* SECRET, SSH: an error where the caller gives none */
	int64_t mode, uid, gid; /* CACHE, SECRET, SSH; never unset */
	int64_t size;           /* TMPFS: bytes; 0: the kernel's default */
};

/* A file whose content stands in the build file (a heredoc). */
struct build_inline {
	char *name; /* COPY: its name in a target folder; RUN: its absolute path while it runs ("/dev/pipes/EOF", executable) */
	char *content;
	size_t length;
};

enum build_source_kind { BUILD_SOURCE_PATH, BUILD_SOURCE_URL, BUILD_SOURCE_GIT };

/* One source of COPY or ADD. */
struct build_source {
	enum build_source_kind kind;
	char *path; /* PATH: a glob (build_glob.h) relative to from's root, clean: no "..", no leading "/", "." for all of it; else the address */
	size_t pivot; /* --parents: so many first bytes of path are not repeated in the target ("x/./y": 2 of "x/y") */
	bool unpack;  /* where it is an archive, its content is taken */
};

enum build_step_kind { BUILD_RUN, BUILD_COPY, BUILD_ADD, BUILD_FOLDER };

struct build_step {
	enum build_step_kind kind;
	int64_t line; /* in the file; 0: unknown */
	char *words;  /* what was written, on one line, for progress and messages */
	char *key; /* everything the result depends on but the inputs' content, as canonical JSON: for the cache key. Not in it: lines,
			   * numbers of stages, values of secrets and of proxies. */
	char *created_by; /* for the history: names of build arguments, never their values */
	char *user;       /* who runs it, or (FOLDER) owns it; NULL: root */
	/* RUN */
	struct list argv;
	struct list environment;        /* all of it: the image's ENV, PATH, and the build arguments in scope */
	struct list hidden_environment; /* proxies: also set, not in key or history, unless the file declares them */
	char *working_dir;              /* absolute */
	enum build_network network;
	struct build_mount *mounts; /* in the order of the file */
	size_t mount_count;
	/* COPY, ADD */
	struct build_from from;
	struct build_source *sources;
	size_t source_count;
	struct list excludes; /* patterns of --exclude, relative to each source (build_ignore.h) */
	char *chown;          /* "user:group", names or numbers; NULL: 0:0 */
	char *chmod;          /* octal "755" or symbolic "u=rwX,go=rX"; NULL: as the sources */
	char *checksum;       /* ADD: "sha256:…" of the one source; NULL: not said */
	bool link, parents, keep_git_dir;
	/* COPY, ADD, FOLDER */
	char *target;          /* absolute, clean, without a trailing slash ("/" alone) */
	bool target_is_folder; /* it ended in "/" or was ".", or there is more than one source */
	/* RUN, COPY, ADD */
	struct build_inline *files;
	size_t file_count;
};

struct build_health {
	struct list test;                                                             /* empty: none said */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries; /* 0: not said */
};

/* An image's configuration as a build inherits and changes it: OCI's "config" object, with Docker's members. */
struct build_config {
	char *architecture, *os, *variant; /* of the image; NULL: not said */
	char *author;
	char *user;
	struct list exposed; /* "80/tcp", in strcmp order */
	struct list env;
	struct list entrypoint, command;
	struct list volumes; /* in strcmp order */
	char *working_dir;
	struct list labels; /* "key=value", in the order of their keys */
	char *stop_signal;
	int64_t stop_timeout; /* seconds, kept as the base has it; 0: not said */
	struct build_health health;
	struct list onbuild;
	struct list shell;
	bool args_escaped; /* kept as the base has it */
	/* No part of the image: what a stage that begins with this one inherits. */
	struct list scope;     /* variables of its steps, build arguments among them; empty for an image */
	struct list arguments; /* names of the build arguments in scope */
};

struct build_history {
	char *created_by;
	bool is_empty; /* it cannot make a layer */
	size_t step; /* the step that may make one; BUILD_NO_STEP: none. A step that changed nothing makes none either. */
};

/* A stage as the file has it, known before anything is built. */
struct build_head {
	char *name; /* NULL: none ("AS x" says one; lower case) */
	int64_t line;
	struct build_from base;
	bool is_needed; /* by the target, through bases, --from and mounts */
	size_t *needs; /* numbers of other stages whose result it reads, each once, rising; all of them come before it */
	size_t need_count;
};

/* A stage as it is built. */
struct build_stage {
	size_t number;
	struct build_step *steps;
	size_t step_count;
	struct build_history *history; /* of this stage alone; its base's goes before it */
	size_t history_count;
	struct build_config config;
	struct list warnings; /* sentences with file and line */
	size_t *needs;        /* as build_head's; ONBUILD triggers of the base can add some */
	size_t need_count;
};

/* A parsed file; opaque. */
struct build_file;

/* A Dockerfile. name is for messages. inputs are read, not kept. ret is the caller's to release. Errors are ERROR_SPEC:
 * "Dockerfile:3: …". */
int build_file_parse(const char *text, size_t length, const char *name, const struct build_inputs *inputs,
		     struct build_file **ret, struct error *e);

/* Whether the "build" object has steps of its own; else it names a Dockerfile. */
bool build_is_native(const struct build *build);

/* The "build" object of app.json in its native form ("from", "steps", "stages"); it has to live as long as what is returned.
 * Errors carry the
 * field below "build" ("stages.app.steps[2]"). */
int build_file_from_spec(const struct build *build, const struct build_inputs *inputs, struct build_file **ret,
			 struct error *e);
void build_file_free(struct build_file *file); /* NULL is nothing */

size_t build_file_count(const struct build_file *file);
size_t build_file_target(const struct build_file *file);
const struct build_head *build_file_head(const struct build_file *file, size_t number); /* valid as long as file */
const struct list *build_file_warnings(const struct build_file *file);

/* Build arguments that no ARG of the file declares (predefined ones do not count): "KEY" each. */
void build_file_unused_args(const struct build_file *file, struct list *ret);

/* build_images.c. The images that the file names, for all its stages: each once, sorted. */
void build_file_images(const struct build_file *file, struct list *ret);

/* base: the configuration of the image or stage that the stage begins with; for scratch a zeroed one. ret is zeroed, and the caller's to
 * release. Errors as above. */
int build_stage_resolve(const struct build_file *file, size_t number, const struct build_config *base,
			struct build_stage *ret, struct error *e);
void build_stage_release(struct build_stage *stage);

/* build_config.c. The JSON of an image configuration (at most 4 MiB); name is for messages. What is not known here is dropped. */
int build_config_decode(const char *json, size_t length, const char *name, struct build_config *ret, struct error *e);
void build_config_copy(struct build_config *to, const struct build_config *from); /* to is released first */
void build_config_release(struct build_config *config);

/* Adds the "config" object of an image configuration: compact JSON, members in Docker's order, always the same bytes for the same
 * config. */
void build_config_write(const struct build_config *config, struct text *ret);

/* build_dump.c. Adds a stage as indented JSON, for tests and for people. */
void build_stage_dump(const struct build_stage *stage, struct text *ret);
