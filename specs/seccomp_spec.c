/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_spec.c - a seccomp profile from JSON to structs.
 *
 * Docker's and OCI's formats differ in a few keys only, so one set of tables reads both. A key that is not known is
 * an error: a profile that is half understood protects less than its author believes. null counts as absent,
 * because Go programs write empty lists that way.
 */
#include "specs/seccomp_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/seccomp_keys.h"

/* Actions */

static int decode_action(json_t *value, enum seccomp_action *ret, struct error *e)
{
	int found = 0;

	if (key_word(value, seccomp_actions, "an action", &found, e))
		return -1;
	*ret = (enum seccomp_action)found;
	return 0;
}

/* The kernel takes 16 bits; values above 4095 are cut to 4095 there, so they are refused here. */
static int decode_errno(json_t *value, int *ret, struct error *e)
{
	json_int_t number = 0;

	if (key_number(value, 4095, &number, e))
		return -1;
	*ret = (int)number;
	return 0;
}

/* config-linux.md: an action without an error number that is given one is an error. */
static int check_errno(const json_t *object, const char *key, enum seccomp_action action, struct error *e)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value) || action == SECCOMP_ACTION_ERRNO || action == SECCOMP_ACTION_TRACE)
		return 0;
	error_set(e, ERROR_SPEC, "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an error number");
	return error_at(e, "%s", key);
}

/* Arguments of a rule */

static int argument_index(json_t *value, void *object, struct error *e)
{
	json_int_t number = 0;

	if (key_number(value, SECCOMP_ARGUMENTS - 1, &number, e))
		return -1;
	((struct seccomp_argument *)object)->index = (int)number;
	return 0;
}

/* All 64 bits: what is more than JSON's integers hold here comes as its digits (field_parse_wide). */
static int decode_value(json_t *value, uint64_t *ret, struct error *e)
{
	static const struct field number = { "value", FIELD_UNSIGNED, .flags = 0 };
	struct text expected = { 0 };

	if (field_decode_scalar(&number, value, ret, &expected) == 0)
		return 0;
	field_wrong(NULL, expected.data, value, e);
	text_release(&expected);
	return -1;
}

static int argument_value(json_t *value, void *object, struct error *e)
{
	return decode_value(value, &((struct seccomp_argument *)object)->value, e);
}

static int argument_value_two(json_t *value, void *object, struct error *e)
{
	return decode_value(value, &((struct seccomp_argument *)object)->value_two, e);
}

static int argument_operator(json_t *value, void *object, struct error *e)
{
	int found = 0;

	if (key_word(value, seccomp_operators, "an operator", &found, e))
		return -1;
	((struct seccomp_argument *)object)->op = (enum seccomp_operator)found;
	return 0;
}

static int decode_argument(json_t *value, struct seccomp_argument *ret, struct error *e)
{
	static const struct key keys[] = {
		{ "index", argument_index },
		{ "value", argument_value },
		{ "valueTwo", argument_value_two },
		{ "op", argument_operator },
		{ 0 },
	};

	if (key_object(value, keys, ret, e))
		return -1;
	if (!json_object_get(value, "index") || !json_object_get(value, "op"))
		return error_set(e, ERROR_SPEC, "expected \"index\", \"value\" and \"op\"");
	return 0;
}

/* Conditions of a rule */

static int condition_caps(json_t *value, void *object, struct error *e)
{
	return key_list(value, &((struct seccomp_condition *)object)->caps, e);
}

static int condition_arches(json_t *value, void *object, struct error *e)
{
	return key_list(value, &((struct seccomp_condition *)object)->arches, e);
}

static int condition_kernel(json_t *value, void *object, struct error *e)
{
	struct seccomp_condition *condition = object;
	const char *text = NULL;

	if (key_text(value, &text, e))
		return -1;
	free(condition->min_kernel);
	condition->min_kernel = alloc_copy(text);
	return 0;
}

static const struct key condition_keys[] = {
	{ "caps", condition_caps },
	{ "arches", condition_arches },
	{ "minKernel", condition_kernel },
	{ 0 },
};

