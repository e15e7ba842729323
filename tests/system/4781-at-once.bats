#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Verbs on several containers at once.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# Apps that end by themselves only after all of them were asked to.
begin_three() { # begin_three BOX…: as root or as the user
	local n
	for n in 1 2 3; do
		app '"command": ["sh", "-c", "t() { touch /told/$ME; while [ $(ls /told | wc -l) -lt 3 ]; do sleep 0.1; done; exit 7; }; trap t TERM; touch /ready/$ME; while :; do sleep 0.1; done"],
			"environment": {"ME": "'$n'"}, "stop_grace_period": "60s",
			"volumes": ["'"$1"'/told:/told", "'"$1"'/ready:/ready"]' "$1/app.json"
		"${@:2}" run -d --name "$TAG-$n" "$1/app.json"
	done
	wait_until 20 eval '[ "$(ls '"$1"'/ready | wc -l)" -eq 3 ]'
}
statuses() { "$@" ps -a --format json | jq -r '[.[].status] | sort | join(", ")'; }

@test "stop asks all of them before it waits for one; one that is not there does not keep the others" {
	need root jq
	mkdir -m 700 told ready
	begin_three "$WORK" box
	run box stop "$TAG-1" nobody "$TAG-2" "$TAG-3" no/name
	expect_status 125
	[ "$(statuses box)" = "exited (7), exited (7), exited (7)" ] || fail "$(statuses box)"
	[ "$(grep -c '^box:' <<<"$output")" -ge 2 ] || fail "an error is missing"
	[ "$(grep -oE 'nobody|no/name' <<<"$output" | uniq | paste -sd' ')" = "nobody no/name" ] || fail "not in their order"
	run box rm "$TAG-1" "$TAG-2" "$TAG-3"
	expect_status 0
	[ -z "$(box ps -aq)" ]
}

@test "rm -f removes all of them, and the audit trail has their names" {
	need root jq
	mkdir -m 700 told ready
	begin_three "$WORK" box
	run box rm -f "$TAG-1" nobody "$TAG-2" "$TAG-3"
	expect_status 0
	[ -z "$(box ps -aq)" ]
	[ "$(box audit --verb rm --format json | jq -c '.[-1].containers')" = "[\"$TAG-1\",\"nobody\",\"$TAG-2\",\"$TAG-3\"]" ]
}

@test "more than it does at once" {
	need root
	run box rm -f $(seq -f "nobody-%g" 100)
	expect_status 0
	run box stop $(seq -f "nobody-%g" 100)
	expect_status 1
	[ "$(grep -c '^box: .*nobody-' <<<"$output")" -eq 100 ] || fail "not all were reported"
}
