#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The known attacks on runtimes (docs/attacks-coverage.md), third part: what belongs to a user whom the container has too, and names that
# somebody exchanges between two calls.

load lib
load oci
setup() {
	setup_oci
	canary
	export H WORK
}
teardown() { teardown_oci; }

# own_box UID: box again, with its helpers, as files of that user.
own_box() {
	mkdir -p own/bin own/libexec
	cp "$BOX_BUILD/bin/box" own/bin/box
	cp -r "$BOX_BUILD/libexec/box" own/libexec/
	chown -R "$1:$1" own
	BOX=$WORK/own/bin/box
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$BOX" "$STATE" >"$WORK/bin/box"
}

# Opens what it sees running, and writes to it once it has ended.
HOLD='echo >/tmp/ready
	while :; do
		for exe in /proc/[0-9]*/exe; do
			name=$(readlink "$exe") || continue
			case $name in /bin/*) continue ;; esac
			( exec 9<"$exe"; echo "$name" >>/tmp/held; sleep 0.3; echo x >>/proc/self/fd/9 && echo "$name" >>/tmp/overwritten; echo >>/tmp/tried ) &
		done
	done 2>/dev/null'

# holds UID MAPS: with a program of UID, and a container whose users are MAPS and whose root looks for it.
holds() {
	own_box "$1"
	sha256sum "$BOX" >before
	bundle ".linux.namespaces += [{ \"type\": \"user\" }] | .linux.uidMappings = $2 | .linux.gidMappings = .linux.uidMappings | .process.capabilities |= map_values(. + [\"CAP_DAC_OVERRIDE\", \"CAP_SYS_PTRACE\"])
		| .linux.resources = {} | .process.noNewPrivileges = false" sh -c "$HOLD"
	# Executed once more from inside, box is a program of the container's, which may look at it.
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/trap"
	chmod 755 "$BUNDLE/rootfs/bin/trap"
	create_again "$TAG" || fail "$(cat out)"
	box start "$TAG"
	wait_until 5 test -e "$BUNDLE/rootfs/tmp/ready"
	for i in $(seq 1000); do
		timeout 10 box exec "$TAG" /bin/trap >/dev/null 2>&1 || true
		[ "$i" -lt 50 ] || [ ! -s "$BUNDLE/rootfs/tmp/held" ] || break
	done
	[ ! -s "$BUNDLE/rootfs/tmp/held" ] || wait_until 20 eval '[ "$(wc -l <"$BUNDLE/rootfs/tmp/tried")" -ge '"$(wc -l <"$BUNDLE/rootfs/tmp/held")"' ]'
	[ -s "$BUNDLE/rootfs/tmp/held" ] || fail "it never held box: this shows nothing"
	[ ! -e "$BUNDLE/rootfs/tmp/overwritten" ] || fail "overwritten: $(sort "$BUNDLE/rootfs/tmp/overwritten" | uniq -c)"
	sha256sum -c before
}

@test "A01 exec into a user namespace that has the host's root in it" { holds 0 '[{ "containerID": 0, "hostID": 0, "size": 65536 }]'; }
@test "A01 exec into a user namespace that has the user in it to whom box belongs" {
	holds 1234 '[{ "containerID": 0, "hostID": 1000000, "size": 1000 }, { "containerID": 1000, "hostID": 1234, "size": 1 }]'
}

# swapped NAME: as soon as it is there, the link to the host's file takes its place; the call that comes next waits for that.
swapped() {
	(
		until [ -e "$1" ]; do sleep 0.01; done
		ln -s "$H/marker" "$1.new"
		mv -T "$1.new" "$1"
		echo >"$WORK/was-swapped"
	) &
	HELPERS="${HELPERS:-} $!"
}

# slowly_run: the bundle, with a pause after every node that is made.
slowly_run() {
	run timeout "$(slowly 30)" strace -f -qq -o /dev/null -e trace=mknodat -e inject=mknodat:delay_exit=300000 \
		"$BOX" --root "$STATE" run -b "$BUNDLE" "$TAG" </dev/null
	[ -e was-swapped ] || fail "nothing was exchanged: $status $output"
}

@test "A04 a device node that somebody exchanges for a link before it gets its mode and owner" {
	need strace
	mkdir vol
	bundle '.mounts += [{ "destination": "/v", "type": "bind", "source": (env.WORK + "/vol"), "options": ["rbind"] }]
		| .linux.devices = [{ "path": "/v/node", "type": "c", "major": 1, "minor": 3, "fileMode": 511, "uid": 1000, "gid": 1000 }]' true
	swapped "$WORK/vol/node"
	slowly_run
	unchanged
	expect_status 125
	expect_has "somebody has put something else there"
	# One of box's own, in a /dev that the root folder brings.
	rm was-swapped
	bundle '.mounts |= map(select(.destination | startswith("/dev") | not))' true
	swapped "$BUNDLE/rootfs/dev/null"
	slowly_run
	unchanged
	expect_status 0
}

@test "A06 masks and read-only paths that are links in the root folder" {
	bundle '.linux.maskedPaths += ["/mask-file", "/mask-folder", "/sys/class/net/lo"] | .linux.readonlyPaths += ["/closed"]' \
		sh -c 'cat /secrets/file; ls /secrets/folder /sys/devices/virtual/net/lo; echo x >/real/new && echo written; echo end'
	mkdir -p "$BUNDLE/rootfs/secrets/folder/told" "$BUNDLE/rootfs/real"
	echo told >"$BUNDLE/rootfs/secrets/file"
	ln -s secrets/file "$BUNDLE/rootfs/mask-file"
	ln -s /secrets/folder "$BUNDLE/rootfs/mask-folder"
	ln -s ../../real "$BUNDLE/rootfs/closed"
	run timeout 20 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_line end
	expect_not told written address
	# The control: without them.
	oci . sh -c 'cat /secrets/file; ls /sys/devices/virtual/net/lo; echo x >/real/new && echo written'
	expect_line told written address
}

@test "A26 a stranger's file where the pid file is written before it gets its name" {
	bundle . sleep 1000
	mkdir -m 1777 common
	# What will be the process id of box is one of the next, which begin anew at the end.
	next=$(sh -c 'echo $$') max=$(cat /proc/sys/kernel/pid_max)
	seq "$next" $((next + 20000)) | awk -v max="$max" '{ print "common/pid." $1 % max }' | xargs touch
	chown -R nobody common
	CREATE=(--pid-file common/pid)
	create_again "$TAG"
	[ "$(cat common/pid)" = "$(oci_pid)" ]
	[ "$(stat -c %U common/pid)" = root ] || fail "$(ls -l common/pid)"
	# One of them was in the way.
	[ "$(find common -name 'pid.*' | wc -l)" -eq 20000 ] || fail "box had another process id: this shows nothing"
}

@test "A31 delete of one that has stopped does not end another one that has come into its cgroup" {
	path=".linux.cgroupsPath = \"/$TAG\""
	bundle "$path" true
	create_again "$TAG"
	box start "$TAG"
	wait_stopped
	bundle "$path" sleep 1000
	create_again "$TAG-2" || fail "$(cat out)"
	box start "$TAG-2"
	run box delete "$TAG"
	expect_status 0
	expect_has "another container is in it"
	is_in_state running "$TAG-2"
	[ -z "$(state_of "$TAG")" ]
	# The last one takes the group along.
	box kill "$TAG-2" KILL
	wait_stopped "$TAG-2"
	run box delete "$TAG-2"
	expect_status 0
	expect_not another
	[ -z "$(left_cgroups)" ]
	# Where the pid namespace is the host's, what the first process left is the container's.
	start_container '.linux.namespaces |= map(select(.type != "pid"))' sh -c 'sleep 1000 & echo $! >/left'
	wait_stopped
	not is_gone "$(cat "$BUNDLE/rootfs/left")"
	box delete "$TAG"
	is_gone "$(cat "$BUNDLE/rootfs/left")"
}

@test "A19 a startContainer hook, which is a file of the root folder, may do no more than the program" {
	facts='grep -E "^(Uid|Gid|Groups|Cap|Seccomp|NoNewPrivs)" /proc/self/status; mkdir -p /tmp/m; mount -t tmpfs t /tmp/m 2>&1'
	filter='.process.user = { "uid": 1000, "gid": 1001, "additionalGids": [1002] } | .process.capabilities.effective = [] | .process.capabilities.permitted = []
		| .linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{ "names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71 }] }'
	for nnp in true false; do
		bundle "$filter | .process.noNewPrivileges = $nnp | .hooks.startContainer = [{ \"path\": \"/bin/busybox\", \"env\": [\"PATH=/bin\"],
			\"args\": [\"sh\", \"-c\", $(jq -n --arg facts "$facts" '"(" + $facts + ") >/tmp/hook; true"')] }]" sh -c "$facts"
		run timeout 20 box run -b "$BUNDLE" "$TAG" </dev/null
		diff <(echo "$output") "$BUNDLE/rootfs/tmp/hook"
		grep -qF "Protocol error" "$BUNDLE/rootfs/tmp/hook"
		rm "$BUNDLE/rootfs/tmp/hook"
	done
}

@test "A08 /dev of the root folder leads to a volume, which gets no nodes" {
	for to in data /data ../data; do
		mkdir -p "$H/data"
		snapshot "$H" >"$WORK/before"
		bundle '.mounts += [{ "destination": "/data", "type": "bind", "source": (env.H + "/data"), "options": ["rbind"] }]' true
		rm -rf "${BUNDLE:?}/rootfs/dev"
		mkdir -p "$BUNDLE/rootfs/data"
		ln -s "$to" "$BUNDLE/rootfs/dev"
		run timeout 20 box run -b "$BUNDLE" "$TAG" </dev/null
		unchanged || fail "/dev -> $to: $(ls "$H/data")"
		expect_status 125
		expect_has "link there instead of a folder"
		# Nor where nothing is mounted on it.
		bundle '.mounts |= map(select(.destination | startswith("/dev") | not)) | .mounts += [{ "destination": "/data", "type": "bind", "source": (env.H + "/data"), "options": ["rbind"] }]' true
		run timeout 20 box run -b "$BUNDLE" "$TAG" </dev/null
		unchanged || fail "/dev -> $to: $(ls "$H/data")"
		expect_status 125
	done
}
