#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The known attacks on runtimes (docs/attacks-coverage.md), against OCI containers: a bundle, or what runs in a container, is hostile.
# Where a control is possible it is run beside: Debian's runc 1.1.5, which has the defect, or the defect made by hand.

load lib
load oci
setup() {
	setup_oci
	canary
	export H WORK
	EVERY='.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_MKNOD"])'
}
teardown() { teardown_oci; }

# attempt FILTER [COMMAND…]: runs it, whatever comes of it; then nothing of the host may have changed, and nothing stays.
attempt() {
	oci "$@"
	unchanged || return 1
	[ "$status" -lt 128 ] || [ "$status" -eq 137 ] || fail "it ended with $status" || return 1
	[ -z "$(left_state)$(left_cgroups)" ] || fail "it left $(left_state) $(left_cgroups)"
}

@test "A02 a working folder behind a descriptor of the host's, in run and exec" {
	bundle
	ln -s /proc/self/fd/7 "$BUNDLE/rootfs/w"
	touch "$BUNDLE/rootfs/inside-canary"
	for cwd in $(printf '/proc/self/fd/%d ' {3..40}) /proc/1/cwd /w; do
		bundle ".process.cwd = \"$cwd\"" sh -c 'ls ../../../../../../..; ls .'
		run with_folders timeout 10 box run -b "$BUNDLE" "$TAG"
		expect_not boot vmlinuz bash_jobs || fail "cwd $cwd"
		unchanged
	done
	start_container . sleep 1000
	for cwd in $(printf '/proc/self/fd/%d ' {3..20}) /proc/1/cwd /proc/1/root /w; do
		run with_folders timeout 10 box exec --cwd "$cwd" "$TAG" sh -c 'ls ../../../../../../..; ls .'
		expect_not boot vmlinuz || fail "exec cwd $cwd"
	done
	# Every descriptor of what waits for start is of a kind that leads nowhere.
	box delete --force "$TAG"
	with_folders create . sleep 1000
	for fd in "/proc/$(oci_pid)/fd"/*; do
		case $(readlink "$fd") in
		socket:* | pipe:* | anon_inode:* | /memfd:* | /dev/null | "$WORK/out") ;;
		*) fail "$fd is $(readlink "$fd")" ;;
		esac
	done
}
with_folders() { "$@" 7</ 8</etc 9</root </dev/null; }

@test "A03 /proc or /sys that is a link, a file or a fifo" {
	for name in proc sys; do
		for to in /bad . "/$name" ../../.. "$H"; do
			bundle
			rm -rf "${BUNDLE:?}/rootfs/$name"
			ln -s "$to" "$BUNDLE/rootfs/$name"
			mkdir -p "$BUNDLE/rootfs/bad"
			refused || fail "$name -> $to"
			unchanged
		done
		rm "$BUNDLE/rootfs/$name"
		touch "$BUNDLE/rootfs/$name"
		refused || fail "$name is a file"
		rm "$BUNDLE/rootfs/$name"
		mkfifo "$BUNDLE/rootfs/$name"
		refused || fail "$name is a fifo"
		rm "$BUNDLE/rootfs/$name"
		mkdir "$BUNDLE/rootfs/$name"
	done
}

# Exchanges two names for ever.
exchange() {
	cat >exchange.py <<-'END'
		import ctypes, sys
		libc = ctypes.CDLL(None); a, b = (w.encode() for w in sys.argv[1:3])
		while True: libc.renameat2(-100, a, -100, b, 2)
	END
	python3 exchange.py "$1" "$2" &
	HELPERS="${HELPERS:-} $!"
}

@test "A04 A09 a mount's target that somebody exchanges for a link" {
	need python3
	mkdir -p vol/d src
	echo mounted >src/file
	ln -s "$H" vol/l
	filter='.mounts += [{ "destination": "/v", "type": "bind", "source": (env.WORK + "/vol"), "options": ["rbind"] },
		{ "destination": "/v/d/x", "type": "bind", "source": (env.WORK + "/src"), "options": ["rbind"] },
		{ "destination": "/v/d/deep/er", "type": "tmpfs", "source": "t" }, { "destination": "/v/d/file", "type": "bind", "source": (env.WORK + "/src/file"), "options": ["bind"] }]'
	# The link from the beginning.
	rm -rf vol/d
	ln -s "$H" vol/d
	attempt "$filter" sh -c 'cat /v/d/x/../marker'
	expect_not keep
	rm vol/d
	mkdir vol/d
	exchange "$WORK/vol/d" "$WORK/vol/l"
	bundle "$filter" sh -c 'cat /v/d/x/../marker; true'
	end=$((SECONDS + 12))
	tries=0
	while [ $SECONDS -lt $end ]; do
		output=$(timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null 2>&1) || true
		expect_not keep
		unchanged
		tries=$((tries + 1))
	done
	[ $tries -ge 20 ] || echo "only $tries tries" >&3
	# The race is one: both outcomes of a plain look are seen.
	seen=$(for _ in $(seq 2000); do [ -L vol/d ] && echo link || echo folder; done | sort -u | wc -l)
	[ "$seen" = 2 ]
}

@test "A05 mounts over /proc and below it; sysctls and labels do not go to what lies there" {
	before=$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward)
	for at in /proc /proc/self /proc/self/attr /proc/1 /proc/sys /proc/sys/kernel /proc/thread-self; do
		refused ".mounts += [{ \"destination\": \"$at\", \"type\": \"tmpfs\", \"source\": \"t\" }]" || fail "tmpfs on $at"
		refused ".mounts += [{ \"destination\": \"$at\", \"type\": \"bind\", \"source\": env.H, \"options\": [\"bind\"] }]" || fail "bind on $at"
		unchanged
	done
	bundle
	ln -s proc "$BUNDLE/rootfs/alias"
	refused '.mounts += [{ "destination": "/alias/sys", "type": "tmpfs", "source": "t" }]'
	# lxcfs may.
	echo lxcfs >"$WORK/meminfo"
	oci '.mounts += [{ "destination": "/proc/meminfo", "type": "bind", "source": (env.WORK + "/meminfo"), "options": ["bind", "ro"] }]' cat /proc/meminfo
	expect_line lxcfs
	# A bundle's own /proc, not mounted: sysctls go to the kernel's all the same.
	mkdir -p "$BUNDLE/rootfs/proc/sys/net/ipv4"
	touch "$BUNDLE/rootfs/proc/sys/net/ipv4/ip_forward"
	bundle '.mounts |= map(select(.destination != "/proc")) | .linux.sysctl = { "net.ipv4.ip_forward": "1" } | del(.linux.maskedPaths, .linux.readonlyPaths)' true
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	[ ! -s "$BUNDLE/rootfs/proc/sys/net/ipv4/ip_forward" ]
	[ "$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward)" = "$before" ]
}

a06_bundle() {
	rm -rf hostile-dev
	mkdir hostile-dev
	case $1 in
	link) ln -s /proc/sys/kernel/hostname hostile-dev/null ;;
	file) echo leaked >hostile-dev/null ;;
	folder) mkdir hostile-dev/null ;;
	zero) mknod hostile-dev/null c 1 5 ;;
	esac
	for name in zero full random urandom tty; do [ -e "hostile-dev/$name" ] || mknod "hostile-dev/$name" c 1 5; done
	bundle '.mounts |= map(select(.destination | startswith("/dev") | not)) | .mounts += [{ "destination": "/dev", "type": "bind", "source": (env.WORK + "/hostile-dev"), "options": ["rbind", "rw"] }] |
		.linux.maskedPaths = ["/proc/keys"] | .hostname = "leaked" | .linux.namespaces |= map(select(.type != "network")) | .linux.resources = {}' \
		sh -c 'head -c 100 /proc/keys; grep " /proc/keys " /proc/self/mountinfo'
}

@test "A06 the source of a mask: a /dev/null that is something else" {
	for kind in link file folder zero; do
		a06_bundle $kind
		run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
		expect_not leaked || fail "$kind"
		[ "$status" -ne 0 ] || grep -q "/proc/keys" <<<"$output" || fail "$kind: not masked: $output"
	done
	a06_bundle link
	run control_runc run -b "$BUNDLE" "$TAG-r" </dev/null
	expect_has leaked # the control: runc 1.1.5 shows what the link leads to
}

@test "A07 /dev/console and /dev/pts that lead elsewhere" {
	need python3
	mkdir hostile-dev
	for kind in link-marker link-proc folder; do
		rm -rf hostile-dev/console
		case $kind in
		link-marker) ln -s "$H/marker" hostile-dev/console ;;
		link-proc) ln -s /proc/sys/kernel/hostname hostile-dev/console ;;
		folder) mkdir hostile-dev/console ;;
		esac
		bundle '.process.terminal = true' sh -c 'ls -l /dev/console; tty'
		rm -rf "$BUNDLE/rootfs/dev"
		cp -r hostile-dev "$BUNDLE/rootfs/dev"
		jq '.mounts |= map(select(.destination != "/dev")) | .mounts |= map(if .destination == "/dev/pts" then . else . end)' "$BUNDLE/config.json" >new.json
		mv new.json "$BUNDLE/config.json"
		run timeout 20 python3 "$BATS_TEST_DIRNAME/at-terminal.py" "" box run -b "$BUNDLE" "$TAG"
		unchanged
		[ -z "$(left_state)" ] || fail "$kind left $(left_state)"
	done
}

a08_bundle() {
	bundle '.mounts |= map(select(.destination | startswith("/dev") | not))' true
	rm -rf "$BUNDLE/rootfs/dev"
	ln -s "$1" "$BUNDLE/rootfs/dev"
}

@test "A08 /dev is a link to a folder of the host's" {
	a08_bundle "$H"
	touch "$H/ptmx"
	snapshot "$H" >before
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	unchanged
	a08_bundle "../../../../../../../..$H"
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	unchanged
	run control_runc run -b "$BUNDLE" "$TAG-r" </dev/null
	[ "$(find "$H" | wc -l)" -gt 3 ] # the control: runc 1.1.5 makes its links there
}

@test "A10 what a container with CAP_SYS_PTRACE sees of those who enter" {
	need nsenter
	# Line by line: what a filter behind the loop has seen would lie in its buffer.
	start_container "$EVERY | .linux.resources = {} | .linux.maskedPaths = [] | .process.noNewPrivileges = false" sh -c 'while :; do for p in /proc/[0-9]*; do for l in cwd root exe fd/3 fd/4 fd/5 fd/6 fd/7 fd/8 fd/9; do
		t=$(readlink $p/$l 2>/dev/null) || continue
		case "$l $t" in "cwd /" | "root /" | */bin/busybox* | "exe /bin/probe"* | *pipe:* | *socket:* | */dev/null* | *anon_inode*) ;; *) echo "$l $t" >>/tmp/seen ;; esac
		done; ls $p/root/boot $p/cwd/boot 2>/dev/null && echo "HOST $p"; done >>/tmp/seen; echo >>/tmp/rounds; done' || fail "$(cat out)"
	for _ in $(seq 100); do with_folders box exec "$TAG" true || fail "exec"; done
	rounds=$(wc -l <"$BUNDLE/rootfs/tmp/rounds")
	wait_until 30 eval '[ "$(wc -l <"$BUNDLE/rootfs/tmp/rounds")" -ge $((rounds + 2)) ]'
	seen=$(sort "$BUNDLE/rootfs/tmp/seen" | uniq -c | grep -vE "(cwd|root) /$" | grep -vE "exe /memfd:" || true)
	grep -qE "HOST| /etc| /root|$WORK| /tmp/" <<<"$seen" && fail "it saw: $seen"
	# The control: somebody who enters with a folder of the host's open.
	enters_in_the_open() { nsenter -t "$(oci_pid)" -p sh -c 'sleep 0.2' 7</etc </dev/null; grep -q "/etc" "$BUNDLE/rootfs/tmp/seen"; }
	wait_until 30 enters_in_the_open
}

