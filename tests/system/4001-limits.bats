#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits: that they hold, are measured from outside, and that box says so when one ends an app.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

@test "memory: 64m kills an allocation of 200 MB and says so, with figures" {
	need root cgroup:memory
	run_app '"command": ["/bin/probe", "memory", "200"], "resources": {"limits": {"memory": "64m"}}'
	expect_status 137
	expect_has "out of memory: the limit is 64 MiB (resources.limits.memory)" "the peak was 6"
	if dmesg >/dev/null 2>&1 && dmesg | tail -200 | grep -q "oom-kill:.*/box/$TAG"; then
		expect_has "the kernel killed probe"
	else
		expect_has "the kernel killed 1 process"
	fi
}

@test "memory below the limit is given" {
	need root cgroup:memory
	run_app '"command": ["/bin/probe", "memory", "32"], "resources": {"limits": {"memory": "64m"}}'
	expect_status 0
	expect_not "out of memory"
}

@test "an OOM of a child of the app is named though the app goes on" {
	need root cgroup:memory
	run_app '"command": ["sh", "-c", "/bin/probe memory 200; echo survived"], "resources": {"limits": {"memory": "64m"}}'
	expect_status 0
	expect_has survived "out of memory"
}

@test "pids: 16 stops a fork bomb, and box says so" {
	need root cgroup:pids
	run_app '"command": ["/bin/probe", "forks"], "resources": {"limits": {"pids": 16}}'
	expect_has "the limit of 16 processes (resources.limits.pids) was reached"
}

@test "cpus: 0.5 halves a busy loop" {
	need root cgroup:cpu
	app '"command": ["sh", "-c", "timeout 2 sh -c \"while :; do :; done\"; cat /proc/self/cgroup >/dev/null"], "resources": {"limits": {"cpus": 0.5}}'
	whole=$(cpu_of_loop 2)
	half=$(cpu_of_loop 0.5)
	echo "processor time of a loop of 2 s: $whole ms with two processors allowed, $half ms with half of one"
	[ "$whole" -gt 1200 ] || skip "this machine is too busy to measure: a free loop got $whole ms of 2000"
	[ "$half" -gt 600 ]
	[ "$half" -lt 1400 ]
	[ $((half * 100 / whole)) -lt 70 ]
}

# Milliseconds of processor time that two seconds of a busy loop get.
cpu_of_loop() {
	app "\"command\": [\"sh\", \"-c\", \"timeout 2 sh -c 'while :; do :; done'; times\"], \"resources\": {\"limits\": {\"cpus\": $1}}"
	# "times" of the shell: the last line is its children's user and system time, "0m1.990s 0m0.000s".
	box run app.json </dev/null | tail -1 | sed 's/[ms]/ /g' | awk '{ printf "%d", ($1 * 60 + $2 + $3 * 60 + $4) * 1000 }'
}

@test "the limits stand in the cgroup of the app, at the top of the hierarchy" {
	need root cgroup:memory
	app '"command": ["sleep", "30"], "resources": {"limits": {"memory": "48m", "pids": 9, "cpus": 0.25, "cpu_weight": 200}}'
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null &
	wait_until 10 is_up
	group=$(find /sys/fs/cgroup -maxdepth 4 -type d -path "*/box/$TAG-????????")
	cat_one() { cat $(for g in $group; do for f; do [ ! -e "$g/$f" ] || echo "$g/$f"; done; done); }
	[ "$(cat_one memory.max memory.limit_in_bytes)" = 50331648 ]
	[ "$(cat_one pids.max)" = 9 ]
	case "$(cat_one cpu.max cpu.cfs_quota_us)" in "25000 100000" | 25000) ;; *) fail "cpu: $(cat_one cpu.max cpu.cfs_quota_us)" ;; esac
	# The group of the caller is as it was: the app's is no child of it.
	for g in $group; do case $g in */box/$TAG-????????) ;; *) fail "$g" ;; esac; done
	box kill "$TAG" KILL
	wait
}

@test "the app sees its own limit and cannot change it" {
	need root cgroup:memory
	run_app '"command": ["sh", "-c", "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; mkdir /sys/fs/cgroup/memory/x /sys/fs/cgroup/x; echo 1 >/sys/fs/cgroup/memory/memory.limit_in_bytes; echo 1 >/sys/fs/cgroup/memory.max"], "resources": {"limits": {"memory": "64m"}}'
	expect_line 67108864
	expect_has "Read-only file system"
	[ "$(grep -c "Read-only file system" <<<"$output")" -ge 2 ]
}

@test "an ordinary user: a written limit that cannot be enforced is an error that says what to do, a default one a warning" {
	need root user subids
	user_app '"command": ["true"], "resources": {"limits": {"memory": "64m"}}'
	run as_user bin/box run app.json
	if [ "$status" -ne 0 ]; then
		expect_status 125
		expect_has "app.json:4: resources.limits.memory" "hint"
	fi
	user_app '"command": ["echo", "ran"]'
	run as_user bin/box run app.json
	expect_status 0
	expect_line ran
}
