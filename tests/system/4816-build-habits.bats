#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build: options that people type from habit, and secrets that stay nowhere.

load lib
load build

setup() { setup_build; }
teardown() { teardown_world; }

@test "what docker build and podman build take is taken" {
	dockerfile <<-'END'
		FROM base:1 AS one
		RUN cat /etc/hosts; echo "files $(ulimit -n)"; df -m /dev/shm | awk 'END { print "shm", $2 }'; echo "proxy=$http_proxy"
		FROM one AS two
		RUN echo two
	END
	set -- --progress=plain --add-host=db:10.1.2.3 --add-host v6=::1 --ulimit nofile=321:500 --shm-size 3m -m 64m --pull=missing \
		--build-arg http_proxy=http://proxy:1 --iidfile=iid --label a=b --annotation c=d -t habit -t habit:second
	run box build "$@" ctx
	expect_status 0
	expect_has '10.1.2.3\tdb' '::1\tv6' 'files 321' 'shm 3' 'proxy=http://proxy:1'
	[ "$(cat iid)" = "$(tail -1 <<<"$output")" ] || fail "--iidfile has another digest"
	run box inspect habit:second
	expect_has '"a": "b"'
	[[ $output != *proxy:1* ]] || fail "the image knows the proxy"
	run box build --no-cache-filter=two "$@" ctx
	[[ $output == *"[one 1/1]"*CACHED*"[two 1/1]"*DONE* ]] || fail "--no-cache-filter took other stages"
	run box build "${@/10.1.2.3/10.1.2.4}" ctx
	[[ $output != *CACHED* ]] || fail "another host is another step"
	run bash -c "box build -q -f - ctx <ctx/Dockerfile"
	expect_status 0
}

@test "box build -: a context by stdin, compressed or not, or a build file alone" {
	mkdir ctx/sub
	echo data >ctx/sub/file && chmod 750 ctx/sub/file
	ln -s /etc/shadow ctx/out
	printf 'sub/hidden\n' >ctx/.dockerignore && touch ctx/sub/hidden
	printf 'FROM base:1\nCOPY sub /sub\nRUN ls -la /sub >/list\n' | dockerfile
	run box build -q -t folder ctx
	expect_status 0
	folder=$output
	for command in cat gzip "zstd -q" xz; do
		run bash -c "tar -C ctx -cf - . | $command | box build -q -"
		[ "$output" = "$folder" ] || fail "by $command it is another image"
	done
	cp ctx/Dockerfile ctx/sub/Other && sed -i 's/list/other/' ctx/sub/Other
	run bash -c 'tar -C ctx -cf - . | box build -q -f sub/Other -t other - && box run other ls /other'
	expect_has /other
	run bash -c 'tar -C ctx -cf - . | box build -q -f out -'
	expect_status 1
	expect_has 'the build context: '
	run bash -c 'printf "FROM base:1\nRUN echo alone\n" | box build -q -t alone -'
	expect_status 0
	printf 'FROM base:1\nCOPY out /x\n' | dockerfile
	run bash -c 'tar -C ctx -cf - . | box build -q -'
	expect_status 1
	while IFS=';' read -r words said; do
		run bash -c "$words | box build -q -"
		[ "$status" -ne 0 ] || fail "$words"
		expect_has "box: the build context: $said"
	done <<-'END'
		:;stdin is empty
		tar -C ctx -cf - . | head -c 2300;unpack stdin
		tar -C ctx -cf - . --transform s,^./sub/file,../../evil, -P;unpack stdin
	END
	run box build -q -f - - </dev/null
	[ "$status" -ne 0 ] || fail "stdin twice"
	[ -z "$(ls "$BOX_STORE/staging")" ] || fail "something is left"
	[ ! -e evil ] && [ ! -e ../evil ] || fail "it left the context"
	need user
	as_user bin/box import rootfs.tar base:1 >/dev/null
	tar -C ctx -cf home/ctx.tar . && sed -i '2c COPY sub /sub\nRUN ls -la /sub >/list' ctx/Dockerfile && tar -C ctx -cf home/ctx.tar .
	run as_user sh -c 'bin/box build -q - <ctx.tar'
	expect_status 0
}

