#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json's mounts: order, types, and every option, seen from inside and on the host.

load lib
load oci
setup() {
	setup_oci
	mkdir -p "$WORK/src"
	echo content >"$WORK/src/file"
	export SRC=$WORK/src
}
teardown() {
	umount -R "$WORK/src/sub" 2>/dev/null || true
	umount -l "$WORK/shared" 2>/dev/null || true
	teardown_oci
}

# bind OPTIONS…: one bind mount of $SRC on /data as JSON.
bind() { printf '{"destination": "/data", "type": "bind", "source": "%s", "options": [%s]}' "$SRC" "$(printf '"%s",' "$@" | sed 's/,$//')"; }
# options_of PATH: what mountinfo says of the last mount there, the mount's own and the file system's.
options_of() { awk -v at="$1" '$3 { for (i = 1; i <= NF; i++) if ($i == at && i > 2) line = $0 } END { print line }' <<<"$output"; }
mounts_of() { oci ".mounts += [$1]" "${@:2}"; }

@test "bind: a folder, a file, relative to the bundle; what is written arrives" {
	mounts_of "$(bind bind)" sh -c 'cat /data/file; echo new >/data/new'
	expect_line content
	[ "$(cat src/new)" = new ]
	oci '.mounts += [{ "destination": "/etc/one", "type": "bind", "source": (env.SRC + "/file"), "options": ["bind", "ro"] }]' sh -c 'cat /etc/one; echo x >/etc/one'
	expect_line content
	expect_has "Read-only file system"
	bundle '.mounts += [{ "destination": "/data", "source": "near", "options": ["rbind"] }]' cat /data/f
	mkdir -p "$BUNDLE/near"
	echo near >"$BUNDLE/near/f"
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_line near
	refused '.mounts += [{ "destination": "/data", "type": "bind", "source": (env.SRC + "/none"), "options": ["bind"] }]'
	expect_has mounts "$SRC/none"
}

@test "mounts come in the order of the list" {
	oci '.mounts += [{ "destination": "/a", "type": "tmpfs", "source": "t" }, { "destination": "/a/b", "type": "bind", "source": env.SRC, "options": ["bind"] },
		{ "destination": "/c/d", "type": "bind", "source": env.SRC, "options": ["bind"] }, { "destination": "/c", "type": "tmpfs", "source": "t" }]' \
		sh -c 'ls /a/b; ls -A /c | wc -l'
	expect_line file 0
}

@test "ro is of the mount alone, rro of all below it" {
	mkdir src/sub
	mount -t tmpfs t src/sub
	mounts_of "$(bind rbind ro)" sh -c 'touch /data/x; touch /data/sub/x && echo written'
	expect_has "Read-only file system"
	expect_line written
	mounts_of "$(bind rbind rro)" sh -c 'touch /data/x; touch /data/sub/y && echo written'
	expect_not written
	mounts_of "$(bind bind)" sh -c 'ls -A /data/sub | wc -l'
	expect_line 0
	umount src/sub
}

@test "every attribute: set, and shown by the kernel" {
	for option in nosuid nodev noexec noatime nodiratime ro nosymfollow strictatime; do
		mounts_of "$(bind rbind $option)" cat /proc/self/mountinfo
		expect_status 0 || fail "$option"
		line=$(grep " /data " <<<"$output")
		case $option in
		strictatime) not grep -qE "relatime|noatime" <<<"$line" || fail "$option: $line" ;;
		*) grep -qE "[ ,]$option[ ,]" <<<"$line" || fail "$option: $line" ;;
		esac
		mounts_of "$(bind rbind r$option)" cat /proc/self/mountinfo
		expect_status 0 || fail "r$option"
	done
	mounts_of '{"destination": "/data", "type": "tmpfs", "source": "mine", "options": ["nosuid", "nodev", "noexec", "size=1m", "mode=1710", "ro", "uid=5", "nr_inodes=20"]}' \
		sh -c 'cat /proc/self/mountinfo; stat -c "%a %u" /data'
	line=$(grep " /data " <<<"$output")
	for word in nosuid nodev noexec size=1024k mode=1710 uid=5 nr_inodes=20 ro mine; do grep -qE "[ ,]$word([ ,]|\$)" <<<"$line" || fail "$word: $line"; done
	expect_line "1710 5"
}

@test "attributes work: noexec, nodev, nosuid, nosymfollow" {
	cp "$PROBE" src/probe
	ln -s file src/link
	mounts_of "$(bind bind noexec nosymfollow)" sh -c '/data/probe exit 0; echo "exec $?"; cat /data/link'
	expect_line "exec 126"
	expect_not content
	mounts_of "$(bind bind)" sh -c '/data/probe exit 0; echo "exec $?"; cat /data/link'
	expect_line "exec 0" content
}

@test "options that say the opposite: rw, exec, suid, dev; the last one counts" {
	mounts_of "$(bind bind ro rw)" sh -c 'touch /data/x && echo written'
	expect_line written
	mounts_of "$(bind bind rw ro)" sh -c 'touch /data/x && echo written'
	expect_not written
	mounts_of "$(bind bind noexec exec)" grep " /data " /proc/self/mountinfo
	expect_not noexec
}

@test "remount changes what is mounted" {
	oci '.mounts += [{ "destination": "/data", "type": "bind", "source": env.SRC, "options": ["bind"] }, { "destination": "/data", "type": "none", "source": "none", "options": ["remount", "ro", "bind"] }]' \
		sh -c 'touch /data/x && echo written; cat /data/file'
	expect_line content
	expect_not written
}

