#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many at once, failures at every step, a killed box: nothing is left, and the next command cleans up.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

has_run() { [ -e "$BUNDLE/rootfs/ran" ]; }

one_create() {
	local code=0
	timeout 40 box create -b "$BUNDLE" "$TAG" </dev/null >"$WORK/out.$1" 2>&1 || code=$?
	echo $code >"$WORK/code.$1"
}

@test "64 creates of one id: one wins, 63 are clean errors" {
	bundle . sleep 1000
	at_once 64 one_create
	[ "$(cat code.* | grep -cx 0)" = 1 ] || fail "$(cat code.* | sort | uniq -c)"
	[ "$(cat code.* | grep -cx 1)" = 63 ] || fail "$(cat code.* | sort | uniq -c) $(cat out.* | sort | uniq -c)"
	[ "$(cat out.* | grep -c exist)" -ge 63 ] || fail "$(cat out.* | sort | uniq -c)"
	is_in_state created
	box start "$TAG"
	is_in_state running
}

one_start() { if timeout 20 box start "$TAG" >/dev/null 2>&1; then echo won >"$WORK/won.$1"; fi; }
one_delete() { timeout 20 box delete --force "$TAG" >"$WORK/del.$1" 2>&1 || echo failed >>"$WORK/del.$1"; }

@test "16 starts, and 16 deletes, of one container at one moment" {
	create . sh -c 'echo ran >>/ran; sleep 1000'
	at_once 16 one_start
	[ "$(cat won.* | wc -l)" = 1 ]
	wait_until 5 has_run
	[ "$(wc -l <"$BUNDLE/rootfs/ran")" = 1 ]
	at_once 16 one_delete
	[ -z "$(cat del.*)" ] || fail "$(cat del.*)"
	[ -z "$(left_state)$(left_cgroups)" ]
}

# The names of the rows of a table of child.c.
table_steps() { sed -n "/ $1\\[\\]/,/^};/s/^\\t{ \"\\([^\"]*\\)\", .*/\\1/p" "$TOP/runtime/child/child.c"; }

# A bundle in which every step has something to do.
FULL='.hostname = "h" | .domainname = "d" | .root.readonly = true | .linux.sysctl = { "net.ipv4.ip_forward": "1" } | .process.noNewPrivileges = false |
	.mounts += [{ "destination": "/data", "type": "bind", "source": env.DATA, "options": ["rbind"] }] | .linux.rootfsPropagation = "shared" |
	.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW" } | .linux.resources.memory.limit = 67108864 | .linux.cgroupsPath = ("/box/" + env.GROUP) |
	.hooks = ({ "path": "/bin/true" } | { "prestart": [.], "createRuntime": [.], "createContainer": [.], "startContainer": [{ "path": "/bin/busybox", "args": ["true"] }],
		"poststart": [.], "poststop": [.] })'
full_bundle() {
	mkdir -p "$WORK/data"
	DATA=$WORK/data GROUP=$TAG bundle "$FULL" "$@"
}

