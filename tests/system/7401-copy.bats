#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box cp: into a running container and out of it, and containers that put links in the way.

load lib
setup() {
	setup_world
	need root jq
	app '"command": ["sh", "-c", "mkdir -p /w/sub; echo one >/w/file; chown 12:34 /w/file; chmod 4750 /w/file; ln -s file /w/link; ln -s /etc /w/etc; echo two >/w/sub/two; touch /w/ready; sleep 1000"]'
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 eval 'box exec "$TAG" test -e /w/ready'
}
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	wait
	teardown_world
}

@test "a file out: the caller's, without setuid; with -a the owner stays" {
	box cp "$TAG:/w/file" copy
	[ "$(cat copy)" = one ]
	[ "$(stat -c %a:%u:%g copy)" = 750:0:0 ] || fail "$(stat -c %a:%u:%g copy)"
	mkdir into
	box cp -a "$TAG:/w/file" into
	[ "$(stat -c %a:%u:%g into/file)" = 750:12:34 ] || fail "$(stat -c %a:%u:%g into/file)"
}

@test "a folder out: as a new name, into one that exists, and what is in it" {
	box cp "$TAG:/w" new
	[ "$(cat new/sub/two)" = two ]
	[ "$(readlink new/link)" = file ]
	[ "$(readlink new/etc)" = /etc ]
	mkdir old
	box cp "$TAG:/w" old
	[ -e old/w/sub/two ]
	mkdir flat
	box cp "$TAG:/w/." flat
	[ -e flat/sub/two ]
	[ ! -e flat/w ]
}

@test "links: copied as such, followed with -L" {
	box cp "$TAG:/w/link" link
	[ "$(readlink link)" = file ]
	box cp -L "$TAG:/w/link" followed
	[ ! -L followed ]
	[ "$(cat followed)" = one ]
}

@test "in: files are root's, owners stay with -a, modes and holes stay" {
	echo new >f && chmod 640 f && chown 5:6 f
	truncate -s 50M sparse && echo end >>sparse
	box cp f "$TAG:/w/sub"
	box cp -a f "$TAG:/w/kept"
	box cp sparse "$TAG:/w/"
	[ "$(box exec "$TAG" stat -c %a:%u:%g /w/sub/f)" = 640:0:0 ]
	[ "$(box exec "$TAG" stat -c %a:%u:%g /w/kept)" = 640:5:6 ]
	[ "$(box exec "$TAG" stat -c %s /w/sparse)" -eq $((50 * 1024 * 1024 + 4)) ]
	[ "$(box exec "$TAG" stat -c %b /w/sparse)" -lt 1000 ]
	mkdir -p tree/a && echo x >tree/a/x
	box cp tree "$TAG:/w/made"
	[ "$(box exec "$TAG" cat /w/made/a/x)" = x ]
	box cp tree/. "$TAG:/w/made/a"
	[ "$(box exec "$TAG" cat /w/made/a/a/x)" = x ]
}

@test "a stream of tar, both ways, with owners" {
	box cp "$TAG:/w" - >w.tar
	tar -tvf w.tar >list
	grep -q -- '^-rwsr-x--- 12/34 .* w/file$' list
	grep -q ' w/link -> file' list
	box exec "$TAG" mkdir /w/again
	box cp - "$TAG:/w/again" <w.tar
	[ "$(box exec "$TAG" stat -c %a:%u:%g /w/again/w/file)" = 4750:12:34 ]
	tar -cf - list | box cp - "$TAG:/w"
	box exec "$TAG" test -s /w/list
}

@test "what cannot be copied is said, with names" {
	run box cp "$TAG:/nothing" x
	expect_status 1
	expect_has "copy /nothing" ENOENT
	[ ! -e x ]
	run box cp list "$TAG:/w"
	expect_status 1
	expect_has "copy list" ENOENT
	run box cp out "$TAG:/nowhere/"
	expect_status 1
	expect_has "no such folder"
	run box cp out "$TAG:/w/file/x"
	expect_status 1
	run box cp a b
	expect_status 125
	expect_has NAME:PATH
	run box cp nobody:/x .
	expect_status 1
	expect_has "does not exist"
	echo nonsense | run box cp - "$TAG:/w"
	[ "$status" -eq 1 ]
}

@test "links of the container lead nowhere outside of it, in either direction" {
	echo secret >"$WORK/secret"
	# In: absolute, upward and magic links; what they name is the container's own.
	box exec "$TAG" sh -c "ln -s $WORK /w/out; ln -s ../../../../../../../..$WORK /w/up; ln -s /proc/1/root$WORK /w/magic; ln -s $WORK/planted /w/plant"
	for link in out up magic; do
		run box cp out "$TAG:/w/$link/planted"
		expect_status 1
		[ ! -e "$WORK/planted" ] || fail "/w/$link led out"
		run box cp -L "$TAG:/w/$link/secret" stolen
		[ ! -e stolen ] || fail "/w/$link/secret led out"
	done
	run box cp -L "$TAG:/w/plant" stolen
	expect_status 1
	box cp out "$TAG:/w/plant" || true
	[ ! -e "$WORK/planted" ]
	# Out: a link in the copy does not catch what comes behind it.
	box cp "$TAG:/w/out" caught
	[ -L caught ]
	mkdir dest
	printf x >x
	tar -cf evil.tar --transform 's,^x,a/../../escaped,' -P x
	run box cp - "$TAG:/w" <evil.tar
	expect_status 1
	expect_has '".."'
}

@test "a folder and a link that change places all the time lead nowhere" {
	mkdir "$WORK/target"
	box exec "$TAG" sh -c "mkdir /w/race; echo inside >/w/race/file; ln -s $WORK/target /w/other; cd /w; (while :; do mv race tmp; mv other race; mv race other; mv tmp race; done) 2>/dev/null & sleep 60" >/dev/null 2>&1 &
	local racer=$! i
	for ((i = 0; i < 60; i++)); do
		box cp out "$TAG:/w/race/planted" 2>/dev/null || true
		box cp "$TAG:/w/race" "got$i" 2>/dev/null || true
	done
	kill "$racer" 2>/dev/null || true
	[ -z "$(ls "$WORK/target")" ] || fail "written outside: $(ls "$WORK/target")"
	wait "$racer" || true
}

@test "a container of an ordinary user: its own files, with its own ids" {
	need user userns subids
	user_app '"command": ["sh", "-c", "echo mine >/tmp/f; chown 33:33 /tmp/f; touch /tmp/ready; sleep 1000"]'
	as_user bin/box run --name "$TAG-u" app.json </dev/null >user-out 2>&1 &
	wait_until 20 eval 'as_user bin/box exec "$TAG-u" test -e /tmp/ready'
	as_user bin/box cp "$TAG-u:/tmp/f" got
	[ "$(cat "$WORK/home/got")" = mine ]
	[ "$(stat -c %U "$WORK/home/got")" = $TEST_USER ]
	as_user bin/box cp got "$TAG-u:/tmp/back"
	[ "$(as_user bin/box exec "$TAG-u" stat -c %u /tmp/back)" = 0 ]
	as_user bin/box rm -f "$TAG-u"
}
