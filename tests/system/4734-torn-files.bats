#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a power cut may leave of files that were being written: cut in the middle, or as long as they were with zeros at their end (file systems
# keep the length first). The log shows no line that the app never wrote, and goes on; the audit trail says where it was cut. 4723 cuts the power.

load lib
setup() { setup_world; need root jq; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

ticks='"command": ["sh", "-c", "n=0; while [ $$n -lt 200 ]; do n=$$((n + 1)); echo tick $$n; done; sleep 1000"], "restart": "unless-stopped"'
supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }
watcher_pid() {
	local fd
	for fd in /proc/[0-9]*/fd/3; do
		[ "$(readlink "$fd" 2>/dev/null)" != "$STATE/.watch" ] || { fd=${fd#/proc/} && echo "${fd%%/*}"; }
	done
}
power_off() {
	local boxes apps group
	boxes="$(watcher_pid) $(supervisor_of "$TAG")"
	apps=$(box ps --format json | jq '.[].pid | select(. > 0)')
	kill -STOP $boxes
	kill -KILL $boxes $apps
	rm -rf "$STATE"
	for group in $(find /sys/fs/cgroup -depth -path "*/box/$TAG*" -type d); do
		wait_until 5 rmdir "$group" || return
	done
}
written() { [ "$(box logs "$TAG" | grep -cx 'tick 200')" -ge "$1" ]; }
# The newest file of the log.
log_file() { ls -d "$BOX_STORE/apps/$TAG/log/"* | sort -V | tail -1; }

# torn_by COMMAND…: what that does to a file is done to the log and to the audit trail.
torn_by() {
	app "$ticks"
	box run -d app.json
	wait_until 10 written 1
	power_off
	"$@" "$(log_file)"
	"$@" "$BOX_STORE/audit.log"
	box boot
	wait_until 10 written "$least"
	run box logs "$TAG"
	expect_status 0
	[ -z "$(grep -vx 'tick [0-9]*' <<<"$output")" ] || fail "lines that the app never wrote"
	[ "$(grep -cx 'tick 1' <<<"$output")" -eq 2 ] || fail "one of the runs is gone"
	[ "$(tail -n 200 <<<"$output" | paste -sd' ')" = "$(seq -f 'tick %.0f' 200 | paste -sd' ')" ] || fail "the new run is not whole"
	run box audit --verify
	expect_status "$verdict"
	expect_has "$says"
}

cut() { truncate -s -7 "$1"; }
zeros() { truncate -s -40 "$1" && truncate -s +40 "$1"; }
more_zeros() { truncate -s +4096 "$1"; }

@test "cut in the middle of a record" {
	least=1 verdict=0 says="was cut"
	torn_by cut
}

@test "zeros in place of the end of the last record" {
	least=1 verdict=0 says="was cut"
	torn_by zeros
}

@test "a page of zeros behind the last record" {
	least=2 verdict=0 says="cut"
	torn_by more_zeros
}

@test "a run that ended with the host: box explain and ps say so, also of an app that does not come back" {
	app '"command": ["sh", "-c", "echo said; exec sleep 1000"]'
	box run -d app.json
	wait_until 10 eval 'box logs "$TAG" | grep -qx said'
	power_off
	# In the same boot nobody knows why.
	box boot
	run box explain "$TAG"
	expect_has "run 1: began, and nobody saw its end" "said"
	expect_not rebooted
	[ "$(box ps -a --format json | jq -r '.[0].status')" = "exited (?)" ] || fail "$(box ps -a)"
	box start "$TAG"
	wait_until 10 eval '[ "$(box logs "$TAG" | grep -cx said)" -eq 2 ]'
	power_off
	# Another boot.
	sed -i 's/^boot .*/boot another/' "$BOX_STORE/apps/$TAG/run"
	box boot
	run box explain "$TAG"
	expect_has "run 2: ended with the host: the host rebooted" "said"
	[ "$(box ps -a --format json | jq -r '.[0].status')" = "exited (?)" ] || fail "$(box ps -a)"
	box start "$TAG"
	box stop -t 0 "$TAG"
	[ ! -e "$BOX_STORE/apps/$TAG/run" ] || fail "its end was noted, and the mark stays"
	run box explain "$TAG"
	expect_has "run 3:"
	expect_not rebooted
}
