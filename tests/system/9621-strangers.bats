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
	box down --volumes "$TAG"
	[ "$(box volume ls -q)" = "${TAG}_data" ]
	box volume rm "${TAG}_data"
}
