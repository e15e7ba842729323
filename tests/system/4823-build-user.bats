#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build as an ordinary user.

load lib

setup() {
	setup_world
	need user subids
	as_user bin/box import rootfs.tar base:1 >/dev/null
	mkdir "$WORK/home/ctx"
}
teardown() { teardown_world; }

@test "an ordinary user's image is the same as root's, bit by bit" {
	echo file >"$WORK/home/ctx/a"
	mkdir -p "$WORK/home/ctx/dir/sub"
	cat >"$WORK/home/ctx/Dockerfile" <<-'END'
		FROM base:1 AS build
		RUN mkdir /out && echo made >/out/file && chown 12:34 /out/file && chmod 4755 /out/file
		FROM base:1
		WORKDIR /work
		COPY a dir /data/
		COPY --chown=1000:1000 a /home/
		COPY --from=build /out /out
		RUN --mount=type=cache,target=/cache,uid=5 touch /cache/x; rm /bin/probe; stat -c '%u:%g %a' /out/file /home/a >/facts
		RUN --mount=type=bind,target=/ctx cat /ctx/a >/a
		USER 1000
		CMD ["cat", "/facts"]
	END
	chown -R $TEST_USER: "$WORK/home/ctx"
	run as_user bin/box build -q -t mine ctx
	expect_status 0
	mine=$output
	run as_user bin/box run mine
	expect_line "12:34 4755" "1000:1000 644"
	box import "$ROOTFS" base:1 >/dev/null
	run box build -q -t mine "$WORK/home/ctx"
	expect_status 0
	[ "$output" = "$mine" ] || fail "root's is another image"
	[ -z "$(ls "$WORK/home/data/box/containers")" ] || fail "something is left"
}
