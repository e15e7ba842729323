#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real systemd starts and stops what box up has made and replaces (make check-vm). 9631 plays systemd.

load lib
setup() {
	setup_world
	[ -d /run/systemd/system ] || skip "needs systemd as process 1 (make check-vm)"
	has_delegation || skip "needs cgroup v2 alone"
	need root curl python3 hooks
	systemctl log-target journal
	unit=box-up-$TAG.service
}
teardown() {
	touch "$WORK/enough"
	box systemd remove "$TAG" >/dev/null 2>&1
	box down "$TAG" >/dev/null 2>&1
	teardown_world
}

show() { systemctl show -P "$1" "$unit"; }
expect_is() { [ "$(show "$1")" = "$2" ] || fail "$1 is \"$(show "$1")\", expected \"$2\": $(systemctl status --no-pager "$unit")"; }
runs_again() { [ "$(show ActiveState)" = active ] && [ "$(show MainPID)" != "$1" ]; }
# Each on a connection of its own; a program for each would be most of the load, here.
ask_always() {
	python3 -c '
import os, urllib.request
while not os.path.exists("enough"):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8080/", timeout=60).read().decode().strip(), flush=True)
    except Exception as e:
        print("failed:", e, flush=True)' >answers
}

@test "a replace under load refuses nobody, and systemd sees one service all the time; killed in the middle, the unit stops and starts all" {
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80"], "init": true, "restart": "always",
		"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"],
		"healthcheck": {"tcp": {"port": 80}, "start_period": "60s", "start_interval": "200ms", "interval": "5s"}}}}' "$TAG" "$ROOTFS" >app.json
	box up -q app.json
	box systemd install --now app.json
	expect_is ActiveState active
	main=$(show MainPID)
	ask_always 3>&- &
	asker=$!
	wait_until 20 grep -q one answers
	sed -i 's/echo one/echo two/' app.json
	run box up app.json
	expect_line "replaced $TAG-web by $TAG-web.2"
	touch enough
	wait $asker
	[ "$(sort -u answers | tr '\n' ' ')" = "one two " ] || fail "$(sort answers | uniq -c)"
	[ "$(wc -l <answers)" -ge 20 ] || fail "hardly anybody asked: $(sort answers | uniq -c)"
	echo "# $(wc -l <answers) requests during the replace" >&3
	expect_is ActiveState active
	expect_is MainPID "$main"
	# Its main process is killed: nothing ends, and systemd has another one.
	kill -KILL "$main"
	wait_until 20 runs_again "$main"
	[ "$(box ps -q)" = "$TAG-web.2" ] || fail "$(box ps -a)"
	# A replace that was killed: the unit's end is that of both generations, and its start is the newest one's.
	sed -i 's/echo two/echo three/' app.json
	BOX_UP_DIE=promoted box up -q app.json || true
	systemctl stop "$unit"
	expect_is Result success
	[ -z "$(box ps -q)" ] || fail "$(box ps -a)"
	systemctl start "$unit"
	[ "$(curl -sS http://127.0.0.1:8080/)" = three ] || fail "$(box ps -a)"
	# box up begins a unit that does not run: who wants it to run shall not have it run without.
	systemctl stop "$unit"
	box up -q app.json
	expect_is ActiveState active
	box systemd remove "$TAG"
	[ -z "$(box ps -q)" ] || fail "$(box ps -a)"
	expect_is LoadState not-found
}

@test "a service of its own is taken over: one stop, and box up replaces it from then on" {
	app '"network_mode": "none", "init": true, "command": ["sleep", "1000"], "update": {"monitor": "100ms"}'
	box systemd install --now app.json
	wait_until 60 eval '[ "$(systemctl show -P ActiveState "box-app-$TAG.service")" = active ]'
	sed -i 's/"1000"/"1001"/' app.json
	run box up app.json
	expect_has "box systemd install --up --now $TAG, then box up app.json"
	run box systemd install --up "$TAG"
	expect_status 1
	expect_has "the unit box-app-$TAG.service keeps it now" "box systemd install --up --now $TAG"
	box systemd install --up --now "$TAG"
	[ "$(systemctl show -P LoadState "box-app-$TAG.service")" = not-found ] || fail "the old unit is left"
	expect_is ActiveState active
	main=$(show MainPID)
	run box up app.json
	expect_line "replaced $TAG by $TAG.2"
	expect_is MainPID "$main"
	box systemd remove "$TAG"
}
