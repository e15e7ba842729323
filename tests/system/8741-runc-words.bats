#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Words that engines read from runc, and so from box: the version, the log, state and list.

load lib
load bundle
setup() {
	setup_world
	setup_bundles
}
teardown() { teardown_world; }

@test "--version: the lines that dockerd splits" {
	run box --version
	expect_status 0
	grep -qE '^box version [0-9]+\.[0-9]+\.[0-9]+[^ ]*$' <<<"${lines[0]}" || fail "${lines[0]}"
	grep -qE '^commit: .+$' <<<"${lines[1]}" || fail "${lines[1]}"
	grep -qE '^spec: 1\.[0-9]+\.[0-9]+$' <<<"${lines[2]}" || fail "${lines[2]}"
}

@test "--log without a format: pairs, each line of it" {
	run box --log log.txt state "$TAG-missing"
	expect_status 1
	grep -qE '^time="20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z" level=error msg=".*missing.*"$' log.txt || fail "$(cat log.txt)"
	bundle '.process.capabilities.bounding += ["CAP_OF_\"TOMORROW\""]' true
	run box --log log.txt --log-format text run -b . "$TAG"
	expect_status 0
	grep -qE '^time="[^"]*" level=warning msg="process.capabilities.bounding: unknown capability \\"CAP_OF_\\"TOMORROW\\"\\".*"$' log.txt || fail "$(cat log.txt)"
	[ "$(grep -cv '^time=' log.txt)" -eq 0 ] || fail "$(cat log.txt)"
}

@test "--log with json" {
	run box --log log.json --log-format json state "$TAG-missing"
	jq -e '.level == "error" and (.msg | contains("missing")) and (.time | fromdate > 0)' log.json || fail "$(cat log.json)"
}

@test "state and list: what runc says, with the time to its nanoseconds" {
	local before after
	bundle '.annotations = {"a.b": "c"}' sleep 60
	before=$(date -u +%Y-%m-%dT%H:%M:%S)
	box create -b . "$TAG" >out 2>&1 3>&-
	after=$(date -u +%Y-%m-%dT%H:%M:%S)
	box state "$TAG" >state.json
	jq -e --arg id "$TAG" --arg bundle "$WORK" --arg before "$before" --arg after "$after" --arg me "$(id -un)" '
		.ociVersion == "1.3.0" and .id == $id and .pid > 0 and .status == "created" and .bundle == $bundle and .rootfs == $bundle + "/root"
		and (.created | test("^[-0-9]+T[:0-9]+(\\.[0-9]{0,8}[1-9])?Z$") and .[:19] >= $before and .[:19] <= $after)
		and .owner == $me and .annotations == {"a.b": "c"}' state.json || fail "$(cat state.json)"
	[ "$(box list -f json | jq -r '.[0].created')" = "$(jq -r .created state.json)" ] || fail "$(box list -f json)"
	run box list
	expect_has "OWNER" "$(jq -r .created state.json)" "$(id -un)"
	box delete -f "$TAG"
}
