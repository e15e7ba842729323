#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman drives the runtime: every command of it that ends in a call of one.

load lib
load engines

setup_file() {
	world_needs podman conmon catatonit /usr/lib/podman/netavark || return 0
	world_begin
	machine_start pod
	podman_settings
	podman import -c 'ENV PATH=/bin' rootfs.tar base
	as_ordinary podman import -c 'ENV PATH=/bin' - base <rootfs.tar
}
teardown_file() { world_end; }
setup() { test_begin; }
# No name is made of hexadecimal digits alone: what is not there, or not of that kind, would be an image whose id begins so. They are new in
# every test, so nothing has to wait for a removal; but what a test leaves running must not disturb the next ones.
teardown() {
	[ -n "${WORK:-}" ] || return 0
	case $BATS_TEST_DESCRIPTION in *pod:* | *kube*) podman pod rm -fa -t 0 >/dev/null 2>&1 || true ;; esac
	podman rm -fa -t 0 >/dev/null 2>&1 || true
}

podman() { on pod podman "$@"; }

# Root here may not raise limits if it lacks CAP_SYS_RESOURCE, so podman is told to ask for the limits that are.
podman_settings() {
	printf 'containers:200000:131072\n' >ids
	on pod sh -c 'cat >/etc/containers/containers.conf; cat ids >>/etc/subuid; cat ids >>/etc/subgid' <<-END
		[containers]
		log_driver = "k8s-file"
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=30000:30000"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "box"
		runtime_supports_json = ["box", "crun", "runc"]
		[engine.runtimes]
		box = ["$WORK/runtime/box"]
		[network]
		network_backend = "netavark"
	END
}

as_ordinary() {
	on pod sh -c "mkdir -p -m 700 /run/user/boxtest /var/boxtest; chown $TEST_USER: /run/user/boxtest /var/boxtest"
	on pod setpriv --reuid $TEST_USER --regid $TEST_USER --init-groups --inh-caps=-all env -i -C /var/boxtest HOME=/var/boxtest USER=$TEST_USER \
		PATH=/usr/bin:/bin:/usr/sbin:/sbin XDG_RUNTIME_DIR=/run/user/boxtest TERM=xterm "$@"
}

is_running() { [ "$(podman inspect -f '{{.State.Running}}' "$1")" = true ]; }
# podman has cleared up behind it, which it does in a process of its own: before that it takes it for running, or finds its layers unmounted.
is_exited() { [ "$(podman inspect -f '{{.State.Status}}' "$1")" = exited ]; }
health() { podman inspect -f '{{.State.Health.Status}}' "$1" 2>/dev/null; }

@test "podman run: the exit code, what it said, and which calls" {
	run podman run --rm base sh -c 'echo out; echo err >&2; exit 42'
	expect_status 42
	expect_line out err
	expect_calls create start delete
	grep -q -- '--log-format=json' calls
	[ "$(echo through | podman run --rm -i base cat)" = through ]
}

@test "podman run: a missing command is 127, one that may not be executed 126, and nothing stays" {
	run podman run --rm base no-such-program
	expect_status 127
	run podman run --rm base /no/such/program
	expect_status 127
	run podman run --rm base /etc/passwd
	expect_status 126
	run podman ps -aq
	[ -z "$output" ]
}

@test "podman run: limits are in the container's cgroup, and memory beyond them is 137" {
	run podman run --rm --memory 64m --pids-limit 33 --cpus 0.5 base sh -c "$LIMITS"
	expect_status 0
	expect_line "memory 67108864" "pids 33" "cpu 50000 100000"
	# Not .State.OOMKilled: conmon 2.1.6 misses it with cgroup v1, under runc too.
	run podman run --rm --memory 32m --memory-swap 32m base dd if=/dev/zero of=/dev/null bs=100M count=1
	expect_status 137
}

