/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_words.c - what users of docker and podman type, and what it is called here.
 */
#include "cli/other_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"

/* What this version does not have; and what does it meanwhile, or NULL. */
static const struct {
	const char *name, *instead;
} later[] = {
	{ "builder", "box build" },
	{ "buildx", "box build" },
	{ "checkpoint", NULL },
	{ "pod", "several services in one file: box up app.json" },
	{ "restore", NULL },
	{ "search", "the registry's own pages; box pull NAME:TAG asks for one image" },
};

/* What has another name. word: what stands behind it; NULL: anything, and these rows come behind the others. */
static const struct {
	const char *command, *word, *instead;
} others[] = {
	{ "compose", NULL, "several services in one file: box up app.json, and down, plan, ps, logs, stop, start" },
	{ "image", "build", "box build" },
	{ "image", "ls", "box images" },
	{ "image", "list", "box images" },
	{ "image", "rm", "box rmi IMAGE" },
	{ "image", "exists", "box inspect --type image IMAGE" },
	{ "image", "untag", "box rmi NAME takes one name away" },
	{ "image", "prune", "box prune, and box prune --all for images with names" },
	{ "image", NULL, "images have words of their own: box images, pull, push, rmi, tag, inspect, history, save, load" },
	{ "container", "ls", "box ps" },
	{ "container", "list", "box ps" },
	{ "container", "prune", "box ps -a lists them, box rm NAME removes one" },
	{ "container", NULL, "containers have words of their own: box ps, stop, rm, exec, pause" },
	{ "convert", NULL, "box config FILE.json" },
	{ "scale", NULL, "\"replicas\" in the file, and box up FILE.json" },
	{ "watch", NULL, "box up FILE.json, once more" },
	{ "stack", NULL, "several services in one file: box up FILE.json, box down NAME, box ps -f stack=NAME" },
	{ "service", NULL, "services of a file: box up FILE.json, box ps -f stack=NAME, box logs NAME" },
	{ "swarm", NULL, "box up FILE.json on each host; docker and Swarm run with box as their runtime" },
	{ "generate", NULL, "box systemd install NAME" },
	{ "kube", NULL, "several services in one file: box up FILE.json" },
	{ "play", NULL, "several services in one file: box up FILE.json" },
	{ "auto-update", NULL, "box up --pull always FILE.json" },
	{ "commit", NULL, "box export NAME | box import - NEW-NAME" },
	{ "context", NULL, "there is no daemon to choose; --store and --root say where things lie" },
	{ "healthcheck", NULL, "\"healthcheck\" in app.json; box ps shows the result" },
	{ "info", NULL, "box doctor says what this host can do, box system df what the store holds" },
	{ "ls", NULL, "box ps lists containers, box images images" },
	{ "manifest", NULL, "box inspect IMAGE prints the manifest of an image of the store" },
	{ "mount", NULL, "box export IMAGE | tar -x -C FOLDER" },
	{ "secret", NULL, "\"secrets\" in app.json" },
	{ "trust", NULL, "box inspect --referrers IMAGE lists signatures" },
	{ "untag", NULL, "box rmi NAME takes one name away" },
};

static bool is_command(const char *name)
{
	for (const struct command *c = commands; name && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return true;
	return false;
}

int other_words_refuse(const char *command, const char *word, struct error *e)
{
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (strcmp(later[i].name, command) == 0) {
			error_set(e, ERROR_UNSUPPORTED, "box %s is not supported yet", command);
			return later[i].instead ? error_hint(e, "%s", later[i].instead) : -1;
		}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		bool is_group = others[i].word || strcmp(command, "image") == 0 || strcmp(command, "container") == 0;

		if (strcmp(others[i].command, command) != 0 || (others[i].word && (!word || strcmp(others[i].word, word) != 0)))
			continue;
		error_set(e, ERROR_USAGE, "unknown command %s%s%.40s", command, is_group && word ? " " : "", is_group && word ? word : "");
		/* "image pull", "container stop": the second word alone is box's. */
		return is_group && !others[i].word && is_command(word) ? error_hint(e, "box %s", word) : error_hint(e, "%s", others[i].instead);
	}
	return 0;
}
