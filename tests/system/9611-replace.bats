#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One generation takes the place of another: nobody is refused, nothing is written twice, and the way back.

load lib
load network
load services

setup() { need root ip nft jq; setup_network; }
teardown() { end_services; teardown_network; }

# change FROM TO: in app.json.
change() { sed -i "s/$1/$2/" app.json; }

# ask N FILE: asks the published port N times, each on a connection of its own, and notes what came.
ask() {
	local i
	for ((i = 0; i < $1; i++)); do
		on_host timeout 5 curl -sS --max-time 4 http://127.0.0.1:8080/ 2>&1 || echo failed
	done >"$2"
}

@test "under load nobody is refused, start-first and stop-first; inside the address of the service stays" {
	need curl
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80"], "init": true,
		"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"],
		"healthcheck": {"tcp": {"port": 80}, "start_period": "5s", "start_interval": "50ms", "interval": "1s"}},
		"client": {"rootfs": "%s", "command": ["sleep", "1000"], "init": true}}}' "$TAG" "$ROOTFS" "$ROOTFS" >app.json
	box up -q app.json
	[ "$(box exec "$TAG-client" wget -qO- http://web/)" = one ]
	address=$(box exec "$TAG-client" grep -w web /etc/hosts)
	ask 100 answers 3>&- &
	change "echo one" "echo two"
	run box up app.json
	expect_line "replaced $TAG-web by $TAG-web.2"
	change "echo two" "echo three"
	change '"ports"' '"update": {"order": "stop-first"}, "ports"'
	box up -q app.json
	wait $!
	[ "$(sort -u answers | tr '\n' ' ')" = "one three two " ] || [ "$(sort -u answers | tr '\n' ' ')" = "one two " ] || fail "$(sort answers | uniq -c)"
	ask 3 answers
	[ "$(sort -u answers)" = three ]
	[ "$(box exec "$TAG-client" wget -qO- http://web/)" = three ]
	[ "$(box exec "$TAG-client" grep -w web /etc/hosts)" = "$address" ]
	# Another port of the host, and another one inside.
	change 8080:80 8081:81
	change "-p 80 -h" "-p 81 -h"
	change '"port": 80' '"port": 81'
	box up -q app.json
	[ "$(on_host curl -sS http://127.0.0.1:8081/)" = three ]
	run on_host curl -sS http://127.0.0.1:8080/
	expect_has "Couldn't connect" || expect_has "Connection refused"
	box rollback "$TAG-web"
	ask 3 answers
	[ "$(sort -u answers)" = three ]
	change 8081:81 8080:80
	change "-p 81 -h" "-p 80 -h"
	change '"port": 81' '"port": 80'
	[ "$(box plan --format json app.json | jq -r '[.[].action] | unique | join(" ")')" = keep ]
	# Back, and once more: forward again.
	change "echo three" "echo next"
	box up -q app.json
	box rollback "$TAG-web"
	[ "$(box exec "$TAG-client" wget -qO- http://web/)" = three ]
	box rollback "$TAG"
	[ "$(box exec "$TAG-client" wget -qO- http://web/)" = next ]
	box rollback "$TAG"
	[ "$(box exec "$TAG-client" wget -qO- http://web/)" = three ]
	# One that never becomes healthy: what ran goes on.
	change "echo next" "echo four"
	change '"tcp": {"port": 80}' '"tcp": {"port": 81}'
	change "start-first\\|stop-first" start-first
	change '"order"' '"timeout": "300ms", "order"'
	ask 20 answers 3>&- &
	run box up app.json
	expect_status 1
	expect_has "replace $TAG-web: what ran before goes on: $TAG-web.10 is not healthy after 0 seconds"
	wait $!
	[ "$(sort -u answers)" = three ] || fail "$(sort answers | uniq -c)"
	[ "$(box ps -q | wc -l)" -eq 2 ]
	box down app.json
	[ -z "$(box network ls -q)" ]
}

@test "a replace that fails leaves the published ports as they were, stop-first and start-first" {
	need curl
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80"], "init": true, "update": {"order": "stop-first"},
		"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"]}}}' "$TAG" "$ROOTFS" >app.json
	box up -q app.json
	change 8080 8081
	change mkdir "exit 3; mkdir"
	for order in stop-first start-first; do
		change "start-first\\|stop-first" $order
		run box up app.json
		expect_status 1
		[ "$(on_host curl -sS --retry 3 --retry-connrefused http://127.0.0.1:8080/)" = one ]
		run on_host curl -sS http://127.0.0.1:8081/
		expect_status 7
	done
}

