#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A store that is somebody else's: the message says so, and not that its apps do not exist.

load lib
setup() { setup_world; }
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

@test "stop and rm of an app in somebody else's store say that it is, and touch nothing" {
	need root user
	local verb
	app '"command": ["sleep", "1000"]'
	run box run -d app.json
	expect_status 0
	chmod 755 "$BOX_STORE"
	for verb in stop rm "rm -f" start explain logs; do
		# shellcheck disable=SC2086 # words
		run as_user BOX_STORE="$BOX_STORE" bin/box $verb "$TAG"
		[ "$status" -ne 0 ] || fail "$verb went through"
		expect_has "$BOX_STORE"
		expect_has "it belongs to user 0"
		expect_not "does not exist" "there is none"
	done
	# One that may not even be entered.
	chmod 700 "$BOX_STORE"
	run as_user BOX_STORE="$BOX_STORE" bin/box stop "$TAG"
	expect_status 1
	expect_has "$BOX_STORE" "Permission denied" "it belongs to user 0"
	[ "$(box ps --format json | jq -r '.[0].status')" = running ]
	# In a store of one's own it is simply not there.
	run as_user bin/box stop "$TAG"
	expect_status 1
	expect_has "container does not exist"
	run as_user bin/box rm -f "$TAG"
	expect_status 0
}
