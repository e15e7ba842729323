/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_option_merge.c - options of the command line as fields of app.json.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/option_merge.h"

static const struct {
	const char *file, *option, *merged, *set; /* JSON with ' for "; set: NULL, where it is not looked at */
} cases[] = {
	{ "{}", "user=1:2", "{'user':'1:2'}", "user=user" },
	{ "{'user':'root'}", "user=1", "{'user':'1'}", "user=user" },
	{ "{}", "memory=64m", "{'resources':{'limits':{'memory':'64m'}}}", "resources.limits.memory=memory" },
	{ "{'resources':{'limits':{'pids':1}}}", "pids-limit=20", "{'resources':{'limits':{'pids':20}}}", NULL },
	{ "{}", "pids-limit=many", "{'resources':{'limits':{'pids':'many'}}}", NULL },
	{ "{'resources':7}", "memory=64m", "{'resources':7}", NULL },
	{ "{}", "read-only=true", "{'read_only':true}", NULL },
	{ "{'init':true}", "init=false", "{'init':false}", NULL },
	{ "{}", "cap-add=A", "{'cap_add':['A']}", "cap_add=cap-add" },
	{ "{'cap_add':['A']}", "cap-add=B", "{'cap_add':['A','B']}", "cap_add[1]=cap-add" },
	{ "{'cap_add':'A'}", "cap-add=B", "{'cap_add':'A'}", NULL },
	{ "{}", "env-file=/etc/x", "{'env_file':['/etc/x']}", NULL },
	{ "{}", "label=a=b=c", "{'labels':{'a':'b=c'}}", "labels.a=label" },
	{ "{'labels':{'a':'b'}}", "label=c", "{'labels':{'a':'b','c':''}}", NULL },
	{ "{'labels':['a=b']}", "label=c=d", "{'labels':['a=b','c=d']}", NULL },
	{ "{}", "add-host=a:10.0.0.1", "{'extra_hosts':{'a':'10.0.0.1'}}", "extra_hosts.a=add-host" },
	{ "{'extra_hosts':{'a':'10.0.0.1'}}", "add-host=b=::1", "{'extra_hosts':{'a':'10.0.0.1','b':'::1'}}", NULL },
	{ "{'extra_hosts':['a:10.0.0.1']}", "add-host=b:10.0.0.2", "{'extra_hosts':['a:10.0.0.1','b:10.0.0.2']}", NULL },
	{ "{}", "ulimit=nofile=5", "{'ulimits':{'nofile':5}}", NULL },
	{ "{}", "ulimit=nofile=5:6", "{'ulimits':{'nofile':'5:6'}}", NULL },
	{ "{'entrypoint':['a','b']}", "entrypoint=c d", "{'entrypoint':['c d']}", NULL },
	{ "{'entrypoint':['a']}", "entrypoint=", "{'entrypoint':[]}", NULL },
	{ "{}", "entrypoint=a${B}", "{'entrypoint':['a$${B}']}", NULL }, /* the file's decoder would look B up */
	{ "{}", "stop-timeout=5", "{'stop_grace_period':'5s'}", NULL },
	{ "{'healthcheck':{'http':{'port':80},'interval':'5s'}}", "health-cmd=a b", "{'healthcheck':{'interval':'5s','test':['CMD-SHELL','a b']}}",
	  "healthcheck.test=health-cmd" },
	{ "{}", "health-cmd=none", "{'healthcheck':{'test':['NONE']}}", NULL },
	{ "{}", "health-retries=2", "{'healthcheck':{'retries':2}}", NULL },
	{ "{}", "security-opt=seccomp=unconfined", "{'security':{'seccomp':'unconfined'}}", "security.seccomp=security-opt" },
	{ "{}", "security-opt=no-new-privileges", "{'security':{'no_new_privileges':true}}", "security.no_new_privileges=security-opt" },
	{ "{}", "security-opt=no-new-privileges:false", "{'security':{'no_new_privileges':false}}", NULL },
};

static void expect_merged(size_t i)
{
	json_t *root, *expected;
	struct list options = { 0 }, set = { 0 };
	struct error e = { 0 };
	char *file = strdup(cases[i].file), *merged = strdup(cases[i].merged);

	for (char *at = file; (at = strchr(at, '\'')); at++)
		*at = '"';
	for (char *at = merged; (at = strchr(at, '\'')); at++)
		*at = '"';
	root = json_loads(file, 0, NULL);
	expected = json_loads(merged, 0, NULL);
	cr_assert(root && expected, "case %zu", i);
	list_add(&options, cases[i].option);
	cr_expect_eq(option_merge(&options, root, &set, &e), 0, "%s: %s", cases[i].option, e.text);
	cr_expect(json_equal(root, expected), "%s into %s: %s", cases[i].option, file, json_dumps(root, 0));
	if (cases[i].set)
		cr_expect_str_eq(set.count ? set.items[0] : "", cases[i].set, "%s", cases[i].option);
	json_decref(root);
	json_decref(expected);
	list_release(&options);
	list_release(&set);
	free(file);
	free(merged);
}

Test(option_merge, every_form)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect_merged(i);
}

Test(option_merge, what_cannot_be_read)
{
	static const char *const wrong[] = { "stop-timeout=1m", "security-opt=label=disable", "security-opt=seccomp",
					     "security-opt=no-new-privileges=perhaps" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *root = json_object();
		struct list options = { 0 }, set = { 0 };
		struct error e = { 0 };

		list_add(&options, wrong[i]);
		cr_expect_eq(option_merge(&options, root, &set, &e), -1, "%s", wrong[i]);
		cr_expect_eq(e.kind, ERROR_USAGE, "%s", wrong[i]);
		cr_expect_not_null(strstr(e.text, "expected"), "%s", e.text);
		cr_expect_eq(set.count, 0, "%s", wrong[i]);
		json_decref(root);
		list_release(&options);
	}
}

Test(option_merge, who_set_a_field)
{
	struct list set = { 0 };

	list_add(&set, "cap_add[1]=cap-add");
	list_add(&set, "resources.limits.memory=memory");
	list_add(&set, "ports=publish");
	cr_expect_str_eq(option_merged(&set, "resources.limits.memory"), "memory");
	cr_expect_str_eq(option_merged(&set, "cap_add[1]"), "cap-add");
	cr_expect_str_eq(option_merged(&set, "ports[0].target"), "publish");
	cr_expect_null(option_merged(&set, "cap_add[0]"));
	cr_expect_null(option_merged(&set, "cap_add[11]"));
	cr_expect_null(option_merged(&set, "resources.limits.memory_x"));
	cr_expect_null(option_merged(&set, "resources.limits"));
	cr_expect_null(option_merged(&set, ""));
	list_release(&set);
}
