#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/ci: what the examples for GitHub and GitLab say is executed as it stands there: checkout, log in, build, verify, push, run from the registry.

load lib
load registry

setup() {
	setup_world && setup_registry
	need root docker-registry htpasswd jq git
	start_registry auth
	make_project
}
teardown() { teardown_registry; teardown_world; }

# A repository with an application, whose base image is in the registry.
make_project() {
	mkdir origin
	printf '#!/bin/sh\necho "app 1.2"\n' >origin/app.sh
	cat >origin/Dockerfile <<-END
		FROM $REGISTRY/acme/base:1 AS build
		COPY app.sh /src/
		RUN --mount=type=cache,target=/cache sed s/1.2/1.3/ /src/app.sh >/src/app && chmod +x /src/app
		FROM $REGISTRY/acme/base:1
		COPY --from=build /src/app /usr/bin/
		ENTRYPOINT ["/usr/bin/app"]
	END
	git -C origin init -q -b main
	git -C origin add -A
	git -C origin -c user.name=a -c user.email=a@example.com commit -qm one
	box login -u robot --password-stdin "$REGISTRY" <<<canary-4711
	box import "$ROOTFS" "$REGISTRY/acme/base:1"
	box push -q "$REGISTRY/acme/base:1"
	box logout "$REGISTRY"
} >/dev/null

steps() { python3 "$BATS_TEST_DIRNAME/ci-steps.py" "$TOP/docs/ci/$1" "$2"; }
digest_in() { jq -r '."containerimage.digest"' "$1/build.json"; }

# What both examples promise; the digest of the first job, the folder of the second.
expect_pushed() {
	expect_status 0
	expect_has "app 1.3"
	[[ $output != *canary* ]] || fail "the password was printed"
	# Nothing of it is left but what is in the registry: another host gets the same.
	local digest
	digest=$(digest_in "$1")
	[[ $digest == sha256:* ]] || fail "no digest"
	box login -u robot --password-stdin "$REGISTRY" <<<canary-4711
	run box pull "$2"
	expect_has "@$digest"
	box logout "$REGISTRY"
}

@test "the example for GitHub, by the runner's ordinary user" {
	need user subids
	as_user true
	git clone -q origin home/work && chown -R $TEST_USER: home/work
	steps github.yml image >"$WORK/home/job.sh"
	job() {
		as_user PATH="$WORK/home/bin:/usr/bin:/bin" REGISTRY_USER=robot REGISTRY_PASSWORD=canary-4711 IMAGE="$REGISTRY/acme/web" \
			GITHUB_SHA="$(git -C origin rev-parse HEAD)" GITHUB_REF_NAME=main sh -c 'cd work && sh ../job.sh'
	}
	run job
	expect_pushed home/work "$REGISTRY/acme/web:main"
	# The next commit changes the last stage's file alone.
	(cd origin && echo '# changed' >>README && git add -A && git -c user.name=a -c user.email=a@example.com commit -qm two)
	run job
	expect_status 0
	[ "$(grep -c CACHED <<<"$output")" -ge 3 ] || fail "the store is no cache"
}

@test "the example for GitLab: the first job in a chroot, as in its docker executor, the second on a machine" {
	local sha
	sha=$(git -C origin rev-parse HEAD)
	job() { # NAME FOLDER [VARIABLE=VALUE…]
		git clone -q origin "$2"
		[ ! -e first/build.json ] || [ "$2" = first ] || cp first/build.json "$2/"
		steps gitlab-ci.yml "$1" >job.sh
		(cd "$2" && env CI_PROJECT_DIR="$PWD" CI_REGISTRY="$REGISTRY" CI_REGISTRY_USER=robot CI_REGISTRY_PASSWORD=canary-4711 \
			CI_REGISTRY_IMAGE="$REGISTRY/acme/web" CI_COMMIT_SHA="$sha" CI_COMMIT_REF_SLUG=main "${@:3}" sh ../job.sh)
	}
	run job image first BOX_ISOLATION=chroot BOX_STORE="$WORK/first/.box"
	expect_status 0
	[ "$(grep -c CACHED <<<"$output")" -eq 0 ] || fail "there was no cache"
	# GitLab keeps the cache as an archive, and knows no owners.
	tar -C first -cf cache.tar .box
	run job smoke second
	expect_pushed first "$REGISTRY/acme/web:main"
	mkdir third && tar -C third --no-same-owner -xf cache.tar && mv third/.box cached && rmdir third
	run job image third BOX_ISOLATION=chroot BOX_STORE="$WORK/cached"
	expect_status 0
	[ "$(grep -c CACHED <<<"$output")" -ge 3 ] || fail "the cache was not used"
	[ "$(digest_in third)" = "$(digest_in first)" ] || fail "it is another image"
}