@test "what is written elsewhere, or wrong, is told before anything is made" {
	printf 'FROM base:1\nRUN false\n' | dockerfile
	while IFS='|' read -r words said; do
		# shellcheck disable=SC2086
		run box build $words ctx
		expect_status 125
		expect_has "$said"
		[[ $output != *'RUN false'* ]] || fail "$words: a step was made"
	done <<-'END'
		--rm|leave it out; a step leaves nothing but its layer
		--load|leave it out; the image is in the store
		--force-rm=true|leave it out
		--jobs 4|leave it out; stages
		--format docker|-o type=docker,dest=FILE
		-v /a:/b|RUN --mount=type=bind
		--creds a:b|box login HOST
		--tls-verify=false|registries.json
		--add-host db:nowhere|expected NAME:ADDRESS, found "db:nowhere"
		--add-host db:host-gateway|127.0.0.1 is the host
		--ulimit nofile=many|option --ulimit: expected a number
		--shm-size much|option --shm-size: expected a size
		--memory 12x|option --memory: expected a size
		--pull=sometimes|option --pull sometimes: expected
		--progress=rawjson|option --progress rawjson: expected
		--network bridge|option --network bridge: expected
		--label a|expected KEY=VALUE
		--secret id=a,type=word,src=a|found "type" in it
		--cache-to type=registry,ref=UPPER|option --cache-to: read the image name UPPER
		-t UPPER|option --tag: read the image name UPPER
		--push|option --push: expected a name of a registry
		-o type=zip,dest=x|option --output type=zip,dest=x: expected type=oci, docker, tar or local
		-o type=local|option --output type=local: expected dest=FOLDER
		-o type=oci,path=x|found path=x
	END
	run box build https://github.com/a/b.git
	expect_status 125
	expect_has "the context is a folder of this host, and no address"
}

@test "secrets are in no layer, history, log, process or state, and what is written to a bind mount is nowhere (CVE-2025-4953)" {
	echo canary-file >secret
	echo original >ctx/file
	dockerfile <<-'END'
		FROM base:1
		ARG ARGUMENT
		RUN --mount=type=secret,id=f --mount=type=secret,id=v,env=V --mount=type=bind,target=/m,rw \
		    cp /run/secrets/f /m/leak && echo "$V" >/m/file && test -n "$ARGUMENT" && test ${#V} -eq 10 && echo begun && sleep 1
	END
	export V=canary-env
	"$WORK/bin/box" --debug build --progress plain --secret id=f,src=secret --secret id=v,env=V --build-arg ARGUMENT=canary-arg -t c09 \
		ctx >out 2>&1 &
	pid=$!
	wait_until 20 grep -q '^#1 [0-9.]* begun' out
	for process in /proc/[0-9]*; do
		! grep -qsaE 'canary-(file|env)' "$process/cmdline" || fail "$(tr '\0' ' ' <"$process/cmdline")"
		! grep -qsa canary-file "$process/environ" || fail "it is a variable of $process"
	done
	wait $pid
	! grep canary out || fail "it was printed"
	[ "$(cat ctx/file)" = original ] && [ ! -e ctx/leak ] || fail "the context was changed"
	! grep -rqaE 'canary-(file|env)' "$BOX_STORE" "$STATE" || fail "it is kept"
	run box history --no-trunc c09
	expect_has 'ARG ARGUMENT'
	[[ $output != *canary* ]] || fail "the history has it"
	run box build -q --build-arg ARGUMENT=x --secret id=f,src=secret --secret id=v,env=V -o oci.tar ctx
	! grep -qa canary <<<"$output" || fail "it is in a message"
}
