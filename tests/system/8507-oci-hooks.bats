#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks: all six, their order, place, input and environment; what happens where they fail.

load lib
load oci
setup() {
	setup_oci
	mkdir -m 777 "$WORK/h"
	# In the container the same file, for startContainer, is /bin/hook.
	cat >"$WORK/hook" <<-'END'
		#!/bin/busybox sh
		# hook NAME OUT: notes what a hook gets.
		state=$(cat)
		{
			echo "hook $1"
			echo "$1 status $(echo "$state" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p' | head -1)"
			echo "$1 pid $(echo "$state" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -1)"
			echo "$1 cwd $(pwd)"
			echo "$1 mnt $(readlink /proc/self/ns/mnt)"
			echo "$1 pidns $(readlink /proc/self/ns/pid)"
			echo "$1 env $(env | grep -v '^PWD=\|^SHLVL=\|^OLDPWD=' | sort | tr '\n' ' ')"
			echo "$1 fds $(ls /proc/self/fd | tr '\n' ' ')"
		} >>"$2"
		[ -d "$(dirname "$2")" ] && echo "$state" >"$(dirname "$2")/state.$1"
		exit 0
	END
	chmod 755 "$WORK/hook"
}
teardown() { teardown_oci; }

# The six, each noting itself in h/log; that of startContainer, which runs inside, in the same file by a bind mount.
all_hooks() {
	bundle . true
	cp "$WORK/hook" "$BUNDLE/rootfs/bin/hook"
	H=$WORK bundle '
		def h(n): { "path": (env.H + "/hook"), "args": ["hook", n, (env.H + "/h/log")], "env": ["PATH=/bin:/usr/bin", ("ONLY=" + n)] };
		.hooks = { "prestart": [h("prestart")], "createRuntime": [h("createRuntime"), h("second")], "createContainer": [h("createContainer")],
			"startContainer": [h("startContainer") | .path = "/bin/hook" | .args[2] = "/h/log"], "poststart": [h("poststart")], "poststop": [h("poststop")] } |
		.annotations = { "key": "value" } | .mounts += [{ "destination": "/h", "type": "bind", "source": (env.H + "/h"), "options": ["bind"] }]' \
		sh -c 'echo "hook program" >>/h/log; sleep 1000'
}

@test "all six, in their order, before and after the program" {
	all_hooks
	create_again "$TAG" || fail "$(cat out)"
	[ "$(sed -n 's/^hook //p' h/log | xargs)" = "prestart createRuntime second createContainer" ]
	box start "$TAG"
	# poststart has run when start returns; the program may or may not have come that far.
	[ "$(sed -n 's/^hook //p' h/log | grep -v program | xargs)" = "prestart createRuntime second createContainer startContainer poststart" ]
	wait_until 5 grep -qx "hook program" h/log
	[ "$(grep -nx 'hook startContainer' h/log | cut -d: -f1)" -lt "$(grep -nx 'hook program' h/log | cut -d: -f1)" ]
	box kill "$TAG" KILL
	wait_stopped
	not grep -q poststop h/log
	box delete "$TAG"
	grep -qx "hook poststop" h/log
}

@test "what each gets: state on stdin, its own env and nothing else, its namespaces, 0 1 2" {
	all_hooks
	SECRET=1 create_again "$TAG" || fail "$(cat out)"
	pid=$(oci_pid)
	box start "$TAG"
	box delete --force "$TAG"
	for name in prestart createRuntime createContainer poststart poststop; do
		jq -e --arg id "$TAG" --arg bundle "$BUNDLE" '.id == $id and .bundle == $bundle and .annotations.key == "value" and (.ociVersion | type) == "string"' "h/state.$name" ||
			fail "$name: $(cat "h/state.$name")"
		grep -qx "$name env ONLY=$name PATH=/bin:/usr/bin " h/log || fail "$name: $(grep "^$name env" h/log)"
	done
	grep -qx "startContainer env ONLY=startContainer PATH=/bin:/usr/bin " h/log
	for name in prestart createRuntime; do
		grep -qx "$name pid $pid" h/log || fail "$name pid"
		grep -qxF "$name mnt $(readlink /proc/self/ns/mnt)" h/log || fail "$name mnt"
	done
	grep -qxE "createRuntime status creat(ing|ed)" h/log
	grep -qx "poststart status running" h/log
	grep -qx "poststop status stopped" h/log
	# createContainer and startContainer run in the container's namespaces, the former with the host's files still in sight.
	not grep -qxF "createContainer mnt $(readlink /proc/self/ns/mnt)" h/log
	not grep -qxF "startContainer pidns $(readlink /proc/self/ns/pid)" h/log
	# The folder that ls opens is the fourth.
	for name in prestart createRuntime createContainer startContainer poststart poststop; do
		grep -qE "^$name fds 0 1 2( 3)? $" h/log || fail "$(grep "^$name fds" h/log)"
	done
}