@test "every step of create that fails names itself and leaves nothing" {
	need hooks
	full_bundle sleep 1000
	mapfile -t steps < <(table_steps create_steps | grep -v '^wait: start$' | sed '/^limits, state$/q')
	[ ${#steps[@]} -ge 25 ] || fail "only ${#steps[@]} steps found"
	for step in "${steps[@]}"; do
		BOX_FAIL_STEP=$step try_create
		[ "$status" -eq 1 ] || fail "step $step: exit code $status"
		expect_has "$step" "failed on purpose"
		[ -z "$(left_state)$(left_cgroups)$(left_processes)" ] || fail "step $step left $(left_state) $(left_cgroups) $(left_processes)"
	done
}

@test "every step after create that fails is an error of start, and the container can be deleted" {
	need hooks
	full_bundle sleep 1000
	mapfile -t steps < <(table_steps create_steps | sed '1,/^wait: start$/d')
	[ ${#steps[@]} -ge 10 ] || fail "only ${#steps[@]} steps found"
	for step in "${steps[@]}"; do
		BOX_FAIL_STEP=$step try_create
		[ "$status" -eq 0 ] || fail "step $step: $output"
		run timeout 10 box start "$TAG"
		[ "$status" -eq 1 ] || fail "step $step: start gave $status"
		expect_has "$step" "failed on purpose"
		wait_stopped
		timeout 10 box delete "$TAG"
		[ -z "$(left_state)$(left_cgroups)" ] || fail "step $step left $(left_state) $(left_cgroups)"
	done
}

paused_of() { [ -n "$(paused_child)" ]; }
# The process of this test that waits before its step: exec hides the words of its command line, not its environment.
paused_child() {
	local file
	for file in $(grep -lsxF 'box:[paused]' /proc/[0-9]*/comm); do
		if grep -qszxF "PAUSED_BY=$WORK" "${file%comm}environ"; then cut -d/ -f3 <<<"$file"; fi
	done
}

@test "kill -9 of box at every step of create: delete --force, or the next create, cleans up" {
	need hooks
	full_bundle sleep 1000
	# Before the first one there is no death signal yet: only what waits would stay.
	mapfile -t steps < <(table_steps create_steps | sed '1d; /^no death signal$/q')
	count=0
	for step in "${steps[@]}"; do
		PAUSED_BY=$WORK BOX_PAUSE_STEP=$step "$BOX" --root "$STATE" create -b "$BUNDLE" "$TAG" </dev/null >out 2>&1 &
		pid=$!
		wait_until 10 paused_of || fail "never paused at $step: $(cat out)"
		child=$(paused_child)
		kill -9 $pid
		wait $pid 2>/dev/null || true
		if [ $((count % 2)) -eq 0 ]; then
			timeout 20 box delete --force "$TAG"
		else
			wait_until 5 is_gone "$child"
			try_create
			[ "$status" -eq 0 ] || fail "create after a kill at $step: $output"
			timeout 20 box delete --force "$TAG"
		fi
		wait_until 5 is_gone "$child" || fail "$step: process $child lives on"
		[ -z "$(left_state)$(left_cgroups)" ] || fail "step $step left $(left_state) $(left_cgroups)"
		count=$((count + 1))
	done
	[ $count -ge 25 ]
}

@test "kill -9 of box while exec is at any of its steps: the container goes on, the new process ends with it at the latest" {
	need hooks
	full_bundle sleep 1000
	create_again "$TAG"
	box start "$TAG"
	mapfile -t steps < <(table_steps enter_oci_steps)
	[ ${#steps[@]} -ge 20 ]
	for step in "${steps[@]}"; do
		PAUSED_BY=$WORK BOX_PAUSE_STEP=$step "$BOX" --root "$STATE" exec "$TAG" sleep 1001 </dev/null >out 2>&1 &
		pid=$!
		wait_until 10 paused_of || fail "never paused at $step: $(cat out)"
		child=$(paused_child)
		kill -9 $pid
		wait $pid 2>/dev/null || true
		kill -9 $child # without the pause it would see the end of its channel
		is_in_state running || fail "after a kill at $step: $(state_of)"
		run timeout 10 box exec "$TAG" echo alive
		expect_line alive
	done
	timeout 20 box delete --force "$TAG"
	[ -z "$(left_state)$(left_cgroups)$(left_processes)" ]
}

@test "every step of exec that fails names itself, and the container goes on" {
	need hooks
	full_bundle sleep 1000
	create_again "$TAG"
	box start "$TAG"
	mapfile -t steps < <(table_steps enter_oci_steps)
	for step in "${steps[@]}"; do
		BOX_FAIL_STEP=$step run timeout 10 box exec "$TAG" true
		[ "$status" -ne 0 ] || fail "step $step succeeded"
		expect_has "$step" "failed on purpose"
	done
	is_in_state running
	[ "$(box ps --format json "$TAG" | jq length)" = 1 ] || fail "processes stayed: $(box ps "$TAG")"
}

# What the host has: mounts, cgroups, namespaces, box's processes, sockets.
host_count() {
	echo "mounts $(wc -l </proc/self/mountinfo)"
	echo "cgroups $(left_cgroups | wc -l)"
	echo "state $(ls -A "$STATE" 2>/dev/null)"
	echo "processes $(left_processes | wc -l)"
	echo "bundle $(find "$BUNDLE" -xdev | wc -l)"
}

@test "200 times create, start, delete leave nothing (BOX_LOOP=10000 for the long form)" {
	bundle . true
	create_again "$TAG" && box start "$TAG" && wait_stopped && box delete "$TAG"
	before=$(host_count)
	for i in $(seq "${BOX_LOOP:-200}"); do
		"$BOX" --root "$STATE" create -b "$BUNDLE" "$TAG" </dev/null >out 2>&1 || fail "create $i: $(cat out)"
		"$BOX" --root "$STATE" start "$TAG"
		"$BOX" --root "$STATE" delete --force "$TAG"
	done
	after=$(host_count)
	[ "$before" = "$after" ] || fail "before: $before; after: $after"
}

@test "delete after everything else of it was removed by somebody: the bundle, the cgroup's processes" {
	start_container . sleep 1000
	kill -9 "$(oci_pid)"
	wait_stopped
	rm -rf "$BUNDLE"
	box delete "$TAG"
	[ -z "$(left_state)$(left_cgroups)" ]
}
