#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json: the specification's own rules, and every field of process, root, hostname and annotations, seen from inside.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

@test "ociVersion: SemVer of version 1; anything else is refused" {
	for version in 1.0.0 1.0.2-dev 1.2.1 1.3.0 1.99.0; do
		oci ".ociVersion = \"$version\"" true
		expect_status 0 || fail "$version"
	done
	for version in '"2.0.0"' '"0.5.0"' '"1"' '"1.0"' '"v1.0.0"' '""' 1 null; do
		refused ".ociVersion = $version"
	done
	refused 'del(.ociVersion)'
}

@test "unknown properties at the top and in annotations, and other platforms' objects, are ignored" {
	oci '.unknown = { "a": 1 } | .windows = { "layerFolders": [] } | .vm = {} | .annotations = { "org.opencontainers.image.x": "1", "unknown": "" }' echo on
	expect_status 0
	expect_line on
	# Elsewhere a word that is not understood could be a protection that is missing: refused with its place.
	refused '.linux.maskedPath = ["/proc/keys"]'
	expect_has linux maskedPath
}

@test "values that are invalid are refused with their place" {
	local filter
	while IFS='	' read -r place filter; do
		refused "$filter" || fail "filter $filter" || return 1
		expect_has "$place" || fail "filter $filter"
	done <<-'END'
		process.cwd	.process.cwd = "relative"
		cwd	del(.process.cwd)
		process.user.uid	.process.user.uid = -1
		process.user.uid	.process.user.uid = 4294967296
		process.args	.process.args = []
		process.args	.process.args = "true"
		process.rlimits	.process.rlimits = [{"type": "RLIMIT_NOSUCH", "soft": 1, "hard": 1}]
		process.rlimits	.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}, {"type": "RLIMIT_CORE", "soft": 2, "hard": 2}]
		process.rlimits	.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]
		process.oomScoreAdj	.process.oomScoreAdj = 1001
		root.path	.root.path = ""
		root	del(.root)
		mounts	.mounts += [{"type": "tmpfs"}]
		hooks	.hooks = {"prestart": [{"path": "relative"}]}
		hooks	.hooks = {"prestart": [{"path": "/bin/true", "timeout": 0}]}
		hooks	.hooks = {"prestart": [{"path": "/bin/true", "timeout": -1}]}
		linux.namespaces	.linux.namespaces += [{"type": "pid"}]
		linux.namespaces	.linux.namespaces += [{"type": "nosuch"}]
		linux.namespaces	.linux.namespaces[0].path = "relative"
		linux.maskedPaths	.linux.maskedPaths = ["relative"]
		linux.readonlyPaths	.linux.readonlyPaths = ["relative"]
		linux.rootfsPropagation	.linux.rootfsPropagation = "nosuch"
		linux.devices	.linux.devices = [{"path": "/dev/x", "type": "c"}]
		linux.devices	.linux.devices = [{"path": "x", "type": "p"}]
		linux.devices	.linux.devices = [{"path": "/dev/x", "type": "z", "major": 1, "minor": 3}]
		linux.seccomp	.linux.seccomp = {"defaultAction": "SCMP_ACT_NOSUCH"}
		linux.seccomp	.linux.seccomp = {"syscalls": []}
		linux.seccomp	.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}
		linux.personality	.linux.personality = {"domain": "NOSUCH"}
		linux.timeOffsets	.linux.timeOffsets = {"monotonic": {"secs": 1}}
		linux.sysctl	.linux.sysctl = {"kernel.core_pattern": "x"}
		linux.resources	.linux.resources.unified = {"../x.max": "1"}
		linux.intelRdt	.linux.intelRdt = {"closID": "x"}
		annotations	.annotations = {"": "x"}
		annotations	.annotations = ["a"]
	END
}

@test "json that is none, or has one key twice, is refused" {
	bundle
	printf '{' >"$BUNDLE/config.json"
	refused
	expect_has config.json
	printf '{"ociVersion": "1.0.0", "ociVersion": "1.0.0"}' >"$BUNDLE/config.json"
	refused
	: >"$BUNDLE/config.json"
	refused
	rm "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	refused
}

@test "root: relative to the bundle or absolute; read-only where so said, else not" {
	oci . sh -c 'echo x >/new && cat /new'
	expect_status 0
	[ -e "$BUNDLE/rootfs/new" ]
	oci '.root.readonly = true' sh -c 'touch /other; mount | head -1; touch /dev/shm/x && echo shm-ok'
	expect_has "Read-only file system" shm-ok
	[ ! -e "$BUNDLE/rootfs/other" ]
	mv "$BUNDLE/rootfs" elsewhere
	ROOT=$WORK/elsewhere bundle_only '.root.path = env.ROOT' cat /new
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_line x
	refused_only '.root.path = "/etc/passwd"'
}
# The same as bundle and refused, without a root folder in the bundle.
bundle_only() {
	local filter=$1
	shift
	template | jq '.process.args = $ARGS.positional | '"$filter" --args -- "$@" >"$BUNDLE/config.json"
}
refused_only() {
	bundle_only "$1" true
	refused
}

