#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Profiles of OCI configurations: every action, and those that ask a program outside (SCMP_ACT_NOTIFY, listenerPath).

load lib
load bundle
setup() {
	setup_world
	setup_bundles
	need python3
	mkdir agent
}
teardown() {
	[ -z "${AGENT:-}" ] || { kill "$AGENT" && wait "$AGENT"; } 2>/dev/null || true
	teardown_world
}

GETPGID=121 MKDIR=83
[ "$(uname -m)" != aarch64 ] || GETPGID=155 MKDIR=34

# agent [NUMBER:ERRNO…]
agent() {
	python3 "$BATS_TEST_DIRNAME/seccomp-agent.py" "$WORK/agent.sock" agent "$@" >agent/log 2>&1 3>&- &
	AGENT=$!
	wait_until 10 test -S agent.sock
}

# asks CALLS [ACTION]: jq that makes a profile which allows all but these.
asks() {
	echo ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$WORK/agent.sock\", listenerMetadata: \"words of mine\",
		syscalls: [{names: $1, action: \"${2:-SCMP_ACT_NOTIFY}\"}]}"
}

# answer ACTION [ERRNO]: what getpgid (call 121) then says in the container.
answer() {
	oci_run ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"getpgid\"], action: \"$1\" ${2:+, errnoRet: $2}}]}" \
		/bin/probe call $GETPGID
}

@test "the profile of the configuration holds, whatever it says" {
	answer SCMP_ACT_ALLOW
	expect_status 0
	expect_fact call ok
	answer SCMP_ACT_ERRNO
	expect_fact call EPERM
	answer SCMP_ACT_ERRNO 13
	expect_fact call EACCES
	answer SCMP_ACT_LOG
	expect_fact call ok
	answer SCMP_ACT_TRACE
	expect_fact call ENOSYS
	answer SCMP_ACT_TRAP
	expect_status 159
	answer SCMP_ACT_KILL
	expect_status 159
	answer SCMP_ACT_KILL_THREAD
	expect_status 159
	answer SCMP_ACT_KILL_PROCESS
	expect_status 159
}

@test "the program outside answers, and knows who asks" {
	agent $GETPGID:17
	oci_run "$(asks '["getpgid"]') | .annotations = {\"a.b\": \"c\"}" /bin/probe call $GETPGID
	expect_status 0
	expect_fact call EEXIST
	[ "$(cat agent/calls)" = "1 $GETPGID" ] || fail "$(cat agent/calls)"
	jq -e --arg tag "$TAG" '.ociVersion == "1.3.0" and .fds == ["seccompFd"] and .pid > 0 and .metadata == "words of mine" and
		(.state | .id == $tag and .status == "created" and .pid > 0 and .annotations["a.b"] == "c" and .ociVersion == "1.3.0" and
		(.bundle | startswith("/")))' agent/1.json || fail "$(cat agent/1.json)"
}

@test "create makes, start asks: with and without no_new_privs" {
	agent
	local change
	for change in '.process.noNewPrivileges = true' '.process.noNewPrivileges = false'; do
		bundle "$(asks '["getpgid"]') | $change" /bin/probe wait 20
		box create -b . "$TAG" >out 2>&1 3>&-
		[ ! -e agent/1.json ] || fail "the filter was loaded at create"
		run timeout "$(slowly 20)" box start "$TAG"
		expect_status 0
		wait_until 5 test -e agent/1.json
		[ "$(jq .pid agent/1.json)" = "$(box state "$TAG" | jq .pid)" ] || fail "$(cat agent/1.json)"
		box delete -f "$TAG"
		rm -f agent/1.json
		kill "$AGENT"
		wait "$AGENT" || true
		rm -f agent.sock
		agent
	done
}

@test "exec has a listener of its own" {
	agent $GETPGID:17
	bundle "$(asks '["getpgid"]')" /bin/probe wait 30
	box create -b . "$TAG" >out 2>&1 3>&-
	box start "$TAG"
	run timeout "$(slowly 20)" box exec "$TAG" /bin/probe call $GETPGID
	expect_status 0
	expect_fact call EEXIST
	wait_until 5 test -e agent/2.json
	jq -e --argjson first "$(box state "$TAG" | jq .pid)" '.pid != $first and .state.pid == $first and .state.status == "running"' agent/2.json ||
		fail "$(cat agent/2.json)"
	box delete -f "$TAG"
}

@test "any call may be one that is asked about: those that hand the listener over, execve, all" {
	agent
	oci_run "$(asks '["sendmsg", "write", "read", "futex", "execve", "execveat", "exit_group", "close"]')" /bin/probe call $GETPGID
	expect_status 0
	expect_fact call ok
	oci_run "$(asks '["read"]') | .linux.seccomp.defaultAction = \"SCMP_ACT_NOTIFY\" | .process.noNewPrivileges = true" /bin/probe call $GETPGID
	expect_status 0
	expect_fact call ok
	oci_run "$(asks '["setresuid", "setresgid", "setgroups", "capset", "close_range", "prctl"]') | .process.noNewPrivileges = false |
		.process.user = {uid: 7, gid: 8}" /bin/probe ids
	expect_status 0
	expect_fact uid "7 7 7"
}

@test "calls that are refused do not stand in the way either" {
	agent
	oci_run "$(asks '["getpgid"]')"' | .process.noNewPrivileges = true | .linux.seccomp.syscalls += [
		{names: ["sendmsg", "recvmsg", "sendto", "futex", "wait4", "clone"], action: "SCMP_ACT_KILL_PROCESS"}]' /bin/probe call $GETPGID
	expect_status 0
	expect_fact call ok
}

@test "flags" {
	agent
	oci_run "$(asks '["getpgid"]') | .linux.seccomp.flags = [\"SECCOMP_FILTER_FLAG_TSYNC\", \"SECCOMP_FILTER_FLAG_LOG\",
		\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\", \"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]" /bin/probe call $GETPGID
	expect_status 0
	expect_fact call ok
	oci_run '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}' /bin/probe call $GETPGID
	expect_status 0
	oci_run '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}' /bin/probe call $GETPGID
	expect_status 125
	expect_has "linux.seccomp.flags[0]: expected a flag such as" "NEW_LISTENER"
}

@test "nobody listens: nothing runs" {
	oci_run "$(asks '["getpgid"]')" /bin/probe call $GETPGID
	expect_status 125
	expect_has "linux.seccomp.listenerPath: open the seccomp listener $WORK/agent.sock: No such file"
	expect_not "call ok"
	box create -b . "$TAG" >out 2>&1 3>&-
	run box start "$TAG"
	expect_status 1
	expect_has "seccomp listener"
	[ "$(box state "$TAG" | jq -r .status)" = created ] || fail "the container is not what it was"
	agent
	run timeout "$(slowly 20)" box start "$TAG"
	expect_status 0
	box delete -f "$TAG"
}

@test "what is wrong is said with its place" {
	oci_run "$(asks '["getpgid"]') | del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata)" true
	expect_status 125
	expect_has 'linux.seccomp: SCMP_ACT_NOTIFY needs "listenerPath"'
	oci_run '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x"}' true
	expect_status 125
	expect_has 'linux.seccomp.listenerMetadata: this needs "listenerPath"'
	answer SCMP_ACT_NOTHING
	expect_status 125
	expect_has "linux.seccomp.syscalls[0].action: expected an action such as"
	answer SCMP_ACT_KILL 5
	expect_status 125
	expect_has "linux.seccomp.syscalls[0].errnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE"
	echo '{"defaultAction": "SCMP_ACT_NOTIFY"}' >notify.json
	run_app '"command": ["true"], "security": {"seccomp": "notify.json"}'
	expect_status 125
	expect_has "only an OCI configuration can have SCMP_ACT_NOTIFY"
}

@test "a call that this machine does not have: left out, or an error where the annotation says so" {
	local profile='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
	oci_run "$profile" true
	expect_status 0
	oci_run "$profile | .annotations = {\"run.oci.seccomp_fail_unknown_syscall\": \"1\"}" true
	expect_status 125
	expect_has 'linux.seccomp: ' 'no system call "no_such_call" on this machine'
}
