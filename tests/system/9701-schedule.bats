#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Jobs: apps with a schedule. Their times are unit tests (tests/unit/specs/test_cron.c); here one is made to come soon.

load lib
setup() { setup_world; need root jq; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

job() { # job SCHEDULE [FIELDS]: the times are those of an hour that is far away, whatever it is now
	app '"schedule": {"cron": "'"$(date -u -d '12 hours' +'7 %H')"' * * *"'"${1:+, $1}"'}'"${2:+, $2}"
	box run -d app.json
}
about() { box ps -a --format json | jq -r --arg name "$TAG" ".[] | select(.name == \$name).$1"; }
is() { [ "$(about "$1")" = "$2" ]; }
ran() { [ "$(box logs "$TAG" 2>&1 | grep -c "^${2:-ran}")" -eq "$1" ]; }
supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }
watcher_pid() {
	find /proc/[0-9]*/fd/3 -maxdepth 0 -lname "$STATE/.watch" 2>/dev/null | cut -d/ -f3
}
# Its next time is in SECONDS from now: the note is another one, and whoever takes over from the dead supervisor reads it.
comes_in() {
	local before
	before=$(supervisor_of "$TAG")
	due=$(($(date +%s) + $1))
	printf 'at %d\nran 0\n' $due >"$BOX_STORE/apps/$TAG/next"
	kill -KILL "$before"
	wait_until 5 is_another "$before"
}
is_another() { [ "$(supervisor_of "$TAG")" != "$1" ] && [ -n "$(supervisor_of "$TAG")" ]; }
power_off() { # everything is gone at once, as after a power cut
	local boxes
	boxes="$(watcher_pid) $(supervisor_of "$TAG")"
	kill -STOP $boxes # so that none sees another one's end
	kill -KILL $boxes
	rm -rf "$STATE"
}

# Nothing has woken its supervisor for a second.
sleeps_on() {
	local before
	before=$(wakes)
	sleep 1
	[ "$(wakes)" -eq "$before" ]
}
wakes() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$(supervisor_of "$TAG")/status"; }

@test "a job waits for its time, runs, and waits again; ps, explain, logs and wait tell of it; stop ends its schedule" {
	job '' '"command": ["sh", "-c", "echo ran; exit 3"]'
	is status scheduled || fail "it is $(about status)"
	[ "$(about next_run)" = "$(date -u -d '12 hours' +%FT%H:07:00Z)" ] || fail "next: $(about next_run)"
	is schedule "$(date -u -d '12 hours' +'7 %H') * * * (UTC)"
	is last_exit null
	is last_end null
	run box ps
	expect_has "scheduled in 1"
	run box ps -f status=scheduled -q
	[ "$output" = "$TAG" ] || fail "$output"
	run box explain "$TAG"
	expect_has "it has not run yet" "the next run is at $(date -u -d '12 hours' +%FT%H:07:00Z)"
	box wait "$TAG" >waited & waiting=$!
	# No wake-up until its time.
	wait_until 5 sleeps_on
	comes_in 3
	# The one who waits is told of the run, whichever supervisor it was.
	wait $waiting
	[ "$(cat waited)" = 3 ] || fail "wait: $(cat waited)"
	[ "$(date -d "$(box logs -t "$TAG" | cut -d' ' -f1)" +%s)" -ge "$due" ] || fail "too early"
	wait_until 5 is status scheduled
	is last_exit 3 || fail "$(about last_exit)"
	[ "$(about next_run)" = "$(date -u -d '12 hours' +%FT%H:07:00Z)" ] || fail "next: $(about next_run)"
	run box ps
	expect_has "exited (3)"
	run box explain "$TAG"
	expect_has "run 1: ended with exit code 3" "the next run is at $(date -u -d '12 hours' +%FT%H:07:00Z)"
	# By hand, also while it is stopped.
	box start "$TAG"
	wait_until 5 ran 2
	wait_until 5 is status scheduled
	box stop "$TAG"
	is status "exited (3)"
	is next_run null
	run box explain "$TAG"
	expect_has "nobody waits for it now; box start $TAG does"
	[ ! -e "$STATE/$TAG" ] || fail "something of it is there"
	run box boot
	expect_not "$TAG"
	run box start -a "$TAG"
	expect_status 3
	expect_has ran
	ran 3
	wait_until 5 is status scheduled
	run box rm "$TAG"
	expect_has "box stop $TAG"
}

@test "what was missed is made up for where the job says so; else it is an event, and the next time counts" {
	job '"catch_up": true' '"command": ["echo", "ran"]'
	comes_in -3600
	wait_until 5 ran 1
	wait_until 5 is status scheduled
	power_off
	printf 'at %d\nran 0\n' $(($(date +%s) - 86400)) >"$BOX_STORE/apps/$TAG/next"
	run box boot
	expect_has "$TAG"
	wait_until 5 ran 2
	sleep 0.5
	ran 2 || fail "more than one run"
	box rm -f "$TAG"

	job '' '"command": ["echo", "ran"]'
	comes_in -3600
	wait_until 5 is next_run "$(date -u -d '12 hours' +%FT%H:07:00Z)"
	box events --since 1m --until "$(date +%s)" -f event=skip | grep -q "$TAG" || fail "no event"
	ran 0 || fail "it ran"
	# A power cut: the times go on, and nothing runs at once.
	power_off
	run box boot
	expect_has "$TAG"
	is status scheduled || fail "it is $(about status)"
	ran 0 || fail "it ran"
	# Watcher and supervisor killed at once: the next command that looks has it adopted.
	kill -STOP "$(watcher_pid)" "$(supervisor_of "$TAG")"
	kill -KILL "$(watcher_pid)" "$(supervisor_of "$TAG")"
	comes_back() { box ps >/dev/null && box start "$TAG"; }
	wait_until 5 comes_back
	wait_until 5 ran 1
}

