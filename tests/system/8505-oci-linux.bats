#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json's linux object: namespaces, maps of ids, devices, seccomp, sysctls, masks, clocks, personality.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

KINDS="pid net ipc uts mnt cgroup user time"
ns_of() { readlink "/proc/$1/ns/$2"; }

@test "namespaces: new ones where listed, box's own where not" {
	start_container '.linux.maskedPaths = [] | .linux.readonlyPaths = []' sleep 1000
	for ns in pid net ipc uts mnt cgroup; do [ "$(ns_of "$(oci_pid)" $ns)" != "$(ns_of self $ns)" ] || fail "$ns is box's own"; done
	for ns in user time; do [ "$(ns_of "$(oci_pid)" $ns)" = "$(ns_of self $ns)" ] || fail "$ns is new"; done
	box delete --force "$TAG"
	start_container '.linux.namespaces = [{ "type": "mount" }]' sleep 1000
	for ns in pid net ipc uts cgroup user time; do [ "$(ns_of "$(oci_pid)" $ns)" = "$(ns_of self $ns)" ] || fail "$ns is new"; done
	box delete --force "$TAG"
	start_container '.linux.namespaces += [{ "type": "user" }, { "type": "time" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 65536 }] |
		.linux.gidMappings = [{ "containerID": 0, "hostID": 200000, "size": 65536 }]' sleep 1000 || fail "$(cat out)"
	for ns in user time; do [ "$(ns_of "$(oci_pid)" $ns)" != "$(ns_of self $ns)" ] || fail "$ns is box's own"; done
	[ "$(xargs <"/proc/$(oci_pid)/uid_map")" = "0 100000 65536" ]
	[ "$(xargs <"/proc/$(oci_pid)/gid_map")" = "0 200000 65536" ]
	[ "$(stat -c %u:%g "/proc/$(oci_pid)")" = 100000:200000 ]
}