@test "A11 inheritable capabilities: none but those that are written, in run and in exec" {
	need setcap
	bundle '.process.user = { "uid": 1000, "gid": 1000 } | .process.noNewPrivileges = false | .process.capabilities.bounding += ["CAP_NET_RAW"]' /bin/capped caps
	cp "$BUNDLE/rootfs/bin/probe" "$BUNDLE/rootfs/bin/capped"
	setcap cap_net_raw=ei "$BUNDLE/rootfs/bin/capped"
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_fact CapInh 0000000000000000
	expect_fact CapPrm 0000000000000000
	# The control: with the capability inheritable the file gives it.
	jq '.process.capabilities.inheritable = ["CAP_NET_RAW"]' "$BUNDLE/config.json" >new.json
	mv new.json "$BUNDLE/config.json"
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_fact CapPrm 0000000000002000
	start_container '.process.noNewPrivileges = false' sleep 1000
	for words in "" "--user 1000" "--cap CAP_NET_RAW" "--cap CAP_NET_RAW --user 1000"; do
		# shellcheck disable=SC2086
		run setpriv --inh-caps +net_raw timeout 10 box exec $words "$TAG" probe caps </dev/null
		expect_fact CapInh 0000000000000000 || fail "exec $words"
		expect_fact CapAmb 0000000000000000 || fail "exec $words"
	done
}

