/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_options.h - options of docker run and podman run that people will type. Those that stand for a field of app.json are taken
 * (specs/option_fields.h); the refusal of the others says what to write instead.
 */
#pragma once

#include "cli/options.h"
#include "cli/other_options.h"
#include "specs/option_fields.h"

#define SPEC_OPTION(letter, name, form, field, argument, help) \
	{ letter, name, OPTION_FIELD, SPEC_OFFSET, argument, help },

/* Rows of an option table of a struct with SPEC_OFFSET. */
#define SPEC_OPTIONS \
	OPTION_FIELDS(SPEC_OPTION) \
	OTHER_OPTION(0, "mount", "-v SOURCE:TARGET[:ro], or in app.json: \"volumes\": [{\"type\": \"bind\", …}]"), \
	OTHER_OPTION(0, "memory-swap", "write it into app.json: \"resources\": {\"limits\": {\"swap\": \"64m\"}}"), \
	OTHER_OPTION('c', "cpu-shares", "write it into app.json: \"resources\": {\"limits\": {\"cpu_weight\": 100}}"), \
	OTHER_OPTION(0, "blkio-weight", "write it into app.json: \"resources\": {\"limits\": {\"io_weight\": 100}}"), \
	OTHER_OPTION(0, "log-driver", "write it into app.json: \"logging\": {\"driver\": \"journald\"}"), \
	OTHER_OPTION(0, "log-opt", "write it into app.json: \"logging\": {\"max_size\": \"10m\", \"max_files\": 3}"), \
	OTHER_OPTION(0, "secret", "write it into app.json: \"secrets\": [{\"source\": \"./db\", \"target\": \"db\"}]"), \
	OTHER_OPTION(0, "privileged", "write what it needs into app.json: \"cap_add\", \"devices\" and \"security\"")
