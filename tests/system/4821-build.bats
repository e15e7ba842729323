#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build: from a Dockerfile to an image that runs, as root and as an ordinary user.

load lib
load build

setup() { setup_build; }
teardown() { teardown_world; }

# What a build must not leave.
left() { find "$BOX_STORE/containers" "$BOX_STORE/staging" "$BOX_STORE/ids" "$STATE" -mindepth 1 -not -path "*/.events*"; }

@test "a Dockerfile becomes an image that runs, and a second build finds every step" {
	dockerfile <<-'END'
		FROM base:1 AS one
		WORKDIR /work
		RUN echo hello >greeting
		FROM base:1
		ENV WHO=world
		COPY --from=one /work/greeting /data/
		RUN test "$(cat /data/greeting) $WHO" = "hello world"
		CMD ["cat", "/data/greeting"]
	END
	build -t web:1
	expect_status 0
	expect_has '[one 2/2] RUN echo hello'
	first=${lines[-1]}
	[[ $first == sha256:* ]] || fail "no digest"
	run box run web:1
	expect_status 0
	[ "$output" = hello ] || fail "the image says something else"
	build -t web:1
	expect_status 0
	[ "$(grep -c CACHED <<<"$output")" -eq 4 ] || fail "not every step was found"
	[[ $output != *DONE* ]] || fail "a step was made again"
	[[ $output == *"$first"* ]] || fail "another digest"
	build --no-cache -t web:1
	[[ $output == *DONE* && $output == *"$first"* ]] || fail "made again, it is another image"
}

@test "COPY: names, owners, modes and links are docker's" {
	mkdir -p ctx/dir/sub
	echo a >ctx/a && chmod 640 ctx/a
	echo s >ctx/dir/sub/s && chmod 755 ctx/dir/sub/s
	ln -s ../a ctx/dir/link
	ln -s dir ctx/way
	dockerfile <<-'END'
		FROM base:1
		RUN mkdir -p /exists && ln -s exists /path && echo joe:x:77:77::/:/bin/sh >>/etc/passwd
		COPY a /file
		COPY a /exists
		COPY a /path/b
		COPY dir /new
		COPY way /way/
		COPY a* dir/sub/s /many/
		COPY --chown=joe:5 --chmod=0400 a /owned/deep/a
		COPY --chown=78 a /number
		COPY --chown=:79 a /group
		COPY --chmod=u=rwX,go= dir /closed
		COPY --parents dir/sub/s /parents/
		COPY --exclude=sub dir /without
		COPY <<-EOF /inline
			text
		EOF
	END
	build -t copy
	expect_status 0
	run box run copy find /file /exists /new /way /many /owned /number /group /closed /parents /without /inline -exec stat -c '%N %u:%g %a' '{}' ';'
	expect_status 0
	for line in "/file 0:0 640" "/exists/a 0:0 640" "/exists/b 0:0 640" "/new 0:0 755" "/new/sub/s 0:0 755" "/way/sub/s 0:0 755" \
		"/many/a 0:0 640" "/many/s 0:0 755" "/owned 77:5 755" "/owned/deep/a 77:5 400" "/number 78:78 640" "/group 0:79 640" "/closed/sub 0:0 700" \
		"/closed/sub/s 0:0 700" "/parents/dir/sub/s 0:0 755" "/inline 0:0 644"; do
		name=${line%% *}
		grep -qE "^'?$name'? ${line#* }$" <<<"$output" || fail "expected $line"
	done
	grep -qF "../a" <<<"$output" || fail "the link is none"
	[[ $output != */without/sub* ]] || fail "--exclude copied it"
}

@test ".dockerignore hides, and what it hides does not matter" {
	mkdir -p ctx/keep ctx/drop
	echo 1 >ctx/keep/a && echo 1 >ctx/drop/a && echo 1 >ctx/drop/b && echo 1 >ctx/x.log
	printf '%s\n' '*.log' drop '!drop/b' >ctx/.dockerignore
	dockerfile <<-'END'
		FROM base:1
		COPY . /all
		CMD ["find", "/all", "-type", "f"]
	END
	build -t ignore
	expect_status 0
	run box run ignore
	[[ $output == */all/keep/a* && $output == */all/drop/b* ]] || fail "something is missing"
	[[ $output != *x.log* && $output != */drop/a* ]] || fail "something is not hidden"
	echo 2 >ctx/x.log
	build -t ignore
	[[ $output == *CACHED* ]] || fail "a hidden file made it again"
	echo 22 >ctx/keep/a
	build -t ignore
	[[ $output == *DONE* ]] || fail "a changed file did not"
	printf 'FROM base:1\nCOPY x.log /\n' | dockerfile
	build
	expect_status 1
	expect_has 'box: Dockerfile:2: COPY x.log /: ' 'there is no such file in the build context'
}

