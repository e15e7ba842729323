#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Part two: after systemctl reboot. See 4721.

load reboot

@test "after the reboot: what is to run runs, what was stopped by hand does not, and nothing of the last boot is left" {
	need_machine before
	[ "$(cat boot)" != "$(cat /proc/sys/kernel/random/boot_id)" ] || fail "no reboot"
	wait_until 60 systemctl is-active -q box-boot.service
	is_running always
	is_running kept
	wait_until 60 is_running unit
	wait_until 60 pair_runs
	! is_running stopped || fail "it was stopped by hand"
	! is_running once || fail "its restart is no"
	[ "$(box exec kept cat /kept)" = written ] || fail "what it wrote is gone"
	systemctl is-active -q box-app-unit.service || fail "$(systemctl status box-app-unit.service)"
	grep -q "0::/system.slice/box-app-unit.service/app" "/proc/$(pid_of unit)/cgroup" || fail "not in its service"
	# How the runs before ended: asked, as at every orderly shutdown; and what nobody brought back says what happened to it.
	run box explain once
	expect_has "SIGTERM to its supervisor"
	run box ps -a
	[ "$(grep -F "(?)" <<<"$output" | grep -cv "^once ")" -eq 0 ] || fail "the end of an app is unknown" # of "once" it is: 4721 killed its parent
	[ "$(grep -c tick <(box logs kept))" -ge 1 ] || fail "its log is gone"
	run box audit --verify
	expect_status 0
	box start once
	# For the power cut: they write, and the disk is told nothing more.
	wait_until 10 eval '[ "$(box logs --tail 2 always | grep -c tick)" -eq 2 ]'
	box exec kept true # the last record of the audit trail, which the disk may not have
	cat /proc/sys/kernel/random/boot_id >boot
	box ps --format json >before
	sync
	sleep 1
	box exec always true
}
