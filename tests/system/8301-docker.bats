#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# dockerd, with the runtime as one of its runtimes and as the default: everything of docker that ends in a call of the runtime.

load lib
load engines

setup_file() {
	world_needs dockerd containerd tini iptables jq || return 0
	world_begin
	machine_start dk
	docker_start dk '"live-restore": true'
	docker import -c 'ENV PATH=/bin' rootfs.tar base
	docker save -o base.tar base
}
teardown_file() { world_end; }
setup() { test_begin; }
teardown() {
	[ -n "${WORK:-}" ] || return 0
	# shellcheck disable=SC2046
	docker rm -f $(docker ps -aq) >/dev/null 2>&1 || true
}

docker() { docker_on dk "$@"; }
state() { docker inspect -f "{{.State.$2}}" "$1"; }
is() { [ "$(state "$1" "$2")" = "$3" ]; } # is CONTAINER FIELD VALUE

@test "docker knows the runtime" {
	run docker info -f '{{json .Runtimes}} {{.DefaultRuntime}}'
	expect_has '"box":{"path":"'"$WORK/runtime/box" '} box'
	run docker run --rm --runtime no-such base true
	expect_status 125
}

@test "docker load reads what box saves, and box load what docker saves" {
	local image
	BOX_STORE=$WORK/moved "$BOX_BUILD/bin/box" import rootfs.tar acme/moved:1
	BOX_STORE=$WORK/moved "$BOX_BUILD/bin/box" save --format docker-archive acme/moved:1 >moved.tar
	run docker load -i moved.tar
	expect_status 0
	run docker run --rm acme/moved:1 echo fine
	expect_line fine
	docker save acme/moved:1 base >back.tar
	BOX_STORE=$WORK/back "$BOX_BUILD/bin/box" load -i back.tar
	image=$(BOX_STORE=$WORK/back "$BOX_BUILD/bin/box" inspect acme/moved:1 | jq -r '.[0].config')
	[ "$(docker inspect -f '{{.Id}}' acme/moved:1)" = "$image" ]
	docker rmi acme/moved:1
}

@test "a registry: docker, podman and skopeo pull what box pushed, and box what docker and podman pushed" {
	for tool in docker-registry podman skopeo; do command -v $tool >/dev/null || skip "needs the program $tool (scripts/setup test)"; done
	[ -x "$WORK/runtime/real/libexec/box/box-image" ] || skip "needs box as the runtime"
	local box=(on dk env BOX_STORE="$WORK/pushed" "$WORK/runtime/real/bin/box") pod=(on dk podman --events-backend none --storage-driver vfs) image
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /run/registry}}\nhttp: {addr: "127.0.0.1:5000"}\n' >registry.yml
	daemon dk docker-registry serve "$WORK/registry.yml"
	wait_until 10 on dk bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000'
	gzip -c rootfs.tar >rootfs.tar.gz
	"${box[@]}" import rootfs.tar.gz 127.0.0.1:5000/acme/box:1
	"${box[@]}" push -q 127.0.0.1:5000/acme/box:1
	image=$("${box[@]}" inspect 127.0.0.1:5000/acme/box:1 | jq -r '.[0].config')
	docker pull -q 127.0.0.1:5000/acme/box:1
	[ "$(docker inspect -f '{{.Id}}' 127.0.0.1:5000/acme/box:1)" = "$image" ]
	"${pod[@]}" pull -q --tls-verify=false 127.0.0.1:5000/acme/box:1
	[ "sha256:$("${pod[@]}" image inspect -f '{{.Id}}' 127.0.0.1:5000/acme/box:1)" = "$image" ]
	on dk skopeo --insecure-policy copy -q --src-tls-verify=false docker://127.0.0.1:5000/acme/box:1 "oci:$WORK/copy:1"
	[ "$(jq -r '.manifests[0].digest' copy/index.json)" = "$("${box[@]}" inspect 127.0.0.1:5000/acme/box:1 | jq -r '.[0].image')" ]
	# And back: docker's manifests of its own kind, podman's compressed anew.
	docker tag 127.0.0.1:5000/acme/box:1 127.0.0.1:5000/acme/docker:1
	docker push -q 127.0.0.1:5000/acme/docker:1
	"${pod[@]}" push -q --tls-verify=false 127.0.0.1:5000/acme/box:1 127.0.0.1:5000/acme/podman:1
	"${pod[@]}" push -q --tls-verify=false --format v2s2 127.0.0.1:5000/acme/box:1 127.0.0.1:5000/acme/podman:2
	for name in docker:1 podman:1 podman:2; do
		"${box[@]}" pull -q "127.0.0.1:5000/acme/$name"
		"${box[@]}" inspect "127.0.0.1:5000/acme/$name" >inspected
		[ "$(jq -r '.[0].configuration.rootfs.diff_ids[0]' inspected)" = "sha256:$(sha256sum <rootfs.tar | cut -d' ' -f1)" ]
	done
	# The store is a layout that skopeo reads as it is, by the full name.
	on dk skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$WORK/pushed:127.0.0.1:5000/acme/box:1" docker://127.0.0.1:5000/acme/skopeo:1
	"${box[@]}" pull -q 127.0.0.1:5000/acme/skopeo:1
	[ "$("${box[@]}" inspect 127.0.0.1:5000/acme/skopeo:1 | jq -r '.[0].config')" = "$image" ]
}

