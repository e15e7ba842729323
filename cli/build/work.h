/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - one build while it goes on. Private to this folder.
 *
 *     inputs          what the caller says, and the build file
 *     context         the folder that COPY takes files from, and what it hides
 *     stdin           a context that comes that way
 *     named           folders and images that the build calls by names of its own
 *     lock            which images these are, by digest
 *     bases           images that stages begin with, or take files from
 *     keys            what a step's result depends on: the cache's key
 *     steps           makes one step's layer, in a process of its own
 *     fetch           sources that come over the network
 *     repository      of these, git's
 *     feed            what a COPY or ADD brings to a step
 *     mounts          what RUN --mount needs; agent: of these, the caller's SSH agent
 *     copies          of files of a stage, in a folder of the store
 *     make_files      files of a folder of this host, from a tar
 *     worker          where a step's code and programs run
 *     roots           where nobody may mount: the files of stages and images
 *     shared          caches that several machines share; shared_mounts: their cache mounts
 *     schedule        which step of which stage is next; several at once
 *     step_process    the process that makes a step
 *     verify          every step a second time, in another world
 *     log             what people see of it
 *     output          the image, its names, and reports of it
 *     outputs         what --output asks for; local: a folder
 *     attest          documents about it
 *     git             the context's commit
 *     metadata        a report for CI
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "cli/locking.h"
#include "images/image.h"
#include "images/image_parts.h"
#include "specs/build_ignore.h"
#include "specs/build_plan.h"

struct app;
struct build_log;
struct build_named;
struct build_verify;
struct call;
struct commit_layer;
struct content_digests;
struct error;
struct selection;
struct shared_cache;

struct build_options {
	const char *file, *target, *network, *pull_word, *platform, *progress, *metadata_file, *iidfile, *compression, *isolation;
	bool no_cache, push, quiet, verify, sbom, locked;
	const char *override; /* of the spec; NULL: none */
	const char *service;  /* of a spec with several; NULL: it is one app */
	const char *provenance; /* "min" or "max"; NULL: none */
	bool is_part; /* of another command: nothing goes to stdout, and the log is told only where something is made */
	bool is_told_only; /* which image comes of it, where every step is in the cache; else an error. Nothing is made or said */
	struct list names, args, secrets, ssh, labels, annotations, outputs, contexts, fresh, hosts, cache_from, cache_to;
	bool is_stdout_taken; /* by one of outputs: no digest goes there */
	struct list fields; /* "NAME=VALUE" of box run, for every step */
	int64_t jobs; /* steps at once */
};

/* What a --secret or --ssh gives. */
struct build_secret {
	char *id;
	char *file, *environment; /* one of them */
};

/* In what a step that is made again has another world. */
enum build_change {
	CHANGE_CLOCK = 1,     /* the time of day (runtime/child/other_world.h) */
	CHANGE_HOST_NAME = 2,
	CHANGE_CPUS = 4,      /* one alone */
	CHANGE_ORDER = 8,     /* files of COPY come about, and folders list their names, from the last to the first */
};

enum stage_state {
	STAGE_WAITING, /* its base is not there yet */
	STAGE_READY,   /* its next step can be looked at */
	STAGE_BUSY,    /* a process makes its next step */
	STAGE_DONE,
};

struct stage {
	enum stage_state state;
	size_t number;
	struct build_stage plan;
	struct image_parts parts;
	struct list diff_ids; /* below the next step */
	int64_t epoch;        /* no file of it is younger */
	size_t next;          /* step */
	struct commit_layer *layers; /* of each step that is done */
	struct selection *inputs;    /* of the next step: from the context */
	size_t *input_ends;          /* of each source of that step: the number of items up to its last one */
	struct list keys;     /* of each step that is done: their digests */
	char *key;            /* of the next step */
	bool is_wanted;       /* by a trigger of another stage, which the file alone does not show */
	char **fetched;       /* of each source of the next step: what came over the network, once it is known (fetch.h); or NULL */
	size_t fetched_count;
	bool is_logged;       /* the next step is in the log */
	bool is_fetching;     /* BUSY: with source of the next step */
	size_t source;
	unsigned vertex;      /* of the next step: its number in the log */
	unsigned changes;     /* enum build_change: of the next step's world */
	/* STAGE_BUSY */
	int pidfd, output, answer;
};

/* An image that a stage begins with, or takes files from. */
struct base_image {
	char *name, *platform;
	struct image image;
	struct build_config config;
	int64_t epoch;
};

