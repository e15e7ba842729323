/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_exec.c - a health check by a program in the app (app_program.h), for "box app-check" of its supervisor.
 */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/app_program.h"
#include "runtime/apps/apps.h"
#include "runtime/box.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"
#include "specs/field.h"

_Static_assert((int)APP_PROGRAM_LATE == (int)HEALTH_LATE_CODE, "the supervisor knows a late check by its code");

struct check {
	struct health_plan plan;
	struct list test;
};

static const struct field test_fields[] = {
	{ "test", FIELD_TEXT_LIST, offsetof(struct check, test), .flags = FIELD_REQUIRED,
	  .help = "program and arguments" },
	{ 0 },
};

static int read_test(const struct places *places, const char *name, struct check *check, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);

	if (definition < 0)
		return -1;
	if (health_plan_read(definition, &check->plan, e))
		return -1;
	if (!check->plan.test)
		return error_set(e, ERROR_MISSING, "check %s: its definition names no program for that", name);
	return field_decode_text(check->plan.test, strlen(check->plan.test), HEALTH_PLAN_FILE, test_fields, check, e);
}

int box_check_health(const struct places *places, const char *name, int *ret_status, struct error *e)
{
	struct check check = { 0 };
	int result = -1;

	if (name_check(name, e) == 0 && read_test(places, name, &check, e) == 0) {
		const struct app_program program = {
			.name = name, .args = &check.test, .group = "box-check", .timeout_ms = check.plan.timeout_ms
		};

		result = app_program_run(places, &program, ret_status, e);
	}
	health_plan_release(&check.plan);
	list_release(&check.test);
	return result;
}
