# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# engines.bash - what the tests with real engines (8*.bats) share: podman, buildah, containerd, dockerd and swarms of dockerds.
#
# A test file begins with:
#
#     load lib
#     load engines
#     setup_file() { world_needs podman || return 0; world_begin; machine_start pod; … }
#     teardown_file() { world_end; }
#     setup() { test_begin; }
#
# Engines run in *machines*: a machine is a process with namespaces of its own (mounts, network, processes, host name, IPC, cgroups), with
# tmpfs where engines write and with cgroups of its own as the roots that it sees (machine.sh). So every engine runs with its usual paths, no
# packet leaves the machine, two machines are two hosts, and when the first process of a machine ends, the kernel removes all the rest:
# processes, mounts, networks, firewall rules. world_end removes the cgroups and asserts that nothing is left, also after a failure.
#
# The runtime under test is $ENGINE_RUNTIME: box, or for comparison any other (ENGINE_RUNTIME=/usr/sbin/runc bats tests/system/8001-podman.bats).
# The engines know it as "box": $WORK/runtime/box, a wrapper that writes every call as a line to $WORK/calls before it becomes the
# runtime. Assert with expect_calls that the runtime really was at work.

ENGINE_RUNTIME=${ENGINE_RUNTIME:-$BOX_BUILD/bin/box}

# --- the world of a test file ----------------------------------------------------------------------------------------------

# bats 1.8 takes a skip in setup_file for a failure; so the reason is kept for test_begin.
world_needs() {
	export WORLD_LACKS
	# shellcheck disable=SC2317
	WORLD_LACKS=$(skip() { echo "$*"; exit 0; }; need root tini ip nsenter "$@")
	[ -z "$WORLD_LACKS" ]
}

