#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the OCI runtime specification demands and no other file shows (docs/oci-conformance.md).

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

@test "delete leaves what the container did not make: the bundle, sources of mounts, namespaces and groups of others" {
	mkdir src
	echo mine >src/file
	ID=$TAG SRC=$WORK/src
	export ID SRC
	start_container '.linux.cgroupsPath = "/box/" + env.ID + "-all/" + env.ID' sleep 1000 || fail "$(cat out)"
	first=$(oci_pid)
	find "$BUNDLE/rootfs" | sort >files
	FIRST=$first bundle '.mounts += [{ "destination": "/tmp", "type": "bind", "source": env.SRC, "options": ["rbind"] }] | .linux.cgroupsPath = "/box/" + env.ID + "-all/" + env.ID + "-2" |
		.linux.namespaces |= map(if .type == "network" then .path = "/proc/" + env.FIRST + "/ns/net" else . end)' sleep 1001
	create_again "$TAG-2" || fail "$(cat out)"
	box start "$TAG-2"
	[ "$(readlink "/proc/$(oci_pid "$TAG-2")/ns/net")" = "$(readlink "/proc/$first/ns/net")" ]
	box delete --force "$TAG-2"
	is_in_state running
	grep -q "$TAG-all/$TAG\$" "/proc/$first/cgroup" || fail "the group of the first is gone"
	[ "$(cat src/file)" = mine ]
	# Mount points may have been added; nothing was taken away.
	[ -z "$(find "$BUNDLE/rootfs" | sort | comm -23 files -)" ]
	[ -e "$BUNDLE/config.json" ]
	# A group above the container's own is its engine's, and stays too.
	box delete --force "$TAG"
	[ -n "$(find /sys/fs/cgroup -maxdepth 4 -type d -name "$TAG-all")" ]
	find /sys/fs/cgroup -maxdepth 4 -type d -name "$TAG-all" -exec rmdir {} +
}

@test "an id is free again after delete" {
	for _ in 1 2 3; do
		start_container . sleep 1000
		box delete --force "$TAG"
	done
	create . sleep 1000
	is_in_state created
}

@test "consoleSize: height and width are both needed" {
	for size in '{ "height": 12 }' '{ "width": 12 }' '{}'; do
		refused ".process.terminal = true | .process.consoleSize = $size"
		expect_has process.consoleSize "missing required field"
	done
}

@test "labels: what the kernel has no security module for is an error, with its place" {
	modules=$(cat /sys/kernel/security/lsm 2>/dev/null || true)
	case ,$modules, in
	*,apparmor,*) skip "this kernel has AppArmor" ;;
	esac
	bundle '.process.apparmorProfile = "no-such-profile"' true
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	[ "$status" -ne 0 ] || fail "AppArmor: it ran without its label"
	expect_has process.apparmorProfile
	case ,$modules, in
	*,selinux,*) skip "this kernel has SELinux" ;;
	esac
	bundle '.process.selinuxLabel = "system_u:system_r:no_such_t:s0"' true
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	[ "$status" -ne 0 ] || fail "SELinux: it ran without its label"
	expect_has process.selinuxLabel
	# The control: without labels the same runs.
	oci . true
	expect_status 0
}

# Owners of every file of a folder that is no mount point.
owners() { find "$1" -xdev -printf '%P %U:%G\n' | sort; }

@test "a user namespace leaves the owners of the root folder's files as they are" {
	chmod 711 "$WORK"
	bundle
	chown -R 100000:100000 "$BUNDLE/rootfs"
	owners "$BUNDLE/rootfs" >before
	oci '.linux.namespaces += [{ "type": "user" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 65536 }] | .linux.gidMappings = .linux.uidMappings' \
		sh -c 'stat -c %u /bin/busybox; echo x >/new'
	expect_status 0
	expect_line 0
	owners "$BUNDLE/rootfs" | grep -vE '^(new|dev|proc|sys)( |/)' | comm -13 before - >changed
	[ ! -s changed ] || fail "$(cat changed)"
	[ "$(stat -c %u "$BUNDLE/rootfs/new")" = 100000 ]
}

@test "checkBeforeUpdate: a memory limit below what is in use is refused, and the old one stays" {
	need cgroup:memory
	start_container '.linux.resources.memory.limit = 134217728' sh -c 'head -c 50331648 /dev/zero >/dev/shm/x; echo >/ready; sleep 1000'
	wait_until 10 test -e "$BUNDLE/rootfs/ready"
	limit() { if is_v1 memory; then group_file memory memory.limit_in_bytes; else group_file memory memory.max; fi; }
	[ "$(limit)" = 134217728 ]
	echo '{ "memory": { "limit": 16777216, "checkBeforeUpdate": true } }' >less.json
	run timeout 20 box update --resources less.json "$TAG"
	[ "$status" -ne 0 ] || fail "it was taken"
	[ "$(limit)" = 134217728 ] || fail "the limit is $(limit)"
	is_in_state running
	# The control: a limit above it is taken.
	echo '{ "memory": { "limit": 268435456, "checkBeforeUpdate": true } }' >more.json
	box update --resources more.json "$TAG"
	[ "$(limit)" = 268435456 ]
}
