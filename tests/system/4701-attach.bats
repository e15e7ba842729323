#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Apps in the background with a terminal or an input, and those who attach to them.

load lib
setup() { setup_world; }
teardown() {
	local name
	exec 7>&- 8>&- 9>&-
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# What it is told, it says; "end N" ends it.
parrot='"command": ["sh", "-c", "while read -r word code; do [ $word != end ] || exit $code; echo said $word; echo heard $word >&2; done"]'

supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }
status_of() { box ps -a --format json | jq -r --arg name "$1" '.[] | select(.name == $name).status'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
has_other_supervisor() { [ -e "$STATE/$TAG/supervisor" ] && [ "$(supervisor_of "$TAG")" != "$1" ]; }
pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
at_terminal() { run python3 "$BATS_TEST_DIRNAME/at-terminal.py" "$1" "$BOX" --root "$STATE" "${@:2}"; }
# How many are attached: each has its own two pipes, of which the supervisor holds the ends.
attached() { find "/proc/$(supervisor_of "$TAG")/fd" -lname 'pipe:*' | wc -l; }
are_attached() { [ "$(attached)" -eq "$((IDLE + 2 * $1))" ]; }
# begin FIELDS OPTION…: the app, with nobody attached yet.
begin() {
	app "$1"
	box run -d "${@:2}" app.json >/dev/null
	IDLE=$(attached)
}
# attach_typing NAME OPTION…: attached in the background, to what is written to descriptor 9; its words are in NAME.out and NAME.err.
attach_typing() {
	mkfifo "$1.in"
	box attach "${@:2}" "$TAG" <"$1.in" >"$1.out" 2>"$1.err" &
	exec 9>"$1.in"
}

@test "-d -i: what is typed arrives, stdout and stderr come apart, and the end of stdin is not the app's" {
	need root
	begin "$parrot" -i
	attach_typing one
	wait_until 5 are_attached 1
	echo hello >&9
	wait_until 5 grep -qx 'heard hello' one.err
	wait_until 5 grep -qx 'said hello' one.out
	[ "$(cat one.out one.err)" = $'said hello\nheard hello' ] || fail "$(cat one.out one.err)"
	exec 9>&-
	are_attached 1 || fail "the end of its stdin has ended it"
	run box attach "$TAG" <<<'end 7'
	expect_status 7
	status=0
	wait %1 || status=$?
	expect_status 7
	run box logs --stream stdout "$TAG"
	[ "$output" = "said hello" ] || fail "it is not in the log"
	wait_until 10 has_status "$TAG" "exited (7)"
}

@test "an app without an input leaves the caller's stdin alone" {
	need root
	begin '"command": ["sh", "-c", "trap \"exit 3\" USR1; echo traps; while :; do sleep 0.1; done"]'
	wait_until 5 eval 'box logs "$TAG" | grep -q traps' # before, the signal would be dropped: it is for process 1
	(
		box attach "$TAG" 9>&- &
		wait_until 5 are_attached 1
		box kill "$TAG" USR1
		wait %1 || [ $? -eq 3 ]
		cat >left
	) <<<'not yours'
	[ "$(cat left)" = "not yours" ] || fail "it was read"
}

@test "-d -t: a terminal in the background; who attaches has it, with their window, until the keys of docker's" {
	need root python3
	begin '"command": ["sh", "-c", "trap \"stty size\" WINCH; tty; while :; do read -r word || continue; [ \"$word\" != end ] || exit 6; echo said $word; done"]' -t
	# Whoever comes is shown the whole screen anew: the app is told of a window, also where it has that size already.
	at_terminal '33 101 => type one\x10two\n
said one => type \x10\x11' attach "$TAG"
	expect_has "detached from $TAG"
	expect_line "exit 0" "terminal restored"
	has_status "$TAG" running || fail "it has ended"
	at_terminal '33 101 => size 50 132
50 132 => type end\n' attach "$TAG"
	expect_line "exit 6" "terminal restored"
	run box logs "$TAG"
	expect_line /dev/pts/0 "33 101" "50 132"
}

@test "other keys, none, and wrong ones; a signal to who is attached to a terminal is no signal to the app" {
	need root python3
	begin '"command": ["sh", "-c", "trap \"echo ready\" WINCH; trap \"\" TERM; while :; do read -r word && echo said $word; done"]' -t
	at_terminal 'ready => type ab\x18q' attach --detach-keys ctrl-x,q "$TAG"
	expect_has "detached from"
	at_terminal 'ready => type \x10\x11q\n
said => signal SIGTERM' attach --detach-keys "" "$TAG"
	expect_line "exit 143" "terminal restored"
	has_status "$TAG" running || fail "it has ended"
	run box attach --detach-keys ctrl-p,nonsense "$TAG"
	expect_status 125
	expect_has 'option --detach-keys ctrl-p,nonsense: "nonsense" is no key'
}

@test "signals reach an app without a terminal, and with --sig-proxy=false end the attachment alone" {
	need root
	begin '"command": ["sh", "-c", "trap \"echo caught\" USR1; trap \"exit 9\" TERM; echo ready; while :; do sleep 0.1; done"]'
	wait_until 5 sh -c "box logs $TAG | grep -q ready"
	box attach "$TAG" >one &
	wait_until 5 are_attached 1
	kill -USR1 $!
	wait_until 5 grep -qx caught one
	box attach --sig-proxy=false "$TAG" &
	wait_until 5 are_attached 2
	kill -TERM $!
	status=0 && wait $! || status=$?
	expect_status 143
	wait_until 5 are_attached 1
	has_status "$TAG" running || fail "it has ended"
	kill -TERM %1
	status=0 && wait %1 || status=$?
	expect_status 9
}

@test "several hear the same; one that does not read holds up neither the app, nor its log, nor the others, and is told what it missed" {
	need root
	begin '"command": ["sh", "-c", "read -r word; seq 1 400000; echo end; read -r word"], "logging": {"max_size": "100m"}' -i
	whole=$( (seq 1 400000 && echo end) | wc -c)
	mkfifo stalled
	exec 8<>stalled
	box attach --no-stdin "$TAG" >stalled 2>stalled.err 8<&- &
	box attach --no-stdin "$TAG" >one 2>one.err 8<&- &
	wait_until 5 are_attached 2
	box attach "$TAG" <<<go >two 2>two.err 8<&- &
	wait_until 20 sh -c "box logs -n 1 $TAG | grep -qx end"
	[ "$(box logs "$TAG" | sha256sum)" = "$( (seq 1 400000 && echo end) | sha256sum)" ] || fail "the log is another one"
	cat <&8 >three 8<&- &
	cat=$!
	box attach "$TAG" <<<go
	wait %1 %2 %3
	heard_all one one.err && heard_all two two.err || fail "it has heard something else: $(wc -c one two) $(cat ./*.err)"
	grep -q 'bytes of what the app wrote are not shown' stalled.err || fail "nobody told it"
	wait_until 5 heard_all three stalled.err
	kill $cat
}

# heard_all FILE ERRORS: what came and what was missed are all $whole bytes.
heard_all() {
	local missed
	missed=$(sed -nE 's/.*warning: ([0-9]+) bytes.*/+ \1/p' "$2")
	[ $(($(wc -c <"$1") $missed)) -eq "$whole" ]
}

# has_heard COUNT: more lines than so many.
has_heard() { [ "$(wc -l <heard)" -gt "$1" ]; }

# Numbers its lines: what is lost, or comes twice, is seen.
counter='"command": ["sh", "-c", "trap \"exit 5\" TERM; i=0; while [ ! -e /data/stop ]; do i=$((i+1)); echo $i; sleep 0.005; done; exit 5"], "volumes": ["./data:/data"]'

@test "kill -9 of the supervisor, its watcher alive: the terminal stays, and neither log nor attachment loses a line; box renew the same" {
	need root kernel:6.15
	mkdir -m 700 data
	for option in -t -i -it; do
		begin "$counter" "$option"
		box attach --no-stdin "$TAG" >heard 2>told &
		wait_until 5 are_attached 1
		for _ in 1 2 3; do
			old=$(supervisor_of "$TAG")
			kill -KILL "$old"
			wait_until 5 has_other_supervisor "$old"
			wait_until 5 are_attached 1
		done
		box renew
		wait_until 5 are_attached 1
		wait_until 30 has_heard 50
		touch data/stop
		status=0 && wait %1 || status=$?
		expect_status 5
		rm data/stop
		wait_until 10 has_status "$TAG" "exited (5)"
		box logs "$TAG" >logged
		[ "$(wc -l <logged)" -gt 50 ] || fail "too little: $(cat logged)"
		cmp logged <(seq 1 "$(tail -1 logged)") || fail "the log has lost something"
		tr -d '\r' <heard | sed -n '1!p' >lines # the first may be cut
		cmp lines <(seq "$(head -1 lines)" "$(tail -1 logged)") || fail "it has not heard everything: $(cat told)"
		box rm "$TAG"
	done
}

@test "start -a shows a run from its first byte to its end; -i types into it; a start that fails is its error" {
	need root
	app '"command": ["sh", "-c", "echo first; echo second >&2; exit 3"]'
	box run -d app.json
	box wait "$TAG" || true
	wait_until 5 has_status "$TAG" "exited (3)"
	for _ in 1 2 3 4 5; do
		run box start -a "$TAG"
		expect_status 3
		[ "$(sort <<<"$output")" = $'first\nsecond' ] || fail "it has shown something else"
		wait_until 5 [ ! -e "$STATE/$TAG" ]
	done
	box rm "$TAG"
	begin "$parrot" -i
	box stop "$TAG"
	run box start -i "$TAG" <<<$'word\nend 4'
	expect_status 4
	expect_line "said word" "heard word"
	mv "$BOX_STORE/apps/$TAG/app.json" kept
	sed 's/"sh"/"\/no\/such\/program"/' kept >"$BOX_STORE/apps/$TAG/app.json"
	wait_until 5 [ ! -e "$STATE/$TAG" ]
	run box start -a "$TAG"
	[ "$status" -ne 0 ] || fail "it has started"
	expect_has "/no/such/program"
	run box start -a "$TAG" other
	expect_status 125
	expect_has "start: --attach and --interactive are for one NAME"
}

@test "what does not run cannot be attached to, and says what to do" {
	need root
	app '"command": ["true"]'
	run box attach "$TAG"
	expect_status 1
	expect_has "find the app $TAG: there is none in the background"
	box run -d app.json
	wait_until 5 [ ! -e "$STATE/$TAG" ]
	run box attach "$TAG"
	expect_status 1
	expect_has "attach to $TAG: it does not run" "box start -a $TAG"
	box rm "$TAG"
	app '"command": ["false"], "restart": "always"'
	box run -d app.json
	wait_until 20 [ -e "$BOX_STORE/apps/$TAG/exits/5.json" ] # waits for seconds by now
	wait_until 5 has_status "$TAG" restarting
	run box attach "$TAG"
	expect_status 1
	expect_has "it waits for its next start"
}

@test "an ordinary user's app has its terminal and its attachments, too" {
	need user
	user_app "$parrot"
	log=$WORK/home/data/box/apps/$TAG/log
	as_user bin/box run -d -it app.json
	as_user bin/box attach "$TAG" <<<hello &
	wait_until 5 grep -qr 'said hello' "$log"
	pid=$(sed -n 's/^pid //p' "$WORK/home/run/box/$TAG/supervisor")
	kill -KILL "$pid"
	wait_until 5 sh -c "! grep -qx 'pid $pid' '$WORK/home/run/box/$TAG/supervisor'"
	as_user bin/box attach "$TAG" <<<again &
	wait_until 5 grep -qr 'said again' "$log"
	as_user bin/box restart -t 0 "$TAG"
	wait # a restart ends the run, and with it the attachments
	run as_user bin/box attach "$TAG" <<<'end 8'
	expect_status 8
	wait_until 5 as_user bin/box rm "$TAG" # its supervisor is on its way out
}

@test "attachments cost the supervisor no memory of its own" {
	need root
	begin "$parrot" -i
	before=$(awk '/^RssAnon/ { print $2 }' "/proc/$(supervisor_of "$TAG")/status")
	for i in {1..30}; do box attach --no-stdin "$TAG" >"out$i" 2>&1 & done
	wait_until 20 are_attached 30
	for i in {1..300}; do echo "word$i"; done | box attach "$TAG" &
	wait_until 10 grep -qx "said word300" out1
	after=$(awk '/^RssAnon/ { print $2 }' "/proc/$(supervisor_of "$TAG")/status")
	echo "# RssAnon $before KiB alone, $after KiB with 31 attachments" >&3
	[ "$after" -le 128 ] || fail "$after KiB"
	box attach "$TAG" <<<'end 0'
	wait
}
