#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Logs of apps in the background: what box logs shows, and that no line is lost or there twice, whoever is killed.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# app_says SCRIPT FIELDS: an app whose shell runs SCRIPT, in the background.
app_says() {
	app "\"command\": [\"sh\", \"-c\", $(jq -Rs . <<<"$1")]${2:+,
	$2}"
	box run -d app.json
}

supervisor_of() { sed -n 's/^pid //p' "$STATE/$TAG/supervisor"; }
logs() { "$BOX" --root "$STATE" logs "$@"; } # alone: no function in front of its streams
has_lines() { [ "$(logs "$TAG" 2>&1 | wc -l)" -ge "$1" ]; }
log_size() { cat "$BOX_STORE/apps/$TAG"/log/* | wc -c; }

@test "logs prints what the app wrote, each stream to its own, with times, as JSON, and less of it" {
	need root
	app_says 'echo one; echo two; echo wrong >&2; sleep 0.3; echo three; printf unfinished; sleep 1000'
	wait_until 5 has_lines 4
	logs "$TAG" >out 2>err
	[ "$(cat out)" = $'one\ntwo\nthree' ] || fail "stdout is $(cat out)"
	[ "$(cat err)" = wrong ] || fail "stderr is $(cat err)"
	run logs --tail 1 "$TAG"
	[ "$output" = three ] || fail "the last line is not the last"
	run logs -n 0 "$TAG"
	[ -z "$output" ] || fail "no line is $output"
	run logs --stream stderr "$TAG"
	[ "$output" = wrong ] || fail "not its stderr alone"
	run logs -t --stream stdout "$TAG"
	[[ ${lines[0]} =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z\ one$ ]] || fail "no time"
	run logs --since "${lines[2]%% *}" "$TAG"
	[ "$output" = three ] || fail "since its time there is more than the third line"
	run logs --until "$(logs -t --stream stdout "$TAG" | sed -n '3s/ .*//p')" --stream stdout "$TAG"
	[ "$output" = $'one\ntwo' ] || fail "before the third line there are not two"
	run logs --since 1h -n all "$TAG"
	[ "${#lines[@]}" -eq 4 ] || fail "not all of this hour"
	logs --format json "$TAG" | jq -es 'map(.stream) == ["stdout", "stdout", "stderr", "stdout"] and map(.line) == ["one", "two", "wrong", "three"]'
	box stop -t 0 "$TAG"
	[ "$(logs -n 1 "$TAG")" = unfinished ] || fail "a line without its end is lost"
	box start "$TAG"
	wait_until 5 has_lines 9
	box rm -f "$TAG"
	run logs "$TAG"
	expect_status 1
	expect_has "find the app $TAG"
}

@test "wrong words of logs are refused" {
	run logs
	expect_has "logs: expected at least one NAME"
	run logs --tail x a
	expect_has "option --tail x: expected a number of lines, or all"
	run logs --since yesterday a
	expect_has "option --since yesterday: expected a time such as"
	run logs --stream in a
	expect_has "option --stream in: expected stdout, stderr or box"
	run logs ../a
	expect_has 'use the name "../a"'
}

@test "bytes of every kind come back as they were; a terminal is shown what they are (E03)" {
	need root
	head -c 300000 /dev/urandom >bytes
	printf '\033]0;title\007\033[31mred\ttab\n' >>bytes
	mkdir -m 700 data
	cp bytes data
	app_says 'cat /data/bytes; sleep 1000' '"volumes": ["./data:/data"]'
	wait_until 5 sh -c "\"$BOX\" --root \"$STATE\" logs \"$TAG\" | cmp -s - bytes"
	run python3 "$BATS_TEST_DIRNAME/at-terminal.py" "" "$BOX" --root "$STATE" logs -n 1 "$TAG"
	expect_has '\x1b]0;title\x07\x1b[31mred	tab'
	if grep -q $'\033' <<<"$output"; then fail "the app's escape sequences reach the terminal"; fi
	# Whatever is in the file is JSON.
	cat "$BOX_STORE/apps/$TAG"/log/* | jq -es 'length > 500' >/dev/null
	# In UTF-8 a terminal may be steered without an escape character.
	box rm -f "$TAG"
	app_says 'printf "\\302\\23331m\\177\\n"; sleep 0.3; exit 1'
	wait_until 10 [ -e "$BOX_STORE/apps/$TAG/exits/1.json" ]
	for command in "logs --format json" "explain --format json"; do
		# shellcheck disable=SC2086 # words
		run python3 "$BATS_TEST_DIRNAME/at-terminal.py" "" "$BOX" --root "$STATE" $command "$TAG"
		expect_has '\u009b31m\u007f'
		if grep -q $'\302\233' <<<"$output"; then fail "the app's control characters reach the terminal"; fi
	done
}

@test "a log is bounded, and follow reads over rotation and ends with the app (E08)" {
	need root
	app_says 'i=0; while [ $i -lt 20 ]; do seq $((i * 1000)) $((i * 1000 + 999)); sleep 0.05; i=$((i + 1)); done; exec sleep 1000' \
		'"logging": {"max_size": "256k", "max_files": 2}'
	logs -f "$TAG" >followed 2>missed 3>&- &
	local follower=$!
	wait_until 20 sh -c '[ "$(tail -n 1 followed)" = 19999 ]'
	[ "$(log_size)" -le $((512 << 10)) ] || fail "the log has $(log_size) bytes"
	[ "$(ls "$BOX_STORE/apps/$TAG/log" | wc -l)" -eq 2 ] || fail "not two files"
	cmp followed <(seq 0 19999) || fail "something is missing, or there twice"
	[ ! -s missed ] || fail "$(cat missed)"
	kill -0 $follower
	box stop -t 0 "$TAG"
	wait $follower
	logs -f -n 1 "$TAG" # does not wait: it is stopped
	box start "$TAG"
	logs -f "$TAG" >followed 3>&- &
	follower=$!
	box rm -f "$TAG"
	wait $follower
}

@test "no line is lost or there twice while the supervisor is killed again and again under an app that writes" {
	need root
	[ "$SLOW" -eq 1 ] || skip "an emulated processor needs so long for it that the log's limit takes the first lines"
	# About 1 MiB/s, in numbered lines; a write that fails ends it.
	app_says 'pad=$(printf "%088d" 0); n=0; while awk -v n=$n -v pad=$pad "BEGIN { for (i = 0; i < 1000; i++) print n + i, pad }" && n=$((n + 1000)); do
			usleep 90000; done; echo broken'
	local last kills=0 ends=$((SECONDS + $(slowly 8)))
	wait_until 5 has_lines 1000
	while [ $SECONDS -lt $ends ]; do
		last=$(supervisor_of)
		kill -KILL "$last" 2>/dev/null && kills=$((kills + 1))
		sleep "0.$((RANDOM % 3 + 1))$RANDOM"
	done
	[ $kills -ge 10 ] || fail "only $kills kills"
	has_one() { local pid; pid=$(supervisor_of) && [ -n "$pid" ] && kill -0 "$pid"; }
	wait_until 5 has_one
	box kill "$TAG" KILL
	wait_until 5 sh -c "[ ! -e \"$STATE/$TAG\" ]"
	logs "$TAG" | awk '$1 != NR - 1 { print "line " NR " is " $1; exit 1 } END { print NR " lines" }' >found || fail "$(cat found)"
	[ "$(sed 's/ .*//' found)" -ge 20000 ] || fail "an app that was held up: $(cat found)"
}