world_begin() {
	[ -x "$ENGINE_RUNTIME" ] || { echo "no $ENGINE_RUNTIME: make TEST_HOOKS=1 all" >&2; return 1; }
	umask 022
	unset BOX_FAIL_STEP BOX_PAUSE_STEP BOX_TRACE TMPDIR
	export WORK TAG
	WORK=$(mktemp -d /tmp/box-test-XXXXXX)
	chmod 711 "$WORK"
	TAG=t${WORK##*-}
	: >"$WORK/machines"
	mkfifo "$WORK/quiet"
	cp "$(test_rootfs)" "$WORK/rootfs.tar"
	install_runtime
	cd "$WORK" || return 1
}

# The runtime under test as $WORK/runtime/box, which ordinary users may run too.
install_runtime() {
	mkdir -p "$WORK/runtime/real/bin"
	cp "$ENGINE_RUNTIME" "$WORK/runtime/real/bin/"
	[ ! -d "${ENGINE_RUNTIME%/bin/*}/libexec/box" ] || cp -r "${ENGINE_RUNTIME%/bin/*}/libexec" "$WORK/runtime/real/"
	install -m 666 /dev/null "$WORK/calls"
	cat >"$WORK/runtime/box" <<-END
		#!/bin/sh
		echo "\$*" >>$WORK/calls
		exec $WORK/runtime/real/bin/${ENGINE_RUNTIME##*/} "\$@"
	END
	chmod 755 "$WORK/runtime/box"
}

world_end() {
	local left=0 name keeper
	cd / || return 1
	[ -n "${WORK:-}" ] && [ -d "$WORK" ] || return 0
	while read -r name keeper; do
		machine_end "$keeper"
	done <"$WORK/machines"
	wait_until 10 no_machine_process || left=1
	world_end_cgroups || left=1
	world_nothing_left || left=1
	rm -rf --one-file-system "$WORK"
	return $left
}

no_machine_process() { [ -z "$(machine_processes)" ]; }
machine_processes() {
	grep -lsF "/$TAG-" /proc/[0-9]*/cgroup | cut -d/ -f3 | while read -r pid; do
		[ ! -e "/proc/$pid/exe" ] || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done
}

# Only the groups that machine_start made, from the leaves up. A moment may pass until the kernel lets go of one.
world_end_cgroups() {
	local groups
	for _ in $(seq 50); do
		groups=$(left_cgroups)
		[ -n "$groups" ] || return 0
		# shellcheck disable=SC2086
		find $groups -depth -type d -exec rmdir {} + 2>/dev/null || true
		sleep 0.05
	done
	echo "left behind: cgroups: $groups" >&2
	return 1
}

world_nothing_left() {
	local found what
	for what in machine_processes foreign_namespaces left_mounts; do
		found=$($what)
		[ -z "$found" ] || { printf 'left behind: %s:\n%s\n' "$what" "$found" >&2; return 1; }
	done
}

# Before every test.
test_begin() {
	[ -z "$WORLD_LACKS" ] || skip "$WORLD_LACKS"
	cd "$WORK" || return 1
	: >calls
}

# --- machines --------------------------------------------------------------------------------------------------------------

# The groups of a machine, one folder a line; they lie next to the group of the test itself only in name.
machine_groups() { awk -v group="$TAG-$1" '/ - cgroup2? / { print $5 "/" group }' /proc/self/mountinfo; }

machine_make_groups() {
	local group
	for group in $(machine_groups "$1"); do
		mkdir "$group" || return 1
		[ ! -e "$group/cpuset.cpus" ] || [ -e "$group/cgroup.controllers" ] || {
			cat "$group/../cpuset.cpus" >"$group/cpuset.cpus"
			cat "$group/../cpuset.mems" >"$group/cpuset.mems"
		}
	done
}

# The calling subshell moves to the machine's groups.
machine_enter_groups() {
	local group
	for group in $(machine_groups "$1"); do
		[ ! -d "$group/init" ] || group=$group/init
		echo "$BASHPID" >"$group/cgroup.procs" || return 1
	done
}

# machine_start NAME: a machine with no network but its loopback.
machine_start() {
	local name=$1 keeper
	machine_make_groups "$name" || return 1
	(
		machine_enter_groups "$name" || exit 1
		exec setpriv --pdeathsig KILL unshare --fork --kill-child --pid --mount-proc --mount --net --uts --ipc --cgroup --propagation private \
			"$TOP/tests/system/machine.sh" "$WORK" "$name"
	) </dev/null >"$WORK/$name.log" 2>&1 3>&- &
	keeper=$!
	disown "$keeper" # else bash says "Killed" at its end
	echo "$name $keeper" >>"$WORK/machines"
	wait_until 10 test -e "$WORK/$name.ready" || { cat "$WORK/$name.log" >&2; return 1; }
}

# The pid of the machine's first process, and its end, which ends everything in it: as if the power failed.
machine_pid() {
	local keeper
	keeper=$(awk -v name="$1" '$1 == name { print $2 }' "$WORK/machines")
	cut -d' ' -f1 "/proc/$keeper/task/$keeper/children"
}
machine_end() {
	local keeper=$1 first
	first=$(cut -d' ' -f1 "/proc/$keeper/task/$keeper/children" 2>/dev/null) || return 0
	# The keeper reaps it and ends by itself.
	[ -z "$first" ] || kill -KILL "$first" 2>/dev/null || true
	for _ in $(seq 100); do
		[ -e "/proc/$keeper/exe" ] || return 0
		sleep 0.05
	done
	kill -KILL "$keeper" 2>/dev/null || true
}
machine_kill() { machine_end "$(awk -v name="$1" '$1 == name { print $2 }' "$WORK/machines")"; }

# on NAME COMMAND…: the command in the machine, in $WORK.
on() {
	local name=$1
	shift
	(
		machine_enter_groups "$name" || exit 1
		exec nsenter --target "$(machine_pid "$name")" --mount --net --pid --uts --ipc --cgroup --wdns="$WORK" -- "$@" 3>&-
	)
}

# daemon NAME COMMAND…: the same in the background; what it says goes to $WORK/NAME-COMMAND.log.
daemon() {
	local name=$1 program=$2
	on "$@" </dev/null >>"$WORK/$name-${program##*/}.log" 2>&1 3>&- &
}

# machine_cable NAME ADDRESS NAME ADDRESS: a network between two machines.
machine_cable() {
	ip link add eth0 netns "$(machine_pid "$1")" type veth peer name eth0 netns "$(machine_pid "$3")"
	on "$1" sh -c "ip address add $2 dev eth0; ip link set eth0 up"
	on "$3" sh -c "ip address add $4 dev eth0; ip link set eth0 up"
}

# --- what the tests share --------------------------------------------------------------------------------------------------

# is_still COMMAND…: its output is the same half a second later.
is_still() {
	local before
	before=$("$@")
	sleep 0.5
	[ "$("$@")" = "$before" ]
}

# expect_calls VERB…: the runtime was called with each of them.
expect_calls() {
	local verb
	for verb; do
		grep -qE "(^| )$verb( |\$)" "$WORK/calls" || { fail "no call of the runtime with $verb; its calls: $(cat "$WORK/calls")"; return 1; }
	done
}

# terminal COMMAND…: the command, maybe one of our functions, with a terminal as its stdin, stdout and stderr. Lines end with \n.
# Nobody types: a fifo without end.
terminal() {
	(
		# shellcheck disable=SC2046
		export -f $(declare -F | awk '{ print $3 }' | grep -v '^bats_')
		export TEST_USER SHELL=/bin/bash
		exec script -qec "$(printf '%q ' "$@")" /dev/null <>"$WORK/quiet"
	) | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

# docker_archive TAR TARGET NAME [CONFIG]: an image of one layer, as docker save writes it; CONFIG is the JSON of what containers get from it.
docker_archive() {
	local sum config=${4:-'{"Env": ["PATH=/bin"], "Cmd": ["sh"]}'}
	mkdir -p archive
	cp "$1" archive/layer.tar
	sum=$(sha256sum <archive/layer.tar)
	printf '{"architecture": "%s", "os": "linux", "config": %s, "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' \
		"$OWN_ARCHITECTURE" "$config" "${sum%% *}" >archive/config.json
	printf '[{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]' "$3" >archive/manifest.json
	tar -C archive -cf "$2" manifest.json config.json layer.tar
}

# A line for each limit in a container, the same for both versions of cgroups. For: sh -c "$LIMITS"
# shellcheck disable=SC2016
export LIMITS='
v() { cat $1 2>/dev/null || cat $2; }
cd /sys/fs/cgroup
echo memory $(v memory.max memory/memory.limit_in_bytes)
echo pids $(v pids.max pids/pids.max)
echo cpu $(cat cpu.max 2>/dev/null || cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us)'

# --- dockerd ---------------------------------------------------------------------------------------------------------------

# docker_start NAME [JSON]: dockerd in the machine NAME with the runtime under test as its default, JSON fields added to its configuration.
# BuildKit asks no default-runtime: it calls the first "runc" on PATH, so that is the runtime under test as well.
docker_start() {
	local name=$1
	mkdir -p "$WORK/path"
	ln -sf "$WORK/runtime/box" "$WORK/path/runc"
	printf '{ "runtimes": {"box": {"path": "%s"}}, "default-runtime": "box", "exec-opts": ["native.cgroupdriver=cgroupfs"], "shutdown-timeout": 2 %s }\n' \
		"$WORK/runtime/box" "${2:+, $2}" >"$WORK/$name-dockerd.json"
	docker_restart "$name"
}
docker_restart() {
	daemon "$1" env PATH="$WORK/path:$PATH" dockerd --config-file "$WORK/$1-dockerd.json"
	wait_until 30 docker_on "$1" version || { tail -20 "$WORK/$1-env.log" >&2; return 1; }
}

# docker_on NAME ARGUMENTS…: Debian's client, which fits its daemon.
docker_on() {
	local name=$1
	shift
	on "$name" env DOCKER_CONFIG="$WORK/docker" /usr/bin/docker "$@"
}
