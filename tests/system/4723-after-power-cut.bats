#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Part three: after the end of qemu, of which nothing in the machine was told, while apps wrote. See 4721.

load reboot

@test "after the power cut: apps come back, logs and audit trail are whole up to what the disk had" {
	need_machine before
	[ "$(cat boot)" != "$(cat /proc/sys/kernel/random/boot_id)" ] || fail "no reboot"
	wait_until 60 systemctl is-active -q box-boot.service
	is_running always
	is_running kept
	wait_until 60 is_running unit
	wait_until 60 pair_runs
	box systemd remove pair
	! is_running stopped || fail "it was stopped by hand"
	! is_running once || fail "its restart is no"
	[ "$(box exec kept cat /kept)" = written ] || fail "what it wrote is gone"
	# Every line is a whole one, of all three boots.
	wait_until 10 eval '[ "$(box logs always | grep -cx "tick 1")" -ge 3 ]'
	run box logs always
	expect_status 0
	# Its shell says that a sleep was ended by the reboot.
	[ -z "$(grep -vxE 'tick [0-9]+|Terminated' <<<"$output")" ] || fail "lines that the app never wrote"
	# A record that the disk had only in part is said, and the trail goes on behind it.
	run box audit --verify
	expect_status 0
	run box explain once
	expect_has "ended with the host: the host rebooted"
	run box ps -a
	expect_status 0
	[ -z "$(find /run/box -maxdepth 1 -name 'stopped' -o -maxdepth 1 -name once)" ] || fail "state of the last boot"
	[ ! -e /sys/fs/cgroup/box/once ] || fail "a group of the last boot"
	for name in $(box ps -aq); do
		[ "$name" != unit ] || box systemd remove unit
		box rm -f "$name"
	done
}