@test "A13 sizes: many maps, many mounts, long texts: a clean error or a start" {
	bundle
	long() { head -c "$1" /dev/zero | tr '\0' "${2:-x}"; }
	jq '.linux.namespaces += [{ "type": "user" }] | .linux.uidMappings = [range(70000) | { "containerID": ., "hostID": (100000 + .), "size": 1 }] | .linux.gidMappings = .linux.uidMappings' "$BUNDLE/config.json" >1.json
	jq '.mounts += [range(20000) | { "destination": ("/m/" + tostring), "type": "tmpfs", "source": "t", "options": ["size=4k"] }] | .mounts |= .[0:3000]' "$BUNDLE/config.json" >2.json
	long 10485760 >text
	jq --rawfile text text '.annotations = { "a": $text }' "$BUNDLE/config.json" >3.json
	long 65536 a >text
	jq --rawfile text text '.mounts += [{ "destination": ("/" + $text), "type": "tmpfs", "source": "t" }]' "$BUNDLE/config.json" >4.json
	jq --rawfile text text '.root.path = ("/" + $text)' "$BUNDLE/config.json" >5.json
	jq --rawfile text text '.hostname = $text' "$BUNDLE/config.json" >6.json
	long 1048576 >text
	jq --rawfile text text '.process.env += ["A=" + $text]' "$BUNDLE/config.json" >7.json
	jq --rawfile text text '.process.args += [$text]' "$BUNDLE/config.json" >8.json
	printf '%s' "$(long 3000 '[')" >9.json
	jq '.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [range(5000) | { "names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{ "index": 1, "value": ., "op": "SCMP_CMP_EQ" }] }] }' "$BUNDLE/config.json" >10.json
	long 17000000 >11.json
	for i in $(seq 11); do
		cp "$i.json" "$BUNDLE/config.json"
		run timeout 50 box run -b "$BUNDLE" "$TAG" </dev/null
		[ "$status" -lt 128 ] && [ "$status" -ne 124 ] || fail "file $i: $status"
		[ "${#output}" -lt 8192 ] || fail "file $i: a message of ${#output} bytes"
		[ -z "$(left_state)$(left_cgroups)" ] || fail "file $i left $(left_state) $(left_cgroups)"
	done
}

