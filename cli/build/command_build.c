/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_build.c - box build: an image from a Dockerfile, or from the "build" object of app.json.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/isolation.h"
#include "base/log.h"
#include "base/places.h"
#include "cli/build/agent.h"
#include "cli/build/for_run.h"
#include "cli/build/inputs.h"
#include "cli/build/log.h"
#include "cli/build/named.h"
#include "cli/build/outputs.h"
#include "cli/build/roots.h"
#include "cli/build/shared.h"
#include "cli/build/stdin.h"
#include "cli/build/work.h"
#include "cli/build_spec.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "images/build/content_digests.h"
#include "images/build_pin.h"
#include "images/platform.h"
#include "images/store.h"
#include "runtime/box.h"
#include "specs/app.h"
#include "specs/stack.h"

#define BUILD_DEFAULTS { .compression = "zstd", .jobs = 4 }

const struct option_row build_options[] = {
	{ 'f', "file", OPTION_TEXT, offsetof(struct build_options, file), "FILE",
	  "the build file (default: CONTEXT/Dockerfile, or Containerfile); - is stdin" },
	{ 't', "tag", OPTION_LIST, offsetof(struct build_options, names), "NAME", "a name of the image; may be given several times" },
	{ 0, "target", OPTION_TEXT, offsetof(struct build_options, target), "STAGE", "the stage to build (default: the last one)" },
	{ 0, "build-arg", OPTION_VARIABLES, offsetof(struct build_options, args), "KEY[=VALUE]",
	  "a value for ARG; KEY alone takes the caller's variable" },
	{ 0, "secret", OPTION_LIST, offsetof(struct build_options, secrets), "id=ID[,src=FILE|,env=NAME]",
	  "a secret for RUN --mount=type=secret" },
	{ 0, "ssh", OPTION_LIST, offsetof(struct build_options, ssh), "default|ID[=SOCKET]",
	  "an SSH agent for RUN --mount=type=ssh and for ADD of git repositories" },
	{ 0, "build-context", OPTION_LIST, offsetof(struct build_options, contexts), "NAME=FOLDER|docker-image://NAME|oci-layout://FOLDER:TAG",
	  "a folder or image that FROM and --from call NAME" },
	{ 0, "network", OPTION_TEXT, offsetof(struct build_options, network), "default|host|none",
	  "what RUN reaches: the host's network (default), or none" },
	{ 0, "isolation", OPTION_TEXT, offsetof(struct build_options, isolation), "auto|full|chroot",
	  "with less than namespaces (default: auto: where they are refused)" },
	{ 0, "no-cache", OPTION_FLAG, offsetof(struct build_options, no_cache), NULL, "make every step again" },
	{ 0, "no-cache-filter", OPTION_LIST, offsetof(struct build_options, fresh), "STAGE", "make the steps of this stage again" },
	{ 0, "cache-from", OPTION_LIST, offsetof(struct build_options, cache_from), "type=registry,ref=NAME|type=local,src=FOLDER",
	  "take steps from a cache that others share; secret=ID: only what they have sealed with it; mounts=ID:ID|all: cache mounts, too" },
	{ 0, "cache-to", OPTION_LIST, offsetof(struct build_options, cache_to), "type=registry,ref=NAME|type=local,dest=FOLDER",
	  "write such a cache; mode=max: the steps of every stage, not only of what the image consists of" },
	{ 0, "pull", OPTION_WORD, offsetof(struct build_options, pull_word), "always|missing|never",
	  "ask registries whether the tags of base images have moved, or do not ask them at all" },
	{ 0, "add-host", OPTION_LIST, offsetof(struct build_options, hosts), "NAME:ADDRESS", "a line of /etc/hosts for RUN" },
	{ 0, "shm-size", OPTION_FIELD, offsetof(struct build_options, fields), "SIZE", "size of /dev/shm for RUN" },
	{ 0, "ulimit", OPTION_FIELD, offsetof(struct build_options, fields), "NAME=SOFT[:HARD]", "limit of each process of RUN" },
	{ 'm', "memory", OPTION_FIELD, offsetof(struct build_options, fields), "SIZE", "limit of the memory of each RUN" },
	{ 0, "cpus", OPTION_FIELD, offsetof(struct build_options, fields), "NUMBER", "limit of the processor time of each RUN" },
	{ 0, "locked", OPTION_FLAG, offsetof(struct build_options, locked), NULL,
	  "take no base image but what the lock beside the file says (box lock)" },
	{ 0, "platform", OPTION_TEXT, offsetof(struct build_options, platform), "OS/ARCH[/VARIANT]", "of the image (default: this host's)" },
	{ 0, "label", OPTION_LIST, offsetof(struct build_options, labels), "KEY=VALUE", "a label of the image" },
	{ 0, "annotation", OPTION_LIST, offsetof(struct build_options, annotations), "KEY=VALUE", "an annotation of the manifest" },
	{ 0, "compression", OPTION_TEXT, offsetof(struct build_options, compression), "zstd|gzip|none", "of new layers (default: zstd)" },
	{ 0, "progress", OPTION_TEXT, offsetof(struct build_options, progress), "auto|plain|tty|quiet",
	  "what is shown on stderr (default: auto)" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct build_options, quiet), NULL, "print nothing but the image's digest" },
	{ 'o', "output", OPTION_LIST, offsetof(struct build_options, outputs), "type=oci|docker|tar|local,dest=PATH",
	  "also write the image, or its files, to a file or (local) a folder; PATH alone is a folder, - the files to stdout" },
	{ 0, "push", OPTION_FLAG, offsetof(struct build_options, push), NULL, "push the image under each of its names" },
	{ 0, "iidfile", OPTION_TEXT, offsetof(struct build_options, iidfile), "FILE", "write the image's digest to a file" },
	{ 0, "metadata-file", OPTION_TEXT, offsetof(struct build_options, metadata_file), "FILE", "write what was built to a file, as JSON" },
	{ 0, "verify", OPTION_FLAG, offsetof(struct build_options, verify), NULL,
	  "make every step a second time, at another time of day, under another host name, on one processor: exit code 1 where one differs" },
	{ 0, "provenance", OPTION_WORD, offsetof(struct build_options, provenance), "mode=min|max",
	  "say beside the image how it was made (SLSA); with max: by which steps. box push takes it along" },
	{ 0, "sbom", OPTION_FLAG, offsetof(struct build_options, sbom), NULL,
	  "say beside the image which packages are in it (SPDX). box push takes it along" },
	OTHER_OPTION(0, "attest", "--provenance=mode=max, --sbom"),
	BUILD_OTHER_OPTIONS,
	OTHER_OPTION(0, "squash", "leave it out; a step that changes nothing makes no layer"),
	OTHER_OPTION(0, "load", "leave it out; the image is in the store"),
	{ 0 },
};

