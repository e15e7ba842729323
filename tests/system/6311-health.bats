#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Health checks of apps in the background: by a program, over HTTP and TCP; what becomes of an unhealthy app; what a check leaves behind.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

forever='trap \"exit 3\" TERM; touch /tmp/up; while :; do sleep 0.1; done'
health_of() { box ps -a --format json | jq -r --arg name "$TAG" '.[] | select(.name == $name).health'; }
pid_of() { box ps --format json | jq -r --arg name "$TAG" '.[] | select(.name == $name).pid'; }
has_health() { [ "$(health_of)" = "$1" ]; }
has_run() { [ "$(sed -n 's/^starts //p' "$STATE/$TAG/supervisor")" -ge "$1" ]; }
has_record() { [ -e "$BOX_STORE/apps/$TAG/exits/$1.json" ]; }
supervisor_of() { sed -n 's/^pid //p' "$STATE/$TAG/supervisor"; }
start() { # start COMMAND HEALTHCHECK
	app "\"command\": [\"sh\", \"-c\", \"$1\"], \"healthcheck\": $2"
	run box run -d app.json
	expect_status 0
}

@test "a program in the app says how it is" {
	need root
	start "$forever" '{"test": ["CMD-SHELL", "until test -e /tmp/look; do sleep 0.05; done; test -e /tmp/well"], "interval": "200ms", "timeout": "30s", "retries": 2}'
	has_health starting || fail "it is $(health_of) at the start"
	box exec "$TAG" touch /tmp/look
	wait_until 10 has_health unhealthy
	box exec "$TAG" touch /tmp/well
	wait_until 10 has_health healthy
	run box ps
	expect_has "(healthy)" "Up "
	box exec "$TAG" rm /tmp/well
	wait_until 10 has_health unhealthy
	[ "$(pid_of)" -gt 0 ] || fail "on_failure is none, and it does not run"
}

@test "http and tcp need nothing in the image, and reach the app's own loopback" {
	need root
	start "mkdir -p /srv/cgi-bin && echo good >/srv/ok && exec busybox httpd -f -p 127.0.0.1:8080 -h /srv" \
		'{"http": {"port": 8080, "path": "/ok"}, "interval": "200ms"}'
	wait_until 10 has_health healthy
	box rm -f "$TAG"
	start "exec busybox httpd -f -p 8080 -h /tmp" '{"http": {"port": 8080, "path": "/none"}, "interval": "200ms", "retries": 1}'
	wait_until 10 has_health unhealthy
	wait_until 10 eval 'box inspect "$TAG" | grep -q "404 Not Found"' # not that nobody listens yet
	box stop -t 0 "$TAG"
	run box explain "$TAG"
	expect_has "404 Not Found" "it was unhealthy"
	box rm -f "$TAG"
	start "exec busybox httpd -f -p 8080 -h /tmp" '{"tcp": {"port": 8080}, "interval": "200ms"}'
	wait_until 10 has_health healthy
	box rm -f "$TAG"
	start "$forever" '{"tcp": {"port": 8080}, "interval": "200ms", "retries": 1}'
	wait_until 10 has_health unhealthy
}

@test "an ordinary user's app is checked in its network, too" {
	need user
	user_app '"command": ["busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/tmp"],
		"healthcheck": {"http": {"port": 8080, "path": "/none"}, "interval": "200ms", "retries": 1}'
	as_user bin/box run -d app.json
	is_ill() { as_user bin/box ps --format json | jq -e '.[0].health == "unhealthy"' >/dev/null; }
	wait_until 20 is_ill
	wait_until 10 eval 'as_user bin/box inspect "$TAG" | grep -q "404 Not Found"'
	as_user bin/box stop -t 0 "$TAG"
	run as_user bin/box explain "$TAG"
	expect_has "404 Not Found"
	user_app '"command": ["sh", "-c", "while :; do sleep 0.1; done"],
		"healthcheck": {"test": ["CMD-SHELL", "id -u; false"], "interval": "200ms", "timeout": "5s", "retries": 1}'
	as_user bin/box rm -f "$TAG"
	as_user bin/box run -d app.json
	wait_until 20 is_ill
	as_user bin/box rm -f "$TAG"
}

@test "a check that hangs is late, and everything that it began is ended" {
	need root
	start "$forever" '{"test": ["CMD-SHELL", "(setsid sleep 7777 &); sleep 7777"], "interval": "200ms", "timeout": "500ms", "retries": 2}'
	wait_until 20 has_health unhealthy
	sleepers() { box ps "$TAG" --format json | jq '[.[] | select(.command == "sleep 7777")] | length'; }
	for _ in {1..10}; do
		[ "$(sleepers)" -le 2 ] || fail "$(sleepers) processes of checks are there"
		sleep 0.1
	done
	box stop -t 0 "$TAG"
	run box explain "$TAG"
	expect_has "no answer after"
}

@test "a check that hangs for hours keeps no supervisor from becoming the new program, and comes again" {
	need root
	start "$forever" '{"test": ["CMD-SHELL", "sleep 7777"], "interval": "500ms", "timeout": "9h"}'
	sleepers() { box ps "$TAG" --format json | jq '[.[] | select(.command == "sleep 7777")] | length'; }
	has_check() { [ "$(sleepers)" -eq 1 ]; }
	wait_until 10 has_check
	pid=$(pid_of)
	timeout "$(slowly 10)" box renew || fail "renew waits for the check"
	sleep 1
	wait_until 10 has_check
	[ "$(pid_of)" = "$pid" ] || fail "the app is another one"
}

