#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box-init by itself, as process 1 of a pid namespace made by unshare(1): exit codes, signals, orphans.

load lib
setup() {
	setup_world
	INIT=$BOX_BUILD/libexec/box/box-init
	need root unshare
}
teardown() { teardown_world; }

init() { unshare --pid --fork --mount-proc "$INIT" "$@"; }

@test "exit codes pass" {
	for code in 0 1 7 125 255; do
		run init sh -c "exit $code"
		expect_status $code
	done
}

@test "a signal death is 128 + n" {
	for signal in KILL SEGV TERM; do
		run init sh -c "ulimit -c 0; kill -$signal \$\$"
		expect_status $((128 + $(kill -l $signal)))
	done
}

@test "what cannot be executed is 126, what does not exist 127, with a reason" {
	run init /no/such
	expect_status 127
	expect_has "box-init: execute /no/such" ENOENT
	run init no-such-word
	expect_status 127
	run init /etc/passwd
	expect_status 126
	expect_has EACCES
	printf 'no program' >text
	chmod 755 text
	run init ./text
	expect_status 126
	expect_has ENOEXEC
	run init
	expect_status 126
}

@test "the program is found through its own PATH" {
	mkdir tools
	printf '#!/bin/sh\necho found\n' >tools/tool
	chmod 755 tools/tool
	PATH=/nowhere:$WORK/tools:/usr/bin:/bin run init tool
	expect_status 0
	expect_line found
	# A name that is there but closed is reported as such, not as missing.
	chmod 644 tools/tool
	PATH=/nowhere:$WORK/tools:/usr/bin:/bin run init tool
	expect_status 126
}

@test "every signal that can be caught reaches the program" {
	run init bash -c '
		for s in HUP INT QUIT USR1 USR2 ALRM TERM CONT WINCH PIPE RTMIN RTMAX; do
			trap "got=$s" $s
			got=
			kill -$s 1
			for i in 1 2 3 4 5 6 7 8 9 10; do [ -n "$got" ] && break; sleep 0.02; done
			echo "$s ${got:-lost}"
		done'
	expect_status 0
	for signal in HUP INT QUIT USR1 USR2 ALRM TERM CONT WINCH PIPE RTMIN RTMAX; do
		expect_line "$signal $signal"
	done
}

@test "the program has the signal mask and dispositions that box-init was started with" {
	expected=$(env --default-signal cat /proc/self/status | grep -E '^Sig(Blk|Ign|Cgt)')
	run env --default-signal unshare --pid --fork --mount-proc "$INIT" cat /proc/self/status
	expect_status 0
	[ "$(grep -E '^Sig(Blk|Ign|Cgt)' <<<"$output")" = "$expected" ] || fail "expected $expected"
	expected=$(env --ignore-signal=USR1,HUP cat /proc/self/status | grep -E '^Sig(Blk|Ign)')
	run env --ignore-signal=USR1,HUP unshare --pid --fork --mount-proc "$INIT" cat /proc/self/status
	[ "$(grep -E '^Sig(Blk|Ign)' <<<"$output")" = "$expected" ] || fail "expected $expected"
}

@test "orphans are reaped while the program runs" {
	run init sh -c 'for i in 1 2 3 4 5 6 7 8; do (sh -c "sleep 0.05 &") ; done; sleep 0.4; grep -l "State:.Z" /proc/[0-9]*/status; echo none'
	expect_status 0
	[ "$output" = none ] || fail "zombies are left"
}

@test "what the program leaves running ends with it" {
	local long=$((1000000 + RANDOM)) # of this test alone
	run init sh -c "exec >/dev/null; sleep $long & exit 3"
	expect_status 3
	! pgrep -fx "sleep $long" >/dev/null || fail "a process outlived its namespace"
}

@test "it is a few kilobytes and needs no library" {
	size=$(size "$INIT" | awk 'NR == 2 { print $1 + $2 + $3 }')
	[ "$size" -lt 8192 ] || fail "text, data and bss have $size bytes"
	! readelf -d "$INIT" | grep -q NEEDED
}

@test "its path of last resort is the one that box gives" {
	run_app '"command": ["sh", "-c", "echo $PATH"]'
	expect_status 0
	[[ $output == /*:/* ]] || fail "no path" || return 1
	grep -qaF "$output" "$INIT" || fail "box-init looks elsewhere"
}
