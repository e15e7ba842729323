#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build --isolation chroot: what it makes is what full isolation makes, whatever a step does to its root.

load lib
load build

setup() { setup_build; }
teardown() { teardown_world; }

digest() { grep '^sha256:' <<<"$output"; }

# Both ways, without each other's cache; the image is called "both".
build_both() {
	build --isolation full "$@"
	expect_status 0
	full=$(digest)
	build --isolation chroot --no-cache -t both "$@"
	expect_status 0
	expect_has "box: warning: as was asked for: steps run in a chroot alone"
	[ "$(digest)" = "$full" ] || { box diff "$full" both; fail "in a chroot it is another image than $full"; }
	[ -z "$(ls "$BOX_STORE/staging")" ] || fail "something is left in the store"
}

@test "every kind of change is found, and nothing else" {
	mkdir ctx/tree
	echo 1 >ctx/tree/one
	dockerfile <<-'END'
		FROM base:1
		RUN mkdir -p /a/gone /a/same /a/again /a/file /a/link /a/deep/er && for i in 1 2 3; do echo $i | tee /a/gone/$i /a/again/$i /a/same/$i; done && \
		    echo x >/a/one && ln /a/one /a/two && echo content >/a/plain && chmod 4755 /a/plain && mkfifo /a/fifo && touch /a/lock && chmod 640 /a/lock && ln -s plain /a/soft
		COPY tree /a/tree
		RUN rm -r /a/gone && rm -r /a/again && mkdir /a/again && echo new >/a/again/new && rmdir /a/file && echo file >/a/file && \
		    rmdir /a/link && ln -s /etc /a/link && rm /a/plain && mkdir /a/plain && touch /a/plain/x
		RUN chown 1234:4321 /a/same && chmod 700 /a/deep && touch -d @1000000000 /a/same/1 && printf 2 >/a/same/2
		RUN mv /a/same/3 /a/same/4 && touch /a/came && rm /a/came
		RUN exec 3<>/a/fifo 4<>/a/lock && chmod 640 /a/lock
		COPY --chown=7:8 tree/one /a/again/one
		WORKDIR /made/by/workdir
		RUN echo tail >>/a/tree/one
	END
	build_both
	[ "$(box history both | grep -c ' 0 B ')" -eq 1 ] || fail "a step that changes nothing made a layer"
	run box build --isolation chroot -q -o - ctx
	expect_status 0
}

@test "CVE-2024-23652: what box put into the root is out of it again, whatever the step does to it" {
	dockerfile <<-'END'
		FROM base:1
		RUN mkdir -p /real /victim && echo kept >/victim/file && ln -s /real /way
		COPY name /etc/hostname
		RUN --mount=type=cache,target=/way/cache --mount=type=tmpfs,target=/scratch --mount=type=secret,id=s,target=/new/folder/s \
		    echo c >>/way/cache/n; cat /new/folder/s >/dev/null && rm -f /new/folder/s && ln -s /victim /new/folder/s; \
		    rm -f /etc/hosts && ln -s /victim/file /etc/hosts; rm -rf /scratch && ln -s /victim /scratch; touch /victim/other; true
		RUN test "$(cat /victim/file)" = kept && test -e /victim/other && test ! -e /new && test ! -L /scratch && test ! -L /etc/hosts
		RUN --mount=type=cache,target=/way/cache grep -c c /way/cache/n; mv /way/cache /victim/stolen || true
	END
	echo canary-4815 >s
	echo mine >ctx/name
	build --isolation chroot --secret id=s,src=s -t out
	expect_status 0
	run box build --isolation chroot -q -o type=tar,dest=out.tar ctx --secret id=s,src=s
	expect_status 0
	run tar -tf out.tar
	[[ $output != *new/folder* && $output != *scratch* && $output == *victim/other* ]] || fail "what was box's own is in the image"
	[ "$(tar -xOf out.tar etc/hostname)" = mine ] || fail "the image's own file did not come back"
	run grep -rl canary-4815 "$BOX_STORE"
	[ -z "$output" ] || fail "the secret is in the store"
}

@test "a step has no way out of its root, and no more power than it needs" {
	dockerfile <<-'END'
		FROM base:1
		RUN grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; mkdir -p /x && ! chroot /x /bin/true; ! mount -t tmpfs none /x; cd ../../../..; pwd; \
		    test ! -e /sys/../ctx && test ! -e /../../ctx
		RUN for i in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /sys/kernel/mm/transparent_hugepage/enabled; do \
		    ! sh -c ": >>$i" || exit 1; done; echo x >/dev/stdout
	END
	build --isolation chroot
	expect_status 0
	expect_has 'NoNewPrivs:\t1' 'Seccomp:\t2'
	bounding=$((16#$(sed -n 's/.*CapBnd:\\t//p' <<<"$output")))
	for capability in 16 18 19 21 27; do # SYS_MODULE SYS_CHROOT SYS_PTRACE SYS_ADMIN MKNOD
		[ $((bounding >> capability & 1)) -eq 0 ] || fail "capability $capability is left"
	done
	for words in "" root none; do
		run box build --isolation "$words" ctx
		[ "$status" -eq 125 ] || [ -z "$words" ] || fail "--isolation $words was taken"
	done
	BOX_ISOLATION=less run box build ctx
	expect_status 125
	expect_has 'BOX_ISOLATION: expected auto, full or chroot, found "less"'
}

@test "--verify of what the cache has: nothing is left in the store" {
	dockerfile <<-'END'
		FROM base:1
		RUN echo one >/one
		RUN hostname >/dev/null; date +%Y | wc -c >/length
	END
	build --isolation chroot
	expect_status 0
	build --isolation chroot --verify
	expect_status 0
	[ "$(grep -c ' SAME ' <<<"$output")" = 2 ] || fail "it was not made again"
	[ -z "$(ls "$BOX_STORE/staging")" ] || fail "something is left in the store"
}

@test "where no user namespace is to be had a step cannot trace who has no more power than it" {
	need python3 setpriv
	local call job
	# Docker's filter, as far as it counts here: clone with CLONE_NEWUSER is refused, and clone3 not known.
	cat >like-docker.py <<-'END'
		import ctypes, os, struct, sys
		ops = [(0x20, 0, 0, 0), (0x15, 0, 1, 435), (6, 0, 0, 0x50026), (0x15, 0, 3, 56), (0x20, 0, 0, 16), (0x45, 0, 1, 0x10000000),
		       (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)]
		code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *op) for op in ops))
		program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(ops), ctypes.addressof(code)))
		if ctypes.CDLL(None).prctl(22, 2, program) == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
	END
	[ "$(uname -m)" = x86_64 ] || skip "the filter is x86-64's"
	setpriv --reuid 12345 --regid 12345 --clear-groups sleep 60 &
	job=$!
	printf 'FROM base:1\nARG job\nUSER 12345:12345\nRUN probe call 101 16 $job 0 0; probe call 101 0x4206 $job 0 0; probe call 310 $job 0 0 0 0 0\n' | dockerfile
	run python3 like-docker.py "$WORK/bin/box" build --progress plain --build-arg job=$job ctx
	kill $job
	expect_status 0
	expect_has "user namespaces are refused here"
	[ "$(grep -c EPERM <<<"$output")" -eq 3 ] || fail "a step has traced a process of the host's"
}
