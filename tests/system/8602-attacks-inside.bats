#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The known attacks on runtimes (docs/attacks-coverage.md), second part: what a container can do from inside, once it runs. Each has its
# control: the same attempt where the protection is taken away by hand.

load lib
load oci
setup() {
	setup_oci
	canary
	export H WORK
	EVERY='.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_MKNOD"])'
}
teardown() { teardown_oci; }

# A program that is kept open while it runs and written to once it has ended (while it runs the kernel says "text file busy").
HOLD='echo >/ready
	while :; do
		for exe in /proc/[0-9]*/exe; do
			name=$(readlink "$exe") || continue
			case $name in /bin/*) continue ;; esac
			( exec 9<"$exe"; echo "$name" >>/held; sleep 0.3; echo x >>/proc/self/fd/9 && echo "$name" >>/overwritten; echo >>/tried ) &
		done
	done 2>/dev/null'

@test "A01 a program that a container holds open is not overwritten after its end" {
	need nsenter
	sha256sum "$BOX" >before
	start_container "$EVERY | .linux.resources = {} | .process.noNewPrivileges = false" sh -c "$HOLD" || fail "$(cat out)"
	wait_until 5 test -s "$BUNDLE/rootfs/ready"
	for i in $(seq 1000); do
		timeout 10 box exec "$TAG" true >/dev/null 2>&1 || true
		[ "$i" -lt 50 ] || [ ! -s "$BUNDLE/rootfs/held" ] || break
	done
	[ ! -s "$BUNDLE/rootfs/held" ] || wait_until 20 eval '[ "$(wc -l <"$BUNDLE/rootfs/tried")" -ge '"$(wc -l <"$BUNDLE/rootfs/held")"' ]'
	grep -qE '^(/box|/memfd:box)' "$BUNDLE/rootfs/held" || fail "it never held box: this shows nothing"
	[ ! -e "$BUNDLE/rootfs/overwritten" ] || fail "overwritten: $(sort "$BUNDLE/rootfs/overwritten" | uniq -c)"
	sha256sum -c before
	# The control: a program of the host's that enters as it is.
	mkdir plain
	cp "$BUNDLE/rootfs/bin/busybox" plain/busybox
	sha256sum plain/busybox >plain.before
	for _ in $(seq 100); do
		nsenter -t "$(oci_pid)" -p "$WORK/plain/busybox" sleep 0.1 </dev/null
		sha256sum --status -c plain.before || break
	done
	not sha256sum --status -c plain.before
}

# Everything in /sys/fs/cgroup that would be a way out: groups, processes, the agent that the kernel starts. Values are put back as they are.
CGROUP='for d in /sys/fs/cgroup /sys/fs/cgroup/*; do
		mkdir $d/x && echo "made $d" && rmdir $d/x
		echo $$ >$d/cgroup.procs && echo "moved $d"
		v=$(cat $d/release_agent) && echo "$v" >$d/release_agent && echo "agent $d"
	done 2>/dev/null
	echo end'

@test "A12 the cgroup file system is read-only inside, with the container's view and with the host's" {
	for filter in . '.linux.namespaces |= map(select(.type != "cgroup"))'; do
		oci "$EVERY | $filter" sh -c "$CGROUP"
		expect_line end
		expect_not "made " "moved " "agent "
	done
	run_app '"command": ["sh", "-c", "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $$d/x && echo made; echo $$$$ >$$d/cgroup.procs && echo moved; done 2>/dev/null; echo end"]'
	expect_line end
	expect_not made moved
	# The control: mounted to be written.
	oci "$EVERY | .mounts |= map(if .type == \"cgroup\" then .options -= [\"ro\"] else . end)" sh -c "$CGROUP"
	expect_has "made "
}

@test "A14 an OCI container cannot type into the terminal that the engine left as its stdin" {
	need script
	grep -qx 1 /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || skip "needs sysctl dev.tty.legacy_tiocsti=1: elsewhere the kernel refuses everybody"
	bundle . probe tiocsti
	run script -qec "'$BOX' --root '$STATE' run -b '$BUNDLE' $TAG" /dev/null </dev/null
	output=$(tr -d '\r\b' <<<"$output" | sed 's/^^@//')
	expect_fact tiocsti EPERM
	expect_fact tiocsti.bit32 EPERM
	# The control: at a terminal that is its own.
	run script -qec "'$PROBE' tiocsti" /dev/null </dev/null
	expect_has "tiocsti ok" # behind the "x" that it typed
}

# image_with JQ: image.tar, the test root with that in its configuration.
image_with() {
	local sum
	cp "$ROOTFS" layer.tar
	sum=$(sha256sum <layer.tar)
	jq -n --arg id "sha256:${sum%% *}" '{ architecture: env.OWN_ARCHITECTURE, os: "linux", config: { Env: ["PATH=/bin"] }, rootfs: { type: "layers", diff_ids: [$id] } } | '"$1" >config.json
	echo '[{"Config": "config.json", "RepoTags": ["hostile:1"], "Layers": ["layer.tar"]}]' >manifest.json
	tar -cf image.tar manifest.json config.json layer.tar
}

@test "A20 labels and annotations of an image steer nothing" {
	need tar
	n=0
	labels='{ "run.oci.seccomp_fail_unknown_syscall": "1", "run.oci.systemd.subgroup": "x", "run.oci.hooks.stdout": (env.H + "/new"), "run.oci.keep_original_groups": "1",
		"box.log.driver": "exec:///bin/touch", "io.box.network": "host", "org.systemd.property.CPUWeight": "uint64 1", "io.kubernetes.cri-o.userns-mode": "host",
		"devices": "/dev/vda", "box.cap_add": "ALL" }'
	command='"command": ["sh", "-c", "grep -E \"^(Cap|Seccomp|NoNewPrivs)\" /proc/self/status; cat /proc/self/uid_map | wc -l; ls /dev /sys/class/net; ls /proc/self/fd | wc -l"]'
	for config in . ".config.Labels = $labels | .annotations = $labels"; do
		image_with "$config"
		printf '{"name": "%s", "image": "docker-archive:%s", %s}' "$TAG" "$WORK/image.tar" "$command" >app.json
		run timeout 30 box run app.json
		expect_status 0
		unchanged
		echo "$output" >"said.$((n++))"
	done
	diff said.0 said.1
	[ -s said.0 ]
	# The control: where the engine writes it, it is obeyed.
	seccomp='.linux.seccomp = { "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{ "names": ["no_such_call"], "action": "SCMP_ACT_ERRNO" }] }'
	oci "$seccomp" true
	expect_status 0
	refused "$seccomp | .annotations = { \"run.oci.seccomp_fail_unknown_syscall\": \"1\" }" true
}

@test "A21 what tells about the host is empty, by whatever path it is reached" {
	read='for root in "" /proc/1/root /proc/self/root /proc/thread-self/root; do for p in /proc/kcore /proc/keys /proc/key-users /proc/timer_list /proc/interrupts /proc/latency_stats; do
		[ -z "$(head -c 20 $root$p 2>/dev/null | tr -d "\0")" ] || echo "told $root$p"; done
		ls $root/sys/firmware/* $root/sys/devices/virtual/powercap/* $root/proc/acpi/* $root/proc/scsi/* $root/proc/asound/* 2>/dev/null | sed "s/^/told /"; done; echo end'
	app "$(jq -n --arg read "${read//\$/\$\$}" '{ command: ["sh", "-c", $read] } | tostring | .[1:-1]' -r)"
	run timeout 20 box run app.json
	expect_line end
	expect_not told
	# The control: without masks.
	oci 'del(.linux.maskedPaths)' sh -c "$read"
	expect_has "told /proc/keys" "told /proc/interrupts"
}

@test "A22 a device node that the root folder brings is not opened, also after update" {
	disk=$(lsblk -dnpo NAME,MAJ:MIN 2>/dev/null | awk '$2 !~ /^(1|7|11):/ { print $2; exit }')
	[ -n "$disk" ] || skip "needs a disk"
	bundle
	mknod "$BUNDLE/rootfs/disk" b "${disk%:*}" "${disk#*:}"
	# Made it can be, as with runc, where the capability was given; a node that does not open is of no use.
	try="head -c 1 /disk >/dev/null && echo opened; rm -f /mine; mknod /mine b ${disk/:/ } && head -c 1 /mine >/dev/null && echo opened too; echo end"
	start_container "$EVERY" sleep 1000
	for change in "" "--pids-limit 100" "--memory 100m"; do
		# shellcheck disable=SC2086
		[ -z "$change" ] || box update $change "$TAG"
		run timeout 10 box exec "$TAG" sh -c "$try"
		expect_line end
		expect_not opened
	done
	box delete --force "$TAG"
	# The control: with the rule that lets it.
	oci "$EVERY"' | .linux.resources.devices += [{ "allow": true, "access": "rm" }]' sh -c "$try"
	expect_line opened "opened too"
}

@test "A23 what a container mounts stays in it" {
	mkdir vol
	start_container "$EVERY"' | .mounts += [{ "destination": "/v", "type": "bind", "source": (env.WORK + "/vol"), "options": ["rbind"] }]' \
		sh -c 'mkdir /v/in /m; mount -t tmpfs t /v/in; mount -t tmpfs t /m; mount -t tmpfs t /tmp; echo x >/v/in/file; echo >/ready; sleep 1000'
	wait_until 5 test -e "$BUNDLE/rootfs/ready"
	[ ! -e vol/in/file ]
	[ -z "$(left_mounts)" ] || fail "the host sees $(left_mounts)"
	# The control: they were made.
	grep -q ' /v/in ' "/proc/$(oci_pid)/mountinfo"
	grep -q ' /m ' "/proc/$(oci_pid)/mountinfo"
}

@test "A31 the writable layer of an app that left links and mount points to the host is removed without following them" {
	chmod 700 "$H"
	snapshot "$H" >before
	app '"volumes": [{"type": "bind", "source": "'"$H"'", "target": "/h", "read_only": true}], "command": ["sh", "-c",
		"mkdir -p /d/e; ln -s '"$H"' /l; ln -s /h /d/h; ln -s ../../../../../../../..'"$H"' /d/e/up; ln -s '"$H"'/marker /d/file; rm -rf /var; ln -s '"$H"' /var; echo done"]'
	run timeout 20 box run app.json
	expect_line "done"
	unchanged
	[ -z "$(find "$BOX_STORE/containers" -mindepth 1 -maxdepth 1 -name "$TAG*")" ]
	# A folder of the store that somebody has exchanged for a link is not followed either.
	mkdir -p "$BOX_STORE/containers"
	ln -s "$H" "$BOX_STORE/containers/$TAG-gone"
	run timeout 20 box run app.json
	unchanged
	rm -f "$BOX_STORE/containers/$TAG-gone"
}
