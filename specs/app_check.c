/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_check.c - the table of rules.
 */
#include "specs/app_check.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "specs/app_fields.h"
#include "specs/app_parts.h"
#include "specs/build_plan.h"
#include "specs/container.h"
#include "specs/oci_block.h"
#include "specs/problems.h"

int app_unexpected(struct problems *p, const char *expected, const char *found, const char *field, ...)
{
	char path[sizeof p->e->field];
	va_list args;

	va_start(args, field);
	(void)vsnprintf(path, sizeof path, field, args); /* cut is fine */
	va_end(args);
	error_set(p->e, ERROR_SPEC, "expected %s, found \"%.80s\"", expected, found);
	error_at(p->e, "%s", path);
	return problems_add(p);
}

/* Against the namespaces that the app will have: whether it is well-formed cannot depend on the image. */
static int check_oci(const struct app *app, struct problems *p)
{
	struct container scratch = { 0 };
	int result;

	limits_init(&scratch.limits);
	app_choose_namespaces(app, &scratch);
	result = oci_block_merge(app->oci, &scratch, p->e);
	container_release(&scratch);
	return result ? problems_add(p) : 0;
}

/* The steps of "build", as far as they can be known without the images that its stages begin with. */
static int check_build(const struct app *app, struct problems *p)
{
	const struct build_inputs inputs = { .target = NULL };
	const struct build_config nothing = { 0 };
	struct build_file *file = NULL;
	int result = 0;

	if (!build_is_native(&app->build))
		return 0;
	if (build_file_from_spec(&app->build, &inputs, &file, p->e)) {
		error_at(p->e, "build");
		return problems_add(p);
	}
	for (size_t i = 0; i < build_file_count(file) && result == 0; i++) {
		struct build_stage stage = { 0 };

		if (build_stage_resolve(file, i, &nothing, &stage, p->e)) {
			error_at(p->e, "build");
			result = problems_add(p);
		}
		build_stage_release(&stage);
	}
	build_file_free(file);
	return result;
}

static int (*const rules[])(const struct app *app, struct problems *p) = {
	check_name,    check_source,       check_program, check_user,  check_hostname, check_stop_signal, check_reload,
	check_capabilities,
	check_security, check_networks,     check_extra_hosts, check_ports,       check_healthcheck, check_restart,  check_logging, check_schedule,
	check_memory,  check_disk,         check_cpusets,      check_io,      check_ulimits, check_sysctls,
	check_volumes, check_tmpfs,        check_secrets, check_devices, check_targets, check_oci,
	check_build,
};

int app_check_rules(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i](app, p))
			return -1;
	return 0;
}
