#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A full disk in the middle of a pull, a load, an import and a save: the message says so, and nothing that was finished is lost.

load lib
load registry

setup() {
	setup_world && setup_registry
	[ "$(id -u)" -eq 0 ] || return 0
	mkdir small
	# In a namespace of its own: a mount of the host's would be copied by every namespace that somebody else makes meanwhile.
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t tmpfs -o size=14m,mode=700 tmpfs small && : >mounted && exec sleep 1000' 3>&- &
	HOLDER=$!
	wait_until 10 test -e mounted
	rm mounted
	export BOX_STORE=$WORK/small/store
	printf '#!/bin/sh\nexec nsenter -t %s -m --wdns="$PWD" "%s" --root "%s" "$@"\n' "$HOLDER" "$BOX" "$STATE" >bin/box
}
teardown() {
	teardown_registry
	[ -z "${HOLDER:-}" ] || { kill "$HOLDER" && wait "$HOLDER"; } 2>/dev/null || true
	teardown_world
}

# there COMMAND…: where small is the small disk.
there() { nsenter -t "$HOLDER" -m --wdns="$WORK" "$@"; }

# A finished image of some 7 MB, and layout:big with a layer of 9 MB that does not compress.
prepare() {
	box import "$ROOTFS" acme/done >/dev/null
	make_layout layout big 9000000
	before=$(box images)
}

# expect_unharmed [fetched]: the failure is told, the finished image is whole and runs, and what was begun takes no space.
expect_unharmed() {
	expect_status 1
	[[ $output != *ENOSPC* || $1 != fetched || $output == *"  hint: the store's file system is full: box prune makes room"* ]] || fail "no way out" || return 1
	[[ $output == *"No space left on device"* || $output == *"disk"*"full"* || $output == *"free"* ]] || fail "no word of the disk" || return 1
	[ "$(box images)" = "$before" ] || fail "images" || return 1
	run box store check
	expect_status 0
	run box run acme/done echo fine
	[ "$status $output" = "0 fine" ] || fail "run" || return 1
	box prune >/dev/null
	[ -z "$(there ls "$BOX_STORE/staging")" ]
}

@test "pull" {
	need root docker-registry skopeo jq
	start_registry
	prepare
	push layout:big "$REGISTRY/acme/big:1"
	run box pull "$REGISTRY/acme/big:1"
	expect_unharmed fetched
	# With room for it the same pull goes through.
	there mount -o remount,size=200m "$WORK/small"
	run box pull "$REGISTRY/acme/big:1"
	expect_status 0
	run box store check
	expect_status 0
}

@test "load" {
	need root skopeo jq
	prepare
	skopeo --insecure-policy copy -q oci:layout:big oci-archive:big.tar:acme/big:1
	run box load -i big.tar
	expect_unharmed fetched
	there mount -o remount,size=200m "$WORK/small"
	run box load -i big.tar
	expect_status 0
	run box store check
	expect_status 0
}

@test "import" {
	need root jq
	prepare
	head -c 12000000 /dev/urandom >noise
	tar -cf big.tar noise
	run box import big.tar acme/big
	expect_unharmed
	run sh -c 'cat big.tar | box import - acme/big'
	expect_unharmed
}

@test "save leaves the archive that was there" {
	need root jq
	prepare
	there dd if=/dev/zero of=small/filler bs=64k 2>/dev/null || true
	there truncate -s -1M small/filler
	there sh -c 'echo before >small/out.tar'
	run box save -o small/out.tar acme/done
	expect_status 1
	expect_has "save small/out.tar: write blobs/sha256/" "No space left on device"
	[ "$(there cat small/out.tar)" = before ]
	[ "$(there ls small | xargs)" = "filler out.tar store" ]
}

@test "a tag, a name and a record that the disk has no room for" {
	need root jq
	prepare
	there dd if=/dev/zero of=small/filler bs=4k 2>/dev/null || true
	run box tag acme/done acme/again
	expect_status 1
	expect_has "No space left on device"
	[ "$(box images)" = "$before" ]
	# What frees space needs no more than two blocks, for the new index.json.
	there truncate -s -8k small/filler
	run box rmi acme/done
	expect_status 0
}