keys_of_root() { awk '$1 == "0:" { print $2 }' /proc/key-users; }

@test "A15 keys: a session keyring of its own, without the caller's; none leaks" {
	[ -r /proc/key-users ] || skip "this kernel has no keys"
	bundle . true
	before=$(keys_of_root)
	for _ in $(seq 60); do box run -b "$BUNDLE" "$TAG" </dev/null >/dev/null; done
	# Other programs of the host make and drop keys meanwhile; one that leaked with every run would be seen all the same.
	wait_until 15 eval '[ "$(keys_of_root)" -lt $(('"$before"' + 30)) ]'
	# The control: a container's own keyring is one of those that are counted.
	before=$(keys_of_root)
	for i in $(seq 30); do create_again "$TAG-$i"; done
	[ "$(keys_of_root)" -ge $((before + 20)) ]
}

@test "A18 sysctls that lead out of their folder" {
	before=$(cat /proc/sys/kernel/core_pattern)
	for key in kernel.core_pattern net.ipv4.conf.x/../../../kernel/core_pattern net/../kernel/core_pattern "net.ipv4/../../kernel/core_pattern" \
		kernel.shm_rmid_forced+kernel.core_pattern "net..kernel" "net.ipv4.ip_forward\\nx" "/net/ipv4/ip_forward" "../kernel/core_pattern" ""; do
		refused ".linux.sysctl = { \"$key\": \"1\" }" || fail "$key"
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$before" ]
}

