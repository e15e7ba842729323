/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_words.c - the instructions that a Dockerfile can have.
 */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/alloc.h"
#include "specs/build_file.h"

static const char *const from_flags[] = { "platform", NULL };
static const char *const run_flags[] = { "mount", "network", "security", NULL };
static const char *const copy_flags[] = { "from", "chown", "chmod", "link", "parents", "exclude", NULL };
static const char *const add_flags[] = {
	"chown", "chmod", "link", "checksum", "keep-git-dir", "unpack", "exclude", NULL
};
static const char *const health_flags[] = { "interval", "timeout", "start-period", "start-interval", "retries", NULL };

static const struct build_word words[] = {
	{ "FROM", NULL, from_flags, false },
	{ "ARG", build_apply_arg, NULL, false },
	{ "ENV", build_apply_env, NULL, false },
	{ "RUN", build_apply_run, run_flags, true },
	{ "COPY", build_apply_copy, copy_flags, true },
	{ "ADD", build_apply_add, add_flags, true },
	{ "WORKDIR", build_apply_workdir, NULL, false },
	{ "USER", build_apply_user, NULL, false },
	{ "ENTRYPOINT", build_apply_entrypoint, NULL, false },
	{ "CMD", build_apply_command, NULL, false },
	{ "EXPOSE", build_apply_expose, NULL, false },
	{ "LABEL", build_apply_label, NULL, false },
	{ "VOLUME", build_apply_volume, NULL, false },
	{ "STOPSIGNAL", build_apply_stopsignal, NULL, false },
	{ "HEALTHCHECK", build_apply_healthcheck, health_flags, false },
	{ "SHELL", build_apply_shell, NULL, false },
	{ "ONBUILD", build_apply_onbuild, NULL, true },
	{ "MAINTAINER", build_apply_maintainer, NULL, false },
};

const struct build_word *build_word_find(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == length && strncasecmp(words[i].word, word, length) == 0)
			return &words[i];
	return NULL;
}

const char *build_word_nearest(const char *word)
{
	const char *nearest = NULL;
	size_t least = 4;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t edits = text_distance(words[i].word, word);

		if (edits < least && edits * 2 <= strlen(words[i].word)) {
			least = edits;
			nearest = words[i].word;
		}
	}
	return nearest;
}
