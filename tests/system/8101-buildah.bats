#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# buildah drives the runtime (--isolation oci) for every RUN and for buildah run.

load lib
load engines

setup_file() {
	world_needs buildah || return 0
	world_begin
	machine_start bd
	# Root here may not raise limits if it lacks CAP_SYS_RESOURCE, so buildah is told to ask for the limits that are.
	on bd sh -c 'cat >/etc/containers/containers.conf' <<-END
		[containers]
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=30000:30000"]
		[engine]
		cgroup_manager = "cgroupfs"
	END
	buildah from --name first scratch
	buildah add -q first rootfs.tar /
	buildah config --env PATH=/bin --cmd sh first
	buildah commit -q first base
	buildah rm first
}
teardown_file() { world_end; }
setup() { test_begin; }
teardown() { [ -z "${WORK:-}" ] || buildah rm -a >/dev/null 2>&1 || true; }

buildah() { on bd buildah "$@"; }
in_oci() { # in_oci VERB ARGUMENTS…: by the runtime under test; only run and build (bud) take one
	local verb=$1
	shift
	buildah "$verb" --runtime "$WORK/runtime/box" --isolation oci "$@"
}

@test "buildah run: the exit code, what it said, and which calls" {
	buildah from --name c localhost/base
	run in_oci run c sh -c 'echo out; echo err >&2; exit 42'
	expect_status 42
	expect_line out err
	expect_calls create start state delete
	grep -q 'create --bundle [^ ]* --pid-file [^ ]*/pid ' calls
	run in_oci run c true
	expect_status 0
}

@test "buildah run: what it changes stays in the working container" {
	buildah from --name c localhost/base
	in_oci run c sh -c 'echo kept >/kept'
	[ "$(in_oci run c cat /kept)" = kept ]
	buildah commit -q c changed
	buildah from --name d localhost/changed
	[ "$(in_oci run d cat /kept)" = kept ]
}

@test "buildah run: a missing command and one that may not be executed are errors with a reason" {
	buildah from --name c localhost/base
	run in_oci run c no-such-program
	[ "$status" -ne 0 ]
	expect_has "no-such-program"
	run in_oci run c /etc/passwd
	[ "$status" -ne 0 ]
	expect_has "ermission denied"
	expect_calls create
	run in_oci run c true
	expect_status 0
}

@test "buildah run: user, folder, environment, host name, volume, capabilities, networks" {
	mkdir -p given
	echo given >given/file
	buildah from --name c localhost/base
	run in_oci run --user app --workingdir /tmp --env WORD=word --hostname inside --volume "$WORK/given:/given:ro" --cap-drop ALL c \
		sh -c 'id -un; pwd; echo $WORD; hostname; cat /given/file; touch /given/x || echo read-only; grep -E "CapBnd|^Seccomp:" /proc/self/status'
	expect_status 0
	expect_line app /tmp word inside given read-only $'CapBnd:\t0000000000000000' $'Seccomp:\t2'
	[ "$(in_oci run --network host c readlink /proc/self/ns/net)" = "$(on bd readlink /proc/self/ns/net)" ]
	[ "$(in_oci run --network none c ip -o link | wc -l)" -eq 1 ]
}

@test "buildah run -t has a terminal" {
	buildah from --name c localhost/base
	run terminal in_oci run -t c sh -c 'tty; test -t 0 && test -t 1 && test -t 2; echo $?; exit 5'
	expect_status 5
	expect_line /dev/pts/0 0
	grep -q -- '--console-socket' calls
	run in_oci run c sh -c 'test -t 1 || echo no terminal'
	expect_line "no terminal"
}

@test "buildah build: RUN, in stages, with limits, arguments and a mount" {
	mkdir -p build
	cat >build/Containerfile <<-'END'
		FROM localhost/base AS first
		ARG WORD=none
		RUN echo $WORD >/made && cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes >/limit 2>/dev/null; true
		RUN --mount=type=bind,source=.,target=/context test -e /context/Containerfile
		FROM localhost/base
		COPY --from=first /made /limit /
		USER app
		WORKDIR /home/app
		RUN id -un >who && pwd >>who
		CMD ["cat", "/made", "/limit", "who"]
	END
	run in_oci build --network none --memory 64m --build-arg WORD=word -t built build
	expect_status 0
	[ "$(grep -cE '(^| )create ' calls)" -eq 3 ]
	[ "$(grep -cE '(^| )delete ' calls)" -ge 3 ]
	buildah from --name c localhost/built
	run in_oci run c cat /made /limit who
	expect_line word 67108864 app /home/app
}

@test "buildah build: a RUN that fails is an error with its exit code" {
	mkdir -p build
	printf 'FROM localhost/base\nRUN exit 3\n' >build/Containerfile
	run in_oci build --network none build
	[ "$status" -ne 0 ]
	expect_has "exit status 3"
	run buildah containers -q
	[ -z "$output" ]
}

@test "buildah run with maps: root inside is not root outside" {
	buildah from --name c --userns-uid-map 0:300000:5000 --userns-gid-map 0:300000:5000 localhost/base
	run in_oci run c sh -c 'cat /proc/self/uid_map; id -u; touch /tmp/x && stat -c %u /tmp/x'
	expect_status 0
	expect_has "    300000       5000"
	expect_line 0
}

@test "buildah run, interrupted: the container ends with it" {
	buildah from --name c localhost/base
	in_oci run c sleep 4321 >out 2>&1 &
	wait_until 10 on bd pgrep -xf "(/bin/)?sleep 4321"
	on bd sh -c 'kill $(pidof buildah)'
	wait || true
	wait_until 10 eval '! on bd pgrep -xf "(/bin/)?sleep 4321"'
	expect_calls kill
}
