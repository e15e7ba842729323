#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box debug: a program of another image beside a running app, with no more powers than the app, and nothing left of it.

load lib
setup() {
	setup_world
	LONG=$((1000000 + RANDOM)) # seconds, by which a test knows its own programs
}
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	for name in ${WHO:+$($WHO bin/box ps -aq)}; do $WHO bin/box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

forever='"command": ["sh", "-c", "while :; do sleep 0.1; done"]'
# An app without a shell of its own to be seen: its root has a file of its name that the tools have not.
start() { # start FIELDS
	need root
	box import "$ROOTFS" tools:1 >/dev/null
	app "$1"
	run box run -d app.json
	expect_status 0
	box exec -u 0 "$TAG" sh -c 'mkdir -p /own && echo "of the app" >/own/word && chmod 755 /own'
}
pid_of() { container_pid; }
debug() { box debug --image tools:1 "$TAG" "$@"; }
groups_left() { find /sys/fs/cgroup -maxdepth 6 -name 'box-debug-*' -path "*$TAG*" 2>/dev/null | grep .; }
mounts_of() { awk '{ print $5, $6 }' "/proc/$1/mountinfo" | sort; }
# What sleeps, and not what is about to: a shell, or box itself, with the same words at its end.
sleepers() { pgrep -fx "sleep $1"; }
no_sleepers() { ! pgrep -f "sleep $1$"; }

@test "the tools' root and the app's own on /app; the app's processes, network, names and ids" {
	start "$forever"', "hostname": "namely", "user": "1000:1000"'
	for kind in pid net ipc uts user cgroup; do
		[ "$(debug readlink "/proc/self/ns/$kind")" = "$(readlink "/proc/$(pid_of)/ns/$kind")" ] || fail "not the app's $kind namespace"
	done
	[ "$(debug readlink /proc/self/ns/mnt)" != "$(readlink "/proc/$(pid_of)/ns/mnt")" ] || fail "the app's own mounts"
	run debug sh -c 'cat /app/own/word; hostname; id -u; ls -d /own; ls /app/proc/1/comm; cat /proc/1/comm'
	expect_has "of the app" namely 1000 "/own: No such file" /app/proc/1/comm
	expect_line sh
	run debug sh -c 'exit 5'
	expect_status 5
	run debug /no/such
	expect_status 127
	echo through >in
	[ "$(box debug -i --image tools:1 "$TAG" cat <in)" = through ] || fail "its stdin"
	[ "$(box debug "$TAG" --image tools:1 -e 'A=b c' -u 0:0 -- sh -c 'echo "$A $(id -u) $HOME"')" = "b c 0 /tmp" ] || fail "options behind the name"
}

@test "no more powers than the app: capabilities, filter, no new privileges, limits, devices" {
	start "$forever"', "cap_drop": ["ALL"], "cap_add": ["NET_BIND_SERVICE"], "ulimits": {"nofile": 321}'
	box exec "$TAG" sh -c 'grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; ulimit -n' >of-exec
	debug sh -c 'grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; ulimit -n' >of-debug
	diff of-exec of-debug || fail "not as box exec"
	grep -q 321 of-debug
	run debug sh -c 'mount -t tmpfs none /mnt; echo x >/proc/sys/kernel/hostname; mknod /tmp/d b 8 0'
	expect_not "$TAG-nothing"
	[ "$(grep -c -e 'ermitted' -e 'ead-only' -e 'denied' <<<"$output")" -ge 3 ] || fail "one of these was let through"
}

@test "the tools' files cannot be written, by the program or through it by the app; set-id bits are void" {
	start "$forever"', "security": {"no_new_privileges": false, "seccomp": "unconfined"}, "cap_add": ["SYS_PTRACE"]'
	rootfs_folder root
	cp root/bin/probe root/bin/sprobe
	chmod 4755 root/bin/sprobe
	tar -C root -cf tools.tar .
	box import tools.tar tools:2 >/dev/null
	run box debug --image tools:2 -u 1000 "$TAG" sprobe ids
	expect_status 0
	expect_fact uid "1000 1000 1000"
	run debug sh -c 'echo x >/bin/busybox; echo x >/new; chmod 777 /bin; rm /bin/probe'
	[ "$(grep -c 'Read-only file system' <<<"$output")" -eq 4 ] || fail "something was written"
	debug sh -c "sleep $LONG" &
	wait_until 10 sleepers $LONG
	run box exec -u 0 "$TAG" sh -c 'p=$(grep -l "^sleep.'$LONG'" /proc/[0-9]*/cmdline | head -1); p=${p#/proc/}; p=${p%/cmdline}; ls -d /proc/$p/root/bin/busybox; echo x >/proc/$p/root/bin/busybox; rm /proc/$p/root/bin/sh; ls -l /proc/$p/fd'
	expect_has "/root/bin/busybox" "Read-only file system"
	[ "$(grep -c 'Read-only file system' <<<"$output")" -eq 2 ] || fail "the app wrote the tools"
	kill %1 2>/dev/null || true
	wait || true
	run debug true
	expect_status 0
}

