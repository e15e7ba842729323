#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Capabilities, no_new_privs, devices and descriptors as the app meets them.

load lib
setup() {
	setup_world
	need root
	[ -e "$PROBE" ] || skip "needs the probe: make TEST_HOOKS=1 build/test/tests/probe"
}
teardown() { teardown_world; }

# CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT
DEFAULT=00000000000405fb

@test "the default set is permitted, effective and bounding; nothing is inheritable or ambient" {
	run_app '"command": ["/bin/probe", "caps"]'
	expect_status 0
	expect_fact CapPrm $DEFAULT
	expect_fact CapEff $DEFAULT
	expect_fact CapBnd $DEFAULT
	expect_fact CapInh 0000000000000000
	expect_fact CapAmb 0000000000000000
}

@test "an ordinary user has none, and the same bounding set" {
	run_app '"user": "1000", "command": ["/bin/probe", "caps"]'
	expect_status 0
	expect_fact CapPrm 0000000000000000
	expect_fact CapEff 0000000000000000
	expect_fact CapBnd $DEFAULT
	expect_fact CapInh 0000000000000000
}

@test "cap_drop ALL and cap_add" {
	run_app '"cap_drop": ["ALL"], "command": ["/bin/probe", "caps"]'
	expect_status 0
	expect_fact CapEff 0000000000000000
	expect_fact CapBnd 0000000000000000
	run_app '"cap_drop": ["ALL"], "cap_add": ["NET_RAW"], "command": ["/bin/probe", "caps"]'
	expect_fact CapEff 0000000000002000
	expect_fact CapBnd 0000000000002000
}

@test "the caller's inheritable and ambient capabilities do not come along" {
	need setpriv
	app '"command": ["/bin/probe", "caps"]'
	run setpriv --inh-caps +chown,+net_raw --ambient-caps +chown "$BOX" --root "$STATE" run app.json
	expect_status 0
	expect_fact CapInh 0000000000000000
	expect_fact CapAmb 0000000000000000
}

@test "a user cannot become root again" {
	run_app '"user": "1000", "command": ["/bin/probe", "ids"]'
	expect_status 0
	expect_fact uid "1000 1000 1000"
	expect_fact setuid0 EPERM
	expect_fact setgroups EPERM
}

@test "a setuid file gives nothing" {
	rootfs_folder root
	chmod 4755 root/bin/probe
	app_in "$WORK/root" '"user": "1000", "command": ["/bin/probe", "ids"]'
	run box run app.json
	expect_status 0
	expect_fact uid "1000 1000 1000"
}

@test "a file with capabilities gives nothing" {
	need setcap
	rootfs_folder root
	setcap cap_net_raw=ei root/bin/probe || skip "no file capabilities here"
	app_in "$WORK/root" '"user": "1000", "command": ["/bin/probe", "caps"]'
	run box run app.json
	expect_status 0
	expect_fact CapEff 0000000000000000
	expect_fact CapPrm 0000000000000000
}

@test "a program that demands a capability that is not there: the reason in words" {
	need setcap
	rootfs_folder root
	setcap cap_net_raw=ep root/bin/probe || skip "no file capabilities here"
	app_in "$WORK/root" '"command": ["/bin/probe", "caps"]'
	run box run app.json
	expect_status 126
	expect_has "operation not permitted" NET_RAW cap_add
	# With it the program runs: it was the file's demand and nothing else.
	app_in "$WORK/root" '"cap_add": ["NET_RAW"], "command": ["/bin/probe", "caps"]'
	run box run app.json
	expect_status 0
}

@test "only descriptors 0, 1 and 2" {
	app '"command": ["/bin/probe", "fds"]'
	run bash -c 'exec 7</etc 8</etc/passwd 9>/dev/null; exec "$0" --root "$1" run app.json' "$BOX" "$STATE"
	expect_status 0
	[ "$(grep -c '^fd\.' <<<"$output")" -eq 3 ] || fail "other descriptors came along" || return 1
	[ "$(grep -cE '^fd\.[012] (pipe:|socket:|/dev/null|/dev/pts/|anon_inode)' <<<"$output")" -eq 3 ] || fail "a descriptor leads out"
}

@test "device nodes cannot be made, block devices not opened" {
	run_app '"command": ["/bin/probe", "mknod"]'
	expect_fact mknod.block EPERM
	expect_fact mknod.char EPERM
	expect_fact mknod.fifo ok
}

@test "nothing can be mounted or unmounted" {
	run_app '"command": ["/bin/probe", "mount"]'
	expect_status 0
	for way in mount.proc mount.tmpfs mount.bind mount.remount mount.propagation umount.proc_keys umount.root fsopen open_tree pivot_root; do
		expect_fact $way EPERM || return 1
	done
}

@test "with SYS_ADMIN the masks stay, and the host's mounts are not seen" {
	run_app '"cap_add": ["SYS_ADMIN"], "command": ["/bin/probe", "mounts"]'
	expect_status 0
	expect_not "$WORK/state" /var/lib/box/layers
}

@test "fork bomb: pids stops it" {
	need cgroup:pids
	run_app '"resources": {"limits": {"pids": 16}}, "command": ["/bin/probe", "forks", "200"]'
	expect_fact last EAGAIN
	[ "$(fact forks)" -le 16 ] || fail "$(fact forks) forks"
}
