#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build inside somebody else's container, as docker run and podman run make it by default: where CI jobs run.

load lib
load engines

setup_file() {
	world_needs dockerd containerd docker-registry podman conmon ldd || return 0
	world_begin
	machine_start ci
	docker_start ci
	on ci sh -c 'cat >/etc/containers/containers.conf' <<-END
		[containers]
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=30000:30000"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "box"
		[network]
		network_backend = "netavark"
		[engine.runtimes]
		box = ["$WORK/runtime/box"]
	END
	make_job_image
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: /run/registry}}\nhttp: {addr: "127.0.0.1:5000"}\n' >registry.yml
	daemon ci docker-registry serve "$WORK/registry.yml"
	wait_until 10 on ci bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000'
	outside import rootfs.tar 127.0.0.1:5000/base:1 >/dev/null
	outside push -q 127.0.0.1:5000/base:1
	make_context
	FULL=$(K=canary-4814 outside build -q --secret id=k,env=K ctx) || return 1
	export FULL
}
teardown_file() { world_end; }
setup() { test_begin; }

# box on the machine itself, with all namespaces.
outside() { on ci env BOX_STORE="$WORK/store" "$WORK/job/opt/box/bin/box" "$@"; }

# What a job's container has: a shell, and box with the libraries of box-image.
make_job_image() {
	local file
	mkdir -p job/opt/box job/usr/lib/locale
	tar -C job -xf rootfs.tar
	cp -r "$BOX_BUILD/bin" "$BOX_BUILD/libexec" job/opt/box/
	cp -r /usr/lib/locale/C.utf8 job/usr/lib/locale/
	ldd "$BOX_BUILD"/libexec/box/box-image | grep -o '/[^ ]*' | while read -r file; do
		mkdir -p "job${file%/*}" && cp -L "$file" "job$file"
	done
	tar -C job -cf job.tar .
	docker_on ci import -c 'ENV PATH=/bin:/opt/box/bin' job.tar job >/dev/null
	on ci podman import -q -c 'ENV PATH=/bin:/opt/box/bin' job.tar job >/dev/null
}

make_context() {
	mkdir -p ctx/d
	echo text >ctx/a
	echo other >ctx/d/b
	cat >ctx/Dockerfile <<-'END'
		FROM 127.0.0.1:5000/base:1 AS one
		WORKDIR /work
		RUN id; echo hello >greeting; chown 77:88 greeting; rm /etc/group; mkdir -p /opt/x/y; ln -s /nowhere /opt/link
		COPY a /opt/x/
		COPY d /d
		RUN --mount=type=cache,target=/cache --mount=type=bind,source=d,target=/mnt --mount=type=tmpfs,target=/tmp/t \
		    echo x >>/cache/n && cp /mnt/b /opt/b && touch /tmp/t/u && rm -r /d && mkdir /d && touch /d/new
		RUN nc -w 5 127.0.0.1 5000 </dev/null
		RUN --network=none ! nc -w 5 127.0.0.1 5000 </dev/null
		RUN sleep 1000 >/dev/null 2>&1 & echo started </dev/null
		FROM 127.0.0.1:5000/base:1
		COPY --from=one --chown=5 /work /data
		RUN --mount=type=secret,id=k,target=/run/secrets/k grep -q nar.-481 /run/secrets/k && cat /data/greeting
		CMD ["cat", "/data/greeting"]
	END
}

# What a job does: in one container, with the network of the machine.
job() {
	local engine=$1
	shift
	set -- run --rm --network host -v "$WORK/ctx:/ctx:ro" job sh -c "$*"
	if [ "$engine" = docker ]; then docker_on ci "$@"; else on ci podman "$@"; fi
}

# shellcheck disable=SC2016
script='export K=canary-4814 HOME=/root
box build --progress plain --secret id=k,env=K -t 127.0.0.1:5000/app:ENGINE --iidfile /iid --push /ctx || exit
echo "built $(cat /iid)"
grep -rl canary-4814 /var/lib/box && echo "a secret is left"
ls /var/lib/box/staging /var/lib/box/build/mounts
[ -z "$(ps | grep "[s]leep 1000")" ] || echo "a process is left"
box build --progress plain --secret id=k,env=K /ctx 2>&1 | grep -c DONE
box build --progress plain --verify --secret id=k,env=K /ctx 2>/tmp/log | sed "s/^/verified /"; tail -3 /tmp/log
box build -q -o - /ctx 2>/dev/null | tar -tf - | grep -c data/greeting
box build -q --isolation full --no-cache /ctx && echo "it built"'

# try ENGINE WORDS: the whole of it, where the engine refuses WORDS.
try() {
	local said=$2
	run job "$1" "${script//ENGINE/$1}"
	expect_status 1
	expect_has "box: warning: $said here: steps" '(docs/security.md, "A build in somebody else'"'"'s container"), continuing'
	expect_has "built $FULL" "verified $FULL"
	[[ $output != *"is left"* && $output != *"it built"* ]] || fail "something is left"
	expect_line 0 1
	run outside run --pull always "127.0.0.1:5000/app:$1"
	[[ $output == *hello ]] || fail "what was pushed says something else"
}

@test "docker run: neither namespaces nor mounts; the image is the one that full isolation makes" {
	try docker "user namespaces are refused"
}

@test "podman run: a user namespace, but no /proc; the image is the one that full isolation makes" {
	try podman "a /proc of one's own is refused"
}

@test "a container that may change nothing of its own says what it lacks; an app does not begin with less" {
	run on ci podman run --rm --network host --cap-drop all --cap-add CHOWN,DAC_OVERRIDE,FOWNER,SETGID,SETUID,SETPCAP -v "$WORK/ctx:/ctx:ro" job \
		sh -c 'export HOME=/root; box build -q /ctx'
	[ "$status" -ne 0 ] || fail "it went well"
	expect_has "change the root folder" "[EPERM]"
	run job docker 'export HOME=/root; box import -q /rootfs.tar base:1; box run base:1 true'
	expect_status 125
	[[ $output != *"chroot alone: with"* ]] || fail "it was asked for full isolation"
}