@test "what an app wrote last is kept where it and its supervisor are killed together" {
	need root
	mkdir -m 700 data
	app_says 'seq 5000; echo ready >/data/ready; exec sleep 1000' '"volumes": ["./data:/data"]'
	wait_until 5 test -e data/ready
	local supervisor pid
	supervisor=$(supervisor_of)
	pid=$(box ps --format json | jq -r '.[0].pid')
	kill -STOP "$supervisor"
	box exec "$TAG" sh -c 'seq 5001 6000 >/proc/1/fd/1' || true
	kill -KILL "$supervisor" "$pid"
	wait_until 5 sh -c "[ ! -e \"$STATE/$TAG\" ]"
	cmp <(logs "$TAG") <(seq 6000) || fail "the end is missing"
}

@test "a full disk: the app goes on, what is lost is counted and told" {
	need root
	app_says 'while :; do seq 2000; printf half; echo >>/rounds; usleep 50000; done'
	box stop -t 0 "$TAG"
	mount -t tmpfs -o size=128k small "$BOX_STORE/apps/$TAG/log"
	box start "$TAG"
	rounds() { box exec "$TAG" sh -c 'wc -l </rounds'; }
	wait_until 10 sh -c "[ \$(df --output=avail \"$BOX_STORE/apps/$TAG/log\" | tail -n 1) -lt 8 ]"
	# It goes on, and says more than pipe and log writer can have in their hands.
	before=$(rounds)
	wait_until 20 eval '[ "$(rounds)" -ge $((before + 30)) ]'
	mount -o remount,size=8m "$BOX_STORE/apps/$TAG/log"
	wait_until 5 sh -c "\"$BOX\" --root \"$STATE\" logs --stream box \"$TAG\" 2>&1 | grep -q 'bytes of output are lost: No space left on device'"
	logs --format json --stream box "$TAG" | jq -es '(map(.lost) | add) > 2000'
	box stop -t 0 "$TAG"
	wait_until 10 umount "$BOX_STORE/apps/$TAG/log" # its supervisor is about to leave
}

@test "journald: every line is a message, and logs says what reads them" {
	need root
	unshare -m sh -c "mount -t tmpfs run /run && mkdir -p /run/systemd/journal && echo \$\$ >inner && exec sleep 1000" 3>&- &
	local holder=$!
	wait_until 5 test -s inner
	nsenter -m -t $holder python3 "$BATS_TEST_DIRNAME/fake-journal.py" /run/systemd/journal/socket "$WORK/messages" 3>&- &
	local journal=$!
	wait_until 30 test -e messages
	app '"command": ["sh", "-c", "echo hello; echo wrong >&2; exec sleep 1000"], "logging": {"driver": "journald"}'
	nsenter -m -t $holder "$BOX" --root "$STATE" run -d "$WORK/app.json"
	wait_until 5 sh -c '[ $(grep -c CONTAINER_NAME= messages) -eq 2 ]'
	run cat messages
	expect_has "SYSLOG_IDENTIFIER=box" # the audit record of the start
	expect_has "CONTAINER_ID_FULL=$TAG CONTAINER_NAME=$TAG IMAGE_NAME=$ROOTFS MESSAGE=hello PRIORITY=6 SYSLOG_IDENTIFIER=$TAG" \
		"MESSAGE=wrong PRIORITY=3"
	run logs -f "$TAG"
	expect_status 1
	expect_has "its driver is journald" "journalctl -f CONTAINER_NAME=$TAG"
	box rm -f "$TAG"
	kill $journal $holder
}