/* Rules */

static int rule_names(json_t *value, void *object, struct error *e)
{
	return key_list(value, &((struct seccomp_rule *)object)->names, e);
}

static int rule_action(json_t *value, void *object, struct error *e)
{
	return decode_action(value, &((struct seccomp_rule *)object)->action, e);
}

static int rule_errno(json_t *value, void *object, struct error *e)
{
	return decode_errno(value, &((struct seccomp_rule *)object)->errno_ret, e);
}

static int rule_arguments(json_t *value, void *object, struct error *e)
{
	struct seccomp_rule *rule = object;
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return key_wrong(value, "an array", e);
	if (json_array_size(value) > SECCOMP_ARGUMENTS)
		return error_set(e, ERROR_SPEC, "expected at most %d conditions, found %zu", SECCOMP_ARGUMENTS,
				 json_array_size(value));
	json_array_foreach(value, i, item)
	{
		if (decode_argument(item, &rule->arguments[i], e))
			return error_at(e, "[%zu]", i);
		rule->argument_count = i + 1;
	}
	return 0;
}

static int rule_includes(json_t *value, void *object, struct error *e)
{
	return key_object(value, condition_keys, &((struct seccomp_rule *)object)->includes, e);
}

static int rule_excludes(json_t *value, void *object, struct error *e)
{
	return key_object(value, condition_keys, &((struct seccomp_rule *)object)->excludes, e);
}

static int decode_rule(json_t *value, struct seccomp_rule *ret, struct error *e)
{
	static const struct key keys[] = {
		{ "names", rule_names },
		{ "action", rule_action },
		{ "errnoRet", rule_errno },
		{ "args", rule_arguments },
		{ "includes", rule_includes },
		{ "excludes", rule_excludes },
		{ "comment", NULL },
		{ "errno", NULL }, /* podman's words for the number beside it */
		{ 0 },
	};

	ret->errno_ret = EPERM; /* as the OCI specification says, whatever the profile's default */
	if (key_object(value, keys, ret, e))
		return -1;
	if (ret->names.count == 0)
		return error_set(e, ERROR_SPEC, "expected \"names\" with at least one system call");
	if (!json_object_get(value, "action"))
		return error_set(e, ERROR_SPEC, "expected \"action\"");
	return check_errno(value, "errnoRet", ret->action, e);
}

/* The profile */

static int profile_action(json_t *value, void *object, struct error *e)
{
	return decode_action(value, &((struct seccomp_spec *)object)->default_action, e);
}

static int profile_errno(json_t *value, void *object, struct error *e)
{
	return decode_errno(value, &((struct seccomp_spec *)object)->default_errno, e);
}

static int profile_architectures(json_t *value, void *object, struct error *e)
{
	return key_list(value, &((struct seccomp_spec *)object)->architectures, e);
}

static int profile_flags(json_t *value, void *object, struct error *e)
{
	struct seccomp_spec *spec = object;
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return key_wrong(value, "an array of texts", e);
	json_array_foreach(value, i, item)
	{
		int flag = 0;

		if (key_word(item, seccomp_flags, "a flag", &flag, e))
			return error_at(e, "[%zu]", i);
		spec->flags |= (unsigned)flag;
	}
	return 0;
}

static int map_arch(json_t *value, void *object, struct error *e)
{
	struct seccomp_arch_map *map = object;
	const char *text = NULL;

	if (key_text(value, &text, e))
		return -1;
	free(map->arch);
	map->arch = alloc_copy(text);
	return 0;
}

static int map_sub(json_t *value, void *object, struct error *e)
{
	return key_list(value, &((struct seccomp_arch_map *)object)->sub, e);
}

