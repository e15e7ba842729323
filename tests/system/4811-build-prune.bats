#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box prune and what builds keep: results of steps and cache mounts; and a build that goes on loses nothing.

load lib
load build

setup() {
	setup_build
	need jq
}
teardown() { teardown_world; }

build() { run box build --progress plain -t web ctx; }
results() { ls "$BOX_STORE/build/cache" | wc -l; }
mounts() { find "$BOX_STORE/build/mounts" -name '*.0' | wc -l; }
share() { box system df --format json | jq ".[] | select(.type == \"build_cache\") | .$1"; }

@test "prune takes results that no image needs, --all cache mounts too; what an image has stays in the cache" {
	cat >ctx/Dockerfile <<-'END'
		FROM base:1 AS tool
		RUN --mount=type=cache,id=m,target=/m head -c 3000000 /dev/urandom >/m/big; echo tool >/tool; echo other >/other
		FROM base:1
		RUN true
		COPY --from=tool /tool /tool
	END
	build
	expect_status 0
	[ "$(ls "$BOX_STORE/layers" | wc -l)" -eq 3 ]
	[ "$(share total)" -eq 3 ] && [ "$(share size)" -gt 3000000 ] || fail "system df"
	run box prune -n
	expect_has 'would free 0 images, 1 layers and 1 blobs' 'of builds: 1 results of steps and 0 cache mounts'
	[ "$(results) $(mounts)" = "4 1" ]
	run box prune
	expect_has 'freed 0 images, 1 layers and 1 blobs' 'of builds: 1 results of steps and 0 cache mounts'
	[ "$(results) $(mounts)" = "3 1" ]
	build
	[ "$(grep -c CACHED <<<"$output")" -eq 2 ] && [ "$(grep -c DONE <<<"$output")" -eq 1 ] || fail "the image's own steps are gone"
	mkdir -p "$BOX_STORE/build/fetched"
	head -c 1000000 /dev/zero >"$BOX_STORE/build/fetched/$(printf '%064d' 5)" # of a build that was killed
	# A result that takes no space stays a month; files of another one are new.
	touch -d '40 days ago' "$BOX_STORE"/build/cache/*
	touch -d '40 days ago' "$BOX_STORE"/build/digests/* 2>/dev/null || true
	run box prune --filter until=24h
	expect_has 'freed 0 images' 'of builds: '
	[ "$(mounts)" = 1 ] && [ -z "$(ls "$BOX_STORE/build/fetched")" ] || fail "the mount went, or what was fetched did not"
	run box prune --all
	expect_has '1 cache mounts'
	[ "$(mounts)" = 0 ] && [ -z "$(ls "$BOX_STORE/build/mounts")" ] || fail "the mount is not gone"
	run box store check
	expect_status 0
}

@test "a budget: what was last used longest ago goes first, images, results and mounts alike" {
	cat >ctx/Dockerfile <<-'END'
		FROM base:1 AS tool
		RUN head -c 4000000 /dev/urandom >/tool
		RUN --mount=type=cache,id=old,target=/m head -c 2000000 /dev/urandom >/m/big
		RUN --mount=type=cache,id=new,target=/m head -c 2000000 /dev/urandom >/m/big
		FROM base:1
		COPY --from=tool /bin/sh /copied
	END
	build
	expect_status 0
	local old
	old=$(grep -lxs old "$BOX_STORE"/build/mounts/id-*-[0-9])
	touch -d '2 days ago' "$old"
	touch -d '1 day ago' "$BOX_STORE"/build/cache/*
	# In all: the base and 12 MB; the old mount, then results, then the new mount.
	run box prune --keep-size "$(($(du -sb --apparent-size "$BOX_STORE" | cut -f1) - 1000000))"
	expect_has 'of builds: 0 results of steps and 1 cache mounts'
	[ ! -e "$old" ] && [ "$(mounts)" = 1 ] || fail "another mount went"
	run box prune --keep-size 1
	[ "$(mounts)" = 0 ]
	expect_has 'freed 0 images'
	[ "$(box images -q | wc -l)" -eq 2 ] || fail "images with names went"
}

@test "a build that goes on loses nothing, and one that begins while prune works waits for it" {
	cat >ctx/Dockerfile <<-'END'
		FROM base:1 AS tool
		RUN --mount=type=cache,id=m,target=/m echo x >/m/x; echo tool >/tool
		RUN --mount=type=cache,id=m,target=/m echo going; until [ -e /m/enough ]; do sleep 0.1; done
		FROM base:1
		COPY --from=tool /tool /tool
	END
	box build -q -t web ctx >digest 2>&1 &
	local builder=$!
	wait_until 20 eval '[ "$(results)" -ge 1 ]'
	run box prune --all --keep-size 1
	expect_has 'a build is under way'
	[ "$(results)" -ge 1 ] && [ "$(mounts)" -eq 1 ] || fail "what it made went"
	touch "$(find "$BOX_STORE/build/mounts" -name '*.0')/enough"
	wait "$builder" || fail "$(cat digest)"
	exec 8<"$BOX_STORE/builds.lock"
	flock -x 8 # as prune holds it
	box build -q ctx >late 2>&1 8<&- &
	builder=$!
	sleep 0.5
	[ ! -s late ] || fail "it did not wait: $(cat late)"
	exec 8<&-
	wait "$builder"
	grep -q ^sha256: late
}
