#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A store on a disk without one free byte, or one free inode: apps run on, and every verb that an operator needs then works.

load lib

setup() {
	setup_world
	[ "$(id -u)" -eq 0 ] && command -v mkfs.ext4 >/dev/null || return 0
	truncate -s 32m disk.img
	# The folder of names is larger than what an app can make full.
	mkfs.ext4 -q -m 0 -N 600 -b 1024 disk.img
	mkdir small
	# In a namespace of its own: a mount of the host's would be copied by every namespace that somebody else makes meanwhile.
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c 'mount -o loop disk.img small && chmod 700 small && : >mounted && exec sleep 1000' 3>&- 2>unmounted &
	HOLDER=$!
	wait_until 10 test -e mounted -o -s unmounted
	[ -e mounted ] || skip "needs a loop device: $(cat unmounted)"
	export BOX_STORE=$WORK/small/store
	printf '#!/bin/sh\nexec nsenter -t %s -m --wdns="$PWD" "%s" --root "%s" "$@"\n' "$HOLDER" "$BOX" "$STATE" >bin/box
}
teardown() {
	local name
	[ -z "${HOLDER:-}" ] || there sh -c 'rm -rf small/filler* small/many' || true
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	[ -z "${HOLDER:-}" ] || { kill "$HOLDER" && wait "$HOLDER"; } 2>/dev/null || true
	teardown_world
}

# there COMMAND…: where small is the small disk.
there() { nsenter -t "$HOLDER" -m --wdns="$WORK" "$@"; }

fill_bytes() {
	there sh -c 'for size in 64k 1k; do dd if=/dev/zero of=small/filler-$(date +%s%N) bs=$size; done; sync -f small' 2>/dev/null || true
	[ "$(there stat -f -c %a small)" -eq 0 ] || fail "$(there df small)"
}
fill_inodes() {
	there sh -c 'mkdir -p small/many; i=0; while : >small/many/$i; do i=$((i + 1)); done' 2>/dev/null || true
	[ "$(there stat -f -c %d small)" -eq 0 ] || fail "$(there df -i small)"
}

# operate FILL byte|inode: what an operator does on such a disk. It ends with the app removed.
operate() {
	local verb
	run box ps
	expect_status 0 && expect_has "$TAG" Up || return 1
	run box logs --tail 1 "$TAG"
	expect_status 0 && expect_has tick || return 1
	run box exec "$TAG" echo inside
	expect_status 0 && expect_has inside || return 1
	run box inspect "$TAG"
	expect_status 0 || return 1
	run box stats --no-stream "$TAG"
	expect_status 0 || return 1
	run timeout "$(slowly 20)" box stop "$TAG"
	expect_status 0 || return 1
	run box ps -a
	expect_status 0 && expect_has "exited (3)" || return 1
	run box explain "$TAG"
	expect_status 0 && expect_has "run 1: ended with exit code 3" "asked to end by box stop" "the disk was full at its end (ENOSPC): its writable layer: no free $2 on $BOX_STORE" "its last lines:" || return 1
	run box inspect "$TAG"
	expect_status 0 || return 1
	run box events --since 1h --until 0s
	expect_status 0 && expect_has "$TAG" die || return 1
	run box system df
	expect_status 0 || return 1
	# What cannot be kept is told, once, and the verb is done all the same.
	run box prune
	expect_status 0 || return 1
	"$1"
	app '"command": ["true"]' other.json
	run timeout "$(slowly 20)" box run --name "$TAG-other" other.json
	expect_status 125 && expect_has "No space left on device" || return 1
	[ "$(grep -c '^box: ' <<<"$output")" -le 2 ] || fail "more than one message" || return 1
	run box rm "$TAG"
	expect_status 0 || return 1
	run box ps -aq
	[ -z "$output" ] || fail "it is still there"
}

begin() {
	app '"command": ["sh", "-c", "trap \"exit 3\" TERM; while :; do echo tick; sleep 0.1; done"]'
	run box run -d app.json
	expect_status 0 || return 1
	wait_until 10 has_ticked
}
has_ticked() { [ "$(box logs "$TAG" | grep -c tick)" -gt 2 ]; }