@test "namespaces by path: each kind is joined" {
	start_container '.linux.namespaces += [{ "type": "time" }]' sleep 1000
	first=$(oci_pid)
	FIRST=$first bundle '.linux.namespaces = [("pid", "network", "ipc", "uts", "cgroup") as $t |
		{ "type": $t, "path": ("/proc/" + env.FIRST + "/ns/" + ({ "network": "net" }[$t] // $t)) }] + [{ "type": "mount" }] |
		del(.linux.maskedPaths, .linux.readonlyPaths)' sleep 1001
	create_again "$TAG-2" || fail "$(cat out)"
	box start "$TAG-2"
	for ns in pid net ipc uts cgroup; do [ "$(ns_of "$(oci_pid "$TAG-2")" $ns)" = "$(ns_of "$first" $ns)" ] || fail "$ns"; done
	# exec enters the same, and deleting the second one leaves the first alone.
	run timeout 10 box exec "$TAG-2" sh -c 'readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc'
	expect_line "$(ns_of "$first" pid)" "$(ns_of "$first" ipc)"
	box delete --force "$TAG-2"
	is_in_state running
}

@test "a joined time namespace, and one of the user's" {
	start_container '.linux.namespaces += [{ "type": "time" }] | .linux.timeOffsets = { "monotonic": { "secs": 1000 }, "boottime": { "secs": 86400, "nanosecs": 5 } }' sleep 1000
	first=$(oci_pid)
	FIRST=$first bundle '.linux.namespaces += [{ "type": "time", "path": ("/proc/" + env.FIRST + "/ns/time") }]' sleep 1001
	create_again "$TAG-2" || fail "$(cat out)"
	box start "$TAG-2"
	[ "$(ns_of "$(oci_pid "$TAG-2")" time)" = "$(ns_of "$first" time)" ]
}

@test "a joined user namespace, with what belongs to it" {
	start_container '.linux.namespaces += [{ "type": "user" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 65536 }] |
		.linux.gidMappings = [{ "containerID": 0, "hostID": 100000, "size": 65536 }]' sleep 1000 || fail "$(cat out)"
	first=$(oci_pid)
	FIRST=$first bundle '.linux.namespaces += [{ "type": "user", "path": ("/proc/" + env.FIRST + "/ns/user") }]' sh -c 'id -u; cat /proc/self/uid_map; sleep 1001'
	create_again "$TAG-2" || fail "$(cat out)"
	box start "$TAG-2"
	[ "$(ns_of "$(oci_pid "$TAG-2")" user)" = "$(ns_of "$first" user)" ]
	[ "$(stat -c %u "/proc/$(oci_pid "$TAG-2")")" = 100000 ]
}

@test "namespaces: a path of another kind, of nothing, or of a plain file is refused" {
	for path in /proc/self/ns/uts /nowhere /etc/passwd; do
		refused "(.linux.namespaces[] | select(.type == \"network\")).path = \"$path\""
	done
	refused '.linux.namespaces += [{ "type": "user" }]'
	refused '.linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 1 }]'
}

@test "user namespace: root inside is nobody outside, files get mapped owners, exec is inside as well" {
	chmod 711 "$WORK"
	bundle '.linux.namespaces += [{ "type": "user" }] | .linux.uidMappings = [{ "containerID": 0, "hostID": 100000, "size": 1000 },
		{ "containerID": 1000, "hostID": 300000, "size": 1 }] | .linux.gidMappings = [{ "containerID": 0, "hostID": 100000, "size": 2000 }]' \
		sh -c 'touch /tmp/f; ls -ln /bin/busybox; cat /proc/self/uid_map; echo x >/proc/sys/kernel/hostname; sleep 1000'
	create_again "$TAG" && box start "$TAG" || fail "$(cat out)"
	wait_until 5 test -e "$BUNDLE/rootfs/tmp/f"
	[ "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/f")" = 100000:100000 ]
	grep -qE "^-rwxr-xr-x +1 65534 +65534" out
	run timeout 10 box exec --user 1000:5 "$TAG" sh -c 'id; touch /tmp/g'
	expect_has "uid=1000" "gid=5"
	[ "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/g")" = 300000:100005 ]
	run timeout 10 box exec --user 1001 "$TAG" true
	[ "$status" -ne 0 ]
}

@test "time offsets: the clocks of the first process and of exec" {
	# In milliseconds: uptime is boottime's.
	start_container '.linux.namespaces += [{ "type": "time" }] | .linux.timeOffsets = { "boottime": { "secs": 1000000, "nanosecs": 500000000 }, "monotonic": { "secs": -5 } }' \
		sh -c 'cat /proc/uptime; cat /proc/self/timens_offsets; sleep 1000'
	wait_until 5 grep -q boottime out
	grep -qE "^monotonic +-5 +0" out
	grep -qE "^boottime +1000000 +500000000" out
	host=$(cut -d. -f1 /proc/uptime)
	inside=$(head -1 out | cut -d. -f1)
	[ $((inside - host)) -ge 999990 ]
	run timeout 10 box exec "$TAG" cat /proc/uptime
	[ $((${output%%.*} - host)) -ge 999990 ]
}

@test "devices: the default ones, those of the list, and no others" {
	oci '.linux.devices = [{ "path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 416, "uid": 12, "gid": 34 },
		{ "path": "/dev/deep/er/pipe", "type": "p" }, { "path": "/other", "type": "b", "major": 7, "minor": 0 }, { "path": "/dev/u", "type": "u", "major": 1, "minor": 3 }]' \
		sh -c 'probe stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/mine /dev/deep/er/pipe /other /dev/u; ls -l /dev; echo x >/dev/null && head -c 3 /dev/zero | wc -c'
	for pair in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		IFS=: read -r name major minor <<<"$pair"
		grep -qE "^stat./dev/$name 0666 0:0 2 0 $major:$minor" <<<"$output" || fail "$name"
	done
	grep -qE "^stat./dev/mine 0640 12:34 2 0 1:5" <<<"$output"
	grep -qE "^stat./dev/deep/er/pipe 0666 0:0 1 " <<<"$output"
	grep -qE "^stat./other 0666 0:0 6 0 7:0" <<<"$output"
	grep -qE "^stat./dev/u 0666 0:0 2 0 1:3" <<<"$output"
	expect_has "fd -> /proc/self/fd" "stdin -> /proc/self/fd/0" "stdout -> /proc/self/fd/1" "stderr -> /proc/self/fd/2" "ptmx -> pts/ptmx"
	expect_line 3
	not grep -qE " (sda|vda|console|kvm|mem|kmsg)$" <<<"$output"
}

@test "devices: a file that is something else is an error" {
	bundle
	touch "$BUNDLE/rootfs/other"
	refused '.linux.devices = [{ "path": "/other", "type": "c", "major": 1, "minor": 3 }]'
	expect_has linux.devices
	[ -f "$BUNDLE/rootfs/other" ]
}

@test "device rules: in their order; the defaults stay usable" {
	oci '.process.capabilities |= map_values(. + ["CAP_MKNOD"]) | .linux.resources.devices = [{ "allow": false, "access": "rwm" },
		{ "allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm" }, { "allow": false, "type": "c", "major": 10, "minor": 229, "access": "w" }]' \
		sh -c 'mknod /dev/fuse2 c 10 229 && probe open /dev/fuse2; head -c 0 /dev/fuse2 && echo may-read; mknod /dev/kmsg2 c 1 11 && head -c 1 /dev/kmsg2; mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk | wc -c; probe open /dev/null /dev/zero /dev/tty /dev/full'
	expect_has "open./dev/fuse2 EPERM" "open./dev/null ok" "open./dev/zero ok" "open./dev/full ok"
	expect_has "may-read"
	grep -q "/tmp/disk.*[Nn]ot permitted" <<<"$output"
	# Without rules the kernel's own rule holds: an engine that wants none gets none.
	oci '.process.capabilities |= map_values(. + ["CAP_MKNOD"]) | .linux.resources.devices = [{ "allow": true, "access": "rwm" }]' \
		sh -c 'mknod /tmp/full2 c 1 7 && head -c 2 /tmp/full2 | wc -c'
	expect_line 2
}

