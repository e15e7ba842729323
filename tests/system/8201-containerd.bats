#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd drives the runtime through its shim io.containerd.runc.v2: every verb of a task, and the calls of it.

load lib
load engines

setup_file() {
	world_needs containerd ctr jq || return 0
	world_begin
	machine_start ct
	cat >containerd.toml <<-'END'
		version = 2
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
	END
	daemon ct containerd -c "$WORK/containerd.toml"
	wait_until 20 ctr version
	docker_archive rootfs.tar image.tar docker.io/library/base:1
	ctr image import image.tar
}
teardown_file() { world_end; }
setup() {
	test_begin
	id=c$BATS_TEST_NUMBER
}
teardown() {
	[ -n "${WORK:-}" ] && [ -n "${id:-}" ] || return 0
	ctr task rm -f "$id" >/dev/null 2>&1 || true
	ctr container rm "$id" >/dev/null 2>&1 || true
}

ctr() { on ct ctr -n eng "$@"; }
# ctr_run [OPTIONS…] IMAGE ID COMMAND…: with the runtime under test.
ctr_run() { ctr run --runtime io.containerd.runc.v2 --runc-binary "$WORK/runtime/box" "$@"; }
start_app() { ctr_run -d "$@"; }
app_pid() { ctr task ls | awk -v id="$id" '$1 == id { print $2 }'; }
is_stopped() { [ "$(ctr task ls | awk -v id="${1:-$id}" '$1 == id { print $3 }')" = STOPPED ]; }
image=docker.io/library/base:1

@test "ctr run: the exit code, what it said, and which calls with which log" {
	run ctr_run --rm $image $id sh -c 'echo out; echo err >&2; exit 42'
	expect_status 42
	expect_line out err
	expect_calls create start delete
	grep -qE -- "--root /run/containerd/runc/eng --log [^ ]*/log.json --log-format json create --bundle [^ ]* --pid-file [^ ]*/init.pid $id\$" calls
}

@test "ctr run: a missing command and one that may not be executed are errors with a reason, and nothing stays" {
	run ctr_run --rm $image $id no-such-program
	[ "$status" -ne 0 ]
	expect_has "no-such-program" "not found"
	run ctr_run --rm $image $id /etc/passwd
	[ "$status" -ne 0 ]
	expect_has "ermission denied"
	run ctr task ls -q
	expect_not "$id"
	run ctr container ls -q
	expect_not "$id"
}

@test "ctr run -t and task exec -t give a terminal" {
	run terminal ctr_run --rm -t $image $id sh -c 'tty; test -t 0 && test -t 1 && test -t 2; echo $?; exit 5'
	expect_line /dev/pts/0 0
	grep -q -- '--console-socket' calls
	start_app $image $id sleep 1000
	run terminal ctr task exec -t --exec-id e $id tty
	expect_has /dev/pts/
}

@test "ctr task exec: exit codes, stdin, user, folder" {
	start_app $image $id sleep 1000
	# containerd's client can let go of the output of what ends at the moment in which it has started.
	run ctr task exec --exec-id a $id sh -c 'echo inside; sleep 1; exit 42'
	expect_status 42
	expect_line inside
	expect_calls exec
	[ "$(echo word | ctr task exec --exec-id b $id cat)" = word ]
	run ctr task exec --exec-id c --user 1000:1000 --cwd /tmp $id sh -c 'id -u; pwd; sleep 1'
	expect_line 1000 /tmp
	run ctr task exec --exec-id d $id no-such-program
	[ "$status" -ne 0 ]
	expect_has no-such-program
	run ctr task exec --exec-id f $id true # the container is as before
	expect_status 0
}

@test "ctr task kill, ps, wait for its end, delete" {
	start_app $image $id sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
	run ctr task ps $id
	expect_has "$(app_pid)"
	expect_calls ps
	ctr task kill -s TERM $id
	wait_until 10 is_stopped
	run ctr task kill $id
	[ "$status" -ne 0 ]
	run ctr task rm $id
	expect_has "exit code 7"
	expect_calls kill delete
	start_app $image again sh -c 'trap "" TERM; sleep 1000'
	ctr task kill -s KILL again
	wait_until 10 is_stopped again
	run ctr task rm again
	ctr container rm again
	expect_has "exit code 137"
}

@test "ctr task kill --all ends every process" {
	start_app --pid-file pid $image $id sh -c 'sleep 2000 & sleep 2001 & wait'
	wait_until 5 eval '[ "$(ctr task ps $id | wc -l)" -eq 4 ]'
	ctr task kill --all -s KILL $id
	wait_until 10 is_stopped
	grep -qE 'kill (--all|-a) ' calls
}