@test "kill -9 of box up behind the step that counts: the next one leads to the new generation before the old one goes" {
	need hooks curl
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80"], "init": true, "replicas": 2,
		"update": {"order": "start-first", "monitor": "100ms"},
		"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"]}}}' "$TAG" "$ROOTFS" >app.json
	box up -q app.json
	ask 1 answers
	change "echo one" "echo two"
	BOX_UP_DIE=promoted box up app.json >/dev/null 2>&1 && fail "it lives"
	ask 40 answers 3>&- &
	box up -q app.json
	wait $!
	[ "$(sed '/^one$/d' answers | sort -u)" = two ] || fail "$(sort answers | uniq -c)"
	[ "$(box ps -q | wc -l)" -eq 2 ] || fail "$(box ps -a)"
	# Stopped and started in between: no file to go by.
	change "echo two" "echo three"
	BOX_UP_DIE=promoted box up app.json >/dev/null 2>&1 && fail "it lives"
	box start "$TAG"
	ask 3 answers
	[ "$(grep -c failed answers)" -eq 0 ] || fail "$(cat answers)"
	box up -q app.json
	ask 3 answers
	[ "$(sort -u answers)" = three ]
}

@test "a network that cannot be told of the new generation: all lead to the old one again, start-first and stop-first" {
	need hooks curl
	printf '{"name": "%s", "networks": {"front": {}, "back": {}}, "services": {
		"web": {"rootfs": "%s", "networks": ["front", "back"], "ports": ["127.0.0.1:8080:80"], "init": true, "update": {"order": "start-first", "monitor": "100ms"},
			"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"]},
		"client": {"rootfs": "%s", "networks": ["back"], "command": ["sleep", "1000"], "init": true}}}' "$TAG" "$ROOTFS" "$ROOTFS" >app.json
	box up -q app.json
	for order in start-first stop-first; do
		change "start-first\\|stop-first" $order
		change "echo one" "echo $order"
		BOX_UP_FAIL=${TAG}_back run box up app.json
		expect_status 1
		expect_has "replace $TAG-web: what ran before" "failed on purpose"
		ask 3 answers
		[ "$(sort -u answers)" = one ] || fail "$order: $(cat answers)"
		[ "$(box exec "$TAG-client" wget -qO- http://web/)" = one ]
		[ "$(box ps -aq -f "service=$TAG-web")" = "$TAG-web" ] || fail "$order: $(box ps -a)"
		change "echo $order" "echo one"
		[ "$(box plan --format json app.json | jq -r '[.[].action] | unique | join(" ")')" = keep ]
	done
	change "echo one" "echo two"
	box up -q app.json
	ask 3 answers
	[ "$(sort -u answers)" = two ]
}

@test "a replace that fails when its ports lead elsewhere already: they lead back, and what it has given up is there again" {
	need hooks curl
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80", "127.0.0.1:8082:80"], "init": true,
		"update": {"order": "start-first", "monitor": "100ms"},
		"command": ["sh", "-c", "mkdir /tmp/w; echo one >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"]}}}' "$TAG" "$ROOTFS" >app.json
	box up -q app.json
	for order in start-first stop-first; do
		change "start-first\\|stop-first" $order
		cp app.json before.json
		change 8080:80 8080:81
		change 8082:80 8083:81
		change "-p 80" "-p 81"
		BOX_UP_FAIL=ports run box up app.json
		expect_status 1
		expect_has "replace $TAG-web: what ran before" "failed on purpose"
		[ "$(on_host curl -sS --retry 3 --retry-connrefused http://127.0.0.1:8080/)" = one ]
		[ "$(on_host curl -sS http://127.0.0.1:8082/)" = one ]
		run on_host curl -sS http://127.0.0.1:8083/
		expect_status 7
		[ "$(box port "$TAG-web" | sort | tr '\n' ' ')" = "80/tcp -> 127.0.0.1:8080 80/tcp -> 127.0.0.1:8082 " ]
		mv before.json app.json
	done
	box up -q app.json
}

has_answers() { [ "$(grep -c web-here answers)" -ge "$1" ]; }

