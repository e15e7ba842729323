#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An app in the background whose program cannot be executed any more: box start says why, and box explain still knows later.

load lib
setup() {
	setup_world
	rootfs_folder root
}
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

# begin [FIELDS]: an app that has run once, with /way/program.
begin() {
	mkdir -p root/way
	cp root/bin/busybox root/way/program
	app_in "$WORK/root" "\"command\": [\"/way/program\", \"true\"]${1:+, $1}"
	run box run -d app.json
	expect_status 0
	wait_until 10 is_over
}
is_over() { box ps -a --format json | jq -e '.[0].status | startswith("exited")' && [ ! -e "$STATE/$TAG" ]; }
put() { rm -f root/way/program && printf "$1" >root/way/program && chmod "${2:-755}" root/way/program; }

# expect_cause TEXT…: of the start that fails now, and of the explanation.
expect_cause() {
	run box start "$TAG"
	[ "$status" -ne 0 ] || fail "it started" || return 1
	expect_has "$@" || return 1
	run box explain "$TAG"
	expect_status 0 || return 1
	expect_has "$TAG, run 2: could not be started" "$@" || return 1
	[ "$(box explain --format json "$TAG" | jq -r .failure.text)" != null ]
}

@test "it is gone" {
	need root jq
	begin
	rm root/way/program
	expect_cause "/way/program" "no such file or directory"
}

@test "its interpreter is missing" {
	need root jq
	begin
	put '#!/usr/bin/perl6\nexit 0\n'
	expect_cause "/way/program" "/usr/bin/perl6"
}

@test "its first line ends with a carriage return" {
	need root jq
	begin
	put '#!/bin/sh\r\nexit 0\r\n'
	expect_cause "/way/program" "carriage return"
}

@test "its loader is missing" {
	need root jq
	begin
	rm root/way/program
	cp /bin/true root/way/program
	expect_cause "/way/program" "ld-linux"
}

@test "it was built for another architecture" {
	need root jq
	begin
	rm root/way/program
	{
		head -c 18 /bin/sh
		printf '\363\000' # EM_RISCV
		head -c 4096 /dev/zero
	} >root/way/program
	chmod 755 root/way/program
	expect_cause "/way/program" "exec format error" "riscv"
}

@test "it has no execute bit" {
	need root jq
	begin
	put '#!/bin/sh\n' 644
	expect_cause "/way/program" "permission denied" "execute"
}

@test "a folder on the way is closed to its user" {
	need root jq
	begin '"user": "app"'
	chmod 700 root/way
	expect_cause "permission denied" "the folder /way (owner 0:0, mode 0700) is closed to user 1000:1000"
}
