#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The root file system: what an app sees, what it can change, and what of it reaches the host.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

@test "the app's root is the image's, and nothing of the host is below it" {
	need root
	run_app '"command": ["sh", "-c", "cat /etc/hostname >/dev/null && ls / && ls /home && ls -d /../../etc/passwd && cat /etc/passwd"]'
	expect_status 0
	expect_line bin etc home app "app:x:1000:1000:app:/home/app:/bin/sh"
	expect_not boot lost+found "$TEST_USER"
}

@test "no mount of the host is visible" {
	need root
	run_app '"command": ["cat", "/proc/self/mountinfo"]'
	expect_status 0
	expect_not "$WORK" "/var/lib" " / / rw,relatime - ext4" "/run/box"
	# Every mount point is one that box made.
	while read -r _ _ _ _ point _; do
		case $point in
		/ | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /run | /tmp | /etc/hosts | /etc/hostname | /etc/resolv.conf) ;;
		*) fail "an unexpected mount on $point" || return 1 ;;
		esac
	done <<<"$output"
}

@test "what an app writes goes to a layer of its own and ends with it" {
	need root
	rootfs_folder root
	app_in "$WORK/root" '"command": ["sh", "-c", "echo changed >/etc/passwd && rm /bin/ls && mkdir /new && cat /etc/passwd && ls /"]'
	run box run app.json
	expect_status 127 || expect_status 0
	[ -e root/bin/ls ]
	[ ! -e root/new ]
	grep -q '^app:' root/etc/passwd
	app_in "$WORK/root" '"command": ["sh", "-c", "ls / && cat /etc/passwd"]'
	run box run app.json
	expect_status 0
	expect_not new changed
	expect_has "app:x:1000"
}

@test "read_only: nothing can be written, but /tmp, /run and /dev/shm can" {
	need root
	run_app '"read_only": true, "command": ["sh", "-c", "touch /x; touch /etc/x; touch /tmp/ok /run/ok /dev/shm/ok && echo writable; grep \" / / \" /proc/self/mountinfo"]'
	expect_status 0
	expect_has "/x: Read-only file system" "/etc/x: Read-only file system" writable
}

@test "a read-only root makes no writable layer" {
	need root
	app '"read_only": true, "command": ["sleep", "30"]'
	box run app.json </dev/null &
	wait_until 10 is_up
	run cat "/proc/$(container_pid)/mountinfo"
	expect_not upperdir
	box rm -f "$(container_name)"
	wait
}

@test "/tmp and /run are tmpfs and hold what the image has there" {
	need root
	rootfs_folder root
	mkdir -p root/run/service
	echo kept >root/run/service/file
	chown -R 1000:1000 root/run/service
	chmod 750 root/run/service
	chmod 1777 root/tmp
	app_in "$WORK/root" '"command": ["sh", "-c", "cat /run/service/file; stat -c %u:%g:%a /run/service; stat -c mode:%a /tmp; stat -f -c %T /run /tmp"]'
	run box run app.json
	expect_status 0
	expect_line kept 1000:1000:750 mode:1777 tmpfs
}

@test "the root itself is writable by root inside, whoever owns it on disk" {
	need root
	run_app '"command": ["sh", "-c", "touch /file && stat -c %u:%g /file /bin/busybox /home/app && chown 1000:1000 /file && stat -c %u:%g /file"]'
	expect_status 0
	expect_line 0:0 1000:1000
	expect_not 65534
}

@test "a folder as rootfs keeps its owners on disk" {
	need root
	rootfs_folder root
	before=$(find root -printf '%p %U:%G %m\n' | sort | sha256sum)
	app_in "$WORK/root" '"command": ["sh", "-c", "chown -R 5:5 /etc /home; echo done"]'
	run box run app.json
	expect_status 0
	expect_line "done"
	[ "$before" = "$(find root -printf '%p %U:%G %m\n' | sort | sha256sum)" ]
}

@test "masked paths are empty and write-protected ones cannot be written" {
	need root
	run_app '"user": "0", "command": ["sh", "-c", "for f in /proc/kcore /proc/keys /proc/timer_list; do [ ! -e $f ] || wc -c <$f; done; ls /proc/acpi /proc/scsi /sys/firmware 2>/dev/null; for f in /proc/sysrq-trigger /proc/sys/kernel/hostname /proc/irq/default_smp_affinity; do [ ! -e $f ] || { echo x >$f && echo WRITTEN $f; }; done; true"]'
	expect_status 0
	expect_not WRITTEN
	for count in $(grep -E '^[0-9]+$' <<<"$output"); do [ "$count" -eq 0 ] || fail "a masked file has $count bytes"; done
}

@test "/sys is read-only" {
	need root
	run_app '"command": ["sh", "-c", "grep -E \" /sys (ro|ro,)\" /proc/self/mountinfo; mkdir /sys/fs/cgroup/box-escape; touch /sys/x; true"]'
	expect_status 0
	expect_has "Read-only file system"
	expect_not "box-escape: File exists"
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name box-escape)" ]
}

@test "/dev holds the standard nodes, and no disk" {
	need root
	run_app '"command": ["sh", "-c", "ls /dev; stat -c \"%n %t:%T\" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; echo x >/dev/null && head -c 3 /dev/zero | wc -c; readlink /dev/fd; readlink /dev/stdin; mknod /dev/disk b 8 0; ls -d /sys/block >/dev/null; true"]'
	expect_status 0
	expect_line "/dev/null 1:3" "/dev/zero 1:5" "/dev/full 1:7" "/dev/random 1:8" "/dev/urandom 1:9" "/dev/tty 5:0" 3 /proc/self/fd /proc/self/fd/0
	expect_has "Operation not permitted"
	for node in vda sda mem kmem kmsg loop0; do ! grep -qx "$node" <<<"$output" || fail "/dev/$node is there"; done
}

@test "/dev/shm has the size that the spec says" {
	need root
	run_app '"command": ["sh", "-c", "df -k /dev/shm | tail -1 | awk \"{print \\$2}\""]'
	expect_status 0
	expect_line 65536
	run_app '"shm_size": "1m", "command": ["sh", "-c", "df -k /dev/shm | tail -1 | awk \"{print \\$2}\""]'
	expect_line 1024
}

@test "a missing working_dir is made, and a hostile one stays inside" {
	need root
	run_app '"working_dir": "/deep/new", "command": ["pwd"]'
	expect_status 0
	expect_line /deep/new
	rootfs_folder root
	ln -s /../../../../../../tmp root/evil
	app_in "$WORK/root" '"working_dir": "/evil/'"$TAG"'", "command": ["pwd"]'
	run box run app.json
	[ ! -e "/tmp/$TAG" ] || fail "a folder was made on the host"
}

@test "/etc/hosts, hostname and resolv.conf are the app's own; links in the image are not followed out" {
	need root
	rootfs_folder root
	rm -f root/etc/hosts root/etc/hostname
	echo precious >victim
	ln -s "$WORK/victim" root/etc/hosts
	ln -s ../../../../../../../../"$WORK"/victim root/etc/resolv.conf
	app_in "$WORK/root" '"hostname": "inside", "command": ["sh", "-c", "cat /etc/hostname; hostname; cat /etc/hosts"]'
	run box run app.json
	[ "$(cat victim)" = precious ] || fail "a file of the host was written through a link of the image"
	run_app '"hostname": "inside", "command": ["sh", "-c", "cat /etc/hostname /etc/hosts; hostname"]'
	expect_status 0
	expect_line inside
	expect_has "127.0.0.1" localhost
}
