#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a hostile Dockerfile, context or image tries in a build. The names are those of attacks that other builders had.

load lib
load build

setup() { setup_build; }
teardown() { teardown_world; }

@test "CVE-2024-1753: the source of a bind mount that is a link leads no further than its stage" {
	local canary=/box-canary-$TAG
	dockerfile <<-END
		FROM base:1 AS src
		RUN ln -s / /rootdir && ln -s /../../../.. /up
		FROM base:1
		RUN --mount=type=bind,from=src,source=/rootdir,target=/m,rw touch /m$canary && test -e /m/bin/probe
		RUN --mount=type=bind,from=src,source=/up,target=/m,rw touch /m$canary && test -e /m/bin/probe
		RUN --mount=type=bind,source=way,target=/m,rw touch /m$canary && test ! -e /m/etc/passwd
	END
	ln -s / ctx/way
	build
	[ ! -e "$canary" ] || { rm -f "$canary"; fail "it wrote to the host"; }
	expect_status 0
}

@test "CVE-2024-9675: the id of a cache is no path" {
	dockerfile <<-'END'
		FROM base:1
		RUN --mount=type=cache,id=../../../../../../../../tmp,target=/c touch /c/box-canary; ls /c >/seen
		RUN --mount=type=cache,id=x/../../y,target=/c,uid=7,mode=0700 stat -c '%u %a' /c >>/seen
		CMD ["cat", "/seen"]
	END
	build -t cache
	expect_status 0
	[ ! -e /tmp/box-canary ] || { rm -f /tmp/box-canary; fail "it wrote to the host"; }
	run box run cache
	[ "$output" = $'box-canary\n7 700' ] || fail "the caches hold something else"
	[ "$(find "$BOX_STORE/build/mounts" -name box-canary | wc -l)" -eq 1 ] || fail "it lies elsewhere"
}

@test "CVE-2024-23652: what box mounted leaves nothing, whatever the step puts in its place" {
	local canary=$WORK/victim
	mkdir "$canary" && touch "$canary/file"
	dockerfile <<-END
		FROM base:1
		RUN --mount=type=tmpfs,target=/deep/er/mount --mount=type=cache,target=/other mkdir -p $WORK && ln -s $canary /away
		RUN --mount=type=tmpfs,target=/deep/er/mount mv /deep /moved 2>/dev/null; true
		CMD ["find", "/deep", "/other", "/moved"]
	END
	build -t stubs
	expect_status 0
	[ -e "$canary/file" ] || fail "the host's file is gone"
	run box run stubs
	expect_not /deep/er /other$'\n'
}

@test "links of the context lead no further than the context" {
	echo "host-secret-$TAG" >"$WORK/outside"
	ln -s ../outside ctx/up
	ln -s "$WORK/outside" ctx/abs
	ln -s .. ctx/parent
	for source in up abs parent/outside ../outside abs/; do
		printf 'FROM base:1\nCOPY %s /x\n' $source | dockerfile
		build
		[ "$status" -ne 0 ] || fail "COPY $source"
	done
	printf 'FROM base:1\nCOPY . /all\nCMD ["sh", "-c", "readlink /all/up; cat /all/up /all/abs 2>/dev/null; ls /all/parent/"]\n' | dockerfile
	build -t links
	expect_status 0
	run box run links
	expect_not "host-secret"
	run grep -rl "host-secret-$TAG" "$BOX_STORE"
	[ -z "$output" ] || fail "it is in the store"
	rm ctx/up ctx/abs ctx/parent
	ln -s "$WORK/outside" ctx/.dockerignore
	printf 'FROM base:1\nCOPY . /all\n' | dockerfile
	build
	expect_not "host-secret"
	rm ctx/.dockerignore ctx/Dockerfile
	ln -s "$WORK/outside" ctx/Dockerfile
	build
	expect_status 1
	expect_not "host-secret"
}

@test "a build file names no archive and no store of the host" {
	local from
	printf 'FROM scratch\nCOPY file /file\n' | dockerfile
	echo canary >ctx/file
	BOX_STORE=$WORK/other build -t theirs -o "type=oci,dest=$WORK/theirs.tar"
	expect_status 0
	for from in "oci:$WORK/other:docker.io/library/theirs:latest" "oci-archive:$WORK/theirs.tar" "$WORK/theirs.tar" "$WORK"; do
		printf 'FROM scratch\nCOPY --from=%s /file /file\n' "$from" | dockerfile
		build
		expect_status 1
		expect_has "a build file names no archive and no folder of this host"
		printf 'FROM %s\n' "$from" | dockerfile
		build
		expect_status 1
		expect_has "a build file names no archive and no folder of this host"
	done
	# A spec may; what an image adds to it may not.
	printf '{"build": {"from": "oci-archive:%s", "steps": [{"copy": ["file"], "to": "/f"}]}}' "$WORK/theirs.tar" >ctx/app.json
	run box build ctx/app.json
	expect_status 0
	printf 'FROM scratch\nCOPY file /x\nONBUILD COPY --from=oci-archive:%s /file /stolen\n' "$WORK/theirs.tar" | dockerfile
	build -t evil:1
	sed -i "s|oci-archive:$WORK/theirs.tar|evil:1|" ctx/app.json
	run box build ctx/app.json
	expect_status 1
	expect_has "a build file names no archive and no folder of this host"
}

