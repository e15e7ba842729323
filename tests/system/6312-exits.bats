#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box explain: what is known of the ends of an app in the background, and what of its file to change.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

start() { # start FIELDS
	app "$1"
	run box run -d app.json
	expect_status 0
}
has_record() { [ -e "$BOX_STORE/apps/$TAG/exits/$1.json" ]; }
record() { jq -r "$2" "$BOX_STORE/apps/$TAG/exits/$1.json"; }

@test "an exit code, and a name that is none" {
	need root
	start '"command": ["sh", "-c", "echo one; echo two >&2; printf \"good\\\\033bye\\\\n\"; sleep 0.3; exit 7"]'
	wait_until 10 has_record 1
	run box explain "$TAG"
	expect_has "$TAG, run 1: ended with exit code 7 after" "started 20" "its last lines:" "stdout one" "stderr two" 'stdout good\x1bbye'
	run box explain "$TAG" 2
	expect_status 1
	expect_has "explain $TAG: run 2 has no record" "those of runs 1 to 1 are kept"
	run box explain "$TAG-other"
	expect_status 1
	expect_has "find the app $TAG-other: there is none in the background"
}

@test "between two runs: its name is right, and each record has its own run's lines" {
	need root
	start '"command": ["sh", "-c", "echo bind: Permission denied; exit 7"], "network_mode": "host", "restart": "always"'
	wait_until 10 has_record 3
	run box exec "$TAG" true
	expect_has "find container $TAG: the app does not run now" "it is between two runs: box explain $TAG says how"
	[ "$(record 3 '.lines | length')" = 1 ] || fail "lines of other runs: $(record 3 .lines)"
	run box explain "$TAG" 3
	expect_has "it says that it may not listen there: on the host's network" "app.json:4: network_mode"
	run box stop "$TAG"
	run box exec "$TAG" true
	expect_has "find container $TAG: the app does not run now" "hint: box start $TAG"
}

@test "out of memory, with figures and the line to change" {
	need root cgroup:memory
	start '"command": ["probe", "memory", "200"], "resources": {"limits": {"memory": "32m"}}'
	wait_until 20 has_record 1
	run box explain "$TAG"
	expect_has "ended by SIGKILL" "out of memory: the limit is 32 MiB" "the kernel killed" "app.json:4: resources.limits.memory"
	[ "$(record 1 .oom_kills)" -ge 1 ] || fail "not counted"
	[ "$(record 1 .memory_max)" = 33554432 ] || fail "another limit"
}

@test "the limit of processes" {
	need root cgroup:pids
	start '"command": ["sh", "-c", "probe forks; exit 4"], "resources": {"limits": {"pids": 16}}'
	wait_until 20 has_record 1
	run box explain "$TAG"
	expect_has "exit code 4" "the limit of 16 processes" "resources.limits.pids"
}

@test "a read-only root that it wanted to write to, with the line" {
	need root
	start '"command": ["sh", "-c", "touch /run/good && touch /var/x || exit 4"], "read_only": true'
	wait_until 10 has_record 1
	run box explain "$TAG"
	expect_has "exit code 4" "it says that it cannot write" '"tmpfs": ["/FOLDER"]' "app.json:4: read_only" "touch: /var/x: Read-only file system"
}

@test "who asked it to end, and who did not" {
	need root
	start '"command": ["sh", "-c", "trap \"exit 3\" TERM; echo ready; while :; do sleep 0.1; done"]'
	wait_until 5 eval 'box logs "$TAG" | grep -q ready'
	box stop "$TAG"
	run box explain "$TAG"
	expect_has "ended with exit code 3" "asked to end by box stop"
	box start "$TAG"
	box restart "$TAG"
	run box explain "$TAG"
	expect_has "run 2:" "asked to end by box restart"
	kill -9 "$(box ps --format json | jq -r '.[0].pid')"
	wait_until 10 has_record 3
	run box explain "$TAG"
	expect_has "ended by SIGKILL" "somebody sent SIGKILL: neither box nor the kernel"
	box start "$TAG"
	box kill "$TAG" KILL
	wait_until 10 has_record 4
	run box explain "$TAG"
	expect_has "run 4: ended by SIGKILL" "sent by box kill"
	[[ $output != *stop_grace_period* ]] || fail "nobody asked it to stop"
}

