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
			( exec 9<"$exe"; echo "$name" >>/tmp/held; sleep 0.3; echo x >>/proc/self/fd/9 && echo "$name" >>/tmp/overwritten ) &
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
	for i in $(seq 200); do
		timeout 10 box exec "$TAG" /bin/trap >/dev/null 2>&1 || true
		[ "$i" -lt 50 ] || [ ! -s "$BUNDLE/rootfs/tmp/held" ] || break
	done
	sleep 0.5
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

# slowly_run CALLS: the bundle, with these calls of all its processes delayed.
slowly_run() {
	run timeout "$(slowly 30)" strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:delay_enter=500000" "$BOX" --root "$STATE" run -b "$BUNDLE" "$TAG" </dev/null
}

@test "A04 a device node that somebody exchanges for a link before it gets its mode and owner" {
	need strace
	mkdir vol
	bundle '.mounts += [{ "destination": "/v", "type": "bind", "source": (env.WORK + "/vol"), "options": ["rbind"] }]
		| .linux.devices = [{ "path": "/v/node", "type": "c", "major": 1, "minor": 3, "fileMode": 511, "uid": 1000, "gid": 1000 }]' true
	swapped "$WORK/vol/node"
	slowly_run chmod,fchmodat,chown,fchownat
	[ -e was-swapped ] || fail "$status $output"
	unchanged
	# One of box's own, in a /dev that the root folder brings.
	rm was-swapped
	bundle '.mounts |= map(select(.destination | startswith("/dev") | not))' true
	swapped "$BUNDLE/rootfs/dev/null"
	slowly_run chmod,fchmodat,chown,fchownat
	[ -e was-swapped ] || fail "$status $output"
	unchanged
}