@test "mounts: cache, bind, secret, tmpfs; heredocs" {
	echo context >ctx/file
	echo "canary-$TAG" >token
	dockerfile <<-'END'
		FROM base:1 AS src
		RUN mkdir /out && echo data >/out/file
		FROM base:1
		RUN --mount=type=cache,target=/cache echo x >>/cache/n; cp /cache/n /n1
		RUN --mount=type=cache,target=/cache echo x >>/cache/n; cp /cache/n /n2
		RUN --mount=type=bind,from=src,source=/out,target=/mnt grep -q data /mnt/file && ! touch /mnt/x
		RUN --mount=type=bind,target=/ctx grep -q context /ctx/file && ! touch /ctx/x
		RUN --mount=type=bind,target=/ctx,rw touch /ctx/x
		RUN --mount=type=secret,id=token test "$(stat -c %a /run/secrets/token)" = 400 && grep -q canary- /run/secrets/token
		RUN --mount=type=secret,id=token,env=TOKEN test -n "$TOKEN"
		RUN --mount=type=tmpfs,target=/scratch,size=1m ! dd if=/dev/zero of=/scratch/x bs=1M count=2
		RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
		RUN <<EOF
		echo several >/several
		echo lines >>/several
		EOF
		RUN <<EOF
		#!/bin/cat
		EOF
		CMD ["sh", "-c", "wc -l </n1; wc -l </n2; cat /several; ls /ctx /mnt /scratch 2>/dev/null"]
	END
	build --secret id=token,src=token -t mounts
	expect_status 0
	[ ! -e ctx/x ] || fail "a step wrote to the context"
	run box run mounts
	[ "$(tr '\n' ' ' <<<"$output")" = "1 2 several lines " ] || fail "the image has something else"
	# The secret is nowhere (attacks.md C09).
	run grep -rl "canary-$TAG" "$BOX_STORE" "$STATE"
	[ -z "$output" ] || fail "the secret was kept"
	run box history mounts
	[[ $output != *"canary-$TAG"* ]] || fail "the history has it"
}

@test "a failing step tells file, line, words and exit code, and leaves nothing" {
	dockerfile <<-'END'
		FROM base:1

		RUN echo before; \
		    exit 3
	END
	build -t fails
	expect_status 1
	expect_has 'before'
	expect_has 'box: Dockerfile:3: RUN echo before;' ': exit code 3'
	run box build -q ctx
	expect_has '> before'
	[ -z "$(left)" ] || fail "something is left"
}

@test "a signal ends a build at once; what a kill leaves is swept" {
	dockerfile <<-'END'
		FROM base:1
		RUN trap '' INT TERM; echo begun; sleep 1000 & wait; sleep 1000
	END
	for signal in INT TERM KILL; do
		"$WORK/bin/box" build --progress plain ctx >out 2>&1 &
		pid=$!
		wait_until 30 grep -q '^#1 [0-9.]* begun' out
		kill -"$signal" $pid
		wait $pid && fail "it went well"
		[ $signal = KILL ] || [ -z "$(left)" ] || fail "something is left after $signal"
	done
	printf 'FROM base:1\n' | dockerfile
	build
	expect_status 0
	[ -z "$(left)" ] || fail "something is left after all"
}

@test "a signal ends the push of a build, too" {
	need python3
	python3 -u -c '
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1])
kept = []
while True: kept.append(server.accept())' >port 3>&- &
	local server=$! pid
	wait_until 10 test -s port
	printf 'FROM scratch\nLABEL a=b\n' | dockerfile
	"$WORK/bin/box" build --push -t "127.0.0.1:$(cat port)/web:1" ctx >out 2>&1 3>&- &
	pid=$!
	wait_until 10 grep -q pushing out
	kill $pid
	wait_until 10 is_gone $pid || fail "the push goes on"
	kill $server
}