@test "a crash behind an init" {
	need root
	start '"command": ["sh", "-c", "sleep 0.3; kill -SEGV $$$$"], "init": true'
	wait_until 10 has_record 1
	run box explain "$TAG"
	expect_has "ended with exit code 139" "a child of it was ended by SIGSEGV"
}

@test "a start that fails after others did not" {
	need root
	rootfs_folder root
	cp root/bin/busybox root/tool
	app_in "$WORK/root" '"command": ["/tool", "sleep", "0.5"], "restart": "always"'
	run box run -d app.json
	expect_status 0
	rm root/tool
	failed() { grep -qs '"text"' "$BOX_STORE/apps/$TAG"/exits/*.json; }
	wait_until 10 failed
	run box explain "$TAG"
	expect_has "could not be started" "/tool" "no such file or directory"
}

@test "the last ten runs are kept" {
	need root
	start '"command": ["true"], "restart": "no"'
	wait_until 10 has_record 1
	for run in {2..12}; do
		wait_until 10 box start "$TAG" # the last one's supervisor may be on its way out
		wait_until 10 has_record "$run"
	done
	[ "$(ls "$BOX_STORE/apps/$TAG/exits" | grep -x "[0-9]*.json" | sort -n | tr '\n' ' ')" = "$(seq -f %g.json 3 12 | tr '\n' ' ')" ] || fail "others are kept"
	run box explain "$TAG"
	expect_has "run 12:" "kept: runs 3 to 12 (box explain $TAG N)"
}

@test "refused system calls by name, and nothing else changes" {
	need root
	local acct=163 swapoff=168
	[ "$(uname -m)" != aarch64 ] || acct=89 swapoff=225
	start "\"command\": [\"sh\", \"-c\", \"for i in $acct $acct $swapoff; do probe call \$\$i; done >/tmp/c; sleep 1000\"]"
	has_called() { [ "$(box exec "$TAG" grep -c call /tmp/c)" = 3 ]; }
	wait_until 10 has_called
	run box exec "$TAG" cat /tmp/c
	[ "$(grep -c EPERM <<<"$output")" = 3 ] || fail "another answer"
	run box exec "$TAG" probe call $acct
	expect_has EPERM # of a filter of its own, which asks nobody
	# Whoever takes over goes on answering.
	kill -9 "$(sed -n 's/^pid //p' "$STATE/$TAG/supervisor")"
	box stop -t 0 "$TAG"
	run box explain "$TAG"
	expect_has "system calls that its seccomp profile refused: acct (2), swapoff (1)" "security.seccomp"
}

@test "inspect has health, exits and the spec, whether the app runs or not" {
	need root
	start '"command": ["sh", "-c", "trap \"exit 3\" TERM; while :; do sleep 0.1; done"],
	"healthcheck": {"test": ["CMD", "sh", "-c", "echo fine"], "interval": "200ms"}, "restart": "always"'
	wait_until 10 inspected '.health.checks[0].output' $'fine\n'
	inspected '.exits | length' 0 || fail "it has not ended"
	inspected '.spec.restart + " " + .status' "always running" || fail "$(box inspect "$TAG")"
	box kill "$TAG" KILL
	wait_until 10 inspected '.exits[0].signal' 9
	box start "$TAG"
	wait_until 10 eval 'minds "$(container_pid)" TERM'
	box stop "$TAG"
	inspected '.status' "exited (3)" || fail "$(box inspect "$TAG")"
	inspected '[.exits[] | .code] | join(" ")' "3 -1" || fail "not the last one first: $(box inspect "$TAG")"
	inspected '.spec_file' "$PWD/app.json" || fail "another file"
	inspected '.health' null || fail "it has health without a process"
}
inspected() { [ "$(box inspect "$TAG" | jq -r ".[0] | $1")" = "${2%$'\n'}" ]; }