@test "a member that is started again is waited for by the others; one that is stopped refuses at once" {
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "init": true, "restart": "always",
		"command": ["sh", "-c", "mkdir -p /tmp/w; echo web-here >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"]},
		"client": {"rootfs": "%s", "command": ["sleep", "1000"], "init": true}}}' "$TAG" "$ROOTFS" "$ROOTFS" >app.json
	box up -q app.json
	# What wget is refused between the start of the program and its listening is the program's own: it asks again.
	box exec "$TAG-client" sh -c 'while [ ! -e /tmp/enough ]; do timeout 8 wget -qO- http://web/ 2>&1 || { echo failed; sleep 0.05; }; done' >answers 3>&- &
	asks=$!
	for _ in {1..3}; do
		count=$(grep -c web-here answers || true)
		box restart "$TAG-web"
		wait_until 20 has_answers $((count + 1))
	done
	# Away for as long as one wants: who would start it again stands still. What it was at is cut off, and all others wait.
	supervisor=$(sed -n 's/^pid //p' "$STATE/$TAG-web/supervisor")
	kill -STOP "$supervisor"
	kill -KILL "$(box ps --format json | jq -r ".[] | select(.name == \"$TAG-web\").pid")"
	sleep 0.5
	wc -l <answers >before
	sleep 2
	wc -l <answers | diff before - || fail "it was not waited for: $(tail -n 5 answers)"
	count=$(grep -c web-here answers)
	kill -CONT "$supervisor"
	wait_until 20 has_answers $((count + 1))
	box exec "$TAG-client" touch /tmp/enough
	wait $asks
	box stop "$TAG-web"
	SECONDS=0
	box exec "$TAG-client" true
	alone=$SECONDS # of a machine that has other things to do
	SECONDS=0
	run box exec "$TAG-client" wget -qO- http://web/
	[ "$status" -ne 0 ] && [ $SECONDS -le $((1 + 2 * alone)) ] || fail "it took $SECONDS s"
	expect_has refused
}

@test "replicas that are added get connections when they are ready; where one does not become so, none stays" {
	printf '{"name": "%s", "services": {"web": {"rootfs": "%s", "init": true, "replicas": 1,
		"volumes": [{"source": "all", "target": "/all", "shared": true}],
		"command": ["sh", "-c", "[ ! -e /all/bad ] || exec sleep 1000; sleep 0.7; mkdir /tmp/w; hostname >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"],
		"healthcheck": {"tcp": {"port": 80}, "start_period": "5s", "start_interval": "50ms", "interval": "1s", "retries": 1}, "update": {"timeout": "4s"}},
		"client": {"rootfs": "%s", "command": ["sleep", "1000"], "init": true, "volumes": [{"source": "all", "target": "/all", "shared": true}]}},
		"volumes": {"all": {}}}' "$TAG" "$ROOTFS" "$ROOTFS" >app.json
	box up -q app.json
	box exec "$TAG-client" sh -c 'while [ ! -e /tmp/enough ]; do wget -qO- http://web/ 2>&1 || echo failed; done' >answers 3>&- &
	change '"replicas": 1' '"replicas": 3'
	run box up app.json
	expect_line "started $TAG-web-2" "started $TAG-web-3"
	box exec "$TAG-client" touch /tmp/enough
	wait $!
	for _ in {1..6}; do box exec "$TAG-client" wget -qO- http://web/; done | sort -u >hosts
	[ "$(wc -l <hosts)" -eq 3 ] || fail "who answers: $(cat hosts)"
	! grep -v "^$TAG-web" answers || fail "$(sort answers | uniq -c)"
	box exec "$TAG-client" touch /all/bad # from now on none listens
	change '"replicas": 3' '"replicas": 5'
	run box up app.json
	expect_status 1
	expect_has "add replicas of $TAG-web: what ran before goes on" "not healthy"
	[ "$(box ps -aq "$TAG" | tr '\n' ' ')" = "$TAG-client $TAG-web $TAG-web-2 $TAG-web-3 " ] || fail "$(box ps -a)"
	[ -n "$(box exec "$TAG-client" wget -qO- http://web/)" ]
}

