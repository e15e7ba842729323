#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Base images by digest (box lock), and box run of a file with "build": in the background, and locked.

load lib
load registry
setup() { setup_world; setup_registry; }
teardown() { teardown_registry; teardown_world; }

# base TEXT NAME: an image of the test root whose file /base has the text, in the registry.
base() {
	rm -rf root && rootfs_folder root && echo "$1" >root/base
	tar -C root --sort=name --mtime=@100 -cf base.tar . && box import base.tar "$REGISTRY/$2" >/dev/null && box push -q "$REGISTRY/$2" >/dev/null
}

logs_have() { box logs "$TAG" | grep -q "$1"; }
is_up() { box ps | grep -q "^$TAG .* Up "; }

# A host that has nothing of this one but the files here.
new_host() {
	export BOX_STORE=$WORK/store-$1
	STATE=$WORK/state-$1
	rm -r "$WORK/bin" && make_box
}

@test "a lock pins the images of a build; --locked takes nothing else, on any host" {
	need root docker-registry jq
	start_registry
	base one base:1
	base tool tool:1
	mkdir ctx
	cat >ctx/Dockerfile <<-END
		ARG BASE=$REGISTRY/base:1
		FROM \$BASE AS one
		COPY --from=$REGISTRY/tool:1 /base /tool
		FROM one
		RUN --mount=type=bind,from=$REGISTRY/tool:1,source=/base,target=/mnt cat /base /mnt >/both
	END
	cat >app.json <<-END
		{ "name": "$TAG", "build": { "from": "$REGISTRY/base:1", "steps": [
			{ "copy": ["/base"], "from": "$REGISTRY/tool:1", "to": "/tool" }, { "run": "cat /base /tool >/both" } ],
			"config": { "command": ["sh", "-c", "cat /both; exec sleep 1000"] } } }
	END
	run box build --locked ctx
	expect_status 1
	expect_has 'box: --locked: there is no ctx/Dockerfile.lock.json' 'box lock ctx/Dockerfile'
	run box build --locked - <ctx/Dockerfile
	expect_status 125
	expect_has '--locked is for a file that a lock can lie beside'
	run box lock ctx/Dockerfile
	expect_status 0
	[ "$(jq -r '.images | keys | join(" ")' ctx/Dockerfile.lock.json)" = "$REGISTRY/base:1 $REGISTRY/tool:1" ] || fail "what is locked" || return 1
	run box lock -q app.json
	expect_status 0
	[ "$(jq -c '.images' app.lock.json)" = "$(jq -c '.images' ctx/Dockerfile.lock.json)" ] || fail "two truths" || return 1
	box lock --check app.json && box lock --check ctx/Dockerfile
	digest=$(box build -q --locked ctx)
	spec_digest=$(box build -q --locked app.json)

	# The tag moves. Who has a lock does not, whatever else the host has or has not.
	base two base:1
	new_host b
	[ "$(box build -q --locked ctx 2>/dev/null)" = "$digest" ] || fail "another image by the lock" || return 1
	[ "$(box build -q --pull ctx 2>/dev/null)" = "$digest" ] || fail "the lock beside it does not count" || return 1
	[ "$(box build -q --locked app.json)" = "$spec_digest" ] || fail "another image by the spec's lock" || return 1
	run box build -q --locked --build-arg "BASE=$REGISTRY/tool:1" ctx
	expect_status 0
	run box build -q --locked --build-arg "BASE=$REGISTRY/base:2" ctx
	expect_status 1
	expect_has "box: Dockerfile:2: FROM: ctx/Dockerfile.lock.json: $REGISTRY/base:2 is not locked" 'box lock ctx/Dockerfile'
	mv ctx/Dockerfile.lock.json kept
	[ "$(box build -q --pull ctx 2>/dev/null)" != "$digest" ] || fail "the tag has not moved" || return 1

	# box run: locked, in the background, started again from what was built.
	run box run -q --locked -d app.json
	expect_status 0
	wait_until 10 logs_have tool
	[ "$(box logs "$TAG" | tr '\n' ' ')" = "one tool " ] || fail "$(box logs "$TAG")" || return 1
	box prune --all >/dev/null 2>&1
	box restart "$TAG" >/dev/null
	wait_until 10 is_up
	[[ $(box inspect "$TAG" | jq -r '.[0].image') == "$TAG@sha256:"* ]] || fail "what it runs" || return 1
	box rm -f "$TAG" >/dev/null
	sed -i 's/exec sleep 1000/true/' app.json
	run box run --locked app.json
	expect_status 125
	expect_has 'app.lock.json: app.json has changed since it was locked'
	run box run -q --pull sometimes app.json
	expect_status 125
	expect_has "option --pull sometimes: expected"
	run box run -q app.json
	expect_status 0
	expect_has 'app.lock.json: app.json has changed since it was locked, continuing' one
	[ "$(grep -c 'has changed' <<<"$output")" = 1 ] || fail "it was said twice" || return 1
	run box run --locked -q - <app.json
	expect_status 125
}