@test "app.json on an image with ONBUILD: its triggers, and then the spec's own steps" {
	printf 'FROM base:1\nONBUILD RUN echo one >/n\n' | dockerfile
	build -t trigger:1
	printf '{"build": {"from": "trigger:1", "steps": [{"run": "echo two >>/n"}, {"copy": ["Dockerfile"], "to": "/d"}]}}' >ctx/app.json
	run box build -q -o out ctx/app.json
	expect_status 0
	[ "$(tr '\n' ' ' <out/n)" = "one two " ] && [ -e out/d ] || fail "it is $(cat out/n)"
}

@test "a build file does not steer the caller's terminal" {
	printf 'FROM scratch\nCOPY x\033]0;evil\007\302\233 /x\n' | dockerfile
	touch "ctx/$(printf 'x\033]0;evil\007\302\233')"
	build
	expect_status 0
	expect_not "$(printf '\033')" "$(printf '\302\233')"
	expect_has 'COPY x\x1b]0;evil'
}

@test "settings of the context's repository start no program" {
	local commit
	need root git
	printf 'FROM scratch\nCOPY file /file\n' | dockerfile
	echo x >ctx/file
	git -C ctx init -q && git -C ctx add file
	GIT_COMMITTER_DATE="1234567890 +0000" git -C ctx -c user.name=x -c user.email=x@y commit -qm x
	run box build --metadata-file meta ctx
	grep -q '"io.box.created":1234567890' meta || fail "its time is not the commit's"
	# A commit that is not there is fetched from whom the settings name.
	commit=$(git -C ctx rev-parse HEAD)
	rm "ctx/.git/objects/${commit:0:2}/${commit:2}"
	git -C ctx config core.repositoryformatversion 1
	git -C ctx config extensions.partialClone origin
	git -C ctx config remote.origin.promisor true
	git -C ctx config remote.origin.url "$PWD/ctx/.git"
	git -C ctx config remote.origin.uploadpack "touch $WORK/canary; false"
	git -C ctx config core.sshCommand "touch $WORK/canary; false"
	build --provenance=mode=max
	expect_status 0
	[ ! -e "$WORK/canary" ] || fail "git ran a program of the context's choice"
	git -C ctx config remote.origin.url ssh://x@127.0.0.1/y
	run bash -c "tar -C ctx -c . | \"$WORK/bin/box\" build --provenance=mode=max -"
	expect_status 0
	[ ! -e "$WORK/canary" ] || fail "git ran a program of the archive's choice"
}

@test "COPY follows the links of the image that it writes to, and of the one that it reads, inside of them" {
	local canary=/box-canary-$TAG
	echo data >ctx/a
	dockerfile <<-END
		FROM base:1 AS src
		RUN ln -s /../../../etc /escape && echo inside >/etc/mark && mkdir /d && ln -s /etc/mark /d/mark
		FROM base:1
		RUN ln -s /../../../.. /top && mkdir -p /real && ln -s /real /way
		COPY a /top$canary
		COPY a /way/a
		COPY --from=src /escape/mark /got
		COPY --from=src /../../../etc/mark /got2
		CMD ["sh", "-c", "cat /got /got2 /real/a $canary"]
	END
	build -t follow
	[ ! -e "$canary" ] || { rm -f "$canary"; fail "it wrote to the host"; }
	expect_status 0
	run box run follow
	[ "$output" = $'inside\ninside\ndata\ndata' ] || fail "something else was copied"
}

@test "CVE-2024-24557: the same step on another image is another step" {
	printf 'FROM base:1\nRUN echo evil >/x\n' | dockerfile
	build -t base:2
	printf 'FROM base:1\nRUN cp /x /y 2>/dev/null || echo clean >/y\nCMD ["cat", "/y"]\n' | dockerfile
	build -t one
	sed -i 's/base:1/base:2/' ctx/Dockerfile
	build -t two
	expect_status 0
	expect_has DONE
	run box run two
	[ "$output" = evil ] || fail "the other image's layer was taken"
	run box run one
	[ "$output" = clean ] || fail "the first one has changed"
}

@test "a damaged or foreign file of the cache is no hit" {
	printf 'FROM base:1\nRUN echo made >/x\nCMD ["cat", "/x"]\n' | dockerfile
	build -t cached
	for file in "$BOX_STORE"/build/cache/*; do
		head -c 20 "$file" >"$file.new" && mv "$file.new" "$file"
	done
	build -t cached
	expect_status 0
	expect_has DONE
	run box run cached
	[ "$output" = made ] || fail "it is another image"
}

@test "options of mounts that nobody knows, or that ask for the host's power, are refused" {
	for words in type=bind,bind-propagation=shared,target=/m type=cache,id=a,id=b,target=/m type=bind,source=/,target=/m,foo=bar \
		type=devices,target=/m type=bind,target=/proc/self; do
		printf 'FROM base:1\nRUN --mount=%s true\n' "$words" | dockerfile
		build
		[ "$status" -ne 0 ] || fail "--mount=$words"
	done
	printf 'FROM base:1\nRUN --security=insecure true\n' | dockerfile
	build
	[ "$status" -ne 0 ] || fail "--security=insecure"
}
