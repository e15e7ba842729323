#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# -t: a terminal of the app's own, and the caller's given back as it was.

load lib
setup() { setup_world; need root python3; }
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

# at_terminal SCRIPT COMMAND…: box run on a new terminal; see at-terminal.py.
at_terminal() { run python3 "$BATS_TEST_DIRNAME/at-terminal.py" "$1" "$BOX" --root "$STATE" "${@:2}"; }

@test "stdin, stdout and stderr are one terminal of its own, with the caller's size" {
	app '"command": ["sh", "-c", "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; readlink /proc/self/fd/2; exit 7"]'
	at_terminal '' run -t app.json
	expect_line /dev/pts/0 "33 101" all "exit 7" "terminal restored"
}

@test "it belongs to the app's user, and is /dev/console and /dev/tty too" {
	app '"user": "app", "command": ["sh", "-c", "stat -c %U $(tty); echo tty >/dev/tty; echo console >/dev/console; echo stdout >/dev/stdout"]'
	at_terminal '' run -t app.json
	expect_line app tty console stdout "exit 0"
}

@test "without -t the app has no terminal, though box sits at one" {
	app '"command": ["sh", "-c", "test -t 0 || test -t 1 || test -t 2 || echo none; (echo >/dev/tty) 2>/dev/null || echo no tty"]'
	at_terminal '' run -i app.json
	expect_line none "no tty" "terminal restored"
}

@test "what is typed arrives, is echoed once, and ctrl-d ends it" {
	# Typed once the app is there: what is typed ahead meets the caller's terminal as it was, which echoes and edits by itself.
	app '"command": ["sh", "-c", "echo ready; exec cat"]'
	at_terminal 'ready => type hello\n
hello => type \x04' run -t app.json
	[ "$(grep -c '^hello$' <<<"$output")" -eq 2 ] || fail "echo and copy expected"
	expect_line "exit 0" "terminal restored"
}

@test "a new window size reaches the app" {
	app '"command": ["sh", "-c", "trap \"stty size; exit 4\" WINCH; echo ready; while :; do sleep 0.1; done"]'
	at_terminal 'ready => size 50 132' run -t app.json
	expect_line "50 132" "exit 4"
}

@test "without -t a new window size is not told to the app" {
	app '"command": ["sh", "-c", "trap \"exit 4\" WINCH; echo ready; sleep 1 & wait $!; echo untouched"]'
	at_terminal 'ready => size 50 132' run app.json
	expect_line untouched "exit 0"
}

@test "ctrl-c with -t is the app's: its foreground process gets it" {
	app '"command": ["sh", "-c", "trap \"echo caught; exit 5\" INT; echo ready; while :; do sleep 0.1; done"]'
	at_terminal 'ready => type \x03' run -t app.json
	expect_has caught
	expect_line "exit 5" "terminal restored"
}

@test "ctrl-c without -t reaches the app, and ends one that is process 1 and does not catch it" {
	app '"command": ["sh", "-c", "trap \"echo caught; exit 5\" INT; echo ready; while :; do sleep 0.1; done"]'
	at_terminal 'ready => type \x03' run app.json
	expect_has caught
	expect_line "exit 5"
	app '"command": ["sh", "-c", "echo ready; exec sleep 1000"]'
	at_terminal 'ready => type \x03' run app.json
	expect_line "exit 130"
}

@test "signals to box with -t reach the app, and the terminal is restored" {
	app '"command": ["sh", "-c", "echo ready; exec sleep 1000"]'
	for pair in SIGTERM:143 SIGHUP:129; do
		at_terminal "ready => signal ${pair%:*}" run -t app.json
		expect_line "exit ${pair#*:}" "terminal restored"
	done
}

@test "stopped and continued, the terminal is raw again" {
	app '"command": ["sh", "-c", "stty -echo; echo ready; read -r line; echo \"got $line\"; read -r line; echo \"got $line\""]'
	at_terminal 'ready => type one\n
got one => stop
=> type two\n' run -t app.json
	expect_line "got one" "got two" "exit 0" "terminal restored"
	# In cooked mode the caller's own terminal would echo what is typed.
	[ "$(grep -c two <<<"$output")" -eq 1 ] || fail "echoed by the caller's terminal"
}

@test "all output arrives, also what comes last" {
	app '"command": ["seq", "1", "100000"]'
	at_terminal '' run -t app.json
	[ "$(grep -c '^[0-9]*$' <<<"$output")" -eq 100000 ] || fail "$(grep -c '^[0-9]*$' <<<"$output") lines"
	expect_line 100000 "exit 0"
}

@test "an app that leaves its terminal for a while keeps it" {
	app '"command": ["sh", "-c", "(sleep 0.5; echo late >/dev/console) & exec </dev/null >/dev/null 2>&1; sleep 1; exit 6"]'
	at_terminal '' run -t app.json
	expect_line late "exit 6"
}

@test "exec -t: a terminal of its own in the running container" {
	app '"command": ["sleep", "1000"]'
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up
	at_terminal 'ready => type hello\n' exec -t "$TAG" sh -c 'tty; stty size; echo ready; read -r line; echo "got $line"; exit 8'
	box rm -f "$TAG"
	wait
	expect_line "33 101" "got hello" "exit 8" "terminal restored"
	grep -q '^/dev/pts/[0-9]' <<<"$output"
}

@test "an error before the app starts leaves the terminal as it was" {
	app '"command": ["no-such-program"]'
	at_terminal '' run -t app.json
	expect_line "exit 127" "terminal restored"
}

@test "ps fits the terminal" {
	app '"command": ["sh", "-c", "sleep 1000", "a-long-word-that-makes-the-command-wide", "and-another-one-to-be-sure"]'
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up
	at_terminal '' ps
	box rm -f "$TAG"
	wait
	expect_has "$TAG" "Up "
	[ "$(head -2 <<<"$output" | wc -L)" -le 101 ] || fail "$(head -2 <<<"$output" | wc -L) columns"
}

@test "Ctrl-C and Ctrl-Z at the password prompt leave the terminal as it was" {
	mkdir config
	export XDG_CONFIG_HOME=$WORK/config
	at_terminal 'Password: => type \x03' login -u me 127.0.0.1:1
	expect_line "exit -2" "terminal restored"
	at_terminal 'Password: => signal SIGTERM' login -u me 127.0.0.1:1
	expect_line "exit -15" "terminal restored"
	# Stopped and continued it asks again, and shows nothing of the answer.
	at_terminal 'Password: => type \x1a
Password: => type canary\n' login -u me 127.0.0.1:1
	expect_line "exit 1" "terminal restored"
	[[ $output != *canary* ]] || fail "the password was shown"
}
