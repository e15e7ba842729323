#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box volume and box system df.

load lib
setup() {
	setup_world
	need root jq
}
teardown() {
	box rm -f "$TAG" >/dev/null 2>&1 || true
	wait
	teardown_world
}
use_volume() {
	app '"volumes": ["'"$TAG"':/v"], "command": ["sh", "-c", "echo data >/v/f; chown 33:44 /v/f; chmod 4711 /v/f; ln -s f /v/l; touch /v/ready; sleep 1000"]'
	box run --name "$TAG" app.json </dev/null >out 2>&1 &
	wait_until 10 eval 'box exec "$TAG" test -e /v/ready'
}

@test "create, ls, inspect, rm" {
	run box volume create "$TAG"
	expect_status 0
	[ "$output" = "$TAG" ]
	box volume create "$TAG"
	run box volume ls
	expect_has NAME MOUNTPOINT "$TAG"
	[ "$(box volume ls -q)" = "$TAG" ]
	[ "$(box volume ls --format json | jq -r '.[0] | .name, .in_use' | xargs)" = "$TAG false" ]
	[ -d "$(box volume inspect "$TAG" | jq -r '.[0].mountpoint')" ]
	[ "$(box inspect "$TAG" | jq -r '.[0].name')" = "$TAG" ]
	[ "$(stat -c %a "$BOX_STORE/volumes/$TAG")" = 700 ]
	run box volume rm "$TAG"
	[ "$output" = "$TAG" ]
	run box volume rm "$TAG"
	expect_status 1
	expect_has "none of this name"
	box volume rm --force "$TAG"
	run box volume create ../x
	expect_status 125
	[ "$(box volume create | wc -c)" -eq 33 ]
}

@test "a volume in use is neither removed nor pruned nor written" {
	use_volume
	run box volume rm "$TAG"
	expect_status 1
	expect_has "a running app uses it"
	box volume create "$TAG-idle"
	[ "$(box volume ls -q -f dangling=true)" = "$TAG-idle" ]
	[ "$(box volume ls -q -f dangling=false)" = "$TAG" ]
	[ "$(box volume ls -q -f name=idle)" = "$TAG-idle" ]
	tar -cf x.tar out
	run box volume import "$TAG" x.tar
	expect_status 1
	expect_has "a running app uses it"
	run box volume prune
	expect_status 125
	expect_has --all
	run box volume prune --all
	expect_status 0
	expect_has "$TAG-idle" freed
	[ "$(box volume ls -q)" = "$TAG" ]
	[ "$(box system df --format json | jq '.[] | select(.type == "volumes") | .total, .active' | xargs)" = "1 1" ]
}

@test "the volume of an app in the background is kept while the app is defined" {
	app '"volumes": ["'"$TAG"'-kept:/v"], "command": ["sh", "-c", "touch /v/ready; sleep 1000"]'
	box run -d app.json
	wait_until 10 eval '[ -e "$BOX_STORE/volumes/$TAG-kept/_data/ready" ]'
	box stop -t 0 "$TAG"
	run box volume prune --all
	expect_status 0
	run box volume rm "$TAG-kept"
	expect_status 1
	expect_has "the app $TAG in the background has it" "box rm $TAG"
	box rm "$TAG"
	box volume rm "$TAG-kept"
}

@test "words of an app in the background that are no volumes of it keep none" {
	app '"environment": {"A": "'"$TAG"'-word", "B": "'"$TAG"'-word:x"}, "command": ["true", "'"$TAG"'-word"]'
	box run -d app.json
	box wait "$TAG"
	for name in "$TAG-word" "${TAG}_data"; do
		box volume create "$name"
		[ "$(box volume inspect "$name" | jq '.[0].in_use')" = false ] || fail "$name is said to be in use"
		box volume rm "$name"
	done
}

@test "export and import keep owners, modes and links" {
	use_volume
	box volume export -o v.tar "$TAG"
	box stop -t 0 "$TAG"
	wait
	tar -tvf v.tar >list
	grep -q -- '^-rws--x--x 33/44 .* f$' list
	box volume create "$TAG-two"
	box volume import "$TAG-two" v.tar
	box volume export "$TAG-two" | tar -tvf - | sort >list.two
	diff <(sort list) list.two
	[ "$(stat -c %u:%g:%a "$BOX_STORE/volumes/$TAG-two/_data/f")" = 33:44:4711 ]
}

@test "a tar that wants out of the volume does not get there" {
	box volume create "$TAG"
	echo x >x
	tar -cPf evil.tar --transform 's,^x,../../escaped,' x
	run box volume import "$TAG" evil.tar
	expect_status 1
	expect_has '".."'
	ln -s / root && tar -cf evil.tar root && rm root && mkdir root && echo x >root/box-escaped && tar -rf evil.tar root/box-escaped
	box volume import "$TAG" - <evil.tar || true
	[ ! -e /box-escaped ]
}

@test "an ordinary user's volumes hold ids that the user is not" {
	need user userns subids
	user_app '"volumes": ["'"$TAG"':/v"], "command": ["sh", "-c", "mkdir -m 700 /v/d && touch /v/d/f && chown -R 33:44 /v/d"]'
	as_user bin/box run app.json
	as_user bin/box volume export "$TAG" | tar -tvf - >list
	grep -q ' 33/44 .* d/f$' list
	as_user bin/box system df
	as_user bin/box volume rm "$TAG"
	[ -z "$(as_user bin/box volume ls -q)" ]
	[ -z "$(ls -A "$WORK/home/data/box/volumes")" ]
}

@test "prune takes only what was last used before a point in time" {
	app '"command": ["true"]'
	box run app.json
	[ "$(box system df --format json | jq '.[] | select(.type == "images") | .size > 0')" = true ]
	run box prune --all --filter until=1h -n
	expect_has "0 images"
	run box prune --filter colour=red
	expect_status 125
}