@test "docker run: the exit code, what it said, and which calls" {
	run docker run --rm base sh -c 'echo out; echo err >&2; exit 42'
	expect_status 42
	expect_line out err
	expect_calls create start delete
	grep -q -- '--root [^ ]*/runtime-runc/moby --log [^ ]*/log.json --log-format json ' calls
	[ "$(echo through | docker run --rm -i base cat)" = through ]
	run docker run --rm --runtime box base true
	expect_status 0
}

@test "docker run: a missing command is 127, one that may not be executed 126, and nothing stays" {
	run docker run --rm base no-such-program
	expect_status 127
	expect_has "no-such-program"
	run docker run --rm base /etc/passwd
	expect_status 126
	run docker ps -aq
	[ -z "$output" ]
}

@test "docker run: limits are in the container's cgroup, and memory beyond them is 137 and OOMKilled" {
	run docker run --rm --memory 64m --pids-limit 33 --cpus 0.5 base sh -c "$LIMITS"
	expect_line "memory 67108864" "pids 33" "cpu 50000 100000"
	run docker run --name oom --memory 32m --memory-swap 32m base dd if=/dev/zero of=/dev/null bs=100M count=1
	expect_status 137
	is oom OOMKilled true
}

@test "docker run: user, folder, environment, host name, mounts, sysctl, capabilities, seccomp, read-only root, init" {
	mkdir -p shared
	echo given >shared/file
	run docker run --rm -u app -w /home/app -e WORD=word -h inside -v "$WORK/shared:/given:ro" -v named:/kept --tmpfs /scratch:size=1m \
		--sysctl net.ipv4.ip_unprivileged_port_start=79 --cap-drop all --security-opt no-new-privileges --read-only --ulimit nofile=123:123 --group-add 2000 \
		--init --device /dev/null:/dev/mine base sh -c 'id -un; id -G; pwd; echo $WORD; hostname; cat /given/file; touch /given/x || echo given is read-only
			touch /x || echo root is read-only; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; grep -E "CapBnd|NoNewPrivs|^Seccomp:" /proc/self/status
			ulimit -n; cat /proc/1/comm; df -k /scratch | tail -1; ls /dev/mine; ls -d /kept'
	expect_status 0
	expect_line app "1000 2000" /home/app word inside given "given is read-only" "root is read-only" 79 $'CapBnd:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2' \
		123 docker-init /dev/mine /kept
	expect_has " 1024 "
	run docker run --rm base sh -c 'mount -t tmpfs tmpfs /tmp || echo refused; cat /proc/kcore | head -c 1 | wc -c; touch /proc/sys/kernel/x || echo masked'
	expect_line refused masked
	# Not --privileged: dockerd gives every capability that the kernel knows, and root on a test host may lack one.
	run docker run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined base sh -c 'mount -t tmpfs tmpfs /tmp && echo mounted; grep Seccomp: /proc/self/status'
	expect_line mounted $'Seccomp:\t0'
}