@test "until its program runs nothing in the app can trace it or reach its files, and it has no descriptor of the host" {
	need hooks
	start "$forever"', "security": {"seccomp": "unconfined"}, "cap_add": ["SYS_PTRACE", "SYS_ADMIN"]'
	for step in session "the app's root" mounts pivot program "seccomp early" execute; do
		BOX_PAUSE_STEP=$step "$BOX" --root "$STATE" debug --image tools:1 "$TAG" true >out 2>&1 &
		wait_until 10 has_child
		run box exec -u 0 "$TAG" sh -c 'p=$(grep -lx "box:\[paused\]" /proc/[0-9]*/comm | head -1); p=${p%/comm}; echo "at $p"
			readlink $p/exe && echo BAD; readlink $p/root && echo BAD; ls $p/root/ && echo BAD; ls $p/fd/ && echo BAD
			cat $p/environ && echo BAD; dd if=$p/mem count=1 && echo BAD; readlink $p/ns/mnt && echo BAD; true'
		expect_has "at /proc/"
		expect_not BAD
		kill -KILL $!
		wait $! 2>/dev/null || true
		wait_until 10 quick no_child
	done
}
has_child() { box exec -u 0 "$TAG" sh -c 'grep -lx "box:\[paused\]" /proc/[0-9]*/comm'; }
no_child() { ! has_child; }

@test "nothing is left: of its end, of kill -9, and of the app's end; the app's mounts are as before" {
	start "$forever"
	mounts_of "$(pid_of)" >before
	debug sh -c "setsid sleep $LONG </dev/null >/dev/null 2>&1 & sleep 0.2"
	wait_until 10 no_sleepers $LONG
	wait_until 10 eval '! groups_left'
	"$BOX" --root "$STATE" debug --image tools:1 "$TAG" sh -c "setsid sleep $LONG </dev/null >/dev/null 2>&1 & setsid setsid sleep $LONG & sleep $LONG" >out 2>&1 &
	wait_until 10 eval '[ "$(sleepers $LONG | wc -l)" -ge 3 ]'
	groups_left
	kill -KILL $!
	wait $! 2>/dev/null || true
	wait_until 10 no_sleepers $LONG
	wait_until 10 eval '! groups_left'
	mounts_of "$(pid_of)" >after
	diff before after || fail "the app's mounts changed"
	run box exec -u 0 "$TAG" ls -d /app
	expect_has "No such file"
	"$BOX" --root "$STATE" debug --image tools:1 "$TAG" sleep $LONG >out 2>&1 &
	wait_until 10 sleepers $LONG
	box rm -f "$TAG"
	wait $! || true
	wait_until 10 no_sleepers $LONG
}

@test "a terminal, the host's network, an app in the foreground, and one with the host's user ids" {
	need script
	start "$forever"', "network_mode": "host"'
	run script -qec "box debug -t --image tools:1 $TAG tty" /dev/null </dev/null
	expect_status 0
	expect_has /dev/pts/0
	[ "$(debug ls /sys/class/net | sort)" = "$(ls /sys/class/net | sort)" ] || fail "not the host's network"
	box rm -f "$TAG"
	app "$forever"', "security": {"userns": "host"}'
	"$BOX" --root "$STATE" run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 is_up
	run debug sh -c 'cat /proc/self/uid_map; ls /app/bin/sh; id -u'
	expect_has "4294967295" /app/bin/sh
	run debug sh -c 'echo x >/bin/x'
	expect_has "Read-only file system"
	box rm -f "$TAG"
	wait || true
}

@test "what cannot be: no image named, no such app, one that is paused" {
	start "$forever"
	run box debug "$TAG" true
	[ -e /etc/box/debug.json ] || expect_has "no image with tools is named" "--image debian:12" "/debug.json"
	run box debug --image tools:1 "$TAG-none" true
	expect_status 125
	expect_has "$TAG-none"
	box pause "$TAG"
	run debug true
	expect_status 125
	expect_has "it is paused" "box unpause $TAG"
	box unpause "$TAG"
	wait_until 10 eval '! groups_left'
}

as_one() { # with a single id: no ranges of its own
	setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps=-all env -i -C "$WORK/home" PATH="$PATH" HOME="$WORK/home" \
		XDG_RUNTIME_DIR="$WORK/home/run" XDG_DATA_HOME="$WORK/home/data" XDG_CACHE_HOME="$WORK/home/cache" XDG_CONFIG_HOME="$WORK/home/config" "$@"
}
by_an_ordinary_user() { # by_an_ordinary_user AS
	WHO=$1
	"$1" bin/box import rootfs.tar tools:1 >/dev/null
	"$1" mkdir -p config/box
	echo '{"image": "tools:1"}' | "$1" tee config/box/debug.json >/dev/null
	"$1" bin/box run -d app.json
	"$1" bin/box exec "$TAG" sh -c 'echo "of the app" >/word'
	run "$1" bin/box debug "$TAG" sh -c "cat /app/word; echo x >/bin/x; setsid sleep $LONG </dev/null >/dev/null 2>&1 & id -u"
	expect_has "of the app" "Read-only file system"
	wait_until 10 no_sleepers $LONG
	"$1" bin/box debug "$TAG" sh -c "setsid setsid sleep $LONG & sleep $LONG" >"$WORK/out" 2>&1 &
	wait_until 10 eval '[ "$(sleepers $LONG | wc -l)" -ge 2 ]'
	kill -KILL "$(pgrep -f "box debug $TAG sh -c setsid" | head -1)"
	wait_until 10 no_sleepers $LONG
	"$1" bin/box rm -f "$TAG"
}

@test "an ordinary user with ranges of ids; the image comes from the configuration" {
	need user userns subids
	user_app "$forever"
	by_an_ordinary_user as_user
}

@test "an ordinary user with a single id" {
	need user userns
	user_app "$forever"
	chown -R 54321:54321 "$WORK/home"
	by_an_ordinary_user as_one
}