@test "ctr task pause really stops it, and resume lets it go on" {
	mkdir -p out
	start_app --mount "type=bind,src=$WORK/out,dst=/out,options=rbind:rw" $image $id sh -c 'while :; do echo x >>/out/file; sleep 0.05; done'
	wait_until 10 test -s out/file
	ctr task pause $id
	[ "$(ctr task ls | awk -v id=$id '$1 == id { print $3 }')" = PAUSED ]
	before=$(wc -l <out/file)
	sleep 0.5
	[ "$(wc -l <out/file)" -eq "$before" ]
	ctr task resume $id
	wait_until 5 eval '[ $(wc -l <out/file) -gt '"$before ]"
	expect_calls pause resume
}

@test "limits: memory, cpu; the figures of the task" {
	start_app --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 $image $id sh -c 'while :; do :; done'
	grep -rqs 67108864 /sys/fs/cgroup/memory/"$TAG-ct"/eng/$id/memory.limit_in_bytes /sys/fs/cgroup/"$TAG-ct"/eng/$id/memory.max
	sleep 0.5
	run ctr task metrics --format json $id
	expect_status 0
	[ "$(jq '.memory.usage.limit // .memory.usage_limit | tonumber' <<<"$output")" = 67108864 ]
	[ "$(jq '.cpu.usage.total // .cpu.usage_usec | tonumber' <<<"$output")" -gt 100000 ]
	start_app --memory-limit 33554432 $image oom sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=1'
	wait_until 10 is_stopped oom
	run ctr task rm oom
	ctr container rm oom
	expect_has "exit code 137"
}

@test "ctr run: environment, folder, mounts, capabilities, seccomp, read-only root, namespaces" {
	mkdir -p given
	echo given >given/file
	run ctr_run --rm --env WORD=word --cwd /tmp --cap-drop CAP_CHOWN --read-only --seccomp \
		--mount "type=bind,src=$WORK/given,dst=/given,options=rbind:ro" $image $id \
		sh -c 'echo $WORD; pwd; cat /given/file; touch /given/x || echo given is read-only; touch /tmp/x || echo root is read-only; grep -E "^Seccomp:|CapBnd|NoNewPrivs" /proc/self/status'
	expect_status 0
	expect_line word /tmp given "given is read-only" "root is read-only" $'NoNewPrivs:\t1' $'Seccomp:\t2' $'CapBnd:\t00000000a80425fa'
	run ctr_run --rm --privileged --rootfs-propagation rslave $image priv sh -c 'mount -t tmpfs tmpfs /tmp && echo mounted'
	[ "$status" -ne 0 ] || expect_line mounted # without CAP_SYS_RESOURCE the runtime refuses: it may not give what root lacks
	run ctr_run --rm --net-host $image net readlink /proc/self/ns/net
	expect_line "$(on ct readlink /proc/self/ns/net)"
	start_app $image $id sleep 1000
	run ctr_run --rm --with-ns "pid:/proc/$(app_pid)/ns/pid" --with-ns "network:/proc/$(app_pid)/ns/net" $image joined \
		sh -c 'cat /proc/1/comm; readlink /proc/self/ns/net'
	expect_line sleep "$(on ct readlink "/proc/$(app_pid)/ns/net")"
}

@test "ctr run --uidmap: root inside is not root outside" {
	run ctr_run --rm --uidmap 0:300000:5000 --gidmap 0:300000:5000 --remap-labels $image $id sh -c 'cat /proc/self/uid_map; id -u'
	expect_status 0
	expect_has "    300000       5000"
	expect_line 0
}

@test "a config.json of one's own (ctr run --config)" {
	start_app $image $id sleep 1000
	ctr container info $id | jq '.Spec | .process.args = ["sh", "-c", "hostname; ulimit -n; exit 9"] | .hostname = "mine" | .process.rlimits = [{"type": "RLIMIT_NOFILE", "hard": 99, "soft": 99}]
		| .linux.cgroupsPath = "/eng/own"' >config.json
	mkdir -p root
	tar -C root -xf rootfs.tar
	jq ".root.path = \"$WORK/root\"" config.json >own.json
	run ctr_run --rm --config own.json own
	expect_status 9
	expect_line mine 99
}

@test "a killed shim: containerd deletes what is left" {
	start_app $image $id sleep 1000
	pid=$(app_pid)
	on ct sh -c "kill -9 \$(awk '/^PPid/ { print \$2 }' /proc/$pid/status)"
	wait_until 20 grep -qE "delete --force $id" calls
	wait_until 10 eval "! on ct test -e /proc/$pid/exe"
	run ctr task ls -q
	expect_not "$id"
}

@test "many at once" {
	for i in 1 2 3 4 5 6; do
		ctr_run --rm $image many$i sh -c "exit $((i + 10))" &
		eval "job$i=$!"
	done
	for i in 1 2 3 4 5 6; do
		job=job$i code=0
		wait "${!job}" || code=$?
		[ $code -eq $((i + 10)) ] || fail "container $i ended with $code"
	done
	run ctr task ls -q
	[ -z "$output" ]
}
