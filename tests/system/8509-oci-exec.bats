#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec in OCI containers with every flag and field of process.json; spec and features.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

# process FILTER COMMAND…: process.json from the template's process.
process() {
	local filter=$1
	shift
	template | jq '.process | .args = $ARGS.positional | '"$filter" --args -- "$@" >process.json
}
in_it() { run timeout "$(slowly 10)" box exec "$@" </dev/null; }

@test "the exit code is the program's; what cannot run is 126 and 127, in the words that engines know" {
	start_container . sleep 1000
	in_it "$TAG" sh -c 'exit 42'
	expect_status 42
	in_it "$TAG" sh -c 'kill -9 $$'
	expect_status 137
	in_it "$TAG" no-such-program
	expect_status 127
	grep -qiE "executable file not found in|no such file or directory" <<<"$output"
	in_it "$TAG" /etc/passwd
	expect_status 126
	grep -qi "permission denied" <<<"$output"
	[ "$(echo through | timeout 10 box exec "$TAG" cat)" = through ]
	in_it "$TAG" -- echo dashes
	expect_line dashes
	is_in_state running
	box kill "$TAG" KILL
	wait_stopped
	in_it "$TAG" true
	[ "$status" -ne 0 ]
	expect_has "container not running"
}

@test "exec enters every namespace and the cgroup of the container" {
	start_container '.linux.namespaces += [{ "type": "time" }, { "type": "user" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 65536 }] | .linux.gidMappings = .linux.uidMappings' \
		sh -c 'probe namespaces; cat /proc/self/cgroup; sleep 1000' || fail "$(cat out)"
	wait_until 5 grep -q "^ns.uts" out
	in_it "$TAG" sh -c 'probe namespaces; cat /proc/self/cgroup'
	diff <(grep "^ns\.\|:" out | sort) <(sort <<<"$output")
}

@test "exec in a created container" {
	create . sleep 1000
	in_it "$TAG" echo early
	expect_line early
	is_in_state created
}

@test "flags: env, cwd, user, groups, capabilities, no-new-privs" {
	start_container '.process.env += ["KEPT=1", "CHANGED=old"] | .process.noNewPrivileges = false' sleep 1000
	in_it --env CHANGED=new -e ADDED=2 --cwd /tmp --user 1000:1001 -g 7 --additional-gids 9 "$TAG" sh -c 'probe ids; probe environment'
	expect_fact uid "1000 1000 1000"
	expect_fact gid "1001 1001 1001"
	grep -qE "^groups (1001 )?7 9( 1001)?$" <<<"$output"
	expect_fact cwd /tmp
	expect_line "env KEPT=1" "env CHANGED=new" "env ADDED=2"
	expect_not "env CHANGED=old"
	in_it --cap CAP_CHOWN "$TAG" probe caps
	expect_fact CapBnd "$(printf '%016x' $((1 | 1 << 5 | 1 << 10 | 1 << 29)))"
	expect_fact CapEff "$(printf '%016x' $((1 | 1 << 5 | 1 << 10 | 1 << 29)))"
	in_it "$TAG" probe security
	expect_fact NoNewPrivs 0
	in_it --no-new-privs "$TAG" probe security
	expect_fact NoNewPrivs 1
	in_it --cap NOSUCH "$TAG" true
	[ "$status" -ne 0 ]
	in_it --cwd relative "$TAG" true
	[ "$status" -ne 0 ]
}

@test "detach, pid file, preserve-fds, ignore-paused" {
	start_container . sleep 1000
	timeout 10 box exec -d --pid-file "$WORK/pid" "$TAG" sleep 1001 </dev/null >out2 2>&1
	pid=$(cat pid)
	grep -qa sleep "/proc/$pid/cmdline"
	[ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink "/proc/$(oci_pid)/ns/pid")" ]
	status=0
	output=$(timeout 10 box exec --preserve-fds 1 "$TAG" probe fds 3<"$ROOTFS" 4</etc/passwd 5</etc </dev/null) || status=$?
	expect_has "fd.3 "
	expect_not fd.4 fd.5
	box pause "$TAG"
	in_it "$TAG" true
	[ "$status" -ne 0 ]
	"$BOX" --root "$STATE" exec --ignore-paused "$TAG" sh -c 'echo later >/tmp/later' </dev/null >out3 2>&1 &
	HELPERS=$!
	sleep 0.5
	[ ! -e "$BUNDLE/rootfs/tmp/later" ]
	box resume "$TAG"
	wait_until 5 test -e "$BUNDLE/rootfs/tmp/later"
}