@test "process: user, groups, umask, cwd, env, args" {
	oci '.process.user = { "uid": 1000, "gid": 1001, "additionalGids": [7, 9], "umask": 23 } | .process.cwd = "/tmp" |
		.process.env = ["PATH=/bin", "A=1", "B=two words", "C="]' sh -c 'probe ids; probe environment; umask; touch f; stat -c %a f'
	expect_status 0
	expect_fact uid "1000 1000 1000"
	expect_fact gid "1001 1001 1001"
	# The kernel sorts them; runc and crun leave the primary one out.
	grep -qxE "groups (1001 )?7 9( 1001)?" <<<"$output" || fail "groups"
	expect_fact cwd /tmp
	expect_line "env A=1" "env B=two words" "env C=" 0027 640
	expect_not "env HOSTNAME"
	expect_fact setuid0 EPERM
}

@test "umask is 0022 where nobody says another" {
	(umask 077 && oci . sh -c umask && expect_line 0022)
}

@test "a cwd that is missing is made; one that only root may enter is entered, as runc does" {
	oci '.process.cwd = "/made/by/box"' pwd
	expect_line /made/by/box
	mkdir -m 700 "$BUNDLE/rootfs/closed"
	bundle '.process.cwd = "/closed" | .process.user = { "uid": 1000, "gid": 1000 }' pwd
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	theirs=$(control_runc run -b "$BUNDLE" "$TAG-r" </dev/null 2>&1) || true
	[ "$output" = "$theirs" ] || fail "runc says: $theirs"
	touch "$BUNDLE/rootfs/file"
	refused '.process.cwd = "/file"' true
}

@test "a program is looked up in the container's PATH, an absolute or relative path is taken as it is" {
	mkdir -p "$WORK/b"
	oci '.process.env = ["PATH=/nowhere:/bin"]' pwd
	expect_line /
	oci '.process.cwd = "/bin"' ./busybox echo relative
	expect_line relative
	oci . /bin/busybox echo absolute
	expect_line absolute
}

@test "HOME comes from the container's passwd where env has none" {
	oci '.process.user = { "uid": 1000, "gid": 1000 }' sh -c 'echo "home=$HOME"'
	expect_line "home=/home/app"
	oci '.process.env += ["HOME=/x"]' sh -c 'echo "home=$HOME"'
	expect_line "home=/x"
}

caps() { printf '%016x' $(($1)); }

@test "capabilities: five sets, each as written" {
	oci '.process.capabilities = { "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"], "effective": ["CAP_KILL"],
		"permitted": ["CAP_KILL", "CAP_CHOWN"], "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"] } |
		.process.noNewPrivileges = false | .process.user = { "uid": 1000, "gid": 1000 }' probe caps
	# chown 0, kill 5, net_raw 13. Execve of an ordinary user keeps what is ambient.
	expect_fact CapBnd "$(caps '1 | 1 << 5 | 1 << 13')"
	expect_fact CapInh "$(caps 1)"
	expect_fact CapAmb "$(caps 1)"
	expect_fact CapPrm "$(caps 1)"
	expect_fact CapEff "$(caps 1)"
	oci '.process.capabilities = { "bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"] } |
		.process.noNewPrivileges = false' probe caps
	# Root gets at execve what is bounding.
	expect_fact CapPrm "$(caps '1 | 1 << 5')"
	expect_fact CapInh "$(caps 0)"
	expect_fact CapAmb "$(caps 0)"
	oci 'del(.process.capabilities)' probe caps
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do expect_fact $set "$(caps 0)"; done
	# Without noNewPrivileges the sets of an ordinary user are empty as well.
	oci '.process.user = { "uid": 1000, "gid": 1000 }' probe caps
	expect_fact CapEff "$(caps 0)"
	# What nobody knows cannot be granted: ignored with a warning, as the specification says since 1.1.
	oci '.process.capabilities.bounding += ["CAP_NOSUCH"]' true
	expect_status 0
	expect_has CAP_NOSUCH
}

@test "noNewPrivileges: true and false" {
	oci . probe security
	expect_fact NoNewPrivs 1
	oci '.process.noNewPrivileges = false' probe security
	expect_fact NoNewPrivs 0
	expect_fact Seccomp 0
}

