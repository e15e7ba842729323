#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How an OCI configuration wants its process treated: processors, disks, memory nodes, clocks, personality.

load lib
load bundle
setup() {
	setup_world
	setup_bundles
}
teardown() { teardown_world; }

# settings JQ: what the probe sees then.
settings() { oci_run "$1" /bin/probe scheduling; }

@test "nothing said: nothing changes" {
	settings .
	expect_status 0
	expect_fact policy 0
	expect_fact nice "$(nice)"
	expect_fact mode 0
	expect_fact personality 0
	expect_fact oom "$(cat /proc/self/oom_score_adj)"
	expect_fact machine "$(uname -m)"
	expect_fact Cpus_allowed_list "$(sed -n 's/Cpus_allowed_list:\t//p' /proc/self/status)"
}

@test "scheduler" {
	settings '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	expect_status 0
	expect_fact policy 0x3
	expect_fact nice 7
	settings '.process.scheduler = {policy: "SCHED_OTHER", nice: -5}'
	expect_fact policy 0
	expect_fact nice -5
	settings '.process.scheduler = {policy: "SCHED_IDLE"}'
	expect_fact policy 0x5
	settings '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	expect_fact policy 0x40000000
}

@test "scheduler: realtime, where the cgroup may" {
	settings '.process.scheduler = {policy: "SCHED_RR", priority: 12}'
	if [ "$status" -eq 0 ]; then
		expect_fact policy 0x2
		expect_fact priority 12
	else
		expect_has "process.scheduler: " "set the scheduling policy: Operation not permitted [EPERM]" "hint: in a group of cgroup v1"
	fi
	# The kernel wants a deadline task to be free to run on every cpu; then it takes it or says why not.
	settings '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 20000000}'
	[ "$status" -ne 0 ] || expect_fact policy 0x6
	[ "$status" -eq 0 ] || expect_has "process.scheduler: "
}

@test "scheduler: what makes no sense is said before anything is made" {
	settings '.process.scheduler = {policy: "SCHED_FIFO"}'
	expect_status 125
	expect_has "process.scheduler: SCHED_FIFO needs a priority from 1 to 99"
	settings '.process.scheduler = {policy: "SCHED_OTHER", priority: 3}'
	expect_has "process.scheduler: a priority belongs to SCHED_FIFO and SCHED_RR"
	settings '.process.scheduler = {policy: "SCHED_ISO"}'
	expect_has "process.scheduler: the kernel has no SCHED_ISO"
	settings '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_X"]}'
	expect_has "process.scheduler.flags"
}

@test "I/O priority" {
	settings '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	expect_status 0
	expect_fact io 2.6
	settings '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	expect_fact io 3.0
	settings '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 4}'
	expect_fact io 1.4
	settings '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}'
	expect_status 125
	expect_has "process.ioPriority.priority"
}

@test "memory policy" {
	[ -d /sys/devices/system/node ] || skip "needs a kernel with NUMA"
	settings '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	expect_status 0
	expect_fact mode 0x2
	expect_fact nodes 0x1
	settings '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	expect_fact mode 0x8003
	settings '.linux.memoryPolicy = {mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"]}'
	expect_fact mode 0x4001
	settings '.linux.memoryPolicy = {mode: "MPOL_LOCAL"}'
	expect_fact mode 0x4
	settings '.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}'
	expect_fact mode 0
	settings '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING"]}'
	[ "$status" -ne 0 ] || expect_fact mode 0x2002
	settings '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "63"}'
	expect_status 125
	expect_has "linux.memoryPolicy: " "set the memory policy"
	settings '.linux.memoryPolicy = {mode: "MPOL_BIND"}'
	expect_has 'linux.memoryPolicy: MPOL_BIND needs "nodes"'
	settings '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0"}'
	expect_has 'linux.memoryPolicy: MPOL_LOCAL takes no "nodes"'
	settings '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0-"}'
	expect_status 125
	expect_has 'linux.memoryPolicy.nodes: '
}

@test "personality" {
	[ "$(uname -m)" = x86_64 ] || skip "asks for x86-64's words"
	settings '.linux.personality = {domain: "LINUX32"}'
	expect_status 0
	expect_fact personality 0x8
	expect_fact machine i686
	settings '.linux.personality = {domain: "LINUX"}'
	expect_fact personality 0
	settings '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
	expect_status 125
	expect_has "linux.personality.flags: the specification has no flags yet"
}

@test "clocks" {
	[ -e /proc/self/timens_offsets ] || skip "needs time namespaces"
	local before
	before=$(cut -d. -f1 /proc/uptime)
	settings '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 100000, nanosecs: 5}, boottime: {secs: 200000}}'
	expect_status 0
	grep -qE "^offset monotonic +100000 +5$" <<<"$output" || fail "no offset"
	[ "$(fact boottime)" -ge $((before + 200000)) ] || fail "boottime is not later"
	[ "$(fact monotonic)" -ge 100000 ] || fail "monotonic is not later"
	settings '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -1, nanosecs: 0}}'
	expect_status 0
	settings '.linux.timeOffsets = {boottime: {secs: 1}}'
	expect_status 125
	expect_has "linux.timeOffsets: offsets need a new time namespace"
	settings '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -9000000000}}'
	expect_status 125
	expect_has "linux.timeOffsets: " "set the clocks of the time namespace"
}

@test "intelRdt is refused" {
	settings '.linux.intelRdt = {closID: "x"}'
	expect_status 125
	expect_has "linux.intelRdt: "
}

@test "out-of-memory score" {
	settings '.process.oomScoreAdj = 300'
	expect_fact oom 300
}

@test "exec: the same for the new process, its own where it says so, and cpus before and after" {
	bundle '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 200000}} | .process.scheduler = {policy: "SCHED_BATCH", nice: 3} |
		.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6} | .linux.personality = {domain: "LINUX32"} |
		.process.oomScoreAdj = 250 | .process.execCPUAffinity = {final: "0"}' sleep 60
	box create -b . "$TAG" >out 2>&1 3>&-
	box start "$TAG"
	run box exec "$TAG" /bin/probe scheduling
	expect_status 0
	expect_fact policy 0x3
	expect_fact nice 3
	expect_fact io 2.6
	expect_fact Cpus_allowed_list 0
	expect_fact oom 250
	grep -qE "^offset boottime +200000 " <<<"$output" || fail "not in the time namespace"
	jq '.process | .args = ["/bin/probe", "scheduling"] | .scheduler = {policy: "SCHED_OTHER", nice: 1} | .ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0} |
		.execCPUAffinity = {initial: "0", final: "0, 0"} | .oomScoreAdj = 400' config.json >process.json
	run box exec -p process.json "$TAG"
	expect_status 0
	expect_fact policy 0
	expect_fact nice 1
	expect_fact io 3.0
	expect_fact oom 400
	if [ "$(nproc)" -gt 1 ]; then
		jq '.execCPUAffinity = {initial: "0", final: "1"}' process.json >p2.json
		run box exec -p p2.json "$TAG"
		expect_fact Cpus_allowed_list 1
		jq '.execCPUAffinity = {initial: "1"}' process.json >p2.json
		run box exec -p p2.json "$TAG"
		expect_status 0
	fi
	jq '.execCPUAffinity = {final: "4095-4096"}' process.json >p2.json
	run box exec -p p2.json "$TAG"
	[ "$status" -ne 0 ] || fail "no such cpus"
	expect_has "process.execCPUAffinity.final: "
	box delete -f "$TAG"
}