@test "docker run -it, exec -it and attach have a terminal" {
	run terminal docker run --rm -it base sh -c 'tty; test -t 0 && test -t 1 && test -t 2; echo $?; exit 5'
	expect_status 5
	expect_line /dev/pts/0 0
	grep -q -- '--console-socket' calls
	docker run -d --name web -t base sh -c 'until test -e /tmp/go; do sleep 0.1; done; echo here; exit 6'
	run terminal docker exec -it web sh -c 'tty; exit 8'
	expect_status 8
	expect_has /dev/pts/
	(sleep 1; docker exec web touch /tmp/go) &
	run terminal docker attach web
	expect_status 6
	expect_line here
}

@test "docker exec: exit codes, user, environment, folder, stdin" {
	docker run -d --name web base sleep 1000
	run docker exec -u app -e A=b -w /tmp web sh -c 'id -un; echo $A; pwd; exit 42'
	expect_status 42
	expect_line app b /tmp
	expect_calls exec
	run docker exec web no-such-program
	expect_status 126 # docker 20.10 itself makes no difference here, with any runtime
	expect_has no-such-program
	run docker exec web /etc/passwd
	expect_status 126
	[ "$(echo word | docker exec -i web cat)" = word ]
	run docker exec --privileged web grep CapEff /proc/self/status
	[ "$status" -ne 0 ] || expect_not 00000000a80425fb
	run docker top web
	expect_has "sleep 1000"
	is web Running true
}

@test "docker logs, stop, start, restart, kill, wait, cp, diff, commit" {
	docker run -d --name web base sh -c 'trap "echo got TERM; exit 7" TERM; echo begin; echo made >/made; while :; do sleep 0.1; done'
	wait_until 10 eval 'docker logs web | grep -q begin'
	docker stop web
	is web ExitCode 7
	run docker logs web
	expect_line begin "got TERM"
	docker start web
	docker restart web
	is web Running true
	docker kill web
	[ "$(docker wait web)" = 137 ]
	expect_calls create start kill delete
	docker cp web:/made .
	[ "$(cat made)" = made ]
	run docker diff web
	expect_has "A /made"
	docker commit web made >/dev/null
	[ "$(docker run --rm made cat /made)" = made ]
	docker run -d --name deaf base sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	docker stop -t 1 deaf
	is deaf ExitCode 137
}

@test "docker pause really stops it, and unpause lets it go on" {
	docker run -d --name web base sh -c 'while :; do echo x; sleep 0.05; done'
	wait_until 10 eval 'docker logs web | grep -q x'
	docker pause web
	is web Status paused
	wait_until 20 is_still docker logs web # what it had said is on its way yet
	before=$(docker logs web | wc -l)
	docker unpause web
	wait_until 5 eval '[ $(docker logs web | wc -l) -gt '"$before ]"
	expect_calls pause resume
}

@test "docker stats shows figures, and update changes limits" {
	docker run -d --name web --memory 64m --memory-swap 64m base sh -c 'while :; do :; done'
	run docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPUPerc}}' web
	expect_has "web " "/ 64MiB 1 "
	[ "$(awk '{ print int($NF) }' <<<"$output")" -gt 5 ]
	docker update --memory 96m --memory-swap 96m --cpus 0.25 --pids-limit 44 web
	run docker exec web sh -c "$LIMITS"
	expect_line "memory 100663296" "cpu 25000 100000" "pids 44"
	grep -q 'update --resources - ' calls
}

@test "docker: a health check is healthy, then not" {
	docker run -d --name web --health-cmd 'test ! -e /tmp/ill' --health-interval 500ms --health-retries 1 base sleep 1000
	wait_until 15 is web Health.Status healthy
	docker exec web touch /tmp/ill
	wait_until 15 is web Health.Status unhealthy
	[ "$(grep -c ' exec ' calls)" -ge 3 ]
}

@test "docker: the restart policy" {
	docker run -d --name web --restart on-failure:2 base sh -c 'echo turn; exit 3'
	docker run -d --name always --restart always base sleep 1000
	first=$(state always Pid)
	on dk kill -9 "$first"
	wait_until 20 eval 'is always Running true && ! is always Pid '"$first"
	wait_until 20 eval '[ $(docker logs web | grep -c turn) -eq 3 ] && is web Running false'
	docker inspect -f '{{.RestartCount}}' web | grep -qx 2
}