@test "masked and read-only paths: files, folders, what is missing, links" {
	bundle
	mkdir -p "$BUNDLE/rootfs/secret" "$BUNDLE/rootfs/kept"
	echo hidden >"$BUNDLE/rootfs/secret/file"
	echo hidden >"$BUNDLE/rootfs/plain"
	echo shown >"$BUNDLE/rootfs/kept/file"
	ln -s /plain "$BUNDLE/rootfs/link"
	oci '.linux.maskedPaths = ["/secret", "/plain", "/missing", "/proc/keys", "/link/none"] | .linux.readonlyPaths = ["/kept", "/proc/sys", "/missing2"]' \
		sh -c 'cat /plain /secret/file /proc/keys; ls -A /secret; echo x >/plain; echo x >/secret/new; cat /kept/file; echo x >/kept/new; echo 1 >/proc/sys/net/ipv4/ip_forward'
	expect_not hidden
	expect_line shown
	[ "$(grep -ciE "read-only file system" <<<"$output")" -ge 3 ] || fail "writes"
	[ ! -e "$BUNDLE/rootfs/kept/new" ] && [ ! -e "$BUNDLE/rootfs/secret/new" ] && [ ! -e "$BUNDLE/rootfs/missing" ]
	[ "$(cat "$BUNDLE/rootfs/plain")" = hidden ]
	# What lies below a read-only folder is read-only as well.
	oci '.mounts += [{ "destination": "/kept/sub", "type": "tmpfs", "source": "tmpfs" }] | .linux.readonlyPaths = ["/kept"]' sh -c 'touch /kept/sub/x'
	expect_has "Read-only file system"
}

@test "sysctls: of namespaces, in both spellings; the host's stay" {
	before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)
	oci '.linux.sysctl = { "net.ipv4.ip_forward": "1", "net/core/somaxconn": "77", "kernel.msgmax": "4242", "fs.mqueue.msg_max": "12" }' \
		sh -c 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max'
	expect_status 0
	expect_line 1 77 4242 12
	[ "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)" = "$before" ]
	refused '.linux.sysctl = { "net.ipv4.ip_forward": "1" } | .linux.namespaces |= map(select(.type != "network"))'
	refused '.linux.sysctl = { "kernel.msgmax": "1" } | .linux.namespaces |= map(select(.type != "ipc"))'
	refused '.linux.sysctl = { "net.no.such.key": "1" }'
	refused '.linux.sysctl = { "net.core.somaxconn": "no number" }'
}

@test "personality: LINUX32 shows a 32-bit machine" {
	oci '.linux.personality = { "domain": "LINUX32" }' sh -c 'uname -m; cat /proc/self/personality'
	expect_line i686
	start_container '.linux.personality = { "domain": "LINUX32" }' sleep 1000
	run timeout 10 box exec "$TAG" uname -m
	expect_line i686
	box delete --force "$TAG"
	oci '.linux.personality = { "domain": "LINUX" }' uname -m
	expect_line "$(uname -m)"
	refused '.linux.personality = { "domain": "LINUX", "flags": ["X"] }'
}