@test "a process.json says everything" {
	start_container '.process.rlimits = [{ "type": "RLIMIT_NOFILE", "soft": 111, "hard": 222 }] | .process.env += ["OWN=1"]' sleep 1000
	process '.user = { "uid": 5, "gid": 6, "additionalGids": [8], "umask": 63 } | .cwd = "/tmp" | .env = ["PATH=/bin", "X=y"] | .noNewPrivileges = true |
		.capabilities = { "bounding": ["CAP_CHOWN"], "inheritable": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"] } |
		.rlimits = [{ "type": "RLIMIT_CPU", "soft": 77, "hard": 78 }] | .oomScoreAdj = 555' \
		sh -c 'probe ids; probe environment; probe caps; probe security; probe limits; umask; cat /proc/self/oom_score_adj'
	in_it --process process.json "$TAG"
	expect_status 0
	expect_fact uid "5 5 5"
	grep -qE "^groups (6 )?8$" <<<"$output"
	expect_line "env X=y" "cwd /tmp" 0077
	expect_not "env OWN"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do expect_fact $set 0000000000000001; done
	expect_fact NoNewPrivs 1
	grep -qE "Max cpu time +77 +78" <<<"$output"
	expect_line 555
	process '.args = []'
	in_it -p process.json "$TAG"
	[ "$status" -ne 0 ]
	in_it -p /none.json "$TAG"
	[ "$status" -ne 0 ]
}

@test "execCPUAffinity, scheduler and ioPriority of a process.json" {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	start_container . sleep 1000
	process '.execCPUAffinity = { "initial": "0", "final": "1" } | .scheduler = { "policy": "SCHED_BATCH", "nice": 5 } | .ioPriority = { "class": "IOPRIO_CLASS_IDLE", "priority": 0 }' \
		sh -c 'grep Cpus_allowed_list /proc/self/status; cut -d" " -f19,41 /proc/self/stat'
	in_it -p process.json "$TAG"
	expect_has "Cpus_allowed_list:	1"
	expect_line "5 3"
	# The container's own say holds for exec with words as well.
	box delete --force "$TAG"
	start_container '.process.execCPUAffinity = { "final": "0" }' sleep 1000
	in_it "$TAG" grep Cpus_allowed_list /proc/self/status
	expect_has "Cpus_allowed_list:	0"
	process '.execCPUAffinity = { "final": "4096" }' true
	in_it -p process.json "$TAG"
	[ "$status" -ne 0 ]
}

@test "a terminal: by console-socket and detached, as conmon and the shim do" {
	need python3
	start_container . sleep 1000
	python3 "$BATS_TEST_DIRNAME/console.py" "$WORK/console" "$WORK/tty" &
	HELPERS=$!
	wait_until 5 test -S "$WORK/console"
	process '.terminal = true | .consoleSize = { "height": 20, "width": 70 }' sh -c 'probe terminal; sleep 0.2'
	timeout 10 box exec --detach --console-socket "$WORK/console" --pid-file "$WORK/pid" -p process.json "$TAG" </dev/null >out2 2>&1
	wait_until 5 grep -q "^size" tty
	output=$(tr -d '\r' <tty)
	expect_fact size 70x20
	expect_has "tty.0 /dev/pts/" "tty.1 /dev/pts/" "tty.2 /dev/pts/"
}

@test "the terminal of one process of a container is not another's" {
	need python3
	start_container . sleep 1000
	for i in 1 2; do
		python3 "$BATS_TEST_DIRNAME/console.py" "$WORK/console$i" "$WORK/tty$i" &
		HELPERS="${HELPERS:-} $!"
		wait_until 5 test -S "$WORK/console$i"
		timeout 10 box exec --detach --tty --console-socket "$WORK/console$i" "$TAG" sh -c "tty; echo number $i; sleep 2" </dev/null >out2 2>&1
	done
	wait_until 5 grep -q "number 2" tty2
	wait_until 5 grep -q "number 1" tty1
	[ "$(grep -o '/dev/pts/[0-9]*' tty1)" != "$(grep -o '/dev/pts/[0-9]*' tty2)" ]
}

@test "100 times exec, 16 beside each other: nothing stays" {
	start_container . sleep 1000
	one_exec() { timeout 20 box exec "$TAG" sh -c "exit $(($1 % 100))" </dev/null >"$WORK/e.$1" 2>&1 || echo $? >"$WORK/code.$1"; }
	at_once 16 one_exec
	for i in $(seq 16); do [ "$(cat "code.$i")" = "$i" ] || fail "exec $i: $(cat "e.$i")"; done
	for i in $(seq 100); do "$BOX" --root "$STATE" exec "$TAG" true </dev/null || fail "exec $i"; done
	[ "$(box ps --format json "$TAG" | jq length)" = 1 ]
}

@test "spec: a config.json that runs" {
	mkdir -p "$BUNDLE"
	rootfs_folder "$BUNDLE/rootfs"
	(cd "$BUNDLE" && box spec)
	jq -e '.ociVersion and .process.args == ["sh"] and .root.path == "rootfs"' "$BUNDLE/config.json"
	# As runc: never over one that is there.
	run box spec --bundle "$BUNDLE"
	[ "$status" -ne 0 ]
	jq '.process.terminal = false | .process.args = ["sh", "-c", "id -u; hostname; touch /x || echo readonly"]' "$BUNDLE/config.json" >new.json
	mv new.json "$BUNDLE/config.json"
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_status 0
	expect_line 0 readonly
	jq -e '.process.capabilities.bounding | length > 0' "$BUNDLE/config.json"
}

@test "spec --rootless: a config.json that an ordinary user runs" {
	need user userns
	as_user true
	run as_user sh -c 'mkdir b && cd b && ../bin/box spec --rootless'
	expect_status 0
	tar -C "$WORK/home/b" --no-same-owner -xf "$ROOTFS" --one-top-level=rootfs
	jq '.process.terminal = false | .process.args = ["sh", "-c", "id -u; hostname"]' "$WORK/home/b/config.json" >new.json
	mv new.json "$WORK/home/b/config.json"
	chown -R $TEST_USER: "$WORK/home/b"
	run as_user timeout 10 bin/box run -b b "$TAG" </dev/null
	expect_status 0
	expect_line 0
}

@test "features: what the specification wants to be said" {
	box features >features.json
	jq -e '.ociVersionMin and .ociVersionMax == "1.3.0" and (.hooks | sort) == ["createContainer", "createRuntime", "poststart", "poststop", "prestart", "startContainer"] and
		(.mountOptions | index("rro") and index("idmap") and index("tmpcopyup") and index("rbind")) and
		(.linux.namespaces | sort) == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"] and
		(.linux.capabilities | index("CAP_SYS_ADMIN")) and (.linux.cgroup | has("v1") and has("v2")) and .linux.seccomp.enabled == true and
		(.linux.seccomp.actions | index("SCMP_ACT_ERRNO")) and (.linux.seccomp.operators | length) == 7 and (.linux.seccomp.archs | index("SCMP_ARCH_X86_64")) and
		(.linux | has("apparmor") and has("selinux") and has("intelRdt") and has("mountExtensions"))' features.json || fail "$(cat features.json)"
	# Whatever is named can be used: every mount option is taken.
	for option in $(jq -r '.mountOptions[]' features.json); do
		case $option in remount | rremount | bind | rbind | idmap | ridmap | tmpcopyup) continue ;; esac
		bundle ".mounts += [{ \"destination\": \"/tmp\", \"type\": \"tmpfs\", \"source\": \"t\", \"options\": [\"$option\"] }]" true
		run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
		expect_status 0 || fail "option $option"
	done
	for action in $(jq -r '.linux.seccomp.actions[]' features.json); do
		[ "$action" != SCMP_ACT_NOTIFY ] || continue # needs a listener: 8701-seccomp-notify.bats
		oci ".linux.seccomp = { \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{ \"names\": [\"sched_yield\"], \"action\": \"$action\" }] }" true
		expect_status 0 || fail "action $action"
	done
}
