#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.resources, cgroupsPath, update, events: what stands in the cgroup's files, and what it does.

load lib
load oci
setup() {
	setup_oci
	export TAG
}
teardown() {
	rmdir /sys/fs/cgroup/{,*/}box/"$TAG"-parent /sys/fs/cgroup/{,*/}"$TAG"-top 2>/dev/null || true
	teardown_oci
}

# file CONTROLLER V1-FILE V2-FILE: what it holds; v2's value where the controller is not one of v1.
file() { if is_v1 "$1"; then group_file "$1" "$2"; else group_file "$1" "$3"; fi; }

quota_and_period() {
	if is_v1 cpu; then
		echo "$(group_file cpu cpu.cfs_quota_us) $(group_file cpu cpu.cfs_period_us)"
	else
		group_file cpu cpu.max
	fi
}
@test "memory: limit, reservation, swap, swappiness" {
	need cgroup:memory
	start_container '.linux.resources.memory = { "limit": 67108864, "reservation": 33554432, "checkBeforeUpdate": true, "kernel": 1000, "useHierarchy": true }' sleep 1000
	[ "$(file memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(file memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	box delete --force "$TAG"
	if is_v1 memory; then
		start_container '.linux.resources.memory = { "limit": 67108864, "swappiness": 7 }' sleep 1000
		[ "$(group_file memory memory.swappiness)" = 7 ]
		box delete --force "$TAG"
	else
		refused '.linux.resources.memory = { "limit": 67108864, "swappiness": 7 }'
		expect_has memory.swappiness
		start_container '.linux.resources.memory = { "limit": 67108864, "swap": 100663296 }' sleep 1000
		[ "$(group_file memory memory.swap.max)" = 33554432 ]
		box delete --force "$TAG"
	fi
	oci '.linux.resources.memory.limit = 33554432' probe memory 64
	expect_status 137
	if [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]; then
		start_container '.linux.resources.memory = { "limit": 67108864, "swap": 100663296 }' sleep 1000
		[ "$(group_file memory memory.memsw.limit_in_bytes)" = 100663296 ]
	fi
	[ -z "$(box list -q)" ] || box delete --force "$TAG"
	refused '.linux.resources.memory = { "limit": 67108864, "swap": 1048576 }'
	oci '.linux.resources.memory = { "limit": -1 }' true
	expect_status 0
}

@test "cpu: shares, quota, period, cpus, mems" {
	need cgroup:cpu
	start_container '.linux.resources.cpu = { "shares": 2048, "quota": 50000, "period": 200000, "cpus": "0", "mems": "0" }' sleep 1000 || fail "$(cat out)"
	if is_v1 cpu; then
		[ "$(group_file cpu cpu.shares) $(group_file cpu cpu.cfs_quota_us) $(group_file cpu cpu.cfs_period_us)" = "2048 50000 200000" ]
		[ "$(group_file cpuset cpuset.cpus) $(group_file cpuset cpuset.mems)" = "0 0" ]
	else
		[ "$(group_file cpu cpu.max)" = "50000 200000" ]
	fi
	run timeout 10 box exec "$TAG" grep Cpus_allowed_list /proc/self/status
	expect_has "	0"
	box delete --force "$TAG"
	if [ -e /sys/fs/cgroup/cpu/cpu.cfs_burst_us ]; then
		start_container '.linux.resources.cpu = { "quota": 50000, "period": 100000, "burst": 20000 }' sleep 1000 || fail "$(cat out)"
		[ "$(group_file cpu cpu.cfs_burst_us)" = 20000 ]
		box delete --force "$TAG"
	fi
	oci '.linux.resources.cpu = { "quota": 20000, "period": 100000 }' probe busy 1000
	[ "$(fact cpu_us)" -lt 500000 ]
	refused '.linux.resources.cpu = { "quota": 5 }'
	refused '.linux.resources.cpu = { "cpus": "4096" }'
	refused '.linux.resources.cpu = { "cpus": "zero" }'
}

@test "pids: the limit is there and holds" {
	need cgroup:pids
	oci '.linux.resources.pids.limit = 10' probe forks 50
	[ "$(fact forks)" -lt 10 ]
	expect_fact last EAGAIN
	start_container '.linux.resources.pids.limit = -1' sleep 1000
	[ "$(file pids pids.max pids.max)" = max ]
	box delete --force "$TAG"
	start_container '.linux.resources.pids.limit = 0' sleep 1000
	[ "$(file pids pids.max pids.max)" = max ]
}

@test "blockIO: weights and rates of a device" {
	has_controller blkio || need cgroup:io
	device=$(stat -c %Hd:%Ld "$WORK")
	export DEV_MAJOR=${device%:*} DEV_MINOR=$((${device#*:} & ~15))
	start_container '.linux.resources.blockIO = { "throttleReadBpsDevice": [{ "major": (env.DEV_MAJOR | tonumber), "minor": (env.DEV_MINOR | tonumber), "rate": 1048576 }],
		"throttleWriteIOPSDevice": [{ "major": (env.DEV_MAJOR | tonumber), "minor": (env.DEV_MINOR | tonumber), "rate": 77 }] }' sleep 1000 || fail "$(cat out)"
	if is_v1 blkio; then
		grep -q " 1048576$" <<<"$(group_file blkio blkio.throttle.read_bps_device)"
		grep -q " 77$" <<<"$(group_file blkio blkio.throttle.write_iops_device)"
	else
		group_file io io.max | grep -qx "$DEV_MAJOR:$DEV_MINOR rbps=1048576 wbps=max riops=max wiops=77"
	fi
}

@test "hugepages, network class, rdma: set where the kernel has them, refused where not" {
	for pair in 'hugetlb hugepageLimits = [{ "pageSize": "2MB", "limit": 4194304 }]' 'net_cls network.classID = 1048577' 'rdma rdma = { "mlx5_1": { "hcaHandles": 3 } }'; do
		read -r controller filter <<<"$pair"
		bundle ".linux.resources.$filter" true
		if has_controller "$controller"; then continue; fi
		refused || fail "$controller"
		expect_has resources || expect_has "$controller" || fail "$controller"
	done
}

@test "unified: controllers and files that do not exist are errors" {
	refused '.linux.resources.unified = { "nosuch.max": "1" }'
	refused '.linux.resources.unified = { "nofile": "1" }'
	expect_has unified
}

@test "cgroupsPath: absolute, relative, the same again; what was there before stays" {
	start_container '.linux.cgroupsPath = "/box/" + env.TAG + "-parent/" + env.TAG' sleep 1000 || fail "$(cat out)"
	group_file pids cgroup.procs "/box/$TAG-parent/$TAG" | grep -qx "$(oci_pid)"
	box delete --force "$TAG"
	[ -z "$(find /sys/fs/cgroup -maxdepth 5 -type d -name "$TAG")" ]
	start_container '.linux.cgroupsPath = env.TAG + "-parent/" + env.TAG' sleep 1000 || fail "$(cat out)"
	grep -q "$TAG-parent/$TAG" "/proc/$(oci_pid)/cgroup"
	box delete --force "$TAG"
}

@test "cgroupsPath that leaves the tree is refused" {
	for path in /../x ../../x "/box/../../x" "/box/$(printf 'n%.0s' {1..300})" "/a/./../../b"; do
		refused ".linux.cgroupsPath = \"$path\""
	done
	[ ! -e /sys/fs/x ] && [ ! -e /sys/fs/cgroup/x ]
}

@test "every process of the container is in its cgroup, in every tree; exec as well" {
	start_container . sh -c 'sleep 1001 & sleep 1000; true'
	timeout 10 box exec --detach "$TAG" sleep 1002 </dev/null >out2 2>&1
	wait_until 5 eval '[ "$(box ps --format json $TAG | jq length)" = 4 ]'
	trees=0
	for tree in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
		[ -d "$tree/box/$TAG" ] || continue
		[ "$(wc -l <"$tree/box/$TAG/cgroup.procs")" = 4 ] || fail "$tree"
		trees=$((trees + 1))
	done
	[ $trees -ge 1 ]
}

@test "update: every flag, and JSON from a file and from stdin" {
	start_container '.linux.resources.memory.limit = 134217728 | .linux.resources.pids.limit = 100' sleep 1000
	box update --memory 64m "$TAG"
	[ "$(file memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(file pids pids.max pids.max)" = 100 ] # not said: as it was
	box update --memory 100000000 --memory-reservation 32m "$TAG"
	[ "$(file memory memory.limit_in_bytes memory.max)" = 99999744 ]
	[ "$(file memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	box update --pids-limit 55 "$TAG"
	[ "$(file pids pids.max pids.max)" = 55 ]
	box update --cpu-period 200000 --cpu-quota 30000 --cpu-share 512 "$TAG"
	if is_v1 cpu; then
		[ "$(group_file cpu cpu.cfs_quota_us) $(group_file cpu cpu.cfs_period_us) $(group_file cpu cpu.shares)" = "30000 200000 512" ]
	else
		[ "$(group_file cpu cpu.max) $(group_file cpu cpu.weight)" = "30000 200000 20" ]
	fi
	box update --cpu-quota 40000 "$TAG"
	[ "$(quota_and_period)" = "40000 200000" ]
	box update --cpu-period 100000 "$TAG"
	[ "$(quota_and_period)" = "40000 100000" ]
	box update --cpu-quota -1 "$TAG"
	case $(quota_and_period) in -1\ * | max\ *) ;; *) fail "the quota is $(quota_and_period)" ;; esac
	box update --cpuset-cpus 0 --cpuset-mems 0 "$TAG"
	[ "$(group_file cpuset cpuset.cpus)" = 0 ]
	echo '{ "memory": { "limit": 50331648 }, "pids": { "limit": 44 } }' >resources.json
	box update --resources resources.json "$TAG"
	[ "$(file memory memory.limit_in_bytes memory.max) $(file pids pids.max pids.max)" = "50331648 44" ]
	echo '{ "pids": { "limit": -1 } }' | box update -r - "$TAG"
	[ "$(file pids pids.max pids.max)" = max ]
	run box update --memory nonsense "$TAG"
	[ "$status" -ne 0 ]
	run box update --cpuset-cpus 4096 "$TAG"
	expect_status 1
	echo '{' | run box update -r - "$TAG"
	[ "$status" -ne 0 ]
	is_in_state running
}

@test "update keeps the device rules" {
	start_container '.process.capabilities |= map_values(. + ["CAP_MKNOD"])' sleep 1000
	box update --memory 64m "$TAG"
	run timeout 10 box exec "$TAG" sh -c 'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk | wc -c; head -c 1 /dev/zero | wc -c'
	expect_has "Operation not permitted"
	expect_line 1
}

@test "events --stats: the fields that engines read" {
	start_container '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50' sh -c 'while :; do :; done'
	sleep 0.5
	box events --stats "$TAG" >stats.json
	jq -e --arg id "$TAG" '.type == "stats" and .id == $id and .data.cpu.usage.total > 1000000 and (.data.cpu.usage | has("kernel") and has("user")) and
		.data.memory.usage.usage > 0 and .data.memory.usage.limit == 67108864 and .data.pids.current >= 1 and .data.pids.limit == 50 and
		(.data.memory | has("raw")) and (.data | has("blkio"))' stats.json || fail "$(cat stats.json)"
	# A stream of lines, which ends with the container.
	"$BOX" --root "$STATE" events --interval 200ms "$TAG" >lines 2>&1 &
	HELPERS=$!
	wait_until 10 eval '[ $(grep -c stats lines) -ge 3 ]'
	box kill "$TAG" KILL
	wait_until 5 is_gone "$HELPERS"
	wait_stopped
	run box events --stats "$TAG"
	expect_status 1
	expect_has "container not running"
}

@test "pause really stops, in every tree, and the cgroup of a paused container can be deleted" {
	start_container . sh -c 'while :; do :; done'
	box pause "$TAG"
	before=$(awk '{ print $14 + $15 }' "/proc/$(oci_pid)/stat")
	sleep 0.5
	[ "$(awk '{ print $14 + $15 }' "/proc/$(oci_pid)/stat")" = "$before" ]
	box delete --force "$TAG"
	[ -z "$(left_cgroups)" ]
}