@test "podman run: user, folder, environment, host name, mounts, sysctl, capabilities, read-only root" {
	mkdir -p shared
	echo given >shared/file
	run podman run --rm -u app -w /home/app -e WORD=word -h inside -v "$WORK/shared:/given:ro" --tmpfs /scratch:size=1m --sysctl net.ipv4.ip_forward=1 \
		--cap-drop all --security-opt no-new-privileges --read-only --ulimit nofile=123:123 --ulimit nproc=30000:30000 --add-host name:1.2.3.4 base sh -c 'id -un; pwd; echo $WORD; hostname
			cat /given/file; touch /given/x || echo given is read-only; touch /x || echo root is read-only; touch /scratch/x && df -k /scratch | tail -1
			cat /proc/sys/net/ipv4/ip_forward; grep -E "CapBnd|NoNewPrivs|^Seccomp:" /proc/self/status; ulimit -n; grep 1.2.3.4 /etc/hosts; cat /proc/sys/kernel/version >/dev/null'
	expect_status 0
	expect_line app /home/app word inside given "given is read-only" "root is read-only" 1 $'CapBnd:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2' 123
	expect_has " 1024 "
	run podman run --rm --privileged base sh -c 'mount -t tmpfs tmpfs /tmp && grep Seccomp: /proc/self/status; ls /dev/full'
	expect_status 0
	expect_line $'Seccomp:\t0' /dev/full
	run podman run --rm --device /dev/null:/dev/mine --init base sh -c 'ls /dev/mine; cat /proc/1/comm; mount -t tmpfs tmpfs /tmp || echo refused'
	expect_line /dev/mine podman-init refused
}

@test "podman run -it and exec -it give a terminal" {
	run terminal podman run --rm -it base sh -c 'tty; test -t 0 && test -t 1 && test -t 2; echo $?; exit 5'
	expect_status 5
	expect_line /dev/pts/0 0
	podman run -d --name web base sleep 1000
	run terminal podman exec -it web sh -c 'test -t 0 && test -t 1; echo $?; tty'
	expect_line 0
	expect_has /dev/pts/
	expect_calls exec
	grep -q -- '--console-socket' calls
	run podman exec web sh -c 'test -t 1 || echo no terminal'
	expect_line "no terminal"
}

@test "podman exec: exit codes, user, environment, folder, stdin" {
	podman run -d --name web base sleep 1000
	run podman exec -u app -e A=b -w /tmp web sh -c 'id -un; echo $A; pwd; exit 42'
	expect_status 42
	expect_line app b /tmp
	run podman exec web no-such-program
	expect_status 127
	run podman exec web /etc/passwd
	expect_status 126
	[ "$(echo word | podman exec -i web cat)" = word ]
	podman exec -d web sh -c 'echo detached >/tmp/sign'
	wait_until 10 podman exec web test -s /tmp/sign
	[ "$(podman exec web readlink /proc/1/ns/pid)" = "$(podman exec web readlink /proc/self/ns/pid)" ]
	run podman top web pid comm
	expect_has sleep
}

@test "podman logs, stop, start, restart, kill and wait" {
	podman run -d --name web base sh -c 'trap "echo got TERM; exit 7" TERM; echo begin; while :; do sleep 0.1; done'
	wait_until 10 eval 'podman logs web | grep -q begin'
	podman stop -t 10 web
	[ "$(podman inspect -f '{{.State.ExitCode}}' web)" = 7 ]
	wait_until 10 eval 'podman logs web | grep -qx "got TERM"'
	has_begun() { [ "$(podman logs web | grep -c begin)" -eq "$1" ]; }
	podman start web
	wait_until 10 has_begun 2
	podman restart -t 10 web
	wait_until 10 has_begun 3
	is_running web
	podman kill -s KILL web
	[ "$(podman wait web)" = 137 ]
	expect_calls kill start create
	wait_until 10 is_exited web
	run podman kill web
	[ "$status" -ne 0 ]
	podman rm web
	run podman inspect web
	[ "$status" -ne 0 ]
}

@test "podman stop kills what ignores TERM" {
	podman run -d --name web base sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	podman stop -t 1 web
	[ "$(podman inspect -f '{{.State.ExitCode}}' web)" = 137 ]
}

@test "podman pause really stops it, and unpause lets it go on" {
	podman run -d --name web base sh -c 'while :; do echo x; sleep 0.05; done'
	wait_until 10 eval 'podman logs web | grep -q x'
	podman pause web
	[ "$(podman inspect -f '{{.State.Status}}' web)" = paused ]
	wait_until 20 is_still podman logs web # what it had said is on its way yet
	before=$(podman logs web | wc -l)
	run podman exec web true
	[ "$status" -ne 0 ]
	podman unpause web
	wait_until 5 eval '[ $(podman logs web | wc -l) -gt '"$before ]"
	expect_calls pause resume
}

