#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The filter of system calls as the app meets it: three ABIs, families of sockets, terminals, keys, namespaces, profiles of the user's own.

load lib
setup() {
	setup_world
	need root
	[ -e "$PROBE" ] || skip "needs the probe: make TEST_HOOKS=1 build/test/tests/probe"
}
teardown() { teardown_world; }

# expect_i386 NAME VALUE: through int 0x80. A kernel without IA-32 emulation has no such gate, and the probe's attempt ends with SIGSEGV.
expect_i386() { [ "$(fact "i386.$1")" = SIGSEGV ] || expect_fact "i386.$1" "$2"; }

probe() { run_app "\"command\": [\"/bin/probe\", \"$1\"]${2:+, $2}"; }

@test "a filter is loaded, and no new privileges" {
	probe security
	expect_status 0
	expect_fact Seccomp 2
	expect_fact NoNewPrivs 1
}

@test "known calls that are refused answer EPERM, through int 0x80 as well" {
	probe syscalls
	expect_status 0
	local call
	for call in mount umount2 pivot_root setns unshare fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr bpf \
		perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register add_key request_key keyctl kexec_load \
		init_module finit_module delete_module open_by_handle_at acct swapon swapoff reboot sethostname setdomainname settimeofday \
		clock_settime quotactl quotactl_fd lookup_dcookie fanotify_init kcmp process_madvise syslog nfsservctl move_pages \
		migrate_pages $([ "$OWN_ARCHITECTURE" = arm64 ] || echo iopl ioperm uselib ustat sysfs); do # which arm64 does not have
		expect_fact "native.$call" EPERM || return 1
		[ -z "$(fact "i386.$call")" ] || expect_i386 "$call" EPERM || return 1
	done
}

@test "clone3 answers ENOSYS, so that threads come about with clone" {
	probe syscalls
	expect_fact native.clone3 ENOSYS
	expect_i386 clone3 ENOSYS
	probe thread
	expect_status 0
	expect_fact thread ok
}

@test "calls that nobody knows answer ENOSYS" {
	run_app '"command": ["/bin/probe", "call", "4000"]'
	expect_fact call ENOSYS
	run_app '"command": ["/bin/probe", "call", "400"]'
	expect_fact call ENOSYS
}

@test "x32 is no way around: all of it answers ENOSYS" {
	run_app '"command": ["/bin/probe", "syscalls", "x32"]'
	expect_status 0
	[ "$(grep -c '^x32\.' <<<"$output")" -gt 100 ] || fail "too few calls"
	[ "$(grep '^x32\.' <<<"$output" | grep -vc ENOSYS)" -eq 0 ] || fail "x32 is open"
}

@test "what programs need is not refused" {
	probe syscalls
	local call
	for call in read getpid openat statx memfd_create pidfd_open socket socketpair bind connect accept4 sendmsg recvmsg setsockopt fcntl \
		splice tee epoll_create1 eventfd2 io_setup shmget semget execveat openat2 faccessat2 close_range copy_file_range \
		landlock_create_ruleset seccomp prctl capget setuid setgid chown mknod membarrier rseq; do
		case $(fact "native.$call") in
		EPERM | ENOSYS)
			# -1 as a family is refused by the filter, as it has to be.
			[[ $call == socket* ]] || fail "$call answers $(fact "native.$call")" || return 1
			;;
		esac
	done
}

@test "sockets: families by allow-list, by every way to ask" {
	probe sockets
	expect_status 0
	local family
	for family in unix inet inet6 netlink.route; do
		expect_fact "socket.$family" ok || return 1
		expect_i386 "socket.$family" ok || return 1
	done
	for family in alg vsock packet xdp rds rxrpc tipc bluetooth can key kcm smc qipcrtr ax25 netlink.netfilter netlink.generic netlink.xfrm; do
		expect_fact "socket.$family" EPERM || return 1
		expect_i386 "socket.$family" EPERM || return 1
		expect_fact "x32.socket.$family" ENOSYS || return 1
	done
	expect_fact socket.alg.bit32 EPERM
	expect_fact socket.netlink.audit EINVAL
	expect_fact socketpair.unix ok
	expect_fact socketpair.tipc EPERM
	expect_i386 socketcall EPERM
}

@test "nobody types into the terminal" {
	need script
	app '"command": ["/bin/probe", "tiocsti"]'
	run script -qec "$BOX --root $STATE run -t app.json" /dev/null
	# script(1) shows the end of its own input as "^@" and two backspaces.
	output=$(tr -d '\r\b' <<<"$output" | sed 's/^^@//')
	for fact in tiocsti tiocsti.bit32 tioclinux tioclinux.bit32; do
		expect_fact $fact EPERM || return 1
	done
	[ "$(fact tiocsti.i386)" = SIGSEGV ] || expect_fact tiocsti.i386 EPERM
	expect_fact tiocsti.x32 ENOSYS
}

@test "keys: neither the caller's nor new ones" {
	probe keys
	expect_status 0
	expect_fact keyctl EPERM
	expect_fact add_key EPERM
	expect_fact request_key EPERM
}

@test "no new namespaces" {
	probe unshare
	expect_status 0
	for kind in user mount pid net ipc uts cgroup user+net; do
		expect_fact "unshare.$kind" EPERM || return 1
		expect_fact "clone.$kind" EPERM || return 1
	done
	expect_fact unshare.time EPERM
	expect_fact clone3 ENOSYS
}

@test "without the filter a new user namespace is refused all the same" {
	probe unshare '"security": {"seccomp": "unconfined"}'
	expect_status 0
	[ "$(fact unshare.user)" != ok ] || fail "a user namespace came about"
}

@test "seccomp unconfined: no filter" {
	probe security '"security": {"seccomp": "unconfined"}'
	expect_fact Seccomp 0
}

@test "cap_add opens what belongs to the capability, and nothing of the rest" {
	probe syscalls '"cap_add": ["SYS_PTRACE", "SYS_TIME", "SYSLOG"]'
	expect_status 0
	[ "$(fact native.kcmp)" != EPERM ] || fail "kcmp is closed"
	expect_fact native.bpf EPERM
	expect_fact native.mount EPERM
	expect_fact native.io_uring_setup EPERM
}

@test "a profile of the user's own, in Docker's format" {
	printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["uname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 123}]}' >profile.json
	run_app '"security": {"seccomp": "./profile.json"}, "command": ["/bin/probe", "call", "'$([ "$OWN_ARCHITECTURE" = arm64 ] && echo 160 || echo 63)'"]'
	expect_status 0
	expect_fact call ENOMEDIUM
}

@test "a profile with a mistake names the file and the place" {
	printf '{"defaultAction": "SCMP_ACT_ERRNO",\n "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "arguments": []}]}' >profile.json
	run_app '"security": {"seccomp": "./profile.json"}, "command": ["true"]'
	expect_status 125
	expect_has profile.json 'syscalls[0]: unknown key "arguments"' security.seccomp
	run_app '"security": {"seccomp": "./missing.json"}, "command": ["true"]'
	expect_status 125
	expect_has missing.json
}
