#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build's own cache: what a step's key is made of, what a lookup costs, and which files of the context are read again.

load lib
load build

setup() {
	setup_build
	need jq
}
teardown() { teardown_world; }

build() { run box build --progress plain -t web "$@" ctx; }
cached() { grep -c CACHED <<<"$output" || true; }
layers() { box inspect web | jq '.[0].layers | length'; }

@test "steps that change nothing make no layer; one lookup opens one file" {
	need strace
	cat >ctx/Dockerfile <<-'END'
		FROM base:1
		RUN true
		WORKDIR /bin
		RUN touch /tmp/x && rm /tmp/x
		RUN echo one >/one
		COPY --chmod=755 one /one
		COPY one /two
		LABEL a=b
		RUN cat /one >/dev/null
	END
	echo one >ctx/one
	build
	expect_status 0
	[ "$(ls "$BOX_STORE/layers" | wc -l)" -eq 4 ] || fail "$(ls "$BOX_STORE/layers" | wc -l) layers: the base's and three are expected"
	[ "$(jq '.rootfs.diff_ids | length' "$BOX_STORE/blobs/sha256/$(box inspect web | jq -r '.[0].config' | cut -d: -f2)")" -eq 4 ]
	sleep 4 # the file is old enough to be known by its looks
	build
	strace -f -qq -o opened -e trace=open,openat,openat2,execve "$WORK/bin/box" build -q -t web ctx >/dev/null
	# Seven steps and the image.
	[ "$(grep -c 'build/cache/' opened)" -eq 8 ] || fail "$(grep 'build/cache/' opened)"
	! grep -q 'execve(.*box-image' opened || fail "$(grep execve opened)"
}

@test "files of the context: read again where they may have changed, whatever their time says, and else not" {
	cat >ctx/Dockerfile <<-'END'
		FROM base:1
		COPY . /ctx
	END
	echo one >ctx/a
	echo one >ctx/b
	need strace
	read_files() { # whether the build had files read
		run strace -f -qq -e trace=execve -o trace "$WORK/bin/box" build --progress plain -t web ctx
		expect_status 0
		grep -q '/box-image.* "digest"' trace
	}
	read_files
	[ "$(cached)" -eq 0 ]
	read_files || fail "young files were taken for what they were" # git's racy rule
	[ "$(cached)" -eq 1 ]
	sleep 4
	read_files || fail "they were young when they were read"
	! read_files || fail "files that are older than their reading were read again"
	[ "$(cached)" -eq 1 ]
	touch -r ctx/a time
	echo two >ctx/a
	touch -r time ctx/a
	read_files || fail "a file with its old size and time was taken for what it was"
	[ "$(cached)" -eq 0 ]
	touch ctx/b
	read_files
	[ "$(cached)" -eq 1 ] || fail "a time alone made the step again"
	chmod 755 ctx/b
	read_files || true
	[ "$(cached)" -eq 0 ] || fail "a mode did not"
}

@test "the same step above another layer is another one; no name leads to a hit" {
	cat >ctx/Dockerfile <<-'END'
		ARG BASE=base:1
		FROM $BASE
		RUN head -c 16 /dev/urandom >/random
	END
	build
	expect_status 0
	local first
	first=$(tail -n 1 <<<"$output")
	# An image that says that this very step made it, under the base's name (attack C10).
	mkdir tree && tar -C tree -xf "$ROOTFS" && echo evil >tree/random
	tar -C tree -c . | box import - base:2 >/dev/null
	build --build-arg BASE=base:2
	[ "$(cached)" -eq 0 ] || fail "the step of another base was taken"
	box tag base:1 other:1
	build --build-arg BASE=other:1
	[ "$(cached)" -eq 1 ] || fail "the base's name matters"
	build --network none
	[ "$(cached)" -eq 0 ] || fail "a step without the network is the one with it"
	build
	[ "$(cached)" -eq 1 ] && [ "$(tail -n 1 <<<"$output")" = "$first" ]
}
