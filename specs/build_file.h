/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_file.h - what the two front ends of a build share. Private to specs/.
 */
#pragma once

#include "base/error.h"
#include "specs/build_plan.h"

struct native_config;
struct native_step;

struct build_heredoc {
	char *name;
	char *content;
	bool expand; /* its word has no quotes */
	bool chomp;  /* "<<-" */
};

/* One instruction of a Dockerfile, its lines joined. */
struct build_instruction {
	int64_t line;
	const struct build_word *word;
	char *text; /* as written on one line, heredocs left out */
	struct list flags;
	char *rest; /* behind word and flags */
	struct build_heredoc *heredocs;
	size_t heredoc_count;
};

struct build_file {
	char *name;       /* for messages */
	char escape;      /* "\" or "`" */
	struct list args; /* of the caller, "KEY=value" */
	struct list contexts;
	struct list global;   /* build arguments before the first FROM, and the platform's, "KEY=value" */
	struct list declared; /* names that any ARG of the file has */
	struct build_head *heads;
	size_t count, target;
	struct build_instruction *instructions;
	size_t instruction_count;
	size_t *first; /* of each stage: its first instruction behind FROM; one more item: the end */
	struct list warnings;
	const struct build *native; /* NULL: a Dockerfile */
};

/* build_lines.c: the text into instructions. */
int build_lines_read(const char *text, size_t length, struct build_file *file, struct error *e);
/* One instruction from a text of its own (ONBUILD). */
int build_lines_one(const struct build_file *file, const char *text, struct build_instruction *ret, struct error *e);
void build_instruction_release(struct build_instruction *i);

/* build_parts.c: how the rest of an instruction is cut. */
/* A JSON array of texts: 1 and ret; 0: it is none, and a line for a shell. -1: an array of something else. */
int build_parts_json(const char *text, struct list *ret, struct error *e);
void build_parts_spaces(const char *text, struct list *ret); /* at white space alone */
void build_parts_quoted(const char *text, char escape,
			struct list *ret); /* at white space outside quotes; quotes stay */
/* JSON, else at white space. */
int build_parts_either(const char *text, struct list *ret, struct error *e);
/* "<<-'EOF'": whether it is a heredoc's word; ret may be NULL. */
bool build_parts_heredoc(const char *word, struct build_heredoc *ret);
/* Takes "--x=y" words from the front of *text, quotes and backslashes taken away. */
void build_parts_flags(const char **text, struct list *ret);

/* build_flags.c: the value of flag "name" in an instruction's flags: NULL: it is not there. "" for a flag without a value. */
const char *build_flag(const struct list *flags, const char *name);
/* Refuses flags that are none of names (ended by NULL), or come twice without being in several. */
int build_flags_check(const struct build_instruction *i, const char *const *names, struct error *e);
/* "--link", "--link=true": 1 or 0; -1 and e for other words. */
int build_flag_bool(const struct list *flags, const char *name, struct error *e);

/* build_expand.c: variables and quotes. */
struct build_expand {
	const struct list *scope;
	char escape;
	bool keep_quotes; /* quotes are characters like others (heredocs) */
	size_t *budget;   /* what is left of BUILD_EXPANDED_LIMIT; patterns take from it too */
};
/* A new text, or NULL and e. */
char *build_expand(const struct build_expand *x, const char *word, struct error *e);
/* The same, cut at white space that stands outside of quotes after the expansion. */
int build_expand_words(const struct build_expand *x, const char *word, struct list *ret, struct error *e);

/* build_from.c: what --from and FROM name, seen from stage before. A number or name of an earlier stage, of a context, or an image. */
int build_from_find(const struct build_file *file, const char *name, size_t before, struct build_from *ret,
		    struct error *e);
void build_from_release(struct build_from *from);
struct build_file *build_file_new(const char *name, const struct build_inputs *inputs);
/* Finds the target among the heads and marks what it needs. */
int build_file_choose(struct build_file *file, const char *target, struct error *e);