@test "overlap: skip, queue and replace" {
	local long='trap "exit 5" TERM; echo ran; until [ -e /enough ]; do sleep 0.1; done; echo done'
	job '' '"command": ["sh", "-c", '"$(jq -n --arg x "$long" '$x')"']'
	box start "$TAG"
	wait_until 10 ran 1
	comes_in 1
	wait_until 10 eval '[ "$(date +%s)" -gt "$due" ]'
	box exec "$TAG" touch /enough
	wait_until 10 is status scheduled
	ran 1
	ran 1 "done" || fail "$(box logs "$TAG")"
	box events --since 1m --until "$(date +%s)" -f event=skip | grep -q "$TAG" || fail "no event"
	box rm -f "$TAG"

	job '"overlap": "queue"' '"command": ["sh", "-c", '"$(jq -n --arg x "$long" '$x')"']'
	box start "$TAG"
	wait_until 10 ran 1
	comes_in 1
	wait_until 10 grep -qx "queued 1" "$STATE/$TAG/supervisor"
	ran 1 || fail "it did not wait"
	# The supervisor that knew of it dies.
	kill -KILL "$(supervisor_of "$TAG")"
	box exec "$TAG" touch /enough
	wait_until 10 ran 2 "done"
	[ "$(box logs "$TAG" | tr '\n' ' ')" = "ran done ran done " ] || fail "the first one was not let alone: $(box logs "$TAG")"
	box rm -f "$TAG"

	job '"overlap": "replace"' '"command": ["sh", "-c", '"$(jq -n --arg x "$long" '$x')"']'
	box start "$TAG"
	wait_until 10 ran 1
	comes_in 1
	wait_until 10 ran 2
	ran 0 "done" || fail "the first one was let alone"
	run box explain "$TAG" 1
	expect_has "ended with exit code 5" "asked to end by the next run of its schedule"
}

@test "a run that takes too long ends and is not tried again; one that fails is; one that cannot start leaves the schedule as it was" {
	job '"timeout": "1s"' '"restart": "on-failure:3", "stop_grace_period": "2s", "command": ["sh", "-c", "trap : TERM; echo ran; while :; do sleep 0.1; done"]'
	box start "$TAG"
	# The supervisor that has asked it to end dies: the next one sees to its end.
	wait_until 10 grep -q "^stopped_by ." "$STATE/$TAG/supervisor"
	kill -KILL "$(supervisor_of "$TAG")"
	wait_until 10 is status scheduled
	run box explain "$TAG"
	expect_has "ended by SIGKILL" "asked to end by its schedule's timeout" "app.json:4: schedule.timeout"
	sleep 0.3
	ran 1 || fail "it was tried again"
	box rm -f "$TAG"

	job '' '"restart": "on-failure:2", "command": ["sh", "-c", "echo ran; exit 1"]'
	box start "$TAG"
	wait_until 5 ran 3
	wait_until 5 is status scheduled
	box rm -f "$TAG"

	job '' '"command": ["/no/such"]'
	run box start "$TAG"
	expect_status 1
	expect_has "/no/such"
	wait_until 5 is status scheduled
	box restart "$TAG" || true
	wait_until 5 is status scheduled
}

@test "what a job cannot be: a service of systemd, an app that goes with its end; in the foreground it runs once" {
	app '"schedule": "@daily", "command": ["echo", "ran"]'
	run box systemd install app.json
	expect_status 1
	expect_has 'it has a "schedule"'
	run box ps -aq
	[ -z "$output" ] || fail "left: $output"
	run box run -d --rm app.json
	expect_status 125
	expect_has 'option --rm: the app has a "schedule"'
	run box run app.json
	expect_status 0
	expect_has "schedule holds in the background" ran
	run box config app.json
	expect_has '"cron": "@daily"' '"overlap": "skip"'
}

@test "an ordinary user's job, and what its supervisor holds while it waits" {
	need user
	local folder pid
	user_app '"schedule": {"cron": "@yearly", "tz": "local"}, "command": ["sh", "-c", "id -u"]'
	run as_user bin/box run -d app.json
	expect_status 0
	run as_user bin/box ps
	expect_has "scheduled in"
	run as_user bin/box start -a "$TAG"
	expect_status 0
	expect_line 0
	folder=$WORK/home/run/box/$TAG
	pid=$(sed -n 's/^pid //p' "$folder/supervisor")
	wait_until 5 grep -qx 'phase 3' "$folder/supervisor"
	[ "$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")" -le 128 ] || fail "$(grep Rss "/proc/$pid/status")"
	kill -KILL "$pid"
	wait_until 5 sh -c "! grep -qx 'pid $pid' '$folder/supervisor'"
	run as_user bin/box ps
	expect_has "scheduled in" "exited (0)"
	as_user bin/box rm -f "$TAG"
}