@test "stages that do not need each other are made at the same time" {
	dockerfile <<-'END'
		FROM base:1 AS a
		RUN --mount=type=cache,target=/meet touch /meet/a; for i in $(seq 600); do [ ! -e /meet/b ] || exit 0; sleep 0.1; done; exit 1
		FROM base:1 AS b
		RUN --mount=type=cache,target=/meet touch /meet/b; for i in $(seq 600); do [ ! -e /meet/a ] || exit 0; sleep 0.1; done; exit 1
		FROM base:1 AS unused
		RUN exit 1
		FROM base:1
		COPY --from=a /bin/true /a
		COPY --from=b /bin/true /b
	END
	build
	expect_status 0
	[[ $output != *unused* ]] || fail "a stage that nobody needs was made"
}

@test "two builds at once share the store" {
	dockerfile <<-'END'
		FROM base:1
		RUN echo one >/one
		RUN echo two >/two
	END
	"$WORK/bin/box" build -q -t first ctx >first 2>&1 &
	pid=$!
	build -q -t second
	expect_status 0
	wait $pid || fail "the other one failed: $(cat first)"
	[ "$(cat first)" = "$output" ] || fail "they made different images"
	run box store check
	expect_status 0
}

@test "the network of RUN is the host's, or none" {
	dockerfile <<-'END'
		FROM base:1
		RUN cat /proc/net/dev >/dev && true; ls /sys/class/net | sort >/nets
		CMD ["cat", "/nets"]
	END
	sed -i 's,cat /proc/net/dev >/dev && true; ,,' ctx/Dockerfile
	build --network none -t none
	expect_status 0
	run box run none
	[ "$output" = lo ] || fail "there is a network"
	build --no-cache -t host
	run box run host
	[ "$output" = "$(ls /sys/class/net | sort)" ] || fail "it is not the host's"
}

@test "outputs: archives, the files alone, and what CI reads" {
	printf 'FROM base:1\nRUN echo made >/made\n' | dockerfile
	build -t out:1 -o type=oci,dest=out.oci.tar -o type=docker,dest=out.docker.tar --iidfile id --metadata-file meta.json
	expect_status 0
	[ "$(cat id)" = "${lines[-1]}" ] || fail "--iidfile has something else"
	grep -q "\"containerimage.digest\":\"$(cat id)\"" meta.json || fail "--metadata-file: $(cat meta.json)"
	tar -tf out.docker.tar | grep -q manifest.json || fail "no docker-archive"
	box build -q -o type=tar ctx >files.tar
	tar -tf files.tar | grep -q '^\(\./\)\?made$' || fail "no files"
	! tail -c 80 files.tar | grep -aq sha256 || fail "a digest behind the files"
	printf '{"name": "%s", "rootfs": "oci-archive:out.oci.tar", "command": ["cat", "/made"]}' "$TAG" >app.json
	BOX_STORE=$WORK/other run box run app.json
	[ "$output" = made ] || fail "the archive is another image"
	box build -q -o - ctx 2>/dev/null | tar -xOf - made | grep -q made || fail "its files are not on stdout"
}

@test "app.json with \"build\": box build makes its image, box run builds and runs it" {
	mkdir app
	echo data >app/file
	cat >app/app.json <<-END
		{
			"name": "$TAG",
			"build": {
				"from": "base:1",
				"steps": [{ "copy": ["file"], "to": "/data/" }, { "run": ["cp", "/data/file", "/copy"] }],
				"config": { "command": ["cat", "/copy"] }
			}
		}
	END
	run box build -q app/app.json
	expect_status 0
	[[ $output == sha256:* ]] || fail "no digest"
	run box run -q app/app.json
	expect_status 0
	[ "$output" = data ] || fail "it said something else"
	sed -i 's,/data/file,/data/none,' app/app.json
	run box build app/app.json
	expect_status 1
	expect_has 'cp' 'exit code 1'
	mkdir df
	printf 'FROM base:1\nARG WORD=no\nENV W=$WORD\nCMD ["sh", "-c", "echo $W"]\n' >df/Other
	printf '{"name": "%s", "build": {"context": "df", "dockerfile": "Other", "args": {"WORD": "yes"}}}' "$TAG" >app.json
	run box run -q app.json
	[ "$output" = yes ] || fail "not the argument of the file"
}

@test "an image without layers is a base as any other" {
	printf 'FROM scratch\nENV A=1\n' >ctx/Dockerfile
	box build -q -t none:1 ctx
	printf 'FROM none:1\nCOPY Dockerfile /\n' >ctx/Two
	run box build -q -f ctx/Two -t one:1 ctx
	expect_status 0
	box inspect one:1 | grep -q '"A=1"' || fail "not its base"
	run box run none:1
	expect_has "nothing to run"
}
