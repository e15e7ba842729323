#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ADD of archives: what they become, and what hostile ones try.

load lib
load build

setup() { setup_build; }
teardown() { teardown_world; }

# A tar of members that tar(1) does not make: hostile NAME TYPE [LINK] …
hostile() {
	python3 - "$@" <<-'END'
		import io, sys, tarfile
		out, words = sys.argv[1], sys.argv[2:]
		with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as tar:
		    for word in words:
		        name, kind, *rest = word.split("|")
		        member = tarfile.TarInfo(name)
		        member.type = {"file": b"0", "hard": b"1", "link": b"2", "char": b"3", "folder": b"5"}[kind]
		        member.mode = 0o755
		        body = b""
		        if kind == "file":
		            body = (rest[0] if rest else "pwned").encode()
		        elif rest and kind != "char":
		            member.linkname = rest[0]
		        if kind == "char":
		            member.devmajor, member.devminor = 8, 0
		        if len(rest) > 1:
		            member.uid = int(rest[1])
		        member.size = len(body)
		        tar.addfile(member, io.BytesIO(body))
	END
}

@test "ADD takes archives apart by their content, as docker does" {
	mkdir -p tree/sub ctx/dir
	echo hi >tree/sub/f && ln tree/sub/f tree/sub/h && ln -s f tree/sub/l && chown 5:6 tree/sub/f && chmod 4750 tree/sub/f
	chmod 700 tree && chown 9:9 tree
	tar -C tree -cf ctx/plain .
	for how in gzip bzip2 xz zstd; do $how -c <ctx/plain >ctx/in-$how; done
	echo text | gzip >ctx/text.gz
	cp ctx/plain ctx/dir/a.tar
	dockerfile <<-'END'
		FROM base:1
		RUN mkdir -p /there/sub /over/sub/f/x && ln -s sub /over/way
		ADD plain /plain
		ADD in-gzip in-bzip2 /many/
		ADD --chown=7:8 --chmod=600 in-xz /xz
		ADD in-zstd text.gz dir /mixed/
		ADD text.gz /file
		ADD plain /there
		ADD plain /over/
		COPY plain /copied
		RUN cmp /copied /mixed/a.tar && test "$(zcat /file)" = text && zcat /mixed/text.gz
		RUN for f in plain many xz mixed there over; do stat -c "%n %a %u:%g" /$f /$f/sub/f; readlink /$f/sub/l; done >/facts
		CMD ["cat", "/facts"]
	END
	build -t archives
	expect_status 0
	run box run archives
	expect_line "/plain 700 9:9" "/plain/sub/f 4750 5:6" "/many/sub/f 4750 5:6" "/xz 700 7:8" "/xz/sub/f 4750 7:8" "/mixed/sub/f 4750 5:6" \
		"/there 700 9:9" "/over/sub/f 4750 5:6"
	build --verify
	expect_status 0
	# Its time, and where it lies, are no part of what it is.
	touch ctx/plain
	build -t archives
	[[ $output != *DONE* ]] || fail "it was made again"
	gzip -c <tree/sub/f >ctx/in-gzip
	build
	[ "$(grep CACHED <<<"$output" | sort -u | wc -l)" -eq 2 ] || fail "another content is another step"
}

@test "the same archive gives the same tree as buildah's" {
	need buildah
	mkdir tree && echo x >tree/x && ln -s /etc tree/etc && mkdir -m 711 tree/d && chown 3:4 tree/d && tar -C tree -czf ctx/a.tgz .
	printf 'FROM scratch\nADD a.tgz /t\nADD a.tgz /\n' | dockerfile
	box build -q -o - ctx | tar -tvf - | awk '{ print $1, $2, $3, $6, $7, $8 }' | sort >ours
	buildah --root "$WORK/b" --runroot "$WORK/r" bud -q --isolation chroot -t t ctx >/dev/null 2>&1 || skip "buildah cannot build here"
	buildah --root "$WORK/b" --runroot "$WORK/r" push -q t "oci:$WORK/out:t"
	echo "FROM theirs" | box build -q -f - --build-context "theirs=oci-layout://$WORK/out:t" -o - ctx | tar -tvf - | awk '{ print $1, $2, $3, $6, $7, $8 }' | sort >theirs
	diff ours theirs
}

@test "hostile archives stay in the image, or are refused with their member's name" {
	local canary=$WORK/canary
	echo safe >"$canary"
	printf 'FROM base:1\nADD evil.tar /t/\n' | dockerfile
	refused() { # refused WORDS MEMBER…
		hostile ctx/evil.tar "${@:2}"
		build
		[ "$status" -eq 1 ] || fail "$2: status $status"
		expect_has "$1" Dockerfile:2
	}
	refused 'member "../../x"' "../../x|file"
	refused 'member "a/../../b"' "a/../../b|file"
	refused 'member "."' ".|link|/"
	refused 'hard link' "a|file" "a|hard|a"
	refused '70000' "a|file|x|70000"
	refused '".wh."' ".wh.bin|file|"
	refused '..' "hard|hard|../../canary"
	hostile ctx/evil.tar "e|link|$WORK" "e/canary|file" "up|link|../../../../../.." "up$canary|file" "$canary|file" "sda|char"
	printf "FROM base:1\nRUN mkdir -p $WORK /t\nADD evil.tar /t/\n" | dockerfile
	build -t contained
	expect_status 0
	expect_has "1 device nodes or sockets are left out"
	[ "$(cat "$canary")" = safe ] || fail "it wrote to the host"
	run box run contained sh -c "cat $canary; test ! -e /t/sda"
	expect_status 0
	expect_line pwned
	# A few kilobytes that ask for gigabytes.
	head -c 80M /dev/zero >zeros && tar --owner=0 -cf - zeros | xz -T2 -1 >ctx/evil.tar && rm zeros
	build
	[ "$status" -ne 0 ] || fail "a bomb was taken"
	expect_has "ADD evil.tar"
	head -c 3000 ctx/evil.tar >cut && mv cut ctx/evil.tar
	build
	[ "$status" -ne 0 ] || fail "half an archive was taken"
	[ -z "$(find "$BOX_STORE/containers" "$BOX_STORE/staging" -mindepth 1)" ] || fail "something is left"
}

@test "an ordinary user's archive is unpacked the same" {
	need user subids
	as_user true
	mkdir "$WORK/home/ctx" tree && echo x >tree/x && chown 12:34 tree/x && tar -C tree -cJf "$WORK/home/ctx/a" .
	printf 'FROM scratch\nADD a /t/\n' >"$WORK/home/ctx/Dockerfile"
	chown -R $TEST_USER: "$WORK/home/ctx"
	run as_user bin/box build -q ctx
	expect_status 0
	mine=$output
	run box build -q "$WORK/home/ctx"
	[ "$output" = "$mine" ] || fail "root's is another image"
}
