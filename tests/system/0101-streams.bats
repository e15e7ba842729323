#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# stdin, stdout, stderr and signals of a foreground run: whatever they are connected to, whoever is slow.

load lib
setup() { setup_world; }
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

# boxed COMMAND LINE: a shell's command line in which $run is box run app.json.
boxed() { run bash -c "run='$BOX --root $STATE run'; $1"; }

@test "stdout and stderr stay apart, and messages of box go to stderr" {
	need root
	app '"command": ["sh", "-c", "echo out; echo err >&2"]'
	box run app.json >out 2>err
	[ "$(cat out)" = out ]
	[ "$(cat err)" = err ]
	box run app.json -- no-such-program >out 2>err || true
	[ ! -s out ]
	grep -q '^box: ' err
}

@test "box run … | head -1 ends" {
	need root
	app '"command": ["yes"]'
	boxed 'timeout 10 $run app.json 2>/dev/null | head -1; exit ${PIPESTATUS[0]}'
	[ "${lines[0]}" = y ]
	[ "$status" -ne 124 ] || fail "it did not end"
	[ "$status" -ne 0 ] || fail "the end by SIGPIPE became 0"
}

@test "stdin reaches the app with -i, whole, and its end too; without -i it is empty" {
	need root
	app '"command": ["sha256sum"]'
	head -c 5000000 /dev/urandom >random
	want=$(sha256sum <random | cut -d' ' -f1)
	boxed '$run -i app.json <random'
	expect_has "$want"
	boxed 'cat random | $run -i app.json'
	expect_has "$want"
	boxed '(head -c 2000000 random; sleep 0.5; tail -c 3000000 random) | $run -i app.json'
	expect_has "$want"
	boxed '$run app.json <random'
	expect_has "$(sha256sum </dev/null | cut -d' ' -f1)"
}

@test "an app that does not read its stdin is not waited for, and what it left is not lost to the next" {
	need root
	app '"command": ["true"]'
	boxed 'yes | timeout 10 $run -i app.json'
	expect_status 0
	# box looks at both only when the app has closed its stdin, and somebody has written.
	mkdir -m 700 data
	mkfifo pipe
	exec 8<>pipe
	app '"command": ["sh", "-c", "echo ready; until [ -e /data/go ]; do sleep 0.05; done; exec <&-; touch /data/closed; exec sleep 0.5"], "volumes": ["./data:/data"]'
	box run -i app.json <&8 >out 2>&1 8<&- &
	pid=$!
	wait_until 10 grep -q ready out
	kill -STOP $pid
	touch data/go
	wait_until 10 test -e data/closed
	echo for the next >&8
	kill -CONT $pid
	wait $pid
	read -r -t 10 word <&8 || fail "box has swallowed it"
	exec 8<&-
	[ "$word" = "for the next" ]
}

@test "20 MB of output arrive whole through a slow reader, a file, a socket and a pipe" {
	need root python3
	app '"command": ["seq", "1", "2500000"]'
	want=$(seq 1 2500000 | sha256sum)
	boxed '$run app.json | (sleep 1; sha256sum)'
	[ "$output" = "$want" ] || fail "not whole through a slow reader"
	boxed '$run app.json >file; sha256sum <file'
	[ "$output" = "$want" ] || fail "not whole in a file"
	boxed '$run app.json >>file; sha256sum <<<"$(tail -n 2500000 file)"'
	[ "$output" = "$want" ] || fail "not whole at the end of a file"
	cat >by_socket.py <<-'END'
		import hashlib, socket, subprocess, sys, time
		ours, theirs = socket.socketpair()
		child = subprocess.Popen(sys.argv[1:], stdout=theirs)
		theirs.close()
		total = hashlib.sha256()
		time.sleep(0.5)
		while data := ours.recv(65536):
		    total.update(data)
		print(total.hexdigest(), child.wait())
	END
	run python3 by_socket.py "$BOX" --root "$STATE" run app.json
	[ "$output" = "${want%% *} 0" ] || fail "not whole through a socket"
}

