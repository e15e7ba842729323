#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What box down --volumes leaves alone when it is given a name.

load lib

setup() { need root jq; setup_world; }
teardown() { teardown_world; }

@test "down --volumes of a name leaves what its file calls external" {
	cat >stack.json <<-EOF
		{"name": "$TAG", "volumes": {"data": {"external": true, "name": "${TAG}_data"}, "own": {}},
		 "services": {"web": {"rootfs": "$ROOTFS", "command": ["sleep", "100"], "volumes": ["data:/data", "own:/own"]}}}
	EOF
	for command in up plan; do
		run box $command stack.json
		expect_status 125
		expect_has "stack.json: volumes.data: the volume ${TAG}_data is external, and is not there" "box volume create ${TAG}_data"
	done
	[ -z "$(box volume ls -q)" ]
	box volume create "${TAG}_data"
	box up stack.json
	box exec "$TAG-web" sh -c 'echo precious >/data/file'
	run box volume rm "${TAG}_own"
	expect_has "the app $TAG-web uses it, which runs" "box stop $TAG-web"
	box down --volumes "$TAG"
	[ "$(box volume ls -q)" = "${TAG}_data" ]
	box volume rm "${TAG}_data"
}

@test "two files of one name in two folders: neither takes the other's services, until it is told to; a link to releases is one file" {
	for folder in a/deploy b/deploy; do
		mkdir -p $folder
		printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "network_mode": "none", "init": true, "command": ["sleep", "10%s"]}}}' \
			"$TAG" "$ROOTFS" "${#folder}" >$folder/app.json
	done
	sed -i 's/"web"/"api"/; s/"108"/"109"/' b/deploy/app.json
	box up -q a/deploy/app.json
	for command in up plan "run -d" run; do
		# shellcheck disable=SC2086
		run box $command b/deploy/app.json
		expect_status 125
		expect_has "b/deploy/app.json: another file has brought up what has this name: $WORK/a/deploy/app.json" "box up --take-over b/deploy/app.json"
	done
	run box down b/deploy/app.json
	expect_status 1
	expect_has "another file has brought up" "box down $TAG, if that is to go"
	[ "$(box ps -q)" = "$TAG-web" ] || fail "$(box ps -a)"
	# Another file in the folder is the next version, as is one that is called by the same link.
	cp a/deploy/app.json a/deploy/next.json
	run box up a/deploy/next.json
	expect_has "as it is written"
	ln -s b current
	run box up --take-over --remove-orphans current/deploy/app.json
	expect_line "started $TAG-api" "removed $TAG-web"
	run box up a/deploy/app.json
	expect_has "what has this name: $WORK/current/deploy/app.json"
	cp -r b c
	ln -sfn c current
	(cd current/deploy && box up app.json)
	box up -q current/deploy/app.json
	# What is gone is nobody's.
	rm -r b c
	box up -q --remove-orphans a/deploy/app.json
	[ "$(box ps -q)" = "$TAG-web" ] || fail "$(box ps -a)"
	box down a/deploy/app.json
}

@test "a network that is there and is not what the file says by now: box up does not call that as it is written" {
	need ip nft
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "init": true, "command": ["sleep", "100"], "networks": ["back"]}},\n"networks": {"back": {"internal": true}}}' \
		"$TAG" "$ROOTFS" >app.json
	box up -q app.json
	cp app.json internal.json
	sed -i 's/"internal": true/"subnet": "10.9.0.0\/24", "internal": true/' app.json
	for command in up plan; do
		run box $command app.json
		expect_status 125
		expect_has "app.json: networks.back: the network ${TAG}_back is there, with the subnet 10." "box down app.json, then box up app.json makes it anew"
	done
	sed -i 's/{"subnet[^}]*}/{}/' app.json
	run box up app.json
	expect_status 125
	expect_has "networks.back: the network ${TAG}_back is there, and \"internal\""
	run box up internal.json
	expect_line "$TAG is as it is written"
	box down -q app.json
	box network create --internal "${TAG}_back"
	run box up app.json
	expect_status 125
	expect_has "\"external\": true takes it as it is; or box network rm ${TAG}_back"
	box up -q internal.json
	box down -q internal.json
	box network rm "${TAG}_back"
}
