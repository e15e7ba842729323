#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build: contexts by name, the result as a folder, the caller's SSH agent.

load lib
load build

setup() { setup_build; }
teardown() {
	[ -z "${SSH_AGENT_PID:-}" ] || kill "$SSH_AGENT_PID"
	teardown_world
}

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
	# A lock asks for the image, whichever of its names the scheme has.
	for scheme in docker-image container-image docker; do
		printf '{"name": "x", "build": {"from": "start", "contexts": {"start": "%s://127.0.0.1:1/x:1"}}}' $scheme >app/app.json
		run box lock app/app.json
		expect_status 1
		expect_has 'look at 127.0.0.1:1/x:1: '
	done
}

@test "-o FOLDER: the files with their owners, in the folder and nowhere else" {
	mkdir -m 700 victim && echo safe >victim/file
	dockerfile <<-END
		FROM scratch
		COPY a /dir/a
		COPY --chown=3:4 --chmod=4755 a /dir/su
		ADD tree.tar /
	END
	echo a >ctx/a
	mkdir tree && ln -s "$WORK/victim" tree/out && ln -s ../../../../../../.. tree/up && mkdir tree/d && mkfifo tree/pipe && ln tree/out tree/d/again
	tar -C tree -cf ctx/tree.tar .
	build -o out
	expect_status 0
	[ "$(stat -c '%a %u:%g' out/dir/su)" = "755 3:4" ] || fail "owner or mode is $(stat -c '%a %u:%g' out/dir/su)"
	[ "$(readlink out/out)" = "$WORK/victim" ] && [ -p out/pipe ] && [ -L out/d/again ] || fail "links and FIFOs are missing"
	# Again into what is there, with links in the way; and closed to others.
	mkdir -m 700 closed && ln -s "$WORK/victim" closed/dir
	build --output type=local,dest=closed
	expect_status 1
	expect_has "write closed: dir/: make the folder: something else has its name"
	rm closed/dir
	build --output type=local,dest=closed
	expect_status 0
	[ "$(stat -c '%a %u:%g' closed closed/dir/su | tr '\n' ' ')" = "700 0:0 4755 3:4 " ] || fail "setuid is gone, or the folder was changed"
	install -d -m 700 -o 12345 theirs
	build --output type=local,dest=theirs
	[ "$(stat -c '%a %u:%g' theirs theirs/dir/su | tr '\n' ' ')" = "700 12345:0 755 3:4 " ] || fail "another user's folder has a setuid program"
	build -o out
	expect_status 0
	printf 'FROM base:1\nRUN mkdir /out && echo pwned >/out/file\n' | dockerfile
	build -o out
	expect_status 1
	expect_has "out/: make the folder: something else has its name"
	[ "$(ls victim)" = file ] && [ "$(cat victim/file)" = safe ] || fail "it wrote outside of the folder"
	build --output type=local
	expect_status 125
	build --output type=floppy,dest=x
	expect_has "expected type=oci, docker, tar or local"
}

@test "-o FOLDER of an ordinary user: the files are his" {
	need user subids
	as_user true
	mkdir "$WORK/home/ctx"
	printf 'FROM scratch\nCOPY --chown=3:4 --chmod=4755 Dockerfile /d/f\n' >"$WORK/home/ctx/Dockerfile"
	chown -R $TEST_USER: "$WORK/home/ctx"
	run as_user bin/box build -o out ctx
	expect_status 0
	[ "$(stat -c '%a %U' "$WORK/home/out/d/f")" = "755 $TEST_USER" ] || fail "it is $(stat -c '%a %U' "$WORK/home/out/d/f")"
}

# ssh-add and what it needs, below ctx/host.
have_programs() {
	need ssh-agent ssh-add ssh-keygen ldd
	local file
	for file in "$(command -v ssh-add)" $(ldd "$(command -v ssh-add)" | grep -o '/[^ ]*'); do
		mkdir -p "ctx/host${file%/*}" && cp -L "$file" "ctx/host$file"
	done
	ssh-keygen -q -t ed25519 -N '' -f key
}

@test "--ssh: a step may ask the caller's agent who is there and for signatures, and nothing else" {
	have_programs
	eval "$(ssh-agent -a "$WORK/agent.sock")" >/dev/null
	ssh-add -q key
	cp key.pub ctx/
	dockerfile <<-'END'
		FROM base:1
		RUN rm -rf /usr /lib /lib64
		COPY host /
		COPY key.pub /
		RUN --mount=type=ssh ssh-add -l | grep ED25519 && ssh-add -T /key.pub && stat -c "%a %u" $SSH_AUTH_SOCK >/facts
		RUN --mount=type=ssh,id=other,uid=77,mode=0660,target=/o.sock test "$SSH_AUTH_SOCK" = /o.sock && stat -c "%a %u" /o.sock >>/facts
		RUN --mount=type=ssh ! ssh-add -D 2>/dev/null && ! ssh-add -x </dev/null 2>/dev/null; ssh-add -l | grep ED25519
		RUN test -z "$SSH_AUTH_SOCK" && test ! -e /run/box && test ! -e /o.sock
		CMD ["cat", "/facts"]
	END
	build --ssh default --ssh "other=$WORK/agent.sock" -t agent
	expect_status 0
	run box run agent
	[ "$output" = $'600 0\n660 77' ] || fail "the sockets are others"
	ssh-add -l | grep -q ED25519 || fail "the key is gone"
	[ -z "$(find "$BOX_STORE/containers" "$BOX_STORE/staging" -mindepth 1)" ] || fail "something is left"
	# Without an agent: what needs one says so, what does not runs.
	printf 'FROM base:1\nRUN --mount=type=ssh test -z "$SSH_AUTH_SOCK"\nRUN --mount=type=ssh,required true\n' | dockerfile
	build
	expect_status 1
	expect_has "Dockerfile:3" "the SSH agent default is required, and nobody gave it" "hint: box build --ssh default"
	expect_not "Dockerfile:2:"
	build --ssh "default=$WORK/key"
	expect_status 125
	expect_has "$WORK/key is no socket, and box reads no keys"
	env -u SSH_AUTH_SOCK box build --ssh default ctx 2>&1 | grep -q "SSH_AUTH_SOCK is not set"
}

@test "--ssh of an ordinary user" {
	need user subids
	have_programs
	as_user true
	cp -r ctx key "$WORK/home/"
	printf 'FROM scratch\nCOPY host /\nRUN --mount=type=ssh,uid=5 ["/usr/bin/ssh-add", "-l"]\n' >"$WORK/home/ctx/Dockerfile"
	chown -R $TEST_USER: "$WORK/home/ctx" "$WORK/home/key"
	as_user sh -c 'ssh-agent -a $HOME/agent.sock >agent.out && . ./agent.out >&2 && ssh-add -q key'
	SSH_AGENT_PID=$(grep -o 'SSH_AGENT_PID=[0-9]*' "$WORK/home/agent.out" | cut -d= -f2)
	run as_user sh -c 'bin/box build --progress plain --ssh default=$HOME/agent.sock ctx'
	expect_status 0
	expect_has ED25519
}
