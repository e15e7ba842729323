#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Namespaces: every one is the app's own, and what it shows is its own.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

@test "every namespace differs from the host's" {
	need root
	run_app '"command": ["sh", "-c", "cd /proc/self/ns && for n in cgroup ipc mnt net pid time user uts; do echo $n $(readlink $n); done"]'
	expect_status 0
	for name in cgroup ipc mnt net pid time user uts; do
		[ -n "$(fact $name)" ] || fail "no $name namespace in the output" || return 1
		[ "$(fact $name)" != "$(readlink /proc/self/ns/$name)" ] || fail "the $name namespace is the host's" || return 1
	done
}

@test "the program is process 1 and sees only its own" {
	need root
	run_app '"command": ["sh", "-c", "echo pid $$$$; ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm; true"]'
	expect_status 0
	expect_fact pid 1
	expect_line sh
	[ "$(grep -xE '[0-9]+' <<<"$output" | head -1)" -le 4 ]
}

@test "init: box-init is process 1, the program its child; exit codes and signals pass" {
	need root
	run_app '"init": true, "command": ["sh", "-c", "echo pid $$$$; cat /proc/1/comm; exit 7"]'
	expect_status 7
	expect_has box-init
	[ "$(fact pid)" -gt 1 ]
	run_app '"init": true, "command": ["sh", "-c", "kill -9 $$$$"]'
	expect_status 137
	run_app '"init": true, "command": ["/no/such/program"]'
	expect_status 127
}

@test "init reaps orphans" {
	need root
	run_app '"init": true, "command": ["sh", "-c", "for i in 1 2 3 4 5; do (sleep 0.1 &) ; done; sleep 0.5; grep -l \"State:.Z\" /proc/[0-9]*/status; echo done"]'
	expect_status 0
	expect_line "done"
	expect_not /proc/
}

@test "host name: written, or the app's name; changing it does not reach the host" {
	need root
	before=$(hostname)
	run_app '"hostname": "inside", "command": ["hostname"]'
	expect_status 0
	expect_line inside
	run_app '"command": ["sh", "-c", "hostname; hostname changed; hostname"]'
	expect_not "$before"
	[ "$(hostname)" = "$before" ]
}

@test "network none: loopback is up, nothing else is there" {
	need root
	run_app '"command": ["sh", "-c", "ls /sys/class/net; ip addr show lo; ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1; cat /proc/net/route; cat /proc/net/dev | grep -c :"]'
	expect_has "127.0.0.1/8" UP
	expect_line lo 1
	expect_not eth0
}

@test "network none: abstract sockets of the host cannot be reached" {
	need root
	run_app '"command": ["cat", "/proc/net/unix"]'
	expect_status 0
	[ "$(grep -c : <<<"$output")" -eq 0 ] || fail "sockets of the host are visible"
}

@test "network host: the host's interfaces are there" {
	need root
	run_app '"network_mode": "host", "command": ["readlink", "/proc/self/ns/net"]'
	expect_status 0
	expect_line "$(readlink /proc/self/ns/net)"
}

@test "a port below 1024 can be bound in the app's own network" {
	need root
	run_app '"user": "1000:1000", "command": ["sh", "-c", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; timeout 1 nc -l -p 80; echo code $?"]'
	expect_line 0
	expect_not "ermission denied"
}

@test "System V memory and semaphores of the host are not there" {
	need root ipcmk
	id=$(ipcmk -M 64 | grep -oE '[0-9]+$')
	run_app '"command": ["sh", "-c", "tail -n +2 /proc/sysvipc/shm | wc -l"]'
	ipcrm -m "$id"
	expect_status 0
	expect_line 0
}

@test "the cgroup is the root of its own view" {
	need root
	run_app '"command": ["cat", "/proc/self/cgroup"]'
	expect_status 0
	expect_not "$TAG" /box/
	while IFS=: read -r _ _ path; do
		[ "$path" = / ] || fail "the cgroup path $path shows the host" || return 1
	done <<<"$output"
}

@test "only descriptors 0, 1 and 2 are open, whatever the caller had open" {
	need root
	app '"command": ["sh", "-c", "ls /proc/self/fd | tr \"\\n\" \" \""]'
	run bash -c 'exec 7</etc/passwd 9</ 200</etc/shadow; exec "$0" --root "$1" run app.json' "$BOX" "$STATE"
	expect_status 0
	# ls itself has 3 open: the folder that it lists.
	[ "$output" = "0 1 2 3 " ] || fail "other descriptors are open"
}

@test "the container's root cannot be left through /proc" {
	need root
	run_app '"command": ["sh", "-c", "ls /proc/1/root/ | tr \"\\n\" \" \"; cat /proc/1/root/etc/passwd | tail -1; ls /proc/self/cwd/../../../../../../ >/dev/null; chroot /proc/1/root true"]'
	expect_has "nobody:x:65534"
	expect_not boot "$TEST_USER"
}

@test "an oversized host name is an error of the spec" {
	need root
	run_app '"hostname": "'"$(printf 'x%.0s' $(seq 100))"'", "command": ["true"]'
	expect_status 125
	expect_has hostname app.json
}

@test "sysctls: a namespaced one is set, one of the host is refused" {
	need root
	run_app '"sysctls": {"net.core.somaxconn": "77"}, "command": ["cat", "/proc/sys/net/core/somaxconn"]'
	expect_status 0
	expect_line 77
	run_app '"sysctls": {"kernel.panic": "1"}, "command": ["true"]'
	expect_status 125
	expect_has kernel.panic sysctls
	run_app '"network_mode": "host", "sysctls": {"net.core.somaxconn": "77"}, "command": ["true"]'
	expect_status 125
	expect_has net.core.somaxconn
}
