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
