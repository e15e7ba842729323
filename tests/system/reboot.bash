# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# reboot.bash - what 4721 to 4723 share: a machine that is booted again between them (scripts/vm/suite), and one folder that stays.
#
# Here box is installed as on a host: its own folders, its own unit. The machine's root is an overlay, which cannot carry overlays: so the
# store lies on the disk below it.

load lib
setup() {
	WORK=/scratch/reboot TAG=unused
	PATH=/usr/local/bin:$PATH
	BOX=$BOX_BUILD/bin/box
	unset BOX_STORE BOX_FAIL_STEP BOX_PAUSE_STEP BOX_TRACE
	[ ! -d $WORK ] || cd $WORK
}
teardown() { cd /; }

need_machine() { # need_machine [FILE]: that the part before has written
	[ "${BOX_VM:-}" = systemd ] || skip "needs a machine that is booted again (make check-vm)"
	[ -z "${1:-}" ] || [ -e "$WORK/$1" ] || fail "the part before this one came to nothing"
}

lay_out() {
	mkdir -p $WORK /scratch/store /var/lib/box /usr/local/libexec
	cd $WORK || return
	cat >/etc/systemd/system/var-lib-box.mount <<-END
		[Unit]
		Before=box-boot.service
		[Mount]
		What=/scratch/store
		Where=/var/lib/box
		Type=none
		Options=bind
		[Install]
		RequiredBy=box-boot.service
	END
	cp "$BOX_BUILD/bin/box" /usr/local/bin/box
	rm -rf /usr/local/libexec/box
	cp -r "$BOX_BUILD/libexec/box" /usr/local/libexec/box
	sed 's|@PREFIX@|/usr/local|' "$TOP/runtime/supervise/box-boot.service" >/etc/systemd/system/box-boot.service
	# What makes /dev/loop-control at the start of a host is left out in this machine.
	mkdir -p /etc/systemd/system/box-boot.service.d
	printf '[Service]\nExecStartPre=-/sbin/modprobe loop\n' >/etc/systemd/system/box-boot.service.d/loop.conf
	systemctl daemon-reload
	# The machine's one target is not multi-user.target.
	systemctl enable var-lib-box.mount
	systemctl add-wants box-vm.target box-boot.service
	systemctl start box-boot.service
	cp "$BOX_BUILD/tests/rootfs.tar" $WORK/rootfs.tar
	sync # all this was put there long ago
}

write_app() { # write_app NAME FIELDS: one that writes a line each second
	printf '{"name": "%s", "rootfs": "%s/rootfs.tar", "command": ["sh", "-c", "trap \\"exit 0\\" TERM; n=0; while sleep 1; do n=$$((n + 1)); echo tick $$n; done"], %s}\n' \
		"$1" $WORK "$2" >"$1.json"
}
pair_of() { # pair_of FIELDS: a service
	printf '{"rootfs": "%s/rootfs.tar", "network_mode": "none", "command": ["sh", "-c", "trap \\"exit 0\\" TERM; while sleep 1; do :; done"], %s}' $WORK "$1"
}
pair_runs() { systemctl is-active -q box-up-pair.service && is_running pair-base && is_running pair-top; }
begin() { write_app "$@" && box run -d "$1.json"; }
pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
is_running() { [ -n "$(pid_of "$1")" ] && box exec "$1" true; }