@test "A19 hooks get neither the container's environment nor its folder" {
	need gcc
	printf '#include <fcntl.h>\n__attribute__((constructor)) static void evil(void) { (void)open("%s/pwn", O_CREAT | O_WRONLY, 0600); }\n' "$H" |
		gcc -shared -fPIC -x c -o evil.so -
	bundle '.process.env += ["LD_PRELOAD=/proc/self/cwd/evil.so", "SECRET=1"] | .hooks = ({ "path": "/usr/bin/env" } | { "prestart": [.], "createRuntime": [.], "createContainer": [.], "poststart": [.], "poststop": [.] })' true
	cp evil.so "$BUNDLE/rootfs/evil.so"
	run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
	expect_status 0
	unchanged
	run control_runc run -b "$BUNDLE" "$TAG-r" </dev/null
	[ -e "$H/pwn" ] # the control: runc 1.1.5 hands the hook the container's environment, and its root as the folder
}

@test "A24 no socket that others could reach" {
	create . sleep 1000
	not grep -qE "@.*(box|$TAG)" /proc/net/unix
	[ "$(stat -c %a "$STATE")" = 700 ]
	[ "$(stat -c %a "$STATE/$TAG")" = 700 ]
	if getent passwd $TEST_USER >/dev/null; then
		run setpriv --reuid $TEST_USER --clear-groups ls "$STATE/$TAG"
		[ "$status" -ne 0 ]
	fi
	# Nothing in the container leads to it.
	not grep -q "$STATE" "/proc/$(oci_pid)/mountinfo"
}

@test "A25 a number that belongs to somebody else by now is not signalled" {
	start_container . sleep 1000
	sleep 1001 &
	other=$!
	HELPERS=$other
	pid=$(oci_pid)
	sed -i "s/\"pid\": *$pid/\"pid\": $other/" "$STATE/$TAG/state.json"
	grep -q "$other" "$STATE/$TAG/state.json"
	run box kill "$TAG" KILL
	expect_status 1
	run timeout 10 box exec "$TAG" true
	[ "$status" -ne 0 ]
	is_in_state stopped
	box delete --force "$TAG"
	kill -0 $other
	is_gone "$pid" # it was in the cgroup
}