static int profile_arch_map(json_t *value, void *object, struct error *e)
{
	static const struct key keys[] = { { "architecture", map_arch }, { "subArchitectures", map_sub }, { 0 } };
	struct seccomp_spec *spec = object;
	struct seccomp_arch_map *map;
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return key_wrong(value, "an array", e);
	json_array_foreach(value, i, item)
	{
		map = alloc_append(&spec->arch_map, &spec->arch_map_count, sizeof *map);
		if (key_object(item, keys, map, e))
			return error_at(e, "[%zu]", i);
		if (!map->arch) {
			error_set(e, ERROR_SPEC, "expected \"architecture\"");
			return error_at(e, "[%zu]", i);
		}
	}
	return 0;
}

static int profile_rules(json_t *value, void *object, struct error *e)
{
	struct seccomp_spec *spec = object;
	struct seccomp_rule *rule;
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return key_wrong(value, "an array", e);
	json_array_foreach(value, i, item)
	{
		rule = alloc_append(&spec->rules, &spec->rule_count, sizeof *rule);
		if (decode_rule(item, rule, e))
			return error_at(e, "[%zu]", i);
	}
	return 0;
}

static int refuse_listener(json_t *value, void *object, struct error *e)
{
	(void)value;
	(void)object;
	return error_set(e, ERROR_UNSUPPORTED, "only an OCI configuration can name a listener");
}

static int decode_profile(json_t *root, struct seccomp_spec *spec, struct error *e)
{
	static const struct key keys[] = {
		{ "defaultAction", profile_action },
		{ "defaultErrnoRet", profile_errno },
		{ "defaultErrno", NULL }, /* podman's words for the number beside it */
		{ "archMap", profile_arch_map },
		{ "architectures", profile_architectures },
		{ "flags", profile_flags },
		{ "syscalls", profile_rules },
		{ "comment", NULL },
		{ "listenerPath", refuse_listener },
		{ "listenerMetadata", refuse_listener },
		{ 0 },
	};

	spec->default_errno = EPERM;
	if (key_object(root, keys, spec, e))
		return -1;
	if (!json_object_get(root, "defaultAction"))
		return error_set(e, ERROR_SPEC, "expected \"defaultAction\"");
	return check_errno(root, "defaultErrnoRet", spec->default_action, e);
}

int seccomp_spec_read(json_t *profile, struct seccomp_spec *ret, struct error *e)
{
	struct seccomp_spec spec = { 0 };

	if (decode_profile(profile, &spec, e)) {
		seccomp_spec_release(&spec);
		return -1;
	}
	*ret = spec;
	return 0;
}

int seccomp_spec_decode(const char *json, size_t length, const char *name, struct seccomp_spec *ret, struct error *e)
{
	json_t *root = field_parse_wide(json, length, name, e);
	struct error first;
	int status;

	if (!root)
		return -1;
	status = seccomp_spec_read(root, ret, e);
	json_decref(root);
	if (status == 0)
		return 0;
	/* The place is one in the profile; e->field is for places in app.json. */
	first = *e;
	return error_set(e, first.kind, "%s: %s%s%s", name, first.field, first.field[0] ? ": " : "", first.text);
}

bool seccomp_spec_notifies(const struct seccomp_spec *spec)
{
	bool notifies = spec->default_action == SECCOMP_ACTION_NOTIFY;

	for (size_t i = 0; i < spec->rule_count; i++)
		notifies |= spec->rules[i].action == SECCOMP_ACTION_NOTIFY;
	return notifies;
}

static void condition_release(struct seccomp_condition *condition)
{
	list_release(&condition->caps);
	list_release(&condition->arches);
	free(condition->min_kernel);
}

void seccomp_spec_release(struct seccomp_spec *spec)
{
	for (size_t i = 0; i < spec->arch_map_count; i++) {
		free(spec->arch_map[i].arch);
		list_release(&spec->arch_map[i].sub);
	}
	for (size_t i = 0; i < spec->rule_count; i++) {
		list_release(&spec->rules[i].names);
		condition_release(&spec->rules[i].includes);
		condition_release(&spec->rules[i].excludes);
	}
	free(spec->arch_map);
	free(spec->rules);
	list_release(&spec->architectures);
	*spec = (struct seccomp_spec){ 0 };
}