@test "the caller's descriptors keep their modes" {
	need root python3
	app '"command": ["true"]'
	cat >flags.py <<-'END'
		import fcntl, os, subprocess, sys
		r, w = os.pipe()
		subprocess.run(sys.argv[1:], stdin=r, stdout=w, stderr=w)
		print("blocking" if not any(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in (r, w)) else "changed")
	END
	run python3 flags.py "$BOX" --root "$STATE" run app.json
	[ "$output" = blocking ]
}

@test "descriptors 0, 1 and 2 may be closed, each and all" {
	need root
	app '"command": ["sh", "-c", "cat; echo out; echo err >&2; exit 3"]'
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		boxed "\$run -i app.json $closed </dev/null"
		boxed "\$run -i app.json $closed"
		expect_status 3
	done
	boxed '$run app.json <&- 2>&-'
	[ "$output" = out ]
}

@test "SIGHUP, SIGINT, SIGQUIT and SIGTERM end an app that is process 1 and does not catch them" {
	need root
	app '"command": ["sh", "-c", "echo ready; exec sleep 1000"]'
	for pair in HUP:129 INT:130 QUIT:131 TERM:143; do
		"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
		pid=$!
		wait_until 10 grep -q ready out # before it is listed, and a signal ends the start
		# The shell ignores SIGINT and SIGQUIT for what it starts in the background; box catches them all the same.
		kill -"${pair%:*}" $pid
		status=0
		wait $pid || status=$?
		expect_status "${pair#*:}"
		[ "$(cat out)" = ready ] || fail "it said: $(cat out)"
	done
}

@test "an app that ignores a signal is not ended by it, and further signals reach it" {
	need root
	app '"command": ["sh", "-c", "trap \"\" TERM; trap \"exit 9\" USR1; echo ready; while :; do sleep 0.1; done"]'
	box run app.json </dev/null >out 2>&1 &
	pid=$!
	wait_until 10 grep -q ready out
	kill -TERM $pid
	sleep 0.5
	kill -0 $pid || fail "it ended"
	kill -USR1 $pid
	status=0
	wait $pid || status=$?
	expect_status 9
}

# Runs "yes" into a pipe that nobody reads: $pid is box, $reader holds the other end.
run_into_stalled_reader() {
	mkfifo pipe
	app '"command": ["yes"]'
	sleep 120 <pipe &
	reader=$!
	box run app.json </dev/null >pipe 2>err &
	pid=$!
	wait_until 10 is_up
}

@test "a reader that has stalled keeps no signal from the app" {
	need root
	run_into_stalled_reader
	sleep 0.5
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	kill $reader || fail "it waited for its reader"
	expect_status 143
}

@test "memory of box stays small while a reader stalls" {
	need root
	run_into_stalled_reader
	sleep 1
	rss=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status)
	kill -TERM $pid
	wait $pid || true
	kill $reader
	[ "$rss" -lt 512 ] || fail "$rss KiB"
}

@test "a disk that is full ends the app's stream, and is told" {
	need root
	app '"command": ["yes"]'
	boxed 'timeout 10 $run app.json >/dev/full'
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	expect_has ENOSPC
}

@test "exec: a process left behind with the streams is waited for at most 2 seconds" {
	need root
	app '"command": ["sleep", "1000"]'
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up
	took=0
	for noise in true 'sleep 120' 'yes'; do
		alone=$took
		began=$(date +%s%N)
		boxed "\${run%run}exec $TAG sh -c '$noise & echo last words' | grep -a last"
		took=$((($(date +%s%N) - began) / 1000000))
		expect_line "last words"
		# With what it takes anyway, on a machine that has other things to do.
		[ "$noise" = true ] || [ $took -lt $((2000 + 5 * alone)) ] || fail "$took ms with $noise, $alone ms before"
	done
	box rm -f "$TAG"
	wait
}