@test "a volume has one writer at any time: stop-first, and said; what was written beside it is named" {
	# Who finds the lock of another has started too early; who ends takes it away.
	printf '{"name": "%s", "rootfs": "%s", "restart": "always", "volumes": ["%s-data:/data"], "update": {"order": "start-first", "monitor": "200ms"},
		"command": ["sh", "-c", "mkdir /data/lock || echo double >>/data/double; echo x >/srv-file; trap \\"sleep 0.3; rmdir /data/lock; exit 0\\" TERM; echo 0 >>/data/starts; while :; do sleep 0.05; done"]}' \
		"$TAG" "$ROOTFS" "$TAG" >app.json
	box run -d app.json
	[ "$(box plan --format json app.json | jq -r '.[0].action')" = keep ]
	for number in 1 2 3; do
		wait_until 5 grep -q $((number - 1)) "$BOX_STORE/volumes/$TAG-data/_data/starts" # it listens to signals now
		sed -i "s/echo [0-9] >>/echo $number >>/" app.json
		run box up app.json
		expect_status 0
		expect_has "$TAG is stopped before the new one starts: both would write the volume $TAG-data" "stays behind with it: /srv-file"
	done
	wait_until 5 grep -q 3 "$BOX_STORE/volumes/$TAG-data/_data/starts"
	box rollback "$TAG"
	wait_until 5 sh -c "test \$(wc -l <'$BOX_STORE/volumes/$TAG-data/_data/starts') -eq 5"
	[ "$(tr '\n' ' ' <"$BOX_STORE/volumes/$TAG-data/_data/starts")" = "0 1 2 3 2 " ]
	[ ! -e "$BOX_STORE/volumes/$TAG-data/_data/double" ]
	# Another name of the volume, which is empty then.
	sed "s/$TAG-data:/$TAG-date:/" app.json >typo.json
	run box up typo.json
	expect_has "has the volume $TAG-data, and the new one has not: it stays, with what is in it"
	run box rollback "$TAG"
	expect_has "has the volume $TAG-date, and the new one has not"
	wait_until 5 sh -c "test \$(wc -l <'$BOX_STORE/volumes/$TAG-data/_data/starts') -eq 6"
	# A new one that fails: the old one runs again, and it has the lock.
	sed -i 's/"mkdir/"exit 9; mkdir/' app.json
	run box up app.json
	expect_status 1
	expect_has "replace $TAG: what ran before runs again" "with exit code 9"
	wait_until 5 test -e "$BOX_STORE/volumes/$TAG-data/_data/lock"
	[ ! -e "$BOX_STORE/volumes/$TAG-data/_data/double" ]
	# Its restart policy, and its name, hold for the new generation.
	run box ps --format json
	[ "$(jq -r '.[] | .service' <<<"$output")" = "$TAG" ]
	pid=$(jq '.[0].pid' <<<"$output")
	rmdir "$BOX_STORE/volumes/$TAG-data/_data/lock"
	box kill "$TAG" KILL
	wait_until 5 sh -c "test \"\$(box ps --format json | jq '.[0].pid // $pid')\" != $pid"
	run box run -d app.json
	expect_status 125
	box down --volumes "$TAG"
	[ -z "$(box ps -aq)$(box volume ls -q)" ]
}

@test "depends_on with restart: who depends on what was replaced is started again" {
	printf '{"name": "%s", "services": {"a": {"rootfs": "%s", "command": ["sleep", "101"], "init": true, "update": {"monitor": "100ms"}, "network_mode": "none"},
		"b": {"rootfs": "%s", "command": ["sleep", "100"], "init": true, "network_mode": "none", "depends_on": {"a": {"condition": "service_started", "restart": true}}}}}' \
		"$TAG" "$ROOTFS" "$ROOTFS" >app.json
	box up -q app.json
	change 101 102
	run box up app.json
	expect_line "replaced $TAG-a by $TAG-a.2" "restarted $TAG-b"
	box down app.json
}

