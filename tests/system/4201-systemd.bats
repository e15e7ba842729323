#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The managers of cgroups: systemd's scopes (where systemd is process 1: make check-vm), cgroupfs, and none at all.

load lib
setup() { setup_world; }
teardown() {
	local unit
	for unit in ${UNITS:-}; do systemctl stop "$unit" 2>/dev/null || true; done
	teardown_world
}

need_systemd() { need jq; [ -d /run/systemd/system ] || skip "needs systemd as process 1 (make check-vm)"; }

# bundle FOLDER [FILTER]: config.json of a container that sleeps, changed by a jq filter, and its root folder.
bundle() {
	mkdir -p "$1"
	rootfs_folder "$1/rootfs"
	jq "${2:-.}" >"$1/config.json" <<-'END'
	{
		"ociVersion": "1.0.2",
		"process": { "args": ["sleep", "1000"], "cwd": "/", "user": { "uid": 0, "gid": 0 }, "env": ["PATH=/bin"] },
		"root": { "path": "rootfs" },
		"mounts": [
			{ "destination": "/proc", "type": "proc", "source": "proc" },
			{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"] },
			{ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"] }
		],
		"linux": { "namespaces": [{ "type": "pid" }, { "type": "mount" }, { "type": "cgroup" }, { "type": "ipc" }] }
	}
	END
}

limits='.linux.resources = { "memory": { "limit": 67108864, "swap": 67108864 }, "pids": { "limit": 20 },
	"cpu": { "quota": 50000, "period": 100000, "shares": 512, "cpus": "0" } }'

# shown PROPERTY…: of the unit $unit.
shown() { systemctl ${manager:-} show "$unit" -p "$(IFS=,; echo "$*")" | sort | paste -sd' '; }
expect_shown() { # expect_shown WANTED PROPERTY…
	local wanted=$1
	shift
	[ "$(shown "$@")" = "$wanted" ] || fail "the unit says \"$(shown "$@")\", expected \"$wanted\""
}
expect_file() { [ "$(cat "$group/$1")" = "$2" ] || fail "$1 is \"$(cat "$group/$1")\", expected \"$2\""; }
is_gone() { [ "$(systemctl ${manager:-} show -P LoadState "$unit")" = not-found ] && [ ! -e "$group" ]; }

@test "systemd: create, start, exec, update, delete: the scope and its group say the same, and are gone afterwards" {
	need root
	need_systemd
	unit=$TAG-c1.scope group=/sys/fs/cgroup/system.slice/$TAG-c1.scope
	bundle b "$limits | .linux.cgroupsPath = \"system.slice:$TAG:c1\" |
		.annotations = { \"org.systemd.property.TimeoutStopUSec\": \"uint64 123000000\", \"org.systemd.property.Description\": \"'a test'\" }"
	box --systemd-cgroup create -b b "$TAG" </dev/null
	expect_shown "Delegate=yes Description=a test Slice=system.slice TimeoutStopUSec=2min 3s" Delegate Slice TimeoutStopUSec Description
	expect_shown "AllowedCPUs=0 CPUQuotaPerSecUSec=500ms CPUWeight=20 MemoryMax=67108864 MemorySwapMax=0 TasksMax=20" \
		MemoryMax MemorySwapMax TasksMax CPUQuotaPerSecUSec CPUWeight AllowedCPUs
	expect_file memory.max 67108864
	expect_file memory.swap.max 0
	expect_file pids.max 20
	expect_file cpu.max "50000 100000"
	expect_file cpu.weight 20
	expect_file cpuset.cpus 0
	[ "$(box state "$TAG" | jq -r .pid)" = "$(cat "$group/cgroup.procs")" ]
	box start "$TAG"
	run box exec "$TAG" cat /proc/self/cgroup /sys/fs/cgroup/memory.max
	expect_line 0::/ 67108864
	box update --memory 96m --cpu-quota 25000 --pids-limit 33 "$TAG"
	expect_shown "CPUQuotaPerSecUSec=250ms MemoryMax=100663296 TasksMax=33" MemoryMax TasksMax CPUQuotaPerSecUSec
	expect_file memory.max 100663296
	expect_file cpu.max "25000 100000"
	box pause "$TAG"
	grep -q "frozen 1" "$group/cgroup.events"
	box resume "$TAG"
	box kill "$TAG" KILL
	wait_until 10 is_gone # systemd by itself: the scope is empty
	box delete "$TAG"
	is_gone
}

@test "systemd: after daemon-reload limits and device rules are what box made them" {
	need root
	need_systemd
	unit=$TAG.scope group=/sys/fs/cgroup/system.slice/$TAG.scope
	bundle b "$limits | .linux.cgroupsPath = \"::$TAG\" | .linux.devices = [{ \"path\": \"/dev/one\", \"type\": \"c\", \"major\": 1, \"minor\": 11 }] |
		.linux.resources.devices = [{ \"allow\": false, \"access\": \"rwm\" }] | .linux.resources.unified = { \"memory.high\": \"50331648\" }"
	box --systemd-cgroup run -d -b b "$TAG" </dev/null >/dev/null 2>&1
	expect_shown "MemoryHigh=50331648" MemoryHigh
	for _ in 1 2; do
		run box exec "$TAG" sh -c 'echo x >/dev/null && head -c 1 /dev/one'
		expect_has "/dev/one: Operation not permitted"
		expect_file memory.max 67108864
		expect_file memory.high 50331648
		expect_file cpu.max "50000 100000"
		systemctl daemon-reload
	done
	box delete -f "$TAG"
	is_gone
}

@test "systemd: a subgroup by the annotation of crun, in a slice of slices" {
	need root
	need_systemd
	unit=$TAG.scope group=/sys/fs/cgroup/$TAG.slice/$TAG-b.slice/$TAG.scope/container
	UNITS="$TAG-b.slice $TAG.slice"
	bundle b "$limits | .linux.cgroupsPath = \"$TAG-b.slice::$TAG\" | .annotations = { \"run.oci.systemd.subgroup\": \"container\" } |
		.linux.resources.hugepageLimits = [{ \"pageSize\": \"2MB\", \"limit\": 2097152 }]"
	box --cgroup-manager systemd run -d -b b "$TAG" </dev/null >/dev/null 2>&1
	expect_file memory.max 67108864
	expect_file hugetlb.2MB.max 2097152
	expect_shown "MemoryMax=67108864" MemoryMax
	run box exec "$TAG" cat /proc/self/cgroup
	expect_line 0::/
	box update --memory 96m "$TAG"
	expect_file memory.max 100663296
	expect_shown "MemoryMax=100663296" MemoryMax
	box delete -f "$TAG"
	is_gone
}

@test "systemd: what cannot be made is said, and nothing is left of it" {
	need root
	need_systemd
	unit=$TAG-a.scope group=/sys/fs/cgroup/system.slice/$TAG-a.scope
	bundle b ".linux.cgroupsPath = \":$TAG:a\" | .annotations = { \"org.systemd.property.Nonsense\": \"5\" }"
	run box --systemd-cgroup run -d -b b "$TAG" </dev/null
	expect_has "start the unit $unit: Cannot set property Nonsense, or unknown property"
	bundle b ".linux.cgroupsPath = \":$TAG:a\" | .annotations = { \"org.systemd.property.TimeoutStopUSec\": \"uint64\" }"
	run box --systemd-cgroup run -d -b b "$TAG" </dev/null
	expect_has "start the unit $unit: property TimeoutStopUSec: expected a value as GVariant text"
	bundle b ".linux.cgroupsPath = \"/docker/x\""
	run box --systemd-cgroup run -d -b b "$TAG" </dev/null
	expect_has 'linux.cgroupsPath: make a systemd unit for the cgroup path "/docker/x": expected "slice:prefix:name"' "hint: such as"
	run box list -q
	[ -z "$output" ]
	is_gone
	bundle b ".linux.cgroupsPath = \":$TAG:a\""
	box --systemd-cgroup run -d -b b "$TAG" </dev/null >/dev/null 2>&1
	run box --systemd-cgroup run -d -b b "$TAG-2" </dev/null
	expect_has "start the unit $unit: Unit $unit was already loaded"
	[ "$(box state "$TAG" | jq -r .status)" = running ] # the other one was not touched
	box delete -f "$TAG"
	is_gone
}

@test "systemd: an ordinary user's scope lies in the user's own manager" {
	need user subids
	need_systemd
	local id
	id=$(id -u $TEST_USER)
	systemctl start "user@$id.service"
	unit=$TAG-u.scope
	bundle b "$limits | del(.linux.resources.cpu.cpus) | .linux.cgroupsPath = \":$TAG:u\" | .linux.namespaces += [{ \"type\": \"user\" }] |
		.linux.uidMappings = [{ \"containerID\": 0, \"hostID\": $id, \"size\": 1 }] |
		.linux.gidMappings = [{ \"containerID\": 0, \"hostID\": $(id -g $TEST_USER), \"size\": 1 }]"
	as_user true
	mv b home/b
	chown -R $TEST_USER: home/b
	as_manager() { as_user env XDG_RUNTIME_DIR="/run/user/$id" "$@"; }
	as_box() { as_manager bin/box --root "$WORK/home/run/box" "$@"; }
	as_box --systemd-cgroup create -b b "$TAG" </dev/null
	group=/sys/fs/cgroup/user.slice/user-$id.slice/user@$id.service/user.slice/$unit
	expect_file memory.max 67108864
	expect_file pids.max 20
	[ "$(as_manager systemctl --user show -P MemoryMax "$unit")" = 67108864 ]
	as_box start "$TAG"
	# From a session of that user, which may not move a process there by itself.
	run as_box exec "$TAG" cat /proc/self/cgroup /sys/fs/cgroup/memory.max
	expect_line 0::/ 67108864
	as_box update --memory 96m "$TAG"
	expect_file memory.max 100663296
	[ "$(as_manager systemctl --user show -P MemoryMax "$unit")" = 100663296 ]
	as_box delete -f "$TAG"
	[ ! -e "$group" ]
	[ "$(as_manager systemctl --user show -P LoadState "$unit")" = not-found ]
}

@test "systemd: box run of an ordinary user in a session that delegates nothing gets a scope for its limits" {
	need user subids
	need_systemd
	local id
	id=$(id -u $TEST_USER)
	systemctl start "user@$id.service"
	user_app '"command": ["/bin/probe", "memory", "200"], "resources": {"limits": {"memory": "64m"}}'
	run as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box run app.json
	expect_status 137
	expect_has "out of memory: the limit is 64 MiB (resources.limits.memory)"
	user_app '"command": ["cat", "/sys/fs/cgroup/pids.max"]'
	run as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box run app.json
	expect_status 0
	[ "$output" = 1024 ] || fail "expected 1024 and nothing else"
	user_app '"command": ["sleep", "1000"]'
	as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 20 as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box exec "$TAG" true
	as_user env XDG_RUNTIME_DIR="/run/user/$id" bin/box rm -f "$TAG"
	wait
	wait_until 10 eval '! systemctl --user -M $TEST_USER@ list-units --all 2>/dev/null | grep -q "box-$TAG"'
}

@test "podman with --cgroup-manager systemd drives box" {
	need root podman conmon
	need_systemd
	rootfs_folder root
	pod() {
		podman --root "$WORK/pod/root" --runroot "$WORK/pod/run" --tmpdir "$WORK/pod/tmp" --storage-driver vfs --events-backend file \
			--cgroup-manager systemd --runtime "$BOX" "$@"
	}
	WORLD_IS_DIRTY=1
	run timeout "$(slowly 60)" podman --version
	pod run -d --name "$TAG" --net none --memory 64m --pids-limit 20 --rootfs "$WORK/root" sleep 1000 >id
	group=/sys/fs/cgroup/machine.slice/libpod-$(tail -1 id).scope
	expect_file memory.max 67108864
	expect_file pids.max 20
	[ "$(systemctl show -P MemoryMax "${group##*/}")" = 67108864 ]
	run pod exec "$TAG" cat /sys/fs/cgroup/memory.max
	expect_line 67108864
	pod rm -f -t 0 "$TAG"
	[ ! -e "$group" ]
}

@test "exec enters the group that the app made for itself, and one that is named" {
	need root jq
	has_delegation || skip "needs cgroup v2 alone (make check-vm)"
	bundle b ".linux.cgroupsPath = \"/$TAG/c\" | .process.args = [\"sh\", \"-c\",
		\"cd /sys/fs/cgroup; mkdir inner other; echo 0 >inner/cgroup.procs; echo +pids >cgroup.subtree_control; touch /ready; exec sleep 1000\"]"
	box run -d -b b "$TAG" </dev/null >/dev/null 2>&1
	wait_until 10 test -e b/rootfs/ready
	run box exec "$TAG" cat /proc/self/cgroup
	expect_line 0::/inner
	run box exec --cgroup other "$TAG" cat /proc/self/cgroup
	expect_line 0::/other
	run box exec --cgroup ../.. "$TAG" true
	expect_has 'use the cgroup path'
	run box exec --cgroup nowhere "$TAG" true
	expect_has "open cgroup /sys/fs/cgroup/$TAG/c/nowhere: No such file or directory"
	box delete -f "$TAG"
	rmdir "/sys/fs/cgroup/$TAG"
}

@test "cgroupfs: a path in either syntax is a path" {
	need root jq
	local path
	for path in "/$TAG/c:d" "$TAG.slice:a:b"; do
		bundle b ".linux.cgroupsPath = \"$path\""
		box --cgroup-manager cgroupfs run -d -b b "$TAG" </dev/null >/dev/null 2>&1
		grep -qF "${path#/}" "/proc/$(box state "$TAG" | jq -r .pid)/cgroup" || fail "not in $path"
		box delete -f "$TAG"
	done
	find /sys/fs/cgroup -maxdepth 2 -type d -name "$TAG" -exec rmdir {} + || true
}

@test "disabled: no cgroup is made, and limits are said not to hold" {
	need root jq
	bundle b ".linux.cgroupsPath = \"/$TAG\" | .linux.resources.memory.limit = 67108864"
	box --cgroup-manager disabled run -d -b b "$TAG" </dev/null >out 2>&1 # the container has these streams, too
	grep -q "the limits of the container are not enforced" out
	[ -z "$(left_cgroups)" ]
	[ "$(cat "/proc/$(box state "$TAG" | jq -r .pid)/cgroup")" = "$(cat /proc/self/cgroup)" ]
	box exec "$TAG" true
	box kill "$TAG" KILL
	wait_until 10 eval '[ "$(box state "$TAG" | jq -r .status)" = stopped ]'
	box delete "$TAG"
}

@test "without systemd its manager is refused, with what to do" {
	need root jq
	[ ! -d /run/systemd/system ] || skip "this host has systemd"
	bundle b ".linux.cgroupsPath = \":$TAG:c\""
	run box --systemd-cgroup create -b b "$TAG" </dev/null
	expect_has "this host was not booted with systemd" "hint: use --cgroup-manager cgroupfs"
	run box --cgroup-manager nothing create -b b "$TAG"
	expect_has "option --cgroup-manager nothing: expected cgroupfs, systemd or disabled"
}