static void release(struct build_work *work)
{
	const int fds[] = { work->store, work->pin, work->context };

	build_stages_free(work, work->stages, work->stage_count);
	build_roots_end(work);
	build_stdin_remove(work);
	for (size_t i = 0; i < work->secret_count; i++) {
		free(work->secrets[i].id);
		free(work->secrets[i].file);
		free(work->secrets[i].environment);
	}
	free(work->secrets);
	build_shared_release(work);
	build_bases_release(work);
	build_named_release(work);
	locking_release(&work->locking);
	build_file_free(work->file);
	free(work->file_name);
	free(work->file_digest);
	list_release(&work->read);
	list_release(&work->materials);
	free(work->digest);
	build_ignore_release(&work->ignore);
	list_release(&work->inputs.args);
	if (work->digests)
		content_digests_close(work->digests);
	build_log_free(work->log);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static enum build_log_style style_of(const struct build_options *options)
{
	if (options->quiet || text_equal(options->progress, "quiet") || text_equal(options->progress, "none"))
		return BUILD_LOG_QUIET;
	if (text_equal(options->progress, "tty"))
		return BUILD_LOG_TTY;
	return text_equal(options->progress, "plain") || !isatty(STDERR_FILENO) ? BUILD_LOG_PLAIN : BUILD_LOG_TTY;
}

static int load_spec(const char *path, struct build_options *options, struct build_spec *ret, struct error *e)
{
	if (build_spec_load(path, options->override, options->service, ret, e))
		return -1;
	if (!options->file)
		options->file = ret->file;
	if (!options->target)
		options->target = ret->build.target;
	return 0;
}

static int build(struct build_work *work, const struct build_spec *spec, const char *operand, struct error *e)
{
	const char *context = spec->app ? spec->context : operand;
	autofree char *platform = text_format("linux/%s", platform_host_architecture());
	unsigned char random[4];
	struct error swept = { 0 };
	int result;

	if (!work->options->is_told_only && box_sweep(work->call->places, &swept))
		log_warning("%s, continuing", swept.text);
	/* It may have to execute itself anew, and can read its stdin, or tell what a cache has, once. Otherwise that has time until the
	 * first step is made. */
	if ((text_equal(work->options->file, "-") || text_equal(context, "-") || work->options->verify || work->options->cache_from.count) &&
	    box_seal(e))
		return -1;
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return error_sys(e, "get random bytes for a name");
	(void)snprintf(work->prefix, sizeof work->prefix, "build-%02x%02x%02x%02x", random[0], random[1], random[2], random[3]); /* fits */
	work->store = store_open(work->call->places->store, e);
	if (work->store < 0 || (work->pin = build_pin(work->store, e)) < 0)
		return -1;
	if (build_inputs_take(work, spec, operand, platform, e))
		return -1;
	if (build_context_open(work, context, work->options->file, e) || build_inputs_parse(work, spec->app ? &spec->build : NULL, e))
		return -1;
	if (build_lock_open(work, spec->app, operand, e) || (!work->options->is_told_only && build_shared_open(work, e)))
		return -1;
	work->log = build_log_new(style_of(work->options));
	result = build_run_all(work, e);
	if (!work->options->is_told_only)
		build_inputs_warn(work);
	if (result || (work->options->verify && build_verify(work, e)))
		return -1;
	return build_finish(work, e);
}

static int refuse_address(const char *operand, struct error *e)
{
	static const char *const beginnings[] = { "http://", "https://", "git://", "git@", "ssh://", "github.com/" };

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (text_starts(operand, beginnings[i])) {
			error_set(e, ERROR_USAGE, "build %s: the context is a folder of this host, and no address", operand);
			return error_hint(e, "git clone … FOLDER && box build FOLDER; in a build file, ADD takes addresses");
		}
	return 0;
}

/* "NAME:ADDRESS" (the address may have colons), or "NAME=ADDRESS": becomes "ADDRESS\tNAME". */
static int take_hosts(struct build_options *options, struct error *e)
{
	for (size_t i = 0; i < options->hosts.count; i++) {
		char *item = options->hosts.items[i];
		size_t length = strcspn(item, ":=");
		const char *address = item[length] ? item + length + 1 : "";
		unsigned char bytes[sizeof(struct in6_addr)];

		if (!length || strcspn(item, " \t\n\r#") != strlen(item) ||
		    (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1)) {
			error_set(e, ERROR_USAGE, "option --add-host: expected NAME:ADDRESS, found \"%.80s\"", item);
			return strcmp(address, "host-gateway") ? -1 : error_hint(e, "RUN has the host's network: 127.0.0.1 is the host");
		}
		options->hosts.items[i] = text_format("%s\t%.*s", address, (int)length, item);
		free(item);
	}
	return 0;
}

/* Now, and not when the first step needs them. */
static int check_fields(const struct build_options *options, struct error *e)
{
	const struct list command = { .items = (char *[]){ (char[]){ "true" }, NULL }, .count = 1 };
	const struct app_options chosen = { .command = &command, .fields = &options->fields };
	struct app *app;

	if (app_from_image("scratch", "build", &chosen, &app, e)) {
		e->kind = ERROR_USAGE;
		return -1;
	}
	app_free(app);
	return 0;
}

/* "a,b" are two. */
static void split_stages(struct list *stages)
{
	struct list split = { 0 };

	for (size_t i = 0; i < stages->count; i++)
		for (char *rest = stages->items[i], *part; (part = strsep(&rest, ","));)
			list_add(&split, part);
	list_release(stages);
	*stages = split;
}

/* A file is a spec, as for box run. */
static bool is_spec(const char *operand)
{
	struct stat st;

	return text_ends(operand, ".json") && stat(operand, &st) == 0 && S_ISREG(st.st_mode);
}

static int check(struct build_options *options, const struct list *operands, struct error *e)
{
	static const char *const networks[] = { "default", "host", "none", NULL };
	static const char *const styles[] = { "auto", "plain", "tty", "quiet", "none", NULL };
	static const char *const compressions[] = { "zstd", "gzip", "none", NULL };
	static const char *const pulls[] = { "true", "false", "always", "missing", "never", "newer", NULL };

	if (operands->count > 1 && !stack_is_file(operands->items[0])) {
		error_set(e, ERROR_USAGE, "build: expected one folder, found %zu operands", operands->count);
		return is_spec(operands->items[0]) ? error_hint(e, "only a file with \"services\" has services to be named") : -1;
	}
	if (operands->count && refuse_address(operands->items[0], e))
		return -1;
	for (size_t i = 0; i < options->ssh.count; i++)
		if (build_agent_check(options->ssh.items[i], e))
			return -1;
	for (size_t i = 0; i < options->labels.count; i++)
		if (!strchr(options->labels.items[i], '='))
			return error_set(e, ERROR_USAGE, "option --label %.80s: expected KEY=VALUE", options->labels.items[i]);
	split_stages(&options->fresh);
	if (build_names_check(options, e) || build_outputs_check(options, e) || take_hosts(options, e) || check_fields(options, e))
		return -1;
	return (options->network && options_one_of("network", options->network, networks, e)) ||
			       (options->progress && options_one_of("progress", options->progress, styles, e)) ||
			       (options->pull_word && options_one_of("pull", options->pull_word, pulls, e)) ||
			       options_one_of("compression", options->compression, compressions, e) ||
			       build_attest_check(options, e) || isolation_allow(options->isolation, /* runs_steps= */ true, e) ? -1 : 0;
}

/* The whole of it; what it says goes to the terminal. */
static int build_operand(const struct call *call, struct build_options *options, const char *operand, bool is_spec, char **ret_digest)
{
	struct build_work work = { .call = call, .options = options, .store = -1, .pin = -1, .context = -1, .roots = -1, .stdin_folder = -1 };
	struct build_spec spec = { 0 };
	struct error e = { 0 };
	int result = (is_spec && load_spec(operand, options, &spec, &e)) || build(&work, &spec, operand, &e) ? -1 : 0;

	if (result && options->is_told_only)
		result = EXIT_BOX_FAILED;
	else if (result && spec.app && e.field[0])
		report_error(spec.app, operand, &e);
	if (result && !options->is_told_only)
		result = spec.app && e.field[0] ? 1 : report_failure(&e);
	if (result == 0 && ret_digest)
		*ret_digest = alloc_copy(work.digest);
	release(&work);
	build_spec_release(&spec);
	return result;
}

int build_for_run(const struct call *call, const char *path, const struct build_for_run *wish, char **ret_digest)
{
	struct build_options options = BUILD_DEFAULTS;

	options.is_part = true;
	options.is_told_only = wish->is_told_only;
	options.quiet = wish->is_quiet || wish->is_told_only;
	options.locked = wish->is_locked;
	options.override = wish->override;
	options.service = wish->service;
	options.platform = wish->platform;
	options.pull_word = wish->pull;
	return build_operand(call, &options, path, /* is_spec= */ true, ret_digest);
}

/* Those that were named, or all that have a "build", in the order in which box up would start them. */
static int choose_services(const struct stack *stack, const struct list *operands, struct list *ret, struct error *e)
{
	struct app_build ignored;

	for (size_t i = 1; i < operands->count; i++) {
		const struct stack_service *service = stack_find(stack, operands->items[i]);

		if (!service)
			return error_set(e, ERROR_MISSING, "build %s: there is no service \"%.80s\" in it", operands->items[0], operands->items[i]);
		if (!app_build_of(service->app, &ignored))
			return error_set(e, ERROR_SPEC, "build %s: the service %s has no \"build\"", operands->items[0], operands->items[i]);
		list_add(ret, operands->items[i]);
	}
	for (size_t i = 0; operands->count == 1 && i < stack->count; i++)
		if (app_build_of(stack->services[i].app, &ignored))
			list_add(ret, stack->services[i].name);
	return ret->count ? 0 : error_set(e, ERROR_SPEC, "build %s: no service of it has a \"build\"", operands->items[0]);
}

/* What is said of one image cannot be said of several. */
static int check_several(const struct build_options *options, const struct list *operands, const struct list *services, struct error *e)
{
	const char *word = options->names.count ? "tag" : options->outputs.count ? "output" : options->iidfile ? "iidfile"
			 : options->metadata_file ? "metadata-file" : options->target ? "target" : options->file ? "file" : NULL;

	if (services->count < 2 || !word)
		return 0;
	error_set(e, ERROR_USAGE, "option --%s: it is for one image, and %zu services are built", word, services->count);
	return error_hint(e, "name one of them: box build --%s … %s %s", word, operands->items[0], services->items[0]);
}

static int build_services(const struct call *call, const struct build_options *options, const struct list *operands)
{
	const struct app_options chosen = { .override = options->override };
	autorelease(list) struct list services = { 0 };
	struct stack *stack = NULL;
	struct error e = { 0 };
	int status = 0;

	if (stack_load(operands->items[0], &chosen, &stack, &e) || choose_services(stack, operands, &services, &e) ||
	    check_several(options, operands, &services, &e))
		status = report_failure(&e);
	stack_free(stack);
	for (size_t i = 0; status == 0 && i < services.count; i++) {
		struct build_options own = *options; /* its lists are the same */
		autofree char *line = text_format("building %s", services.items[i]);

		if (services.count > 1 && style_of(options) != BUILD_LOG_QUIET)
			report_line(line);
		own.service = services.items[i];
		status = build_operand(call, &own, operands->items[0], /* is_spec= */ true, NULL);
	}
	return status;
}

int command_build(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct build_options options = BUILD_DEFAULTS;
	struct list *const lists[] = { &options.names, &options.args, &options.secrets, &options.labels, &options.annotations, &options.outputs,
				       &options.contexts, &options.ssh, &options.fresh, &options.hosts, &options.fields,
				       &options.cache_from, &options.cache_to };
	struct error e = { 0 };
	const char *operand;
	int result;

	if (options_parse(build_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) || check(&options, &operands, &e)) {
		result = report_failure(&e);
	} else if (operands.count && stack_is_file(operands.items[0])) {
		result = build_services(call, &options, &operands);
	} else {
		operand = operands.count ? operands.items[0] : ".";
		result = build_operand(call, &options, operand, is_spec(operand), NULL);
	}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_release(lists[i]);
	return result;
}
