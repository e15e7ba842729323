/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_fields.c - the tables of "build" in app.json.
 */
#include "specs/app_fields.h"
#include "specs/app_tables.h"
#include "specs/shorthand.h"

static const char *const networks[] = { "none", "default", "host", NULL };

#define AT(member) offsetof(struct native_step, member)
static const struct field step_fields[] = {
	{ "run", FIELD_TEXT_LIST, AT(run), .flags = FIELD_SPARSE, .expand = shorthand_run,
	  .help = "A program and its arguments, or a text: a line for /bin/sh." },
	{ "copy", FIELD_TEXT_LIST, AT(copy), .flags = FIELD_SPARSE,
	  .help = "Files and folders, as patterns, below \"from\"." },
	{ "add", FIELD_TEXT_LIST, AT(add), .flags = FIELD_SPARSE,
	  .help = "Addresses (https://…, repositories) that are fetched." },
	{ "write", FIELD_TEXT, AT(write), .help = "The content of a file." },
	{ "folder", FIELD_TEXT, AT(folder), .help = "A folder that is made, with those above it." },
	{ "from", FIELD_TEXT, AT(from), .help = "copy: a stage or an image. Default: the context." },
	{ "to", FIELD_TEXT, AT(to),
	  .help = "copy, add, write: where to, below the base's working folder. A folder ends in \"/\"." },
	{ "owner", FIELD_TEXT, AT(owner), .help = "copy, add, write: \"user:group\", names or numbers. Default: 0:0." },
	{ "mode", FIELD_TEXT, AT(mode),
	  .help = "copy, add, write: \"755\" or \"u=rwX,go=rX\". Default: the source's." },
	{ "exclude", FIELD_TEXT_LIST, AT(exclude), .flags = FIELD_SPARSE, .help = "copy: patterns of what stays out." },
	{ "parents", FIELD_BOOL, AT(parents), .help = "copy: keeps the sources' folders. Default: false." },
	{ "checksum", FIELD_TEXT, AT(checksum), .help = "add: \"sha256:…\" of the one file." },
	{ "unpack", FIELD_BOOL, AT(unpack), .help = "copy, add: of an archive its content. Default: false." },
	{ "user", FIELD_TEXT, AT(user), .help = "run: who runs it; folder: who owns it. Default: the base's." },
	{ "working_dir", FIELD_PATH, AT(working_dir), .help = "run: where. Default: the base's." },
	{ "environment", FIELD_MAP, AT(environment), .help = "run: variables of this step alone." },
	{ "network", FIELD_ENUM, AT(network), .names = networks, .help = "run: none, default or host. Default: none." },
	{ "cache", FIELD_TEXT_LIST, AT(cache), .flags = FIELD_SPARSE,
	  .help = "run: folders that are kept from build to build, and in no image." },
	{ "secrets", FIELD_TEXT_LIST, AT(secrets), .flags = FIELD_SPARSE,
	  .help = "run: names of secrets, as files in /run/secrets." },
	{ "tmpfs", FIELD_TEXT_LIST, AT(tmpfs), .flags = FIELD_SPARSE, .help = "run: folders in memory." },
	{ "ssh", FIELD_BOOL, AT(ssh), .help = "run: the caller's ssh agent. Default: false." },
	{ "mounts", FIELD_TEXT_LIST, AT(mounts), .flags = FIELD_SPARSE,
	  .help = "run: others, as RUN --mount has them: \"type=bind,from=build,source=/out,target=/in\"." },
	{ 0 },
};
#undef AT