@test "no free byte: the app runs on, and what an operator needs works" {
	need root mkfs.ext4 jq
	begin
	fill_bytes
	operate fill_bytes byte
}

@test "no free inode: the app runs on, and what an operator needs works" {
	need root mkfs.ext4 jq
	begin
	fill_inodes
	operate fill_inodes inode
}

@test "an app that fails on it: the cause is named, in the background and in the foreground, and its log goes on" {
	need root mkfs.ext4 jq
	app '"command": ["sh", "-c", "until [ -e /go ]; do sleep 0.05; done; dd if=/dev/zero of=/big bs=64k; dd if=/dev/zero of=/rest bs=1k; exit 9"]'
	run box run -d app.json
	expect_status 0
	# What it says is written when the disk is full already.
	pid=$(container_pid)
	supervisor=$(sed -n "s/^pid //p" "$STATE/$TAG/supervisor")
	kill -STOP "$supervisor"
	box exec "$TAG" touch /go
	wait_until 20 is_gone "$pid"
	kill -CONT "$supervisor"
	wait_until 20 has_failed
	run box explain "$TAG"
	expect_has "ended with exit code 9" "(ENOSPC): its writable layer: no free byte on $BOX_STORE/containers" "it says that a file system is full" \
		"No space left on device"
	[ "$(box explain --format json "$TAG" | jq '.full | length')" = 1 ]
	# Every further end is kept, too: the reserve is taken, and the oldest record makes room.
	for _ in 1 2; do
		box start "$TAG"
		wait_until 20 box_is_over
	done
	run box explain "$TAG"
	expect_has "run 3: ended with exit code 9"
	box rm "$TAG"
	app '"command": ["sh", "-c", "dd if=/dev/zero of=/big bs=64k; dd if=/dev/zero of=/rest bs=1k; exit 9"]'
	run box run app.json
	expect_status 9
	run box explain "$TAG"
	expect_has "ended with exit code 9" "the disk was full at its end (ENOSPC): its writable layer: no free byte"
}
box_is_over() { [ ! -e "$STATE/$TAG" ]; }
has_failed() { box_is_over && box ps -a | grep -q 'exited (9)'; }

@test "box up on it says which service could not be made, whose file system it is, and how to make room; the same of the state folder" {
	need root mkfs.ext4
	printf '{"name": "%s", "services": {"a": {"rootfs": "%s", "network_mode": "none", "command": ["true"]}}}' "$TAG" "$ROOTFS" >app.json
	box up -q app.json
	box down -q app.json
	fill_bytes
	run box up app.json
	expect_status 1
	expect_has "make $TAG-a: " "No space left on device" "hint: the file system of the store ($BOX_STORE) is full: 0 B are free; box prune makes room"
	there sh -c 'rm -f small/filler*'
	# A folder of its own for state, which has no room for a log's buffer.
	mkdir -p "$WORK/run"
	there sh -c 'mount -t tmpfs -o size=64k run run'
	sed -i "s|--root \"$STATE\"|--root \"$WORK/run/state\"|" bin/box
	run box up app.json
	expect_status 1
	expect_has "No space left on device" "hint: the file system of the state folder ($WORK/run/state) is full: "
	# Nobody can keep what is half there; made larger, everything goes its way.
	run box down "$TAG"
	expect_has "reach the supervisor of $TAG-a: it does not answer" "no room left: df -h $WORK/run/state"
	there mount -o remount,size=4m run
	box down -q "$TAG"
	box up -q app.json
	box down -q app.json
}

@test "the audit trail: the verb is done, and one warning says that there is no record; the chain stays whole" {
	need root mkfs.ext4 jq
	begin
	fill_bytes
	# To the end of the block that the file has.
	for _ in {1..12}; do box exec "$TAG" true >>out 2>&1; done
	grep -q "add to the audit trail $BOX_STORE/audit.log: .*No space left on device" out || fail "$(cat out)"
	there sh -c 'rm small/filler*'
	run box audit --verify
	expect_status 0
	run box exec "$TAG" true
	[ -z "$output" ]
	run box audit --verify
	expect_status 0
}