@test "A26 links at the places where box writes: pid file, log" {
	bundle . sleep 1000
	ln -s "$H/marker" "$WORK/pid"
	ln -s "$H/new" "$WORK/log"
	CREATE=(--pid-file "$WORK/pid")
	create_again "$TAG" || true
	unchanged
	[ ! -L pid ] || [ ! -s pid ]
	run box --log "$WORK/log" --log-format json state "$TAG"
	[ "$status" -ne 0 ]
	unchanged
}

@test "A27 no file of box has a setuid bit or capabilities" {
	[ -z "$(find "$BOX_BUILD/bin" "$BOX_BUILD/libexec" -perm /6000)" ]
	! command -v getcap >/dev/null || [ -z "$(getcap -r "$BOX_BUILD/bin" "$BOX_BUILD/libexec")" ]
}

@test "A28 nothing of the root folder is loaded or run by box" {
	need strace
	bundle '.process.user = { "uid": 1000, "gid": 1000 }' /bin/busybox true
	mkdir -p "$BUNDLE/rootfs/lib/x86_64-linux-gnu" "$BUNDLE/rootfs/usr/lib"
	for name in libnss_files.so.2 libnss_compat.so.2 libc.so.6 gconv; do echo evil >"$BUNDLE/rootfs/lib/x86_64-linux-gnu/$name"; done
	echo /evil.so >"$BUNDLE/rootfs/etc/ld.so.preload"
	echo "passwd: files" >"$BUNDLE/rootfs/etc/nsswitch.conf"
	timeout 30 strace -f -o trace -e trace=open,openat,openat2,execve box run -b "$BUNDLE" "$TAG" </dev/null
	grep -q 'execve("/bin/busybox"' trace || grep -q 'execve.*busybox' trace || grep -q execveat trace
	# Once the bundle has been read no library is opened any more, by no process; nothing but the program is executed.
	sed '1,/config.json/d' trace >later
	[ -s later ]
	not grep -E 'libnss|ld\.so\.preload|nsswitch|gconv|\.so["./]' later
	not grep -vE 'execve(at)?\((.*"/bin/busybox"|.*memfd|[0-9]+, "")|open|exited|SIGCHLD|resumed|killed' later
	# The control: a dynamic program run in that root opens them.
	grep -q '\.so' trace || strace -f -e trace=openat /bin/true 2>&1 | grep -q '\.so'
}

@test "A30 files of the root folder that never answer" {
	for file in etc/passwd etc/group; do
		bundle '.process.user = { "uid": 1000, "gid": 1000 }' true
		rm "$BUNDLE/rootfs/$file"
		mkfifo "$BUNDLE/rootfs/$file"
		start=$SECONDS
		run timeout 10 box run -b "$BUNDLE" "$TAG" </dev/null
		[ "$status" -ne 124 ] && [ $((SECONDS - start)) -lt 9 ] || fail "$file: it waited"
		rm "$BUNDLE/rootfs/$file"
		touch "$BUNDLE/rootfs/$file"
	done
	bundle . /fifo
	mkfifo -m 755 "$BUNDLE/rootfs/fifo"
	try_create
	[ "$status" -eq 1 ]
	# A source that never answers: a fifo can be bound without being opened.
	mkfifo "$WORK/fifo"
	oci '.mounts += [{ "destination": "/f", "type": "bind", "source": (env.WORK + "/fifo"), "options": ["bind"] }]' sh -c '[ -p /f ] && echo fifo'
	expect_line fifo
}

@test "A31 delete takes nothing that is not box's, however the bundle looks by then" {
	start_container . sleep 1000
	mv "$BUNDLE/rootfs" "$WORK/away"
	ln -s "$H" "$BUNDLE/rootfs"
	box delete --force "$TAG"
	unchanged
	[ -e "$WORK/away/bin/busybox" ]
	# A link in the place of the state folder, of a root who shares it with nobody: not followed.
	mkdir -p "$STATE"
	ln -s "$H" "$STATE/$TAG"
	run box delete --force "$TAG"
	unchanged
	rm -f "$STATE/$TAG"
}
