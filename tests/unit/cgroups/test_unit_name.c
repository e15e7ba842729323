/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_unit_name.c - which unit a cgroupsPath names, and where its group lies.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "base/error.h"
#include "cgroups/unit_name.h"

struct name_case {
	char path[80];
	bool is_user;
	char slice[40], unit[80], group[120];
};

ParameterizedTestParameters(unit_name, what_a_path_means)
{
	static struct name_case cases[] = {
		{ "system.slice:box:web", false, "system.slice", "box-web.scope", "/system.slice/box-web.scope" },
		{ "machine.slice:libpod:0123", false, "machine.slice", "libpod-0123.scope", "/machine.slice/libpod-0123.scope" },
		{ "a-b-c.slice:p:n", false, "a-b-c.slice", "p-n.scope", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ ":p:n", false, "system.slice", "p-n.scope", "/system.slice/p-n.scope" },
		{ ":p:n", true, "user.slice", "p-n.scope", "/user.slice/p-n.scope" },
		{ "::n", false, "system.slice", "n.scope", "/system.slice/n.scope" },
		{ "-:p:n", false, "-.slice", "p-n.scope", "/p-n.scope" },
		{ "-.slice:p:n", false, "-.slice", "p-n.scope", "/p-n.scope" },
		{ "system.slice:p:pod-x.slice", false, "system.slice", "pod-x.slice", "/pod.slice/pod-x.slice" },
		{ "cpu.slice::memory", false, "cpu.slice", "memory.scope", "/_cpu.slice/_memory.scope" },
		{ "system.slice:_a:b", false, "system.slice", "_a-b.scope", "/system.slice/__a-b.scope" },
		{ "", false, "system.slice", "box-ID.scope", "/system.slice/box-ID.scope" },
		{ "", true, "user.slice", "box-ID.scope", "/user.slice/box-ID.scope" },
		{ "kubepods-pod1_2.slice:cri-containerd:ab", false, "kubepods-pod1_2.slice", "cri-containerd-ab.scope",
		  "/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-ab.scope" },
	};

	return cr_make_param_array(struct name_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct name_case *c, unit_name, what_a_path_means)
{
	struct unit_name name = { 0 };
	struct error e = { 0 };

	cr_assert_eq(unit_name_of(c->path, "ID", c->is_user, &name, &e), 0, "%s: %s", c->path, e.text);
	cr_assert_str_eq(name.slice, c->slice);
	cr_assert_str_eq(name.unit, c->unit);
	cr_assert_str_eq(name.group, c->group);
	cr_assert_eq(name.is_slice, strstr(c->unit, ".slice") != NULL);
	unit_name_release(&name);
}

struct bad_case {
	char path[80], said[120];
};

ParameterizedTestParameters(unit_name, what_is_refused)
{
	static struct bad_case cases[] = {
		{ "/docker/web", "expected \"slice:prefix:name\"" },
		{ "a.slice:b", "expected \"slice:prefix:name\"" },
		{ "a.slice:b:", "expected \"slice:prefix:name\"" },
		{ "a.slice:b:c:d", "expected \"slice:prefix:name\"" },
		{ "system:b:c", "a slice is called NAME.slice" },
		{ ".slice:b:c", "a slice is called NAME.slice" },
		{ "a--b.slice:b:c", "a slice is called NAME.slice" },
		{ "-a.slice:b:c", "a slice is called NAME.slice" },
		{ "a-.slice:b:c", "a slice is called NAME.slice" },
		{ "a/b.slice:b:c", "a unit's name has letters" },
		{ "../x.slice:b:c", "a unit's name has letters" },
		{ "a.slice:b:../c", "a unit's name has letters" },
		{ "a.slice:b:c d", "a unit's name has letters" },
		{ "a.slice:b:-.slice", "the root slice" },
	};

	return cr_make_param_array(struct bad_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct bad_case *c, unit_name, what_is_refused)
{
	struct unit_name name = { 0 };
	struct error e = { 0 };

	cr_assert_eq(unit_name_of(c->path, "ID", false, &name, &e), -1, "%s was taken", c->path);
	cr_assert(strstr(e.text, c->said), "%s: %s", c->path, e.text);
	cr_assert_str_eq(e.field, "linux.cgroupsPath");
	cr_assert(e.hint[0]);
	cr_assert_null(name.unit);
}

Test(unit_name, a_name_has_a_bound)
{
	struct unit_name name = { 0 };
	struct error e = { 0 };
	char path[400] = "a.slice:b:";

	memset(path + strlen(path), 'x', 300);
	cr_assert_eq(unit_name_of(path, "ID", false, &name, &e), -1);
}