@test "a command beside a service: with all that it has, but its name, its ports and its times" {
	need root
	printf '{"name": "%s", "services": {
		"web": {"rootfs": "%s", "ports": ["127.0.0.1:8080:80"], "replicas": 2, "restart": "always", "init": true, "environment": {"A": "1", "B": "2"},
			"command": ["sh", "-c", "mkdir /tmp/w; hostname >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"],
			"networks": {"default": {"aliases": ["www"]}}, "volumes": [{"source": "all", "target": "/all", "shared": true}],
			"depends_on": {"db": {"condition": "service_healthy"}}, "healthcheck": {"tcp": {"port": 80}, "start_interval": "50ms"}},
		"db": {"rootfs": "%s", "command": ["sleep", "1000"], "init": true, "volumes": ["data:/data"],
			"healthcheck": {"test": ["CMD", "true"], "start_interval": "50ms", "start_period": "5s"}}},
		"volumes": {"data": {}, "all": {}}}' "$TAG" "$ROOTFS" "$ROOTFS" >app.json
	# What it needs is started, and told where it does not disturb the command's output.
	box run -e B=3 app.json web -- sh -c 'echo $A $B; echo once >/all/note; sleep 0.5; nslookup db >/dev/null && echo found' >out 2>err
	[ "$(cat out)" = "1 3
found" ] || fail "$(cat out err)"
	grep -qx "box: started $TAG-db" err || fail "$(cat err)"
	[ "$(box ps -aq)" = "$TAG-db" ] || fail "$(box ps -a)"
	box up -q app.json
	[ "$(box exec "$TAG-web-2" cat /all/note)" = once ]
	# Its server gets nothing of what is meant for the service.
	box run app.json web -- sh -c 'mkdir /tmp/w; echo beside >/tmp/w/index.html; httpd -p 80 -h /tmp/w; touch /all/ready; exec sleep 1000' >out 2>&1 3>&- &
	beside=$!
	wait_until 5 box exec "$TAG-web" test -e /all/ready
	for _ in {1..6}; do on_host curl -sS http://127.0.0.1:8080/; done | sort -u >answers
	[ "$(cat answers)" = "$TAG-web
$TAG-web-2" ] || fail "$(cat answers)"
	for _ in {1..6}; do box exec "$TAG-db" wget -qO- http://www/; done | sort -u | diff answers -
	[ "$(box run app.json web -- wget -qO- http://web/ | grep -c "$TAG-web")" = 1 ]
	[ "$(box ps -q | grep -c "^$TAG-web-[0-9a-f]\{6\}\$")" = 1 ] || fail "$(box ps)"
	kill -TERM $beside
	wait $beside || true
	# What runs by an older spec is left as it is.
	change '"1000"' '"1001"'
	box run app.json web -- true
	[ "$(box plan app.json | grep -c "^replace *$TAG-db.2")" = 1 ]
	[ "$(box ps -q | wc -l)" -eq 3 ]
	# Its own options; the exit code; stdin.
	[ "$(echo words | box run -i -u 1000:1000 -p 127.0.0.1:8090:90 app.json web -- sh -c 'id -u; cat')" = "1000
words" ]
	run box run app.json web -- sh -c 'exit 7'
	expect_status 7
	box down --volumes app.json
	box run --no-deps app.json web -- true
	[ -z "$(box ps -aq)" ]
	# Wrong ones.
	run box run app.json -- true
	expect_status 125
	expect_has "a command is for one of its services" "box run app.json SERVICE -- COMMAND"
	run box run -d app.json web -- true
	expect_status 125
	expect_has "runs in the foreground"
	run box run app.json none -- true
	expect_status 125
	expect_has 'there is no service "none"'
	run box run --user 'a b' app.json web -- true
	expect_status 125
	expect_has 'option --user: expected'
	[ -z "$(box ps -aq)" ]
	run box run --no-deps app.json
	expect_status 125
	expect_has "a command beside one of them may have it"
	change '"true"' '"false"'
	change '"start_period": "5s"' '"retries": 1, "interval": "100ms"'
	run box run app.json web -- echo here
	expect_status 125
	expect_has "$TAG-db is unhealthy" "the command beside $TAG-web is not run"
	[ "$(grep -c '^here$' <<<"$output")" = 0 ]
}

# Behind the end of a run the network of a job that is alone in it leaves, at a moment in which somebody may just have connected.
@test "a job that is alone in its network is replaced right behind a run" {
	local round
	for round in {1..24}; do
		printf '{"name": "%s", "services": {"job": {"rootfs": "%s", "command": ["sh", "-c", "echo %s"], "volumes": ["own:/own"],
			"schedule": {"cron": "7 4 1 1 *"}}}, "volumes": {"own": {}}}' "$TAG" "$ROOTFS" "$round" >app.json
		box up -q app.json
		box start -a "$TAG-job" >out
		grep -qx "$round" out
		sleep "0.0$((round % 8))"
	done
	box down --volumes app.json
}
