#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Part one of three: apps that a reboot of the machine ends. 4722 looks what has come back, 4723 what a power cut left (scripts/check-vm).

load reboot

@test "before the reboot: apps run that are to come back, and others; systemd enables box-boot" {
	need_machine
	lay_out
	begin always '"restart": "always"'
	begin kept '"restart": "unless-stopped"'
	begin stopped '"restart": "unless-stopped"'
	begin once '"restart": "no"'
	write_app unit '"restart": "on-failure"'
	box systemd install --now unit.json
	run systemctl is-enabled box-app-unit.service
	expect_line enabled
	systemctl add-wants box-vm.target box-app-unit.service # this machine's one target, as multi-user.target would be
	# A unit for several, whose start waits for conditions.
	printf '{"name": "pair", "services": {"base": %s, "top": %s}}\n' "$(pair_of '"healthcheck": {"test": ["CMD", "true"], "interval": "2s", "timeout": "60s"}')" \
		"$(pair_of '"depends_on": {"base": {"condition": "service_healthy"}}')" >pair.json
	box up -q pair.json
	box systemd install --now pair
	systemctl add-wants box-vm.target box-up-pair.service
	box exec kept sh -c 'echo written >/kept'
	box stop stopped
	run systemctl is-active box-boot.service
	expect_line active
	[ "$(ls /run/box)" ] || fail "no state"
	cat /proc/sys/kernel/random/boot_id >boot
	box ps --format json >before
	# All of box is killed, and no command is typed.
	boxes=$(pgrep -f '^box:.(keep|watch|supervise)')
	[ "$(wc -w <<<"$boxes")" -ge 4 ] || fail "processes of box: $(ps ax)"
	kill -KILL $(grep -v "^$(systemctl show -P MainPID box-app-unit.service)$" <<<"$boxes")
	wait_until 10 eval '[ "$(pgrep -f "^box:.(keep|watch|supervise)" | wc -l)" -ge "$(wc -w <<<"$boxes")" ]'
	box ps --format json >after
	[ "$(jq -c '.[] | [.name, .pid]' before)" = "$(jq -c '.[] | [.name, .pid]' after)" ] || fail "they are other ones: $(cat before after)"
}