@test "on_failure restart starts an unhealthy app anew, and the record says so" {
	need root
	start "$forever" '{"test": ["CMD-SHELL", "echo no luck; ! test -e /tmp/up"], "interval": "150ms", "timeout": "5s", "retries": 2, "on_failure": "restart"}'
	wait_until 20 has_run 3
	run box explain "$TAG" 1
	expect_has "run 1: ended with exit code 3" "it was unhealthy, and box asked it to end" "2 checks failed in a row" "no luck" \
		"app.json:4: healthcheck"
	run box explain "$TAG" 1 --format json
	[ "$(jq -r '.stopped_by, .health.status, .health.checks[0].code' <<<"$output" | tr '\n' ' ')" = "health unhealthy 1 " ] || fail "$output"
}

@test "on_failure stop ends an unhealthy app for good" {
	need root
	start "$forever" '{"test": ["CMD-SHELL", "! test -e /tmp/up"], "interval": "100ms", "timeout": "5s", "retries": 1, "on_failure": "stop"}'
	is_stopped() { box ps -a --format json | jq -e '.[0].status == "exited (3)"' >/dev/null; }
	wait_until 20 is_stopped
	sleep 0.5
	is_stopped || fail "it was started again"
}

@test "in the start period failures do not count" {
	need root python3
	start "$forever" \
		'{"test": ["CMD", "false"], "interval": "5s", "timeout": "5s", "retries": 1, "start_period": "1500ms", "start_interval": "100ms"}'
	wait_until 20 has_health unhealthy
	run box inspect "$TAG"
	# The supervisor's own note, on the clock that begins with the boot.
	started=$(($(sed -n 's/^started_ms //p' "$STATE/$TAG/supervisor") + $(python3 -c 'import time
print(int((time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)) * 1000))')))
	first=$(jq '.[0].health.streak' <<<"$output") # so many have counted; the one before has failed in the start period
	[ $(($(ms "$(began $((first - 1)))") - started)) -ge 1495 ] || fail "the first that counted came too early"
	[ $(($(ms "$(began "$first")") - started)) -lt 1600 ] && jq -e ".[0].health.checks[$first].code == 1" <<<"$output" || fail "none was left out"
}
ms() { date -d "$1" +%s%3N; }
began() { jq -r ".[0].health.checks[$1].began" <<<"$output"; } # of the last but $1

@test "a paused app is not blamed for its silence" {
	need root
	start "mkdir -p /srv && echo good >/srv/ok && exec busybox httpd -f -p 8080 -h /srv" \
		'{"http": {"port": 8080, "path": "/ok"}, "interval": "100ms", "timeout": "3s", "retries": 1}'
	wait_until 10 has_health healthy
	box pause "$TAG"
	sleep 3.5 # a check that was under way is late
	has_health healthy || fail "it is $(health_of)"
	output=$(box inspect "$TAG")
	last=$(began 0)
	box unpause "$TAG"
	is_checked() { output=$(box inspect "$TAG"); [ "$(began 0)" != "$last" ]; }
	wait_until 10 is_checked
	has_health healthy || fail "it is $(health_of) afterwards"
}

@test "the history outlives the supervisor" {
	need root
	start "$forever" '{"test": ["CMD-SHELL", "test -e /tmp/well"], "interval": "200ms", "timeout": "5s", "retries": 2}'
	wait_until 10 has_health unhealthy
	local old; old=$(supervisor_of)
	kill -9 "$old"
	has_other() { [ "$(supervisor_of)" != "$old" ]; }
	wait_until 5 has_other
	has_health unhealthy || fail "it is $(health_of)"
	box exec "$TAG" touch /tmp/well
	wait_until 10 has_health healthy
}

@test "an image's own check is honoured, and the file may switch it off" {
	need root
	layout
	start_image() { # start_image FIELDS
		printf '{"name": "%s", "rootfs": "oci:%s:checked", "command": ["sleep", "1000"]%s}\n' "$TAG" "$WORK/layout" "$1" >app.json
		run box run -d app.json
		expect_status 0
	}
	start_image ''
	wait_until 10 has_health healthy
	box rm -f "$TAG"
	start_image ', "healthcheck": {"disable": true}'
	[ "$(health_of)" = "" ] || fail "it is $(health_of)"
	sleep 1.5
	[ "$(health_of)" = "" ] || fail "it is $(health_of)"
}

# An OCI layout with one image, whose configuration has a Docker Healthcheck.
layout() {
	local layer config manifest
	mkdir -p layout/blobs/sha256
	put_blob() { local digest; digest=$(sha256sum "$1" | cut -d ' ' -f 1); cp "$1" "layout/blobs/sha256/$digest"; echo "$digest"; }
	layer=$(put_blob "$ROOTFS")
	printf '{"architecture": "%s", "os": "linux", "config": {"Healthcheck": {"Test": ["CMD", "true"], "Interval": 1000000000}},
		"rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' "$OWN_ARCHITECTURE" "$layer" >config
	config=$(put_blob config)
	printf '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:%s", "size": %d},
		"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "sha256:%s", "size": %d}]}' \
		"$config" "$(stat -c %s config)" "$layer" "$(stat -c %s "$ROOTFS")" >manifest
	manifest=$(put_blob manifest)
	echo '{"imageLayoutVersion": "1.0.0"}' >layout/oci-layout
	printf '{"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:%s", "size": %d,
		"annotations": {"org.opencontainers.image.ref.name": "checked"}}]}' "$manifest" "$(stat -c %s manifest)" >layout/index.json
}