@test "a hook without args gets its path, one without env an empty environment" {
	cat >bare <<-END
		#!/bin/busybox sh
		echo "zero=\$0 count=\$# env=\$(/bin/busybox tr '\\0' ' ' </proc/\$\$/environ)" >>$WORK/h/log
	END
	chmod 755 bare
	H=$WORK oci '.hooks.createRuntime = [{ "path": (env.H + "/bare") }] | .process.env += ["LD_PRELOAD=/evil.so"]' true
	expect_status 0
	grep -qx "zero=$WORK/bare count=0 env=" h/log || fail "$(cat h/log)"
}

@test "a hook that fails before start ends the create, and nothing is left" {
	for point in prestart createRuntime createContainer; do
		refused ".hooks.$point = [{ \"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo reason >&2; exit 3\"] }]" || fail "$point"
		expect_has "hooks.$point[0]" reason
		refused ".hooks.$point = [{ \"path\": \"/no/such/hook\" }]" || fail "$point"
		expect_has "hooks.$point[0]" /no/such/hook
	done
	[ -z "$(left_processes)" ]
}

@test "poststop hooks run where a hook of create has failed" {
	# runtime.md: "stop the container, and continue the lifecycle at step 12" (poststop) from step 3 on.
	H=$WORK refused '.hooks = { "createRuntime": [{ "path": "/bin/false" }], "poststop": [{ "path": "/bin/sh", "args": ["sh", "-c", ("echo poststop >" + env.H + "/h/log")] }] }'
	[ "$(cat h/log)" = poststop ]
}

@test "a startContainer hook that fails is an error of start; the program does not run" {
	create '.hooks.startContainer = [{ "path": "/bin/false" }]' sh -c 'echo ran >/ran' || fail "$(cat out)"
	run timeout 10 box start "$TAG"
	expect_status 1
	expect_has startContainer
	wait_stopped
	[ ! -e "$BUNDLE/rootfs/ran" ]
	box delete "$TAG"
}

# A hook that fails, and one behind it.
FAILS='[{ "path": "/bin/false" }, { "path": "/bin/sh", "args": ["sh", "-c", ("echo next >>" + env.H + "/h/log")] }]'

@test "a poststart hook that fails is an error of start, and the end of the container" {
	H=$WORK create ".hooks.poststart = $FAILS | .hooks.poststop = [$FAILS[1]]" sleep 1000
	pid=$(oci_pid)
	run timeout 10 box start "$TAG"
	expect_status 1
	expect_has "hooks.poststart[0]"
	[ ! -e h/log ] || fail "the hook behind it ran"
	wait_stopped
	is_gone "$pid"
	box delete "$TAG"
	grep -qx next h/log # poststop
	# run: nothing is left of it.
	for detach in "" --detach; do
		H=$WORK bundle ".hooks.poststart = $FAILS | .hooks.poststop = [$FAILS[1]]" sleep 1000
		rm -f h/log
		# shellcheck disable=SC2086
		run timeout 10 box run $detach -b "$BUNDLE" "$TAG"
		[ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail "run $detach: $status"
		expect_has "hooks.poststart[0]"
		[ "$(cat h/log)" = next ]
		[ -z "$(left_state)$(left_cgroups)$(left_processes)" ]
	done
}

@test "poststop hooks that fail are warnings, and the next ones run" {
	H=$WORK start_container ".hooks.poststop = $FAILS" sleep 1000
	run timeout 10 box delete --force "$TAG"
	expect_status 0
	expect_has poststop warning
	[ "$(grep -c next h/log)" = 1 ]
}

@test "a timeout ends a hook, with what it has started" {
	start=$SECONDS
	export LONG=$((1000000 + RANDOM)) # of this test alone
	refused '.hooks.createRuntime = [{ "path": "/bin/sleep", "args": ["sleep", env.LONG], "timeout": 1 }]'
	expect_has createRuntime
	[ $((SECONDS - start)) -lt 15 ]
	not pgrep -f "^sleep $LONG"
	create '.hooks.poststart = [{ "path": "/bin/sleep", "args": ["sleep", env.LONG], "timeout": 1 }]' sleep 1000
	run timeout 15 box start "$TAG"
	expect_status 1
	not pgrep -f "^sleep $LONG"
}

@test "createRuntime can give the network namespace a device, as engines do" {
	need ip nsenter
	cat >net <<-'END'
		#!/bin/sh
		pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
		nsenter -t "$pid" -n ip link add dummy-box type veth peer name other
	END
	chmod 755 net
	H=$WORK oci '.hooks.createRuntime = [{ "path": (env.H + "/net"), "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] }]' ip link
	expect_has dummy-box
}

@test "createContainer hooks see the new root before pivot, and may mount into it (nvidia)" {
	cat >inject <<-END
		#!/bin/sh
		root=\$(sed -n 's/.*"bundle": *"\\([^"]*\\)".*/\\1/p')/rootfs
		/usr/bin/mount --bind $WORK/h \$root/mnt
	END
	chmod 755 inject
	bundle
	mkdir "$BUNDLE/rootfs/mnt"
	echo injected >h/file
	H=$WORK oci '.hooks.createContainer = [{ "path": (env.H + "/inject"), "env": ["PATH=/usr/bin:/bin"] }]' cat /mnt/file
	expect_line injected
	not grep -q "$BUNDLE/rootfs/mnt" /proc/self/mountinfo
}
