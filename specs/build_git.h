/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_git.h - the address of a git repository: "https://host/x.git#REF:FOLDER", "git@host:x.git", "ssh://git@host/x.git".
 */
#pragma once

#include <stdbool.h>

struct error;

struct build_git {
	char *url;    /* without what follows "#" */
	char *ref;    /* a branch, tag or commit; "HEAD" where none is said */
	char *folder; /* of the repository that is taken, clean; "." for all of it */
	bool is_commit; /* ref is all of a commit's name: nothing else can be meant */
	bool is_ssh;
};

/* What git must never see is refused: options in the place of names, other protocols, passwords, "..". */
int build_git_parse(const char *words, struct build_git *ret, struct error *e);
int build_git_check(const char *words, struct error *e);
void build_git_release(struct build_git *git);