@test "podman stats shows figures, and update changes limits" {
	podman run -d --name web --memory 64m base sh -c 'while :; do :; done'
	sleep 0.5
	run podman stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPUNano}}' web
	expect_status 0
	expect_has "web " "67.11MB 1 "
	[ "$(awk '{ print $NF }' <<<"$output")" -gt 1000000 ]
	podman update --memory 48m --cpus 0.25 web
	run podman exec web sh -c "$LIMITS"
	expect_line "memory 50331648" "cpu 25000 100000"
	expect_calls update
}

@test "podman: a health check is healthy, then not" {
	podman run -d --name web --health-cmd 'test -e /tmp/well' --health-retries 1 --health-interval disable base sh -c 'touch /tmp/well; sleep 1000'
	wait_until 10 podman exec web test -e /tmp/well
	run podman healthcheck run web
	expect_status 0
	[ "$(health web)" = healthy ]
	podman exec web rm /tmp/well
	run podman healthcheck run web
	expect_status 1
	[ "$(health web)" = unhealthy ]
}

@test "podman: the restart policy" {
	podman run -d --name web --restart on-failure:2 base sh -c 'echo turn; exit 3'
	wait_until 20 eval '[ $(podman logs web | grep -c turn) -eq 3 ] && is_exited web'
	sleep 0.5
	[ "$(podman logs web | grep -c turn)" -eq 3 ]
	podman run -d --name always --restart always base sleep 1000
	first=$(podman inspect -f '{{.State.Pid}}' always)
	on pod kill -9 "$first"
	wait_until 20 eval 'is_running always && [ $(podman inspect -f "{{.State.Pid}}" always) != '"$first ]"
}

@test "podman init, create, start -a, commit, cp and diff" {
	podman create --name web base sh -c 'echo made >/made; exit 9'
	podman init web
	[ "$(podman inspect -f '{{.State.Status}}' web)" = initialized ]
	run podman start -a web
	expect_status 9
	wait_until 10 is_exited web
	podman cp web:/made .
	[ "$(cat made)" = made ]
	run podman diff web
	expect_has "A /made"
	podman commit -q web made
	[ "$(podman run --rm made cat /made)" = made ]
}

@test "podman pod: containers share network, IPC and host name, and stop, pause and end together" {
	podman pod create --name p --hostname together
	podman run -d --pod p --name a base sh -c 'echo hello | nc -l -p 8080; sleep 1000'
	run podman run --rm --pod p base sh -c 'hostname; until nc 127.0.0.1 8080 </dev/null; do sleep 0.1; done; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; readlink /proc/self/ns/pid'
	expect_status 0
	expect_line together hello "$(podman exec a readlink /proc/self/ns/net)" "$(podman exec a readlink /proc/self/ns/ipc)"
	expect_not "$(podman exec a readlink /proc/self/ns/pid)"
	podman pod pause p
	[ "$(podman inspect -f '{{.State.Status}}' a)" = paused ]
	podman pod unpause p
	run podman pod stats --no-stream p
	expect_has kB
	run podman pod top p
	expect_has sleep
	podman pod kill p
	wait_until 5 is_exited a
	podman pod start p
	wait_until 5 is_running a
	podman pod rm -f -t 0 p
	run podman ps -aq
	[ -z "$output" ]
}

@test "podman kube play: a pod of two containers with a volume and limits" {
	# No init container: podman 4.3 waits 20 s for its end with any runtime, and then may fail to remove it.
	cat >pod.yaml <<-'END'
		apiVersion: v1
		kind: Pod
		metadata: {name: kube}
		spec:
		  volumes: [{name: shared, emptyDir: {}}]
		  containers:
		  - name: one
		    image: localhost/base:latest
		    command: [sh, -c, "until cat /shared/ready; do sleep 0.1; done; sleep 1000"]
		    env: [{name: WORD, value: kube}]
		    resources: {limits: {memory: 64Mi}}
		    volumeMounts: [{name: shared, mountPath: /shared}]
		  - name: two
		    image: localhost/base:latest
		    command: [sh, -c, "echo ready >/shared/ready; sleep 1000"]
		    securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
		    volumeMounts: [{name: shared, mountPath: /shared}]
	END
	podman kube play pod.yaml
	wait_until 10 eval 'podman logs kube-one | grep -q ready'
	run podman exec kube-one sh -c "echo \$WORD; $LIMITS"
	expect_line kube "memory 67108864"
	run podman exec kube-two sh -c 'grep CapBnd /proc/self/status; touch /x || echo read-only'
	expect_line $'CapBnd:\t0000000000000000' read-only
	podman kube down pod.yaml
	run podman ps -aq
	[ -z "$output" ]
}