#define AT(member) (offsetof(struct native_config, healthcheck.member) - offsetof(struct native_config, healthcheck))
static const struct field health_fields[] = {
	{ "test", FIELD_TEXT_LIST, AT(test), .flags = FIELD_SPARSE | FIELD_CHECK,
	  .help = "[\"CMD\", program, …], [\"CMD-SHELL\", line] or [\"NONE\"]." },
	{ "interval", FIELD_DURATION, AT(interval), .min = 1000, .help = "Time from one check to the next." },
	{ "timeout", FIELD_DURATION, AT(timeout), .min = 1000, .help = "Time for one check." },
	{ "start_period", FIELD_DURATION, AT(start_period), .help = "Time in which failures do not count." },
	{ "start_interval", FIELD_DURATION, AT(start_interval), .min = 1000, .help = "Time between checks in it." },
	{ "retries", FIELD_INTEGER, AT(retries), .min = 1, .max = 1000, .help = "Failures until it is unhealthy." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct native_config, member)
static const struct field config_fields[] = {
	{ "environment", FIELD_MAP, AT(environment), .help = "Variables of the app, added to the base's." },
	{ "user", FIELD_TEXT, AT(user), .help = "Who runs it." },
	{ "working_dir", FIELD_PATH, AT(working_dir), .help = "Where it begins." },
	{ "entrypoint", FIELD_TEXT_LIST, AT(entrypoint), .flags = FIELD_SPARSE,
	  .help = "Program; takes the base's command away." },
	{ "command", FIELD_TEXT_LIST, AT(command), .flags = FIELD_SPARSE, .help = "Arguments, or the program." },
	{ "expose", FIELD_TEXT_LIST, AT(expose), .flags = FIELD_SPARSE,
	  .help = "Ports: \"80\", \"53/udp\", \"8000-8010\"." },
	{ "volumes", FIELD_TEXT_LIST, AT(volumes), .flags = FIELD_SPARSE, .help = "Folders for data." },
	{ "labels", FIELD_MAP, AT(labels), .help = "Labels, added to the base's." },
	{ "stop_signal", FIELD_TEXT, AT(stop_signal), .help = "Signal that ends it." },
	{ "author", FIELD_TEXT, AT(author), .help = "Who made it." },
	{ "healthcheck", FIELD_OBJECT, AT(healthcheck), .sub = health_fields,
	  .help = "How it is asked whether it works." },
	{ 0 },
};
#undef AT

/* A stage, and the build itself, which is its own last stage. */
#define STAGE(base, from_flags)                                                                                        \
	{ "from", FIELD_TEXT, (base) + offsetof(struct native_stage, from), .flags = (from_flags),                     \
	  .help = "Image or stage that it begins with, or \"scratch\"." },                                             \
		{ "platform", FIELD_TEXT, (base) + offsetof(struct native_stage, platform),                            \
		  .help = "Of that image: \"linux/arm64\"." },                                                         \
		{ "steps",                                                                                             \
		  FIELD_OBJECT_LIST,                                                                                   \
		  (base) + offsetof(struct native_stage, steps),                                                       \
		  .sub = step_fields,                                                                                  \
		  .size = sizeof(struct native_step),                                                                  \
		  .count_offset = (base) + offsetof(struct native_stage, step_count),                                  \
		  .help = "What is done, one after the other." },                                                      \
	{                                                                                                              \
		"config", FIELD_OBJECT, (base) + offsetof(struct native_stage, config),                                \
			.sub = config_fields, .help = "What the image says of itself."                                 \
	}

static const struct field stage_fields[] = { STAGE(0, FIELD_REQUIRED), { 0 } };

const struct field build_fields[] = {
	{ "context", FIELD_TEXT, offsetof(struct build, context),
	  .help = "Folder with the files. Default: the file's." },
	{ "dockerfile", FIELD_TEXT, offsetof(struct build, dockerfile),
	  .help = "Dockerfile in it. Default, without \"steps\": Dockerfile." },
	{ "target", FIELD_TEXT, offsetof(struct build, target), .help = "Stage to stop at." },
	{ "args", FIELD_MAP, offsetof(struct build, args),
	  .help = "Build arguments; of steps: variables of all, with their defaults." },
	{ "contexts", FIELD_MAP, offsetof(struct build, contexts),
	  .help = "Folders (\"../lib\") and images (\"docker-image://NAME\", \"oci-layout://FOLDER:TAG\") that FROM and \"from\" call by name." },
	{ "epoch", FIELD_INTEGER, offsetof(struct build, epoch), .flags = FIELD_UNSET, .max = INT64_MAX,
	  .help = "Seconds since 1970: no file is newer. Default: SOURCE_DATE_EPOCH, or the commit's time." },
	{ "stages", FIELD_OBJECT_MAP, offsetof(struct build, stages), .sub = stage_fields,
	  .size = sizeof(struct native_stage), .count_offset = offsetof(struct build, stage_count),
	  .help = "Stages by name, in any order: what others copy from." },
	STAGE(offsetof(struct build, last), 0),
	{ 0 },
};
