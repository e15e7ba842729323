#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box volume snapshot: a whole and consistent copy of a volume as a new one, or none.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	[ -z "${FULL:-}" ] || umount "$FULL" 2>/dev/null || true
	teardown_world
}

data() { echo "$BOX_STORE/volumes/$1/_data"; }
left() { find "$BOX_STORE/volumes" -maxdepth 1 -name '.copy-*' | grep .; }
status_of() { box ps --format json | jq -r --arg name "$TAG" '.[] | select(.name == $name).status'; }

@test "owners, modes, attributes, links, holes and times are kept; the copy is a volume of its own" {
	need root python3
	box volume create "$TAG" >/dev/null
	cd "$(data "$TAG")"
	mkdir -p a/b
	echo one >a/b/f
	chown 33:44 a/b/f
	chmod 4711 a/b/f
	ln a/b/f a/again
	ln -s /etc/passwd l
	mkfifo -m 640 p
	truncate -s 64M sparse
	echo end | dd of=sparse bs=1 seek=40000000 conv=notrunc status=none
	python3 -c 'import os; os.setxattr("a/b/f", "user.word", b"value")'
	chmod 1777 a
	touch -d 2001-02-03T04:05:06 a/b/f a/b a
	touch -h -d 2001-02-03T04:05:06 l
	cd "$WORK"
	run box volume snapshot "$TAG" "$TAG-copy"
	expect_status 0
	[ "$output" = "$TAG-copy" ]
	list() { (cd "$(data "$1")" && find . -printf '%P %y %U:%G %m %s %n %T@ %l\n' | sort); }
	diff <(list "$TAG") <(list "$TAG-copy") || fail "the copy differs"
	cmp "$(data "$TAG")/sparse" "$(data "$TAG-copy")/sparse"
	[ "$(du -k "$(data "$TAG-copy")/sparse" | cut -f1)" -lt 1024 ] || fail "the hole is gone"
	[ "$(stat -c %i "$(data "$TAG-copy")/a/b/f")" = "$(stat -c %i "$(data "$TAG-copy")/a/again")" ] || fail "two files of one"
	[ "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.word").decode())' "$(data "$TAG-copy")/a/b/f")" = value ]
	[ "$(box volume ls -q | sort | xargs)" = "$TAG $TAG-copy" ]
	echo two >"$(data "$TAG")/a/b/f"
	[ "$(cat "$(data "$TAG-copy")/a/b/f")" = one ] || fail "it changes with the other"
	[ "$(stat -c %a "$BOX_STORE/volumes/$TAG-copy")" = 700 ]
	# Back: a snapshot of the snapshot is the volume as it was.
	box volume rm "$TAG" >/dev/null
	box volume snapshot "$TAG-copy" "$TAG" >/dev/null
	[ "$(cat "$(data "$TAG")/a/again")" = one ]
	run box volume snapshot "$TAG" "$TAG-copy"
	expect_status 1
	expect_has "make volume $TAG-copy: there is one of this name"
	run box volume snapshot "$TAG-none" x
	expect_status 1
	expect_has "none of this name"
	run box volume snapshot "$TAG" ../x
	expect_status 125
}

@test "an app is paused while its volume is copied, and goes on afterwards; not with --live" {
	need root jq cgroup:freezer
	app '"volumes": ["'"$TAG"'-v:/v"], "command": ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/v/one; echo $i >/v/two; done"]'
	box run -d app.json >/dev/null
	wait_until 10 test -s "$(data "$TAG-v")/two"
	for n in 1 2 3 4 5; do
		box volume snapshot "$TAG-v" "$TAG-c$n" >/dev/null
		[ "$(status_of)" = running ] || fail "it is $(status_of)"
	done
	[ "$(box events --since 1h --until 0s --format json | grep -c '"pause"')" -eq 5 ]
	box volume snapshot --live "$TAG-v" "$TAG-live" >/dev/null
	[ "$(box events --since 1h --until 0s --format json | grep -c '"pause"')" -eq 5 ]
	# One that somebody else has paused stays so.
	box pause "$TAG"
	box volume snapshot "$TAG-v" "$TAG-p" >/dev/null
	[ "$(status_of)" = paused ] || fail "it goes on"
	box unpause "$TAG"
}

@test "killed in the middle: no volume, the app goes on, and the next one removes what is left" {
	need root jq cgroup:freezer
	app '"volumes": ["'"$TAG"'-v:/v"], "command": ["sh", "-c", "while :; do sleep 0.1; done"]'
	box run -d app.json >/dev/null
	mkdir "$(data "$TAG-v")/many"
	(cd "$(data "$TAG-v")/many" && seq 4000 | split -l 1 -a 5 -)
	"$BOX" --root "$STATE" volume snapshot "$TAG-v" "$TAG-c" >out 2>&1 &
	wait_until 10 left
	kill -KILL $!
	wait $! 2>/dev/null || true
	left || fail "it was not killed in the middle"
	[ "$(box volume ls -q)" = "$TAG-v" ] || fail "half a volume"
	wait_until 10 eval '[ "$(status_of)" = running ]'
	wait_until 30 box volume snapshot "$TAG-v" "$TAG-c"
	[ "$(ls "$(data "$TAG-c")/many" | wc -l)" -eq 4000 ]
	! left || fail "what was left is still there"
}

@test "a full disk leaves nothing" {
	need root
	FULL=$WORK/full
	mkdir "$FULL"
	mount -t tmpfs -o size=8m none "$FULL"
	export BOX_STORE=$FULL/store
	box volume create "$TAG" >/dev/null
	head -c 5M /dev/urandom >"$(data "$TAG")/f"
	run box volume snapshot "$TAG" "$TAG-copy"
	expect_status 1
	expect_has "copy volume $TAG" "No space left on device"
	[ "$(box volume ls -q)" = "$TAG" ]
	! left || fail "it left something"
}

@test "an app in the foreground has to be stopped, or --live said" {
	need root
	app '"volumes": ["'"$TAG"'-v:/v"], "command": ["sh", "-c", "touch /v/ready; sleep 1000"]'
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 test -e "$(data "$TAG-v")/ready"
	run box volume snapshot "$TAG-v" "$TAG-c"
	expect_status 1
	expect_has "an app in the foreground uses it" --live
	box volume snapshot --live "$TAG-v" "$TAG-c"
	box rm -f "$TAG"
	wait || true
}

@test "an ordinary user: files of subordinate ids stay theirs" {
	need user userns subids
	user_app '"volumes": ["v:/v"], "command": ["sh", "-c", "echo one >/v/f; chown 33:44 /v/f; chmod 600 /v/f"]'
	as_user bin/box run app.json
	as_user bin/box volume snapshot v w
	[ "$(stat -c '%u:%g %a' "$WORK/home/data/box/volumes/w/_data/f")" = "$(stat -c '%u:%g %a' "$WORK/home/data/box/volumes/v/_data/f")" ]
	[ "$(cat "$WORK/home/data/box/volumes/w/_data/f")" = one ]
	as_user bin/box volume rm w v
}
