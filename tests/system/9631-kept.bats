#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box systemd install of what box up has made: one unit for all generations of it, below a service manager that the test plays (4221: a real one).

load lib
load network

setup() {
	need root ip nft jq python3 curl
	[ ! -d /run/systemd/system ] || skip "this host has systemd"
	setup_network
}
teardown() {
	[ -z "${TAG:-}" ] || { box systemd remove "$TAG"; box down "$TAG"; rm -f "/etc/systemd/system/box-up-$TAG.service"; } >/dev/null 2>&1 || true
	teardown_network
}

change() { sed -i "s/$1/$2/" app.json; }
# serve_unit: the unit's own command line below the played manager; what it hears is in "heard".
serve_unit() {
	rm -f heard notify
	sed -n 's/^ExecStart=:\(.*\)/\1/p' "/etc/systemd/system/box-up-$TAG.service" >line
	xargs -a line nsenter --net=/proc/$HOST/ns/net python3 "$TOP/tests/system/notify-socket.py" "$WORK/notify" heard >out 2>&1 3>&- &
	SERVED=$!
	wait_until 60 [ -s heard ]
}
heard() { grep -qxF -- "$1" heard; }
service_pid() { sed -n 's/^pid //p' heard; }
names() { box ps -q "$@" | sort | tr '\n' ' '; }

stack() {
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80"], "init": true, "restart": "always",
		"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"], "depends_on": ["job"],
		"healthcheck": {"tcp": {"port": 80}, "start_period": "5s", "start_interval": "50ms", "interval": "1s"}},
		"job": {"rootfs": "%s", "command": ["true"]}}}' "$TAG" "$ROOTFS" "$ROOTFS" >app.json
}

