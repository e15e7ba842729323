/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_state.c - what is written about a container can be read.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/places.h"
#include "runtime/state/state.h"
#include "specs/container.h"
#include "tests/unit/base/scratch.h"

/* An engine's profile is a mode of its own, too: a record that cannot be read back counts as none, and what it names is swept away. */
Test(state, record_of_every_seccomp_mode)
{
	SCRATCH();
	struct places places = { .state = scratch_folder.path, .store = (char *)"/nowhere" };
	struct error e = { 0 };

	for (int mode = SECCOMP_UNCONFINED; mode <= SECCOMP_TEXT; mode++) {
		struct record record = { .name = (char *)"one", .pid = getpid(), .seccomp = mode }, back = { 0 };
		struct state state;
		bool alive;

		cr_assert_eq(state_make(&places, "one", &state, &e), 0, "%s", e.text);
		cr_assert_eq(state_write(&state, &record, &e), 0, "%s", e.text);
		cr_assert_eq(state_read(&places, "one", &back, &alive, &e), 0, "mode %d: %s", mode, e.text);
		cr_expect_eq(back.seccomp, mode);
		record_release(&back);
		cr_assert_eq(state_remove(&places, &state, &e), 0, "%s", e.text);
	}
}

/* The reason is the folder's, and is told: without it a container that is there would seem to be missing. */
Test(state, folder_that_others_can_change)
{
	SCRATCH();
	struct places places = { .state = scratch_folder.path, .store = (char *)"/nowhere" };
	struct error e = { 0 };

	cr_assert_eq(chmod(scratch_folder.path, 0777), 0);
	errno = ENOENT;
	cr_expect_eq(state_folder(&places, "one", &e), -1);
	cr_expect_eq(e.kind, ERROR_DENIED, "%s", e.text);
	cr_expect(strstr(e.text, "others can change what is in it"), "%s", e.text);
	cr_assert_eq(chmod(scratch_folder.path, 0700), 0);
	cr_expect_eq(state_folder(&places, "one", &e), -1);
	cr_expect_eq(e.kind, ERROR_MISSING, "%s", e.text);
	places.state = (char *)"/nowhere";
	cr_expect_eq(state_folder(&places, "one", &e), -1);
	cr_expect_eq(e.kind, ERROR_MISSING, "%s", e.text);
}