@test "podman network: names, addresses and a published port" {
	podman network create net >/dev/null
	podman run -d --name server --network net -p 8081:80 base sh -c 'while :; do echo served | nc -l -p 80; done'
	wait_until 10 eval 'on pod nc -w 1 127.0.0.1 8081 </dev/null | grep -q served'
	address=$(podman inspect -f '{{.NetworkSettings.Networks.net.IPAddress}}' server)
	wait_until 10 eval "on pod nc -w 1 $address 80 </dev/null | grep -q served"
	run podman run --rm --network net base nslookup server
	expect_has "$address"
	run podman run --rm --network none base ip -o link
	[ "$(wc -l <<<"$output")" -eq 1 ]
	[ "$(podman run --rm --network host base readlink /proc/self/ns/net)" = "$(on pod readlink /proc/self/ns/net)" ]
	podman rm -f -t 0 server >/dev/null
	podman network rm net
}

@test "podman --uidmap and --userns auto: root inside is not root outside" {
	run podman run --rm --uidmap 0:300000:5000 --gidmap 0:300000:5000 base sh -c 'cat /proc/self/uid_map; id -u; touch /x && stat -c %u /x /etc/passwd'
	expect_status 0
	expect_has "    300000       5000"
	expect_line 0
	run podman run --rm --userns auto:size=3000 base sh -c 'cat /proc/self/uid_map'
	expect_status 0
	expect_has "     200000       3000"
	podman run -d --name web --uidmap 0:300000:5000 base sleep 1000
	[ "$(on pod stat -c %u "/proc/$(podman inspect -f '{{.State.Pid}}' web)")" = 300000 ]
	[ "$(podman exec web id -u)" = 0 ]
}

@test "podman build: RUN through the runtime" {
	mkdir -p build
	printf 'FROM base\nRUN echo built >/built && id -u\nUSER app\nRUN id -un >/tmp/who\nCMD ["cat", "/built", "/tmp/who"]\n' >build/Containerfile
	run podman build --isolation oci -q -t built build
	expect_status 0
	expect_calls create start delete
	run podman run --rm built
	expect_line built app
	printf 'FROM base\nRUN exit 3\n' >build/Containerfile
	run podman build --isolation oci build
	[ "$status" -ne 0 ]
	expect_has "exit status 3"
}

@test "podman without root: run, exec, logs, stop, maps, keep-id" {
	need subids
	run as_ordinary podman run --rm --network none base sh -c 'id -u; awk "{ print \$1, \$3 }" /proc/self/uid_map; exit 42'
	expect_status 42
	expect_line 0 "0 1" "1 65536"
	expect_calls create start delete
	run as_ordinary podman run --rm --network none base no-such-program
	expect_status 127
	run as_ordinary podman run --rm --network none --userns keep-id base id -u
	expect_line "$(id -u $TEST_USER)"
	as_ordinary podman run -d --name mine --network none base sh -c 'trap "exit 7" TERM; echo begin; while :; do sleep 0.1; done'
	wait_until 10 eval 'as_ordinary podman logs mine | grep -q begin'
	run as_ordinary podman exec mine sh -c 'exit 23'
	expect_status 23
	run terminal as_ordinary podman exec -it mine tty
	expect_has /dev/pts/
	[ "$(on pod stat -c %U "/proc/$(as_ordinary podman inspect -f '{{.State.Pid}}' mine)")" = $TEST_USER ]
	as_ordinary podman stop mine
	[ "$(as_ordinary podman inspect -f '{{.State.ExitCode}}' mine)" = 7 ]
	as_ordinary podman rm mine
}

@test "podman without root: a network by slirp4netns with a published port, a pod, a build" {
	need subids slirp4netns
	as_ordinary podman run -d --name server -p 8082:80 base sh -c 'while :; do echo served | nc -l -p 80; done'
	wait_until 10 eval 'on pod nc -w 1 127.0.0.1 8082 </dev/null | grep -q served'
	as_ordinary podman rm -f -t 0 server
	as_ordinary podman pod create --name p --network none
	run as_ordinary podman run --rm --pod p base sh -c 'exit 4'
	expect_status 4
	as_ordinary podman pod rm -f -t 0 p
	as_ordinary sh -c 'mkdir -p build; printf "FROM base\nRUN echo built >/built\n" >build/Containerfile; podman build --isolation oci --network none -q -t built build; podman run --rm --network none built cat /built' >out
	grep -qx built out
}
