#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Why it failed: programs that cannot be executed, and apps that lack a network, are told the reason.

load lib
setup() { setup_world; rootfs_folder root; }
teardown() { teardown_world; }

put() { printf "$2" >"root/$1" && chmod "${3:-755}" "root/$1"; }
run_program() { app_in "$WORK/root" "\"command\": [\"$1\"]${2:+, $2}"; run box run app.json; }

@test "a program that is not there" {
	need root
	run_program /no/such
	expect_status 127
	expect_has "/no/such" "no such file or directory"
	run_program no-such
	expect_status 127
	expect_has 'executable file not found in $PATH'
}

@test "an interpreter that is not there" {
	need root
	put script '#!/usr/bin/perl6\nexit 0\n'
	run_program /script
	expect_status 127
	expect_has "/usr/bin/perl6"
}

@test "a carriage return behind the interpreter" {
	need root
	put script '#!/bin/sh\r\nexit 0\r\n'
	run_program /script
	expect_status 127
	expect_has "/script"
	grep -qiE "carriage return|CRLF|line end" <<<"$output" || fail "the carriage return is not named"
}

@test "no execute bit" {
	need root
	put script '#!/bin/sh\nexit 0\n' 644
	run_program /script
	expect_status 126
	expect_has "permission denied"
}

@test "a text without an interpreter line, and an empty file" {
	need root
	put text 'echo hello\n'
	run_program /text
	expect_status 126
	expect_has "exec format error"
	put empty ''
	run_program /empty
	expect_status 126
}

@test "a program of another architecture" {
	need root
	head -c 20 /bin/sh >root/foreign
	local machine='\xb7' names='aarch64|arm64' # EM_AARCH64, or there EM_X86_64
	[ "$OWN_ARCHITECTURE" != arm64 ] || machine='\x3e' names='x86_64'
	printf "$machine\\x00" | dd of=root/foreign bs=1 seek=18 conv=notrunc status=none
	head -c 4096 /dev/zero >>root/foreign
	chmod 755 root/foreign
	run_program /foreign
	expect_status 126
	expect_has "exec format error"
	grep -qiE "$names" <<<"$output" || fail "the architecture is not named"
}

@test "a loader that is not there: a program built for another libc" {
	need root
	cp /bin/true root/dynamic
	run_program /dynamic
	expect_status 127
	expect_has "/lib64/ld-linux-x86-64.so.2"
}

@test "a folder on the way that the user may not enter" {
	need root
	mkdir -m 700 root/closed
	cp root/bin/busybox root/closed/program
	run_program /closed/program '"user": "app"'
	expect_status 126
	expect_has "/closed"
}

@test "a program that fails for lack of a network is told which field gives one" {
	need root
	run_program sh '"entrypoint": ["sh", "-c", "nc -w 1 192.0.2.1 80 </dev/null"]'
	[ "$status" -ne 0 ]
	expect_has '"network_mode": "private"'
	# One that fails for another reason is not.
	run_program sh '"entrypoint": ["sh", "-c", "exit 3"]'
	expect_status 3
	expect_not network_mode
}

@test "a user that the image does not know" {
	need root
	run_program sh '"user": "nobody-knows-me"'
	expect_status 125
	expect_has "app.json" "user" "nobody-knows-me"
}
