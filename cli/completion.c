/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion.c - what the last word of a command line may become, by the tables of commands and options.
 */
#include "cli/completion.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/commands.h"
#include "images/catalogue.h"
#include "runtime/apps/instances.h"
#include "runtime/apps/private_networks.h"
#include "runtime/box.h"
#include "runtime/storage/volumes.h"

enum kind { CONTAINERS = 1, IMAGES = 2, VOLUMES = 4, FILES = 8, PATHS_INSIDE = 16, NETWORKS = 32 };

/* What the words for operands in the table of commands stand for … */
static const struct {
	const char *word;
	unsigned kinds;
} operand_words[] = {
	{ "NAME:PATH", PATHS_INSIDE | FILES }, { "NAME", CONTAINERS }, { "ID", CONTAINERS }, { "IMAGE", IMAGES }, { "FILE", FILES },
};

/* … and where they stand for something else. */
static const struct {
	const char *command;
	unsigned kinds;
} commands_with[] = {
	{ "inspect", CONTAINERS | IMAGES | VOLUMES }, { "images", IMAGES }, { "pull", IMAGES }, { "tag", IMAGES }, { "import", FILES },
	{ "volume", VOLUMES }, { "network", NETWORKS }, { "create", 0 },
};

/* What was typed so far. */
struct line {
	const struct command *command; /* NULL: not yet */
	const struct option_row *pending; /* the option whose value comes next, or NULL */
	const char *first;             /* operand */
	size_t operands;
	bool is_help;                  /* box help … */
	bool has_dashes;               /* "--" */
	const char *current;           /* what is being typed */
};

static void offer(const struct line *line, const char *word, const char *about, struct text *ret)
{
	if (text_starts(word, line->current))
		text_addf(ret, "%s\t%s\n", word, about);
}

static const struct option_row *table_of(const struct line *line)
{
	return line->command ? line->command->options : global_options;
}

/* The row of "--name", "-n" or the last letter of "-itn"; NULL where it has its value already, or takes none. */
static const struct option_row *takes_value(const struct line *line, const char *word)
{
	for (const struct option_row *row = table_of(line); row->name; row++) {
		bool is_it = text_starts(word, "--") ? strcmp(word + 2, row->name) == 0 : row->letter && word[strlen(word) - 1] == row->letter;

		if (is_it)
			return row->kind == OPTION_TEXT || row->kind == OPTION_LIST || (row->kind == OPTION_FIELD && row->argument) ? row : NULL;
	}
	return NULL;
}

static void take_word(struct line *line, const char *word)
{
	if (line->pending) {
		line->pending = NULL;
	} else if (line->has_dashes || word[0] != '-' || !word[1]) {
		if (!line->command && !line->is_help) {
			line->is_help = strcmp(word, "help") == 0;
			for (const struct command *c = commands; c->name; c++)
				line->command = strcmp(c->name, word) == 0 ? c : line->command;
			return;
		}
		line->first = line->operands++ ? line->first : word;
	} else if (strcmp(word, "--") == 0) {
		line->has_dashes = true;
	} else {
		line->pending = takes_value(line, word);
	}
}

/* The value of an option: one of "table|json", or a file. prefix stands before it in the same word ("--format="). */
static void offer_value(const struct line *line, const struct option_row *row, const char *prefix, struct text *ret)
{
	const char *words = row->argument;

	if (strchr(words, '|'))
		while (*words) {
			size_t length = strcspn(words, "|");
			autofree char *word = text_format("%s%.*s", prefix, (int)length, words);

			offer(line, word, row->help, ret);
			words += length + (words[length] == '|');
		}
	else if (strcmp(words, "FILE") == 0 || strcmp(words, "FOLDER") == 0 || strcmp(words, "DIR") == 0)
		text_add(ret, ":file\n");
}

static void offer_options(const struct line *line, struct text *ret)
{
	size_t length = strcspn(line->current, "=");

	for (const struct option_row *row = table_of(line); row->name; row++) {
		autofree char *word = text_format("--%s", row->name);

		if (row->kind == OPTION_ELSEWHERE)
			continue;
		if (!line->current[length]) {
			offer(line, word, row->help, ret);
		} else if (strlen(word) == length && strncmp(word, line->current, length) == 0 && row->argument) {
			autofree char *prefix = text_format("%s=", word);

			offer_value(line, row, prefix, ret);
		}
	}
	if (line->command)
		offer(line, "--help", "print this command's words", ret);
}

static void offer_commands(const struct line *line, struct text *ret)
{
	for (const struct command *c = commands; c->name; c++)
		offer(line, c->name, c->summary, ret);
	offer(line, "help", "print the words of a command", ret);
	offer(line, "version", "print the version", ret);
}

/* The words before "NAME…" of a command that has verbs of its own: "create|ls|rm [NAME…]". True where the first operand is one. */
static bool offer_verbs(const struct line *line, struct text *ret)
{
	const char *words = line->command->operands;
	size_t end = strcspn(words, " ");

	if (line->operands || !memchr(words, '|', end) || *words < 'a' || *words > 'z')
		return false;
	for (size_t at = 0; at < end; at += strcspn(words + at, "| ") + 1) {
		autofree char *word = text_format("%.*s", (int)strcspn(words + at, "| "), words + at);

		offer(line, word, line->command->summary, ret);
	}
	return true;
}

