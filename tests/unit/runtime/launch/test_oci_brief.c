/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/launch/oci_brief.h"
#include "runtime/seccomp/seccomp_filter.h"
#include "runtime/state/state.h"
#include "specs/container.h"
#include "tests/unit/base/scratch.h"

/* Writes what create would write of such a container. */
static void write_brief(int folder, struct container *container, const char *json, size_t cut)
{
	struct sock_filter code[] = { { 6, 0, 0, 0x7fff0000 }, { 6, 0, 0, 0 } };
	const struct seccomp_filter filter = { .code = code, .count = 2, .flags = 4 };
	struct text rest = { 0 }, bytes = { 0 };
	struct error e = { 0 };

	text_add(&rest, json);
	oci_brief_make(container, &rest, &filter, &bytes);
	cr_assert_eq(file_replace(folder, STATE_BRIEF, bytes.data, bytes.length - cut, 0600, &e), 0, "%s", e.text);
	text_release(&rest);
	text_release(&bytes);
}

Test(oci_brief, what_was_written_is_read)
{
	struct scratch folder = scratch_make();
	struct oci_part oci = { 0 };
	struct container container = { .oci = &oci, .capabilities.bounding = 0x400 };
	struct text content = { 0 };
	struct oci_brief brief;
	struct seccomp_filter filter;

	write_brief(folder.fd, &container, "{\"a\": 1}", 0);
	cr_assert(oci_brief_read(folder.fd, &content, &brief));
	cr_expect_eq(brief.bounding, 0x400);
	cr_expect_eq(brief.json_length, strlen("{\"a\": 1}"));
	cr_expect_eq(memcmp(brief.json, "{\"a\": 1}", brief.json_length), 0);
	oci_brief_filter(&brief, &filter);
	cr_expect_eq(filter.count, 2);
	cr_expect_eq(filter.flags, 4);
	cr_expect_eq(filter.code[0].k, 0x7fff0000);
	seccomp_filter_release(&filter);
	text_release(&content);
	scratch_remove(&folder);
}

Test(oci_brief, a_file_that_was_cut_off_is_none)
{
	struct scratch folder = scratch_make();
	struct oci_part oci = { 0 };
	struct container container = { .oci = &oci };
	struct oci_brief brief;

	for (size_t cut = 1; cut < 60; cut++) {
		struct text content = { 0 };

		write_brief(folder.fd, &container, "{\"a\": 1}", cut);
		cr_expect_not(oci_brief_read(folder.fd, &content, &brief), "%zu", cut);
		text_release(&content);
	}
	scratch_remove(&folder);
}

Test(oci_brief, start_is_concerned_by_hooks_and_listeners_and_where_nothing_is_known)
{
	struct scratch folder = scratch_make();
	struct hook hook = { 0 };
	struct oci_part plain = { 0 }, hooked = { .hooks[HOOK_POSTSTOP] = { .items = &hook, .count = 1 } };
	struct oci_part heard = { .seccomp_listener = (char *)"/s" };
	struct container container = { .oci = &plain };

	cr_expect(oci_brief_concerns_start(folder.fd));
	write_brief(folder.fd, &container, "{}", 0);
	cr_expect_not(oci_brief_concerns_start(folder.fd));
	container.oci = &hooked;
	write_brief(folder.fd, &container, "{}", 0);
	cr_expect(oci_brief_concerns_start(folder.fd));
	container.oci = &heard;
	write_brief(folder.fd, &container, "{}", 0);
	cr_expect(oci_brief_concerns_start(folder.fd));
	scratch_remove(&folder);
}
