#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.resources.unified where there is cgroup v2 alone (scripts/check-vm): on a host with both the controllers are those of v1.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

@test "unified: controllers are enabled for it, and what box has no word for is written" {
	need delegation
	start_container '.linux.resources.unified = { "memory.high": "67108864", "pids.max": "77", "memory.oom.group": "1" }' sleep 1000 || fail "$(cat out)"
	[ "$(group_file none memory.high)" = 67108864 ]
	[ "$(group_file none pids.max)" = 77 ]
	[ "$(group_file none memory.oom.group)" = 1 ]
}
