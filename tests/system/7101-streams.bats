#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# stdout and stderr are always box's own: /dev/stdout opens for writing whoever the app is, and whatever the caller's stdout is.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

LINE='echo out >/dev/stdout && echo err >/dev/stderr'

# check_output FILE: both lines came through.
both_in() { tr -d '\r' <"$1" | grep -qx out && tr -d '\r' <"$1" | grep -qx err; }

# streams RUN…: RUN is the command that runs app.json; stdout is a pipe, a file, a socket, a terminal.
streams() {
	"$@" 2>&1 </dev/null | cat >got.pipe
	both_in got.pipe || fail "pipe: $(cat got.pipe)" || return 1
	"$@" >got.file 2>&1 </dev/null
	both_in got.file || fail "file: $(cat got.file)" || return 1
	socat -u EXEC:"$*",stderr CREATE:got.socket </dev/null
	both_in got.socket || fail "socket: $(cat got.socket)" || return 1
}

in_terminal() { # in_terminal COMMAND: in a terminal of script(1)
	script -qec "$1" /dev/null </dev/null | tr -d '\r' >got.tty
	both_in got.tty || { grep -q out got.tty && grep -q err got.tty; } || fail "terminal: $(cat got.tty)"
}

@test "as root in the container" {
	need root socat script
	app "\"command\": [\"sh\", \"-c\", \"$LINE\"]"
	streams "$BOX" --root "$STATE" run app.json
	in_terminal "$BOX --root $STATE run -t app.json"
	in_terminal "$BOX --root $STATE run app.json"
}

@test "as a user" {
	need root socat script
	app "\"user\": \"app\", \"command\": [\"sh\", \"-c\", \"$LINE\"]"
	streams "$BOX" --root "$STATE" run app.json
	in_terminal "$BOX --root $STATE run -t app.json"
}

@test "as root that becomes a user" {
	need root socat
	app "\"command\": [\"su\", \"app\", \"-s\", \"/bin/sh\", \"-c\", \"$LINE\"]"
	streams "$BOX" --root "$STATE" run app.json
}

@test "for an ordinary user of the host" {
	need root user subids socat
	for who in root app; do
		user_app "\"user\": \"$who\", \"command\": [\"sh\", \"-c\", \"$LINE\"]"
		cd "$WORK"
		as_user bin/box run app.json >got.pipe 2>&1 </dev/null
		both_in got.pipe || fail "$who: $(cat got.pipe)"
	done
}

@test "the app's stdin is empty, and the caller's only with -i" {
	need root
	app '"command": ["sh", "-c", "wc -c"]'
	run bash -c "echo hello | '$BOX' --root '$STATE' run app.json"
	[ "$output" = 0 ]
	run bash -c "echo hello | '$BOX' --root '$STATE' run -i app.json"
	[ "$output" = 6 ]
	run bash -c "head -c 3000000 /dev/zero | '$BOX' --root '$STATE' run -i app.json"
	[ "$output" = 3000000 ]
}

@test "much output arrives whole, on both streams" {
	need root
	app '"command": ["sh", "-c", "head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2"]'
	box run app.json >out 2>err </dev/null
	[ "$(stat -c %s out)" -eq 5000000 ]
	[ "$(stat -c %s err)" -eq 3000000 ]
}

@test "a reader that goes away ends the app as in any pipeline" {
	need root
	app '"command": ["yes"]'
	run timeout "$(slowly 20)" bash -c "'$BOX' --root '$STATE' run app.json | head -1"
	expect_status 0
	expect_line y
}

@test "box started with closed descriptors does not mix them up" {
	need root
	app '"command": ["sh", "-c", "ls /proc/self/fd | wc -l; echo fine"]'
	run bash -c "'$BOX' --root '$STATE' run app.json <&- 2>&-"
	expect_status 0
	expect_line fine
}