@test "docker: containers join each other's network, processes and IPC" {
	docker run -d --name one --ipc shareable base sleep 1000
	run docker run --rm --network container:one --pid container:one --ipc container:one base sh -c 'cat /proc/1/comm; readlink /proc/self/ns/net; readlink /proc/self/ns/ipc'
	expect_status 0
	expect_line sleep "$(docker exec one readlink /proc/self/ns/net)" "$(docker exec one readlink /proc/self/ns/ipc)"
	[ "$(docker run --rm --network host base readlink /proc/self/ns/net)" = "$(on dk readlink /proc/self/ns/net)" ]
	[ "$(docker run --rm --network none base ip -o link | wc -l)" -eq 1 ]
}

@test "docker network: names, addresses and a published port" {
	docker network create net >/dev/null
	docker run -d --name server --network net -p 8081:80 base sh -c 'while :; do echo served | nc -l -p 80; done'
	wait_until 10 eval 'on dk nc -w 1 127.0.0.1 8081 </dev/null | grep -q served'
	address=$(docker inspect -f '{{.NetworkSettings.Networks.net.IPAddress}}' server)
	run docker run --rm --network net base sh -c 'nslookup server; nc -w 2 '"$address"' 80 </dev/null'
	expect_has "$address" served
	docker run -d --name other base sleep 1000
	docker network connect net other
	run docker exec other ip -o -4 address
	expect_has " eth0 " " eth1 "
	docker rm -f server other
	docker network rm net
}

@test "docker build: RUN through the runtime, by both builders" {
	mkdir -p build
	printf 'FROM base\nRUN echo built >/built && id -u\nUSER app\nRUN id -un >/tmp/who\nCMD ["cat", "/built", "/tmp/who"]\n' >build/Dockerfile
	run on dk env DOCKER_BUILDKIT=0 DOCKER_CONFIG="$WORK/docker" /usr/bin/docker build --network none -q -t classic build
	expect_status 0
	expect_calls create start delete
	run docker run --rm classic
	expect_line built app
	: >calls
	run on dk env DOCKER_BUILDKIT=1 DOCKER_CONFIG="$WORK/docker" /usr/bin/docker build --network none -q -t kit build
	expect_status 0
	expect_calls run
	run docker run --rm kit
	expect_line built app
	printf 'FROM base\nRUN exit 3\n' >build/Dockerfile
	run on dk env DOCKER_BUILDKIT=1 DOCKER_CONFIG="$WORK/docker" /usr/bin/docker build --network none -q build
	[ "$status" -ne 0 ]
	expect_has "exit code: 3"
}

@test "many at once" {
	for i in 1 2 3 4 5 6; do
		docker run --rm base sh -c "exit $((i + 10))" &
		eval "job$i=$!"
	done
	for i in 1 2 3 4 5 6; do
		job=job$i code=0
		wait "${!job}" || code=$?
		[ $code -eq $((i + 10)) ] || fail "container $i ended with $code"
	done
}

@test "dockerd killed and started again: the container has gone on, and obeys again" {
	docker run -d --name web base sh -c 'trap "exit 7" TERM; while :; do echo x; sleep 0.1; done'
	pid=$(state web Pid)
	on dk sh -c 'kill -9 $(cat /var/run/docker.pid)'
	on dk test -e "/proc/$pid/exe"
	docker_restart dk
	is web Pid "$pid"
	[ "$(docker exec web echo again)" = again ]
	docker stop web
	is web ExitCode 7
}

@test "dockerd with userns-remap: root inside is not root outside" {
	need subids
	machine_start remap
	docker_start remap '"userns-remap": "'$TEST_USER'"'
	docker_on remap load -q -i base.tar
	first=$(sed -n "s/^$TEST_USER:\([0-9]*\):.*/\1/p" /etc/subuid | head -1)
	docker_on remap run -d --name web base sleep 1000
	[ "$(on remap stat -c %u "/proc/$(docker_on remap inspect -f '{{.State.Pid}}' web)")" = "$first" ]
	run docker_on remap exec web sh -c 'id -u; touch /x && stat -c %u /x; exit 42'
	expect_status 42
	expect_line 0
	docker_on remap rm -f web
	machine_kill remap
}