struct build_work {
	const struct call *call;
	const struct build_options *options;
	int store, pin;
	int context;         /* its folder; -1: there is none */
	struct build_ignore ignore;
	struct content_digests *digests; /* of the context's files */
	struct build_named *named; /* contexts by name (named.h) */
	size_t named_count;
	struct build_inputs inputs;
	struct build_file *file;
	char *file_name;     /* for messages */
	char *file_digest;   /* of the build file or spec */
	struct list materials; /* what ADD took from elsewhere: "DIGEST ADDRESS" */
	struct list read;    /* digests of what steps took from the context, for the provenance */
	struct stage *stages;
	size_t stage_count;
	struct locking locking; /* of the base images */
	struct base_image *bases;
	size_t base_count;
	struct build_secret *secrets;
	size_t secret_count;
	struct shared_cache *from, *to; /* shared.h */
	size_t from_count, to_count;
	bool has_asked;      /* the shared caches that it reads */
	bool has_paths;      /* images may be named by paths of this host: by the caller's own spec, and by no Dockerfile */
	int64_t epoch;       /* that the caller said; else -1 */
	int64_t created;     /* of the image */
	char *digest;        /* of the image, at the end */
	char prefix[24];     /* of the names of containers */
	unsigned made;       /* containers so far */
	int roots;           /* roots.h; -1: there are none */
	char roots_name[32];
	int stdin_folder;    /* stdin.h; -1: the context is a folder of the caller's */
	char stdin_name[32];
	struct build_log *log;
	bool is_stopped;     /* by a signal */
	struct build_verify *verify; /* it is the second time; else NULL */
};

/* A folder of this host that files are taken from; all borrowed. */
struct build_folder {
	int root;
	const char *what; /* for messages */
	const struct build_ignore *ignore;
	struct content_digests *digests;
};

/* Stages that nothing has been done for; and what they hold. */
struct stage *build_stages_new(const struct build_file *file);
void build_stages_free(const struct build_work *work, struct stage *stages, size_t count);

/* verify.c. Makes every step again that the target needs; what comes out differently is told, and an error. */
int build_verify(struct build_work *work, struct error *e);
/* Its plan is there: what the first step's world is. */
void build_verify_begin(const struct build_work *work, struct stage *stage);
/* For log lines: " again", " again, with another clock"; "" the first time. */
const char *build_verify_words(const struct build_work *work, const struct stage *stage);
/* In the process that makes the step: what of its world is the process' own. */
void build_verify_enter(const struct stage *stage);
/* The next step was made again: layer, which is taken, or failed (NULL: it went well). True: once more, as stage->changes says by then;
 * false: *ret is what the stage goes on with, and *ret_how a word for the log. */
bool build_verify_judge(struct build_work *work, struct stage *stage, struct commit_layer *layer, const struct error *failed,
			struct commit_layer *ret, const char **ret_how);

/* context.c. The context's folder, and what .dockerignore hides. */
int build_context_open(struct build_work *work, const char *path, const char *file, struct error *e);
/* What the folder's own .dockerignore (or .containerignore) hides. */
int build_context_rules(int folder, struct build_ignore *ret, struct error *e);

/* fetch.c. Whether the whole build has no network: --network none. */
bool build_is_offline(const struct build_work *work);
/* Refuses to fetch anything then. */
int build_network_check(const struct build_work *work, struct error *e);

/* The folder that files are taken from; false: they come from layers. */
bool build_folder_of(const struct build_work *work, const struct build_from *from, struct build_folder *ret);

/* lock.c. The lock beside the file; operand: the spec, with app, or the context. */
int build_lock_open(struct build_work *work, const struct app *app, const char *operand, struct error *e);

/* bases.c. What is below the first step of a stage whose base is there. */
int build_begin_stage(struct build_work *work, struct stage *stage, struct error *e);
void build_bases_release(struct build_work *work);

/* The layers that files are taken from: a stage's or an image's, which is found or pulled. Borrowed until the next call. */
const struct list *build_source_layers(struct build_work *work, const struct build_from *from, struct error *e);

/* keys.c. Fills stage->key and stage->inputs for its next step. */
int build_key(struct build_work *work, struct stage *stage, struct error *e);

/* schedule.c. Everything that the target needs. */
int build_run_all(struct build_work *work, struct error *e);

/* steps.c. In a process of its own: makes the layer of the next step of the stage. */
int build_step_make(struct build_work *work, struct stage *stage, struct commit_layer *ret, struct error *e);
/* "Dockerfile:7: RUN make", for messages. The caller frees it. */
char *build_step_words(const struct build_work *work, const struct build_step *step);
/* A name for one more container of this build. The caller frees it. */
char *build_container_name(struct build_work *work);

/* git.c. The commit of the context, by the host's git, which executes nothing of the repository: when it was made, and "gitCommit:HEX
 * URI", to be freed. -1 and NULL: it is none. */
int64_t build_git_time(const struct build_work *work);
char *build_git_commit(const struct build_work *work);
/* An address for others: without who asks, and without what follows "?" or "#", which may permit it. The caller frees it. */
char *build_public_address(const char *address);

/* attest.c. What the options mean; an error where one of them means nothing. */
int build_attest_check(struct build_options *options, struct error *e);
/* Documents about the finished image, by its manifest's digest, as they were asked for. ret_predicate: the provenance's, where there is
 * one. */
int build_attest(struct build_work *work, const char *name, const char *digest, struct text *ret_predicate, struct error *e);

/* metadata.c. Writes the file that --metadata-file names. */
int build_metadata_write(const struct build_work *work, const struct list *names, const char *digest, const struct text *predicate,
			 struct error *e);

/* output.c. Refuses names that no image can have, and a push of none. */
int build_names_check(const struct build_options *options, struct error *e);
/* Configuration, manifest, names, files. */
int build_finish(struct build_work *work, struct error *e);
/* The image of the store with that full name goes to its registry. */
int build_push(struct build_work *work, const char *name, struct error *e);