@test "rlimits: every one that is set, and the others are box's own" {
	bundle '.process.rlimits = [{ "type": "RLIMIT_NOFILE", "soft": 100, "hard": 200 }, { "type": "RLIMIT_CORE", "soft": 0, "hard": "MOST" },
		{ "type": "RLIMIT_CPU", "soft": 77, "hard": 78 }, { "type": "RLIMIT_STACK", "soft": 4194304, "hard": 8388608 },
		{ "type": "RLIMIT_FSIZE", "soft": 1048576, "hard": 1048577 }, { "type": "RLIMIT_MEMLOCK", "soft": 65536, "hard": 65536 }]' probe limits
	sed -i 's/"MOST"/18446744073709551615/' "$BUNDLE/config.json" # which jq would round
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	grep -qE "Max open files +100 +200 " <<<"$output"
	grep -qE "Max core file size +0 +unlimited " <<<"$output"
	grep -qE "Max cpu time +77 +78 " <<<"$output"
	grep -qE "Max stack size +4194304 +8388608 " <<<"$output"
	grep -qE "Max file size +1048576 +1048577 " <<<"$output"
	grep -qE "Max locked memory +65536 +65536 " <<<"$output"
	ulimit -Sn 300
	oci . probe limits
	grep -qE "Max open files +300 " <<<"$output"
	# Of cores box itself has none (1: not even by a program that takes cores); the hard limit is the caller's.
	grep -qE "Max core file size +[01] +$(ulimit -Hc)" <<<"$output"
}

@test "oomScoreAdj: as said; else as box's" {
	oci '.process.oomScoreAdj = 321' cat /proc/self/oom_score_adj
	expect_line 321
	oci '.process.oomScoreAdj = 0' cat /proc/self/oom_score_adj
	expect_line 0
	mine=$(cat /proc/self/oom_score_adj)
	oci . cat /proc/self/oom_score_adj
	expect_line "$mine"
}

@test "scheduler: policy, nice, priority" {
	need chrt
	start_container '.process.scheduler = { "policy": "SCHED_BATCH", "nice": 7 }' sleep 1000
	wait_until 5 grep -q sleep "/proc/$(oci_pid)/comm"
	[ "$(awk '{ print $19, $41 }' "/proc/$(oci_pid)/stat")" = "7 3" ]
	box delete --force "$TAG"
	start_container '.process.scheduler = { "policy": "SCHED_FIFO", "priority": 5, "flags": ["SCHED_FLAG_RESET_ON_FORK"] } |
		.linux.resources.cpu = { "realtimeRuntime": 1000, "realtimePeriod": 1000000 }' sleep 1000 || skip "no real time in this group: $(cat out)"
	wait_until 5 grep -q sleep "/proc/$(oci_pid)/comm"
	[ "$(awk '{ print $40, $41 }' "/proc/$(oci_pid)/stat")" = "5 1" ] # field 41 without RESET_ON_FORK
}

@test "scheduler: what the kernel refuses is an error" {
	bundle '.process.scheduler = { "policy": "SCHED_DEADLINE", "runtime": 1 }' true
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	[ "$status" -ne 0 ]
	expect_has scheduler
	refused '.process.scheduler = { "policy": "SCHED_NOSUCH" }'
}

@test "ioPriority" {
	need ionice
	for pair in "IOPRIO_CLASS_BE 6 best-effort: prio 6" "IOPRIO_CLASS_IDLE 0 idle" "IOPRIO_CLASS_RT 3 realtime: prio 3"; do
		read -r class number words <<<"$pair"
		start_container ".process.ioPriority = { \"class\": \"$class\", \"priority\": $number }" sleep 1000
		wait_until 5 grep -q sleep "/proc/$(oci_pid)/comm"
		[ "$(ionice -p "$(oci_pid)")" = "$words" ] || fail "$pair: $(ionice -p "$(oci_pid)")"
		box delete --force "$TAG"
	done
}

@test "hostname and domainname; without a uts namespace they are refused" {
	oci '.hostname = "inside" | .domainname = "example.test"' sh -c 'hostname; cat /proc/sys/kernel/domainname'
	expect_line inside example.test
	refused '.hostname = "x" | .linux.namespaces |= map(select(.type != "uts"))'
	refused '.domainname = "x" | .linux.namespaces |= map(select(.type != "uts"))'
	refused '.hostname = "'"$(printf 'a%.0s' {1..65})"'"'
	oci '.linux.namespaces |= map(select(.type != "uts"))' hostname
	expect_line "$(hostname)"
}

@test "a terminal: its own session, /dev/console, size; no terminal: none" {
	need python3
	oci . sh -c 'probe terminal; ls /dev/console; : >/dev/tty' </dev/null
	expect_line "tty.0 no"
	expect_has "/dev/console: No such file"
	status=0
	bundle '.process.terminal = true' sh -c 'probe terminal; tty; ls -l /dev/console /dev/ptmx'
	output=$(timeout 20 python3 "$BATS_TEST_DIRNAME/at-terminal.py" "" box run -b "$BUNDLE" "$TAG" </dev/null 2>&1) || status=$?
	expect_has "tty.0 /dev/" "/dev/console"
	expect_not "tty.1 no"
}
