#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Apps and images that attack box itself when it comes in, or that reach for what is not theirs.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

start_app() {
	app "$1"
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	BOX_PID=$!
	wait_until 10 is_up
}
end_app() {
	box rm -f "$TAG"
	wait $BOX_PID || true
}

@test "the caller's session keyring stays outside, in run and in exec" {
	need root python3
	cat >keys.py <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		libc.syscall(250, 1, None)  # keyctl: join a new session keyring
		key = libc.syscall(248, b"user", b"box-test", b"secret", 6, -3)
		sys.exit(os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:]) if key > 0 else 77)
	END
	app '"security": {"seccomp": "unconfined"}, "command": ["probe", "key", "box-test"]'
	run python3 keys.py "$PROBE" key box-test
	[ "$status" -ne 77 ] || skip "this kernel has no keys"
	expect_line "key found"
	run python3 keys.py box run app.json
	expect_line "key missing"
	start_app '"security": {"seccomp": "unconfined"}, "command": ["sleep", "1000"]'
	run python3 keys.py box exec "$TAG" probe key box-test
	expect_line "key missing"
	end_app
}

@test "exec -t works more than once, and with BOX_TRACE" {
	need root script
	start_app '"command": ["sleep", "1000"]'
	for _ in 1 2 3; do
		run script -qec "box exec -t $TAG tty" /dev/null </dev/null
		expect_status 0
		expect_has /dev/pts/
	done
	run env BOX_TRACE="$WORK/trace" "$BOX" --root "$STATE" exec "$TAG" echo traced
	expect_line traced
	end_app
}

@test "an app that stops what enters, or keeps it, does not keep box from ending" {
	need root
	start_app '"command": ["sh", "-c", "echo ready; while :; do kill -STOP -1; done"]'
	wait_until 10 grep -q ready out
	for _ in 1 2 3; do
		SECONDS=0
		run timeout -k 20 2 "$BOX" --root "$STATE" exec "$TAG" sleep 3
		[ "$status" -ne 137 ] || fail "only SIGKILL ended it"
		[ $SECONDS -le "$(slowly 10)" ]
	done
	end_app
}

@test "a /dev/null that is something else is refused, not waited for" {
	need root
	start_app '"security": {"userns": "host"}, "command": ["sh", "-c", "rm /dev/null; mkfifo /dev/null; echo ready; sleep 1000"]'
	wait_until 10 grep -q ready out
	run timeout 10 "$BOX" --root "$STATE" exec "$TAG" true
	expect_status 125
	expect_has "/dev/null"
	end_app
}

@test "an image's volumes do not come to lie on /proc, /sys or /dev, and are not filled from there" {
	need root tar
	load images
	rootfs_folder root
	rm -rf root/v && mkdir root/v
	ln -s /sys/firmware root/v/k
	ln -s /dev root/d
	tar -C root -cf layer.tar .
	sum=$(sha256sum <layer.tar)
	printf '{"architecture": "%s", "os": "linux", "config": {"Env": ["PATH=/bin"], "Volumes": {"/v/k/memmap": {}, "/d": {}, "/proc/fs": {}}}, "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' "$OWN_ARCHITECTURE" "${sum%% *}" >config.json
	printf '[{"Config": "config.json", "RepoTags": ["hostile:1"], "Layers": ["layer.tar"]}]' >manifest.json
	tar -cf image.tar manifest.json config.json layer.tar
	printf '{"name": "%s", "image": "docker-archive:%s", "command": ["sh", "-c", "cat /proc/mounts; echo firmware $$(ls /sys/firmware) end; test -c /dev/null"]}' "$TAG" "$WORK/image.tar" >app.json
	run timeout 30 box run app.json
	expect_status 0
	! grep -qE ' (/sys/firmware|/proc/fs|/dev) (ext4|overlay|xfs|btrfs)' <<<"$output" || fail "a volume lies there"
	expect_line "firmware end"
}

@test "an ordinary user enters an app that has the host's network" {
	need user subids
	user_app '"network_mode": "host", "command": ["sleep", "1000"]'
	as_user bin/box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up "$TAG" as_user bin/box
	run as_user bin/box exec "$TAG" echo inside
	expect_line inside
	as_user bin/box rm -f "$TAG"
	wait
}
