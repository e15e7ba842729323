#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box exec from a session whose hard limits are lower than those that the app was started with.

load lib
setup() { setup_world; need root; }
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1
	teardown_world
}

# Without the privilege to raise it again, as in an ordinary user's session.
lowered() { setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource prlimit --nofile=900:900 "$@"; }

@test "exec has the app's limits as far as its caller may" {
	app '"command": ["sleep", "1000"]'
	box run -d app.json
	run box exec "$TAG" sh -c 'ulimit -Hn'
	[ "$output" -gt 900 ] || fail "the app's limit is too low for this test"
	wanted=$output
	run lowered box exec "$TAG" sh -c 'ulimit -Hn; ulimit -n'
	expect_status 0
	[ "$output" = $'900\n900' ] || fail "not as far as it goes ($wanted)"
}

@test "what --ulimit or the file asks for is still refused with the highest value that is possible" {
	app '"command": ["true"], "ulimits": {"nofile": 5000}'
	run lowered box run app.json
	expect_status 125
	expect_has "set the limit nofile to 5000: box itself may go up to 900"
}