@test "its services start and stop with the unit, and box up replaces them meanwhile, also when it was killed in the middle" {
	need hooks
	stack
	run box systemd install app.json
	expect_status 1
	expect_has "install $TAG: there is nothing of it yet" "box up app.json"
	box up -q app.json
	run box systemd install "$TAG-web"
	expect_has "it is a service of $TAG" "box systemd install $TAG"
	run box systemd install app.json
	expect_line "box-up-$TAG.service"
	serve_unit
	wait_until 20 heard READY=1
	heard "STATUS=1 of 2 run, 1 done" || fail "$(cat heard)"
	[ "$(box port "$TAG")" = "$TAG-web 80/tcp -> 127.0.0.1:8080" ] || fail "$(box port "$TAG")"
	# Verbs on all of it are systemd's; those on one service are box's.
	for verb in stop start restart down "rm -f"; do
		run box $verb "$TAG"
		expect_status 1
		expect_has "$TAG: systemd keeps it" "box systemd remove $TAG"
	done
	run box down app.json
	expect_has "systemd keeps it"
	box restart "$TAG-web"
	run box boot
	[ -z "$output" ] || fail "boot starts it"

	main=$(service_pid)
	change "echo one" "echo two"
	run box up app.json
	expect_line "replaced $TAG-web by $TAG-web.2"
	box rollback "$TAG-web"
	kill -0 "$main" || fail "the main process is gone: $(cat heard)"
	# Killed, it ends nothing, and the next one finds everything.
	kill -KILL "$main"
	wait $SERVED || true
	[ "$(names)" = "$TAG-web.3 " ] || fail "$(box ps)"
	serve_unit
	wait_until 20 heard READY=1
	[ "$(names)" = "$TAG-web.3 " ] || fail "$(box ps)"

	# The end, with a replace that was killed in its middle.
	for point in started promoted; do
		change '"init": true, ' '"init": true, "labels": {"x": "'$point'"}, '
		BOX_UP_DIE=$point box up -q app.json || true
		kill -TERM "$(service_pid)"
		wait_until 30 heard "exit 0"
		heard STOPPING=1 || fail "$(cat heard)"
		[ -z "$(names)" ] || fail "$(box ps)"
		wait $SERVED || true
		serve_unit
		wait_until 20 heard READY=1
		box up -q app.json
		[ "$(curl_host)" = two ] || fail "$(box ps -a)"
		change '"labels": {[^}]*}, ' ''
	done
	kill -TERM "$(service_pid)"
	wait_until 30 heard "exit 0"
	wait $SERVED || true
	box systemd remove "$TAG"
	[ ! -e "/etc/systemd/system/box-up-$TAG.service" ] || fail "the unit is left"
	box start "$TAG"
	box down "$TAG"
}
curl_host() { on_host curl -sS --retry 3 --retry-connrefused http://127.0.0.1:8080/; }

@test "an app alone: --up; its end for good is the unit's, and what cannot start fails the unit" {
	app '"command": ["sh", "-c", "trap \"exit 3\" TERM; while [ ! -e /end ]; do sleep 0.1; done; exit 7"], "update": {"monitor": "100ms"}'
	box up -q app.json
	run box systemd install --up "$TAG"
	expect_line "box-up-$TAG.service"
	run box rename "$TAG" "$TAG-b"
	expect_has "systemd keeps it"
	serve_unit
	wait_until 20 heard READY=1
	sed -i 's/exit 7/exit 8/' app.json
	box up -q app.json
	[ "$(names)" = "$TAG.2 " ] || fail "$(box ps)"
	box exec "$TAG" touch /end
	wait_until 60 heard "exit 8"
	wait $SERVED || true
	serve_unit # what it wrote is there still: it ends at once
	wait $SERVED || true
	heard "exit 8" || fail "$(cat heard)"
	box systemd remove "$TAG"
	run box systemd install "$TAG" # no instance has its name any more
	expect_line "box-up-$TAG.service"
}

@test "an app that has a unit of its own: box up says which two commands have it replace it, and they do" {
	app '"network_mode": "none", "init": true, "command": ["sh", "-c", "[ -e /once ] || echo made >/once; exec sleep 1000"], "update": {"monitor": "100ms"}'
	box up -q app.json
	wait_until 10 box exec "$TAG" test -e /once
	box stop "$TAG"
	run box systemd install "$TAG"
	expect_line "box-app-$TAG.service"
	run box up app.json # what is as it is written needs but its unit
	expect_has "systemctl start box-app-$TAG.service"
	change 'sleep 1000' 'sleep 1001'
	for verb in plan up; do
		run box $verb app.json
		expect_status 125
		expect_has "replace $TAG: the unit box-app-$TAG.service keeps it" "box systemd install --up $TAG, then box up app.json"
	done
	[ "$(box ps -aq)" = "$TAG" ] || fail "something was made: $(box ps -a)"
	run box systemd install --up "$TAG"
	expect_line "box-up-$TAG.service"
	[ ! -e "/etc/systemd/system/box-app-$TAG.service" ] || fail "the old unit is left"
	serve_unit
	wait_until 20 heard READY=1
	[ "$(box exec "$TAG" cat /once)" = made ] || fail "what it wrote is gone"
	run box up app.json
	expect_line "replaced $TAG by $TAG.2"
	kill -TERM "$(service_pid)"
	wait_until 30 heard "exit 0"
	wait $SERVED || true
	# A file with several of that name, and an app that has a unit: what to do with it is right.
	box systemd remove "$TAG"
	box down "$TAG"
	box systemd install app.json
	printf '{"name": "%s", "services": {"a": {"rootfs": "%s"}}}' "$TAG" "$ROOTFS" >several.json
	run box up several.json
	expect_has "remove it (box systemd remove $TAG, box down $TAG)"
}

@test "what cannot start yet is tried again; a job that has failed is no reason for that" {
	mkdir there
	printf '{"name": "%s", "services": {"a": {"rootfs": "%s", "init": true, "network_mode": "none", "command": ["sleep", "1000"], "volumes": ["%s/there:/there:ro"]},
		"job": {"rootfs": "%s", "network_mode": "none", "volumes": ["jobs:/jobs"], "command": ["sh", "-c", "echo ran >>/jobs/runs; exit 4"]}},
		"volumes": {"jobs": {}}}' "$TAG" "$ROOTFS" "$WORK" "$ROOTFS" >app.json
	run box up app.json
	expect_status 1
	box systemd install app.json
	box stop "$TAG-a"
	rmdir there
	serve_unit
	wait_until 10 grep -q "there" out
	refused heard READY=1
	mkdir there
	wait_until 20 heard "STATUS=1 of 2 run; box ps -a says which do not" || fail "$(cat heard out; box ps -a)"
	heard READY=1
	[ "$(wc -l <"$BOX_STORE/volumes/${TAG}_jobs/_data/runs")" -le 3 ] || fail "the job ran again and again"
	kill -TERM "$(service_pid)"
	wait $SERVED || true
	heard "exit 0" || fail "$(cat heard)"
}
