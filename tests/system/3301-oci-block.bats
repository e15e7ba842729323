#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The "oci" block of app.json: what it says holds in the app, and nothing else of the app changes.

load lib
setup() {
	setup_world
	need root
	[ -e "$PROBE" ] || skip "needs the probe: make TEST_HOOKS=1 build/test/tests/probe"
}
teardown() { teardown_world; }

@test "process: scheduler, I/O priority, out-of-memory score, rlimits" {
	run_app '"command": ["probe", "scheduling"]'
	expect_status 0
	expect_fact policy 0
	plain=$(fact oom)
	run_app '"command": ["probe", "scheduling"], "oci": {"process": {"oomScoreAdj": 444, "scheduler": {"policy": "SCHED_BATCH", "nice": 5},
		"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6}}}'
	expect_status 0
	expect_fact policy 0x3
	expect_fact nice 5
	expect_fact io 2.6
	expect_fact oom 444
	[ "$plain" != 444 ]
	run_app '"command": ["probe", "limits"], "ulimits": {"nofile": 100, "nproc": 90}, "oci": {"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 70, "hard": 80}]}}'
	grep -qE "Max open files +70 +80 " <<<"$output" || fail "nofile"
	grep -qE "Max processes +90 +90 " <<<"$output" || fail "nproc"
}

@test "the kernel's words: domain name, sysctls, personality, clocks, masks" {
	app '"sysctls": {"net.core.somaxconn": 100}, "command": ["sh", "-c", "cat /proc/sys/kernel/domainname /proc/sys/net/core/somaxconn; uname -m; head -c 10 /proc/interrupts | wc -c; head -c 5 /etc/hostname | wc -c; cut -d. -f1 /proc/uptime"],
		"oci": {"domainname": "example.test", "linux": {"sysctl": {"net.core.somaxconn": "321"}, "personality": {"domain": "LINUX32"},
		"maskedPaths": ["/etc/hostname"], "timeOffsets": {"boottime": {"secs": 1000000}}}}'
	before=$(cut -d. -f1 /proc/uptime)
	run box run app.json
	expect_status 0
	expect_line example.test 321 i686
	[ "${lines[3]}" -gt 0 ] || fail "/proc/interrupts is hidden, though the list was replaced"
	[ "${lines[4]}" = 0 ] || fail "/etc/hostname is not hidden"
	[ "${lines[5]}" -ge $((before + 1000000)) ] || fail "uptime ${lines[5]}"
	[ "$(cat /proc/sys/kernel/domainname)" != example.test ]
}

@test "resources: limits that hold, over those of app.json" {
	need cgroup:memory cgroup:pids
	run_app '"resources": {"limits": {"memory": "512m", "pids": 500}}, "command": ["probe", "memory", "128"], "oci": {"linux": {"resources": {"memory": {"limit": 33554432}}}}'
	expect_status 137
	expect_has memory
	run_app '"resources": {"limits": {"memory": "512m"}}, "command": ["probe", "memory", "128"], "oci": {"linux": {"resources": {"pids": {"limit": 100}}}}'
	expect_status 0
	run_app '"command": ["probe", "forks", "100"], "oci": {"linux": {"resources": {"pids": {"limit": 12}}}}'
	expect_fact last EAGAIN
	[ "$(fact forks)" -le 12 ]
}

unnumbered() { sed -E 's/^mount [0-9]+ [0-9]+ [0-9]+:[0-9]+ /mount /'; }

@test "an app with a block is the app that it is without: identity, capabilities, filter, namespaces, mounts" {
	words='"command": ["sh", "-c", "grep -E \"^(Cap|Seccomp|NoNewPrivs|Uid|Gid|Groups)\" /proc/self/status; probe mounts | grep -v /box-test; env | sort; ls /proc/self/fd | wc -l"], "hostname": "h"'
	app "$words"
	run box run --name "$TAG" app.json
	expect_status 0
	plain=$output
	app "$words, \"oci\": {\"process\": {\"oomScoreAdj\": 100}, \"linux\": {\"timeOffsets\": {\"boottime\": {\"secs\": 5}}}}"
	run box run --name "$TAG" app.json
	expect_status 0
	# The kernel numbers mounts and devices as others on the host come and go.
	diff <(unnumbered <<<"$plain") <(unnumbered <<<"$output")
}

@test "what fails at the start is said with its line" {
	app '"command": ["true"], "oci": {
		"linux": {
			"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "1000"}}}'
	run box run app.json
	expect_status 125
	expect_has "app.json:6: oci.linux.memoryPolicy"
	app '"command": ["true"], "oci": {
		"linux": {"timeOffsets": {
			"boottime": {"secs": -900000000}}}}'
	run box run app.json
	expect_status 125
	expect_has "app.json:5" "oci.linux.timeOffsets"
}

@test "kill -9 of box ends an app with clocks of its own too" {
	app '"command": ["sleep", "1000"], "oci": {"linux": {"timeOffsets": {"boottime": {"secs": 5}}}}'
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	pid=$!
	wait_until 10 is_up
	inside=$(container_pid)
	run box exec "$TAG" readlink /proc/self/ns/time
	[ "$output" = "$(readlink "/proc/$inside/ns/time")" ] || fail "exec is in another time namespace"
	[ "$output" != "$(readlink /proc/self/ns/time)" ]
	kill -9 $pid
	wait $pid || true
	wait_until 10 eval '[ ! -e /proc/'"$inside"' ]'
	app '"command": ["true"]'
	run box run app.json # sweeps
	expect_status 0
}
