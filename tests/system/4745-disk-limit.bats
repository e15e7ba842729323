#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# resources.limits.disk: an error where the file system has no project quotas, and a limit where it has.

load lib
setup() { setup_world; }
teardown() {
	[ -z "${HOLDER:-}" ] || { kill "$HOLDER" && wait "$HOLDER"; } 2>/dev/null || true
	teardown_world
}

@test "a file system without quotas: an error that says what to do, and nothing left" {
	need root
	mkdir plain
	run unshare -m --propagation private sh -c "mount -t tmpfs tmpfs plain && chmod 700 plain &&
		printf '{\"name\": \"$TAG\", \"rootfs\": \"$ROOTFS\", \"command\": [\"true\"],\n\"resources\": {\"limits\": {\"disk\": \"10m\"}}}' >app.json &&
		BOX_STORE=$WORK/plain/store box run app.json; code=\$?; ls plain/store/containers plain/store/ids; exit \$code"
	expect_status 125
	expect_has "app.json:2: resources.limits.disk: limit the writable layer: the file system has no project quotas" "hint: xfs: mount it with prjquota"
	expect_not "$TAG-"
}

@test "where there is no writable layer, or none of its own ids, the limit is refused" {
	run_app '"command": ["true"], "read_only": true, "resources": {"limits": {"disk": "10m"}}'
	expect_status 125
	expect_has "resources.limits.disk" "no writable layer"
	run_app '"command": ["true"], "resources": {"limits": {"disk": "10k"}}'
	expect_has "resources.limits.disk" "at least 1m"
	run box run --storage-opt inode=3 app.json
	expect_has "expected size=SIZE"
}

@test "an ordinary user is told" {
	need root user
	user_app '"command": ["true"], "resources": {"limits": {"disk": "10m"}}'
	run as_user bin/box run app.json
	expect_status 125
	expect_has "resources.limits.disk" "only root can set the quota of a project"
}

@test "with quotas: what the app writes ends at the limit, inspect and explain name it, and nothing of it stays" {
	need root mkfs.ext4 jq
	truncate -s 128m disk.img
	mkfs.ext4 -q -O quota,project -E quotatype=prjquota disk.img
	mkdir small
	unshare -m --propagation private sh -c 'mount -o loop,prjquota disk.img small && chmod 700 small && : >mounted && exec sleep 1000' 3>&- 2>unmounted &
	HOLDER=$!
	wait_until 10 test -e mounted -o -s unmounted
	[ -e mounted ] || skip "needs a kernel with project quotas: $(cat unmounted)"
	export BOX_STORE=$WORK/small/store
	printf '#!/bin/sh\nexec nsenter -t %s -m --wdns="$PWD" "%s" --root "%s" "$@"\n' "$HOLDER" "$BOX" "$STATE" >bin/box
	app '"command": ["sh", "-c", "dd if=/dev/zero of=/big bs=64k count=400 || exit 9"], "resources": {"limits": {"disk": "10m"}}'
	run box run app.json
	expect_status 9
	run box explain "$TAG"
	expect_has "its writable layer is full: the limit is 10 MiB" "app.json:4: resources.limits.disk"
	app '"command": ["sleep", "1000"], "resources": {"limits": {"disk": "10m"}}'
	run box run -d app.json
	expect_status 0
	[ "$(box inspect "$TAG" | jq '.[0].disk_limit_bytes')" = 10485760 ]
	box rm -f "$TAG"
}