@test "seccomp: default action, actions, errno, args, flags" {
	filter='{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": [
		{ "names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }, { "names": ["mkdir", "nosuchcall"], "action": "SCMP_ACT_ERRNO" },
		{ "names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{ "index": 1, "value": 10, "op": "SCMP_CMP_EQ" }] },
		{ "names": ["sched_yield"], "action": "SCMP_ACT_KILL_PROCESS" }] }'
	oci ".linux.seccomp = $filter" sh -c 'probe security; probe environment; mkdir /tmp/x; probe kill 10; echo "usr1 $?"; probe kill 0; echo "zero $?"; probe call mkdir 0 0'
	expect_fact Seccomp 2
	expect_fact cwd ENOSYS
	expect_has "Operation not permitted"
	expect_line "zero 0"
	expect_not "usr1 138"
	oci '.linux.seccomp = { "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 95, "syscalls": [{ "names": ["execve", "exit_group", "write", "brk", "arch_prctl", "mmap"], "action": "SCMP_ACT_ALLOW" }] }' \
		probe environment
	expect_not "cwd /"
	oci '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"], "syscalls": [{ "names": ["getcwd"], "action": "SCMP_ACT_KILL_PROCESS" }] }' \
		probe environment
	expect_status 159
	oci '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["getcwd"], "action": "SCMP_ACT_LOG" }] } | .process.noNewPrivileges = false' sh -c 'probe security; probe environment'
	expect_fact Seccomp 2
	expect_fact NoNewPrivs 0
	expect_fact cwd /
	refused '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 5 }'
	refused '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "flags": ["NOSUCH"] }'
	refused '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["NOSUCH"] }'
	refused '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["getcwd"], "action": "SCMP_ACT_ALLOW", "errnoRet": 5 }] }'
}

# kill(pid, SIGNAL): the number of the signal is the second argument; 10 is USR1, 0 asks only.
operator() {
	oci ".linux.seccomp = { \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{ \"names\": [\"kill\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 95, \"args\": [{ \"index\": 1, \"op\": \"SCMP_CMP_$1\", $2 }] }] }" \
		sh -c 'for s in 0 17 18 23; do if kill -$s $$ 2>/dev/null; then echo "$s allowed"; else echo "$s refused"; fi; done'
}

@test "seccomp: every operator on an argument" {
	operator EQ '"value": 17' && expect_line "0 allowed" "17 refused" "18 allowed" "23 allowed"
	operator NE '"value": 17' && expect_line "0 refused" "17 allowed" "18 refused" "23 refused"
	operator LT '"value": 17' && expect_line "0 refused" "17 allowed" "18 allowed" "23 allowed"
	operator LE '"value": 17' && expect_line "0 refused" "17 refused" "18 allowed" "23 allowed"
	operator GT '"value": 17' && expect_line "0 allowed" "17 allowed" "18 refused" "23 refused"
	operator GE '"value": 18' && expect_line "0 allowed" "17 allowed" "18 refused" "23 refused"
	operator MASKED_EQ '"value": 16, "valueTwo": 16' && expect_line "0 allowed" "17 refused" "18 refused" "23 refused"
}

@test "seccomp: exec has the same filter" {
	start_container '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }] }' sleep 1000
	run timeout 10 box exec "$TAG" sh -c 'probe security; probe environment'
	expect_fact Seccomp 2
	expect_fact cwd ENOSYS
}

@test "seccomp: a listener gets one descriptor and the state of the process" {
	need python3
	cat >agent.py <<-'END'
		import array, json, os, socket, sys
		server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); server.bind(sys.argv[1]); server.listen(1)
		connection, _ = server.accept(); fds = array.array("i"); text = b""
		while True:
		    data, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(64))
		    for level, kind, got in control: fds.frombytes(got[:len(got) - len(got) % 4])
		    if not data: break
		    text += data
		state = json.loads(text); state["descriptors"] = len(fds); state["target"] = os.readlink("/proc/self/fd/%d" % fds[0])
		json.dump(state, open(sys.argv[2], "w"))
		connection.close()
		import time; time.sleep(2)
	END
	python3 agent.py "$WORK/agent" "$WORK/seen" &
	HELPERS=$!
	wait_until 5 test -S "$WORK/agent"
	AGENT=$WORK/agent bundle '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": env.AGENT, "listenerMetadata": "meta", "syscalls": [{ "names": ["sched_yield"], "action": "SCMP_ACT_NOTIFY" }] }' sleep 1000
	create_again "$TAG" && box start "$TAG" || skip "refused, with a reason: $(cat out)"
	wait_until 5 test -s seen
	jq -e --arg id "$TAG" '.descriptors == 1 and .fds == ["seccompFd"] and .metadata == "meta" and .pid > 0 and .state.id == $id and (.target | contains("seccomp"))' seen
}

@test "rootfsPropagation: shared, slave, private, unbindable" {
	for word in shared:shared: slave:master: private:: unbindable:unbindable:; do
		IFS=: read -r name sign _ <<<"$word"
		oci ".linux.rootfsPropagation = \"$name\"" sh -c 'grep " / / \| /[^ ]* / " /proc/self/mountinfo | head -1'
		case $name in
		private) expect_not shared: master: unbindable ;;
		slave) ;; # a peer group of the host's makes it one; without there is nothing to be seen
		*) expect_has "$sign" || fail "$name" ;;
		esac
	done
}