static unsigned kinds_of(const struct command *command)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < sizeof commands_with / sizeof *commands_with; i++)
		if (strcmp(commands_with[i].command, command->name) == 0)
			return commands_with[i].kinds;
	for (const char *words = command->operands; *words;) {
		size_t i = 0;

		while (i < sizeof operand_words / sizeof *operand_words && !text_starts(words, operand_words[i].word))
			i++;
		if (i < sizeof operand_words / sizeof *operand_words)
			kinds |= operand_words[i].kinds;
		/* On to the next word. */
		words += strspn(words, "ABCDEFGHIJKLMNOPQRSTUVWXYZ:-.");
		words += strcspn(words, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	}
	return kinds;
}

/* Names that stand for several instances, or for one that is called otherwise by now. */
static void offer_services(const struct places *places, const struct line *line, const char *behind, struct text *ret)
{
	autorelease(instances) struct instances all = { 0 };
	autorelease(list) struct list words = { 0 };
	struct error ignored = { 0 };

	if (instances_find(places, NULL, &all, &ignored))
		return;
	for (size_t i = 0; i < all.count; i++) {
		const struct instance *instance = &all.items[i];

		if (instance->stack && !list_has(&words, instance->stack))
			list_add(&words, instance->stack);
		if (instance->role == INSTANCE_LIVE && strcmp(instance->service, instance->name) != 0 && !list_has(&words, instance->service))
			list_add(&words, instance->service);
	}
	for (size_t i = 0; i < words.count; i++) {
		autofree char *word = text_format("%s%s", words.items[i], behind);

		offer(line, word, "services", ret);
	}
}

static void offer_containers(const struct places *places, const struct line *line, const char *behind, struct text *ret)
{
	struct box_info *infos = NULL;
	struct error ignored = { 0 };
	size_t count = 0;

	offer_services(places, line, behind, ret);
	if (box_list(places, &infos, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++) {
		autofree char *word = text_format("%s%s", infos[i].name, behind);

		offer(line, word, infos[i].status, ret);
	}
	box_list_free(infos, count);
}

static void offer_images(const struct places *places, const struct line *line, struct text *ret)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	struct error ignored = { 0 };

	if (catalogue_read(places, &catalogue, &ignored))
		return;
	for (size_t i = 0; i < catalogue.count; i++) {
		const char *name = catalogue.items[i].name, *home = "docker.io/library/";

		offer(line, name, "image", ret);
		if (text_starts(name, home))
			offer(line, name + strlen(home), "image", ret);
	}
}

static void offer_volumes(const struct places *places, const struct line *line, struct text *ret)
{
	struct volume *volumes = NULL;
	struct error ignored = { 0 };
	size_t count = 0;

	if (volumes_list(places, &volumes, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++)
		offer(line, volumes[i].name, volumes[i].is_used ? "volume, in use" : "volume", ret);
	volumes_free(volumes, count);
}

static void offer_networks(const struct places *places, const struct line *line, struct text *ret)
{
	struct network_info *infos = NULL;
	struct error ignored = { 0 };
	size_t count = 0;

	if (private_networks_list(places, &infos, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++)
		offer(line, infos[i].record.name, infos[i].is_used ? "network, in use" : "network", ret);
	private_networks_free(infos, count);
}

static void offer_operands(const struct places *places, const struct line *line, struct text *ret)
{
	bool is_program = line->operands && (strcmp(line->command->name, "exec") == 0 || strcmp(line->command->name, "run") == 0);
	unsigned kinds = is_program ? FILES : kinds_of(line->command);

	if (offer_verbs(line, ret))
		return;
	if (line->first && strcmp(line->command->name, "volume") == 0 && strcmp(line->first, "import") == 0 && line->operands > 1)
		kinds = FILES;
	if (kinds & CONTAINERS)
		offer_containers(places, line, "", ret);
	if ((kinds & PATHS_INSIDE) && !strchr(line->current, ':'))
		offer_containers(places, line, ":", ret);
	if (kinds & IMAGES)
		offer_images(places, line, ret);
	if (kinds & NETWORKS)
		offer_networks(places, line, ret);
	if (kinds & VOLUMES)
		offer_volumes(places, line, ret);
	if (kinds & FILES)
		text_add(ret, ":file\n");
}

void completion_find(const struct places *places, char *const *words, struct text *ret)
{
	struct line line = { .current = "" };
	bool is_word;

	for (; words[0] && words[1]; words++)
		take_word(&line, words[0]);
	if (words[0])
		line.current = words[0];
	is_word = line.has_dashes || line.current[0] != '-';
	/* Behind exec's name and run's image everything belongs to the program. */
	if (line.command && strcmp(line.command->name, "exec") == 0 && line.operands)
		is_word = true;
	if (line.pending)
		offer_value(&line, line.pending, "", ret);
	else if (!is_word)
		offer_options(&line, ret);
	else if (!line.command)
		offer_commands(&line, ret);
	else
		offer_operands(places, &line, ret);
}
