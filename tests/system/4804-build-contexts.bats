#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build: contexts by name, the result as a folder, the caller's SSH agent.

load lib

setup() {
	setup_world
	need root
	mkdir ctx
	"$WORK/bin/box" import "$ROOTFS" base:1 >/dev/null
}
teardown() {
	[ -z "${SSH_AGENT_PID:-}" ] || kill "$SSH_AGENT_PID"
	teardown_world
}

dockerfile() { cat >ctx/Dockerfile; }
build() { run box build --progress plain "$@" ctx; }

@test "contexts by name: folders, images and layouts, for FROM, --from and mounts" {
	mkdir -p lib/sub layout && echo f >lib/sub/f && echo h >lib/hidden && echo hidden >lib/.dockerignore && ln -s "$WORK" lib/out
	echo canary >canary
	box save -o layout.tar base:1 && tar -C layout -xf layout.tar
	dockerfile <<-'END'
		FROM lib AS start
		FROM alpine
		COPY --from=lib . /lib2
		COPY --from=start . /start
		COPY --from=other bin/probe /probe
		RUN --mount=from=lib,target=/m cat /m/sub/f && test ! -e /m/hidden && test ! -e /m/out/canary
		RUN --mount=from=lib,source=sub,target=/m,rw touch /m/x
		RUN test ! -e /lib2/hidden && test ! -e /start/hidden && cat /lib2/sub/f /start/sub/f >/facts
		CMD ["cat", "/facts"]
	END
	with() { build --build-context lib=lib --build-context alpine=docker-image://base:1 --build-context other=oci-layout://layout "$@"; }
	with -t named
	expect_status 0
	[ ! -e lib/sub/x ] || fail "it wrote to the folder"
	run box run named
	[ "$output" = $'f\nf' ] || fail "something else came"
	with -t named
	[[ $output != *DONE* ]] || fail "it was made again"
	echo g >lib/sub/f
	with
	expect_status 0
	[[ $output == *DONE* ]] || fail "another content is another step"
	printf 'FROM base:1\nCOPY --from=lib out/canary /x\n' | dockerfile
	with
	expect_status 1
	expect_has "out/canary: there is no such file in the build context lib"
	build --build-context lib=nowhere
	expect_status 1
	expect_has "option --build-context: the build context lib: open the folder nowhere"
	build --build-context lib=https://example.com/x.git
	expect_has "expected a folder, docker-image://NAME or oci-layout://FOLDER:TAG"
}

@test "app.json has contexts by name, relative to itself" {
	mkdir -p app lib && echo f >lib/f
	printf '{"name": "%s", "build": {"from": "start", "contexts": {"lib": "../lib", "start": "docker-image://base:1"},
		"steps": [{"copy": ["f"], "from": "lib", "to": "/f"}]}, "command": ["cat", "/f"]}\n' "$TAG" >app/app.json
	run box run app/app.json
	expect_status 0
	[ "${lines[-1]}" = f ] || fail "something else came"
	sed -i 's|../lib|../none|' app/app.json
	run box build app/app.json
	expect_status 1
	expect_has "app/app.json:1: build.contexts: the build context lib: open the folder app/../none"
}