/* build_apply_env.c: HTTP_PROXY and the like, in either case: known without an ARG. */
bool build_arg_is_predefined(const char *name);

/* A stage while it is resolved. */
struct build_resolve {
	const struct build_file *file;
	struct build_stage *stage;
	const struct build_instruction *at;
	struct list scope; /* variables of steps and expansions */
	struct list arguments;
	struct list hidden; /* proxies */
	size_t budget;
	size_t environments; /* bytes of all steps' environments */
	bool has_command;    /* CMD stands in this stage */
};

/* The words that a table row of build_words.c has. */
struct build_word {
	const char *word;
	int (*apply)(struct build_resolve *r, struct error *e); /* NULL: FROM */
	const char *const *flags;                               /* ended by NULL; NULL: none */
	bool has_heredocs;
};
const struct build_word *build_word_find(const char *word, size_t length); /* any case; NULL: none */
const char *build_word_nearest(const char *word);

/* build_apply_*.c */
int build_apply_env(struct build_resolve *r, struct error *e);
int build_apply_label(struct build_resolve *r, struct error *e);
int build_apply_arg(struct build_resolve *r, struct error *e);
int build_apply_user(struct build_resolve *r, struct error *e);
int build_apply_expose(struct build_resolve *r, struct error *e);
int build_apply_volume(struct build_resolve *r, struct error *e);
int build_apply_stopsignal(struct build_resolve *r, struct error *e);
int build_apply_maintainer(struct build_resolve *r, struct error *e);
int build_apply_shell(struct build_resolve *r, struct error *e);
int build_apply_onbuild(struct build_resolve *r, struct error *e);
int build_apply_command(struct build_resolve *r, struct error *e);
int build_apply_entrypoint(struct build_resolve *r, struct error *e);
int build_apply_healthcheck(struct build_resolve *r, struct error *e);
int build_apply_workdir(struct build_resolve *r, struct error *e);
int build_apply_run(struct build_resolve *r, struct error *e);
int build_apply_copy(struct build_resolve *r, struct error *e);
int build_apply_add(struct build_resolve *r, struct error *e);

/* build_native.c: the steps and the configuration of a stage of the native form. */
int build_native_apply(struct build_resolve *r, size_t number, struct error *e);
/* build_native_step.c: for it. */
int build_native_step(struct build_resolve *r, const struct native_step *s, struct error *e);
int build_native_config(struct build_resolve *r, const struct native_config *c, struct error *e);

/* build_apply_config.c: "80", "8000-8005/udp" into the configuration. */
int build_expose(struct build_resolve *r, const char *word, struct error *e);

/* build_stage.c: for those. */
struct build_expand build_resolve_expand(struct build_resolve *r);
char *build_resolve_word(struct build_resolve *r, const char *word, struct error *e);
/* A new step and, when it is filled, its key and history item. created_by is taken. */
struct build_step *build_resolve_step(struct build_resolve *r, enum build_step_kind kind);
int build_resolve_done(struct build_resolve *r, char *created_by, struct error *e);
void build_resolve_history(struct build_resolve *r, char *created_by); /* without a step; taken */
void build_resolve_need(struct build_resolve *r, const struct build_from *from);

/* build_mount.c: "type=cache,target=/x". x: NULL: variables are left for later, and only "from" is wanted (ret->from.name). */
int build_mount_parse(const char *text, const struct build_expand *x, const struct build_file *file, size_t before,
		      const char *working_dir, struct build_mount *ret, struct error *e);
void build_mount_release(struct build_mount *mount);

/* build_source.c: one source of COPY or ADD; is_add: addresses are fetched. */
void build_source_parse(const char *text, bool is_add, bool parents, struct build_source *ret);

/* build_apply_copy.c: "755" or "u=rwX,go=rX"; "sha256:…". */
bool build_chmod_is_valid(const char *mode);
bool build_checksum_is_valid(const char *text);

/* build_dump.c: the part of a step that decides what it does, as one line. */
char *build_step_key(const struct build_step *step);