@test "propagation words: private, slave, shared, unbindable, and their recursive forms" {
	mkdir shared
	mount -t tmpfs t shared
	mount --make-shared shared
	mkdir shared/sub
	for word in private slave shared unbindable rprivate rslave rshared; do
		SRC=$WORK/shared mounts_of "$(SRC=$WORK/shared bind rbind $word)" grep " /data " /proc/self/mountinfo
		expect_status 0 || fail "$word"
		case $word in
		*private) expect_not shared: master: unbindable ;;
		*slave) expect_has master: ;;
		*shared) expect_has shared: ;;
		*unbindable) expect_has unbindable ;;
		esac
	done
	# A slave sees what the host mounts later, and the host nothing of it.
	SRC=$WORK/shared start_container ".mounts += [$(SRC=$WORK/shared bind rbind rslave)] | .process.capabilities |= map_values(. + [\"CAP_SYS_ADMIN\"])" \
		sh -c 'while [ ! -e /data/sub/later ]; do sleep 0.1; done; echo seen; mkdir /data/own; mount -t tmpfs x /data/own && touch /data/own/inside; echo done; sleep 1000'
	mount -t tmpfs t2 shared/sub
	touch shared/sub/later
	wait_until 5 grep -qx done out
	grep -qx seen out
	[ ! -e shared/own/inside ]
	box delete --force "$TAG"
	umount shared/sub
}

@test "tmpcopyup: the image's content lies in the tmpfs, and the image stays as it is" {
	bundle
	mkdir -p "$BUNDLE/rootfs/var/lib/app"
	echo from-image >"$BUNDLE/rootfs/var/lib/app/file"
	chown 12:34 "$BUNDLE/rootfs/var/lib/app/file"
	ln -s file "$BUNDLE/rootfs/var/lib/app/link"
	oci '.mounts += [{ "destination": "/var/lib/app", "type": "tmpfs", "source": "t", "options": ["tmpcopyup", "mode=0750"] }]' \
		sh -c 'cat /var/lib/app/file; stat -c "%u:%g" /var/lib/app/file; readlink /var/lib/app/link; echo changed >/var/lib/app/file; grep " /var/lib/app " /proc/self/mountinfo'
	expect_line from-image 12:34 file
	expect_has tmpfs
	[ "$(cat "$BUNDLE/rootfs/var/lib/app/file")" = from-image ]
}

@test "id-mapped mounts: mappings of the mount's own" {
	chown 1234:1234 src/file
	oci '.mounts += [{ "destination": "/data", "type": "bind", "source": env.SRC, "options": ["rbind", "idmap"],
		"uidMappings": [{ "containerID": 0, "hostID": 5000, "size": 2000 }], "gidMappings": [{ "containerID": 0, "hostID": 5000, "size": 2000 }] }]' \
		stat -c %u:%g /data/file
	expect_status 0
	expect_line 6234:6234
	# Without a mapping of its own it takes the container's.
	chown 7:7 src/file
	chown 0:0 src
	oci '.linux.namespaces += [{ "type": "user" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 65536 }] | .linux.gidMappings = .linux.uidMappings |
		.mounts += [{ "destination": "/data", "type": "bind", "source": env.SRC, "options": ["rbind", "ridmap"] }]' sh -c 'stat -c %u:%g /data/file; touch /data/by-root'
	expect_line 7:7
	[ "$(stat -c %u src/by-root)" = 0 ]
	refused '.mounts += [{ "destination": "/data", "type": "tmpfs", "source": "t", "options": ["idmap"] }]'
}

@test "targets: made where missing, links followed inside the root only" {
	canary
	bundle
	mkdir -p "$BUNDLE/rootfs/real"
	ln -s /real "$BUNDLE/rootfs/inside"
	ln -s "$H" "$BUNDLE/rootfs/out"
	ln -s "../../../../../../../..$H" "$BUNDLE/rootfs/up"
	for path in /a/b/c /inside/made/dir; do
		oci ".mounts += [{ \"destination\": \"$path\", \"type\": \"bind\", \"source\": env.SRC, \"options\": [\"bind\"] }]" cat "$path/file"
		expect_line content || fail "$path"
	done
	# Links to what only the host has: inside the root they lead nowhere.
	for path in /out/made/dir /up/made/dir; do
		oci ".mounts += [{ \"destination\": \"$path\", \"type\": \"bind\", \"source\": env.SRC, \"options\": [\"bind\"] }]" cat "$path/file"
		unchanged
	done
}

@test "proc, sysfs, mqueue, devpts, cgroup are what they are called" {
	oci . cat /proc/self/mountinfo
	for pair in /proc:proc /sys:sysfs /dev:tmpfs /dev/pts:devpts /dev/shm:tmpfs /dev/mqueue:mqueue; do
		grep -qE " ${pair%:*} .* - ${pair#*:} " <<<"$output" || fail "$pair"
	done
	grep -qE " /sys/fs/cgroup(/[a-z,]+)? .* - cgroup2? " <<<"$output"
	oci . sh -c 'mkdir /sys/fs/cgroup/x /sys/fs/cgroup/pids/x; for f in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do [ ! -e $f ] || echo 1 >$f; done; grep -c . /proc/self/cgroup; cat /proc/self/cgroup'
	[ "$(grep -ciE 'read-only file system' <<<"$output")" -ge 2 ] || fail "cgroups can be written"
	not grep -qF "/box/$TAG" <<<"$output" || fail "the cgroup namespace shows the host's path"
}

@test "a type and an option that the kernel does not know are errors with their place" {
	refused '.mounts += [{ "destination": "/data", "type": "nosuchfs", "source": "x" }]'
	expect_has mounts nosuchfs
	refused '.mounts += [{ "destination": "/data", "type": "tmpfs", "source": "x", "options": ["nosuchoption=1"] }]'
	expect_has mounts nosuchoption
}
