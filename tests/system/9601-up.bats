#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box up, plan and down: from what is there to what is written.

load lib
load services

setup() { setup_world; }
teardown() { end_services; teardown_world; }

# plan WORDS…: what box plan says, in one line: "create a, keep b".
plan() { box plan --format json "$@" app.json | jq -r --arg tag "$TAG-" '[.[] | .action + " " + (.instance | ltrimstr($tag))] | join(", ")'; }

@test "the plan is what up does: create, keep, start, add, remove; a job once; profiles, and services by name" {
	need root
	services '"web": {ROOT, "command": ["sleep", "100"], "init": true, "replicas": 2, "depends_on": {"migrate": {"condition": "service_completed_successfully"}}},
		"migrate": {ROOT, "command": ["sh", "-c", "echo ran >>/log/runs"], "volumes": ["log:/log"]},
		"debug": {ROOT, "command": ["sleep", "100"], "init": true, "profiles": ["tools"]}' '"volumes": {"log": {}}'
	[ "$(plan)" = "create migrate, create web" ] || fail "$(plan)"
	run box plan --detailed-exitcode app.json
	expect_status 2
	run box up app.json migrate
	[ "$output" = "started $TAG-migrate" ]
	[ "$(plan)" = "done migrate, create web" ]
	box up app.json
	run box plan --detailed-exitcode app.json
	expect_status 0
	[ "$(plan)" = "done migrate, keep web, keep web-2" ] || fail "$(plan)"
	run box up app.json
	[ "$status $output" = "0 $TAG is as it is written" ]
	[ "$(cat "$BOX_STORE/volumes/${TAG}_log/_data/runs")" = ran ]
	run box plan --profile tool app.json
	expect_has "no service of app.json is in the profile \"tool\""
	[ "$(plan --profile tools)" = "done migrate, create debug, keep web, keep web-2" ] || fail "$(plan --profile tools)"
	box stop "$TAG-web-2"
	sed -i 's/"replicas": 2/"replicas": 3/' app.json
	[ "$(plan)" = "done migrate, keep web, start web-2, add web-3" ] || fail "$(plan)"
	box up app.json
	[ "$(box ps -q | wc -l)" -eq 3 ]
	sed -i 's/"replicas": 3/"replicas": 1/; s/echo ran/echo again/' app.json
	[ "$(plan)" = "replace migrate.2, keep web, remove web-2, remove web-3" ] || fail "$(plan)"
	run box plan app.json
	expect_has "stop-first: changed: command; two of them cannot run at once: both would write the volume ${TAG}_log"
	box up app.json
	[ "$(tr '\n' ' ' <"$BOX_STORE/volumes/${TAG}_log/_data/runs")" = "ran again " ]
	# One that the file does not have any more.
	services '"web": {ROOT, "command": ["sleep", "100"], "init": true}'
	run box up app.json
	expect_status 0
	expect_has "$TAG-migrate.2: the file has no such service; --remove-orphans removes it"
	box up -q --remove-orphans app.json
	[ "$(box ps -aq)" = "$TAG-web" ] || fail "$(box ps -a)"
	[ "$(box volume ls -q)" = "${TAG}_log" ]
	box down --volumes "$TAG"
	[ -z "$(box ps -aq)" ]
}

@test "conditions: healthy, ended well; one that fails explains itself, and leaves the rest as asked" {
	need root
	services '"a": {ROOT, "command": ["sh", "-c", "sleep 0.5; touch /tmp/ready; exec sleep 100"], "init": true,
			"healthcheck": {"test": ["CMD", "test", "-e", "/tmp/ready"], "start_period": "5s", "start_interval": "50ms", "interval": "1s"}},
		"b": {ROOT, "command": ["sleep", "100"], "init": true, "depends_on": {"a": {"condition": "service_healthy"}}},
		"bad": {ROOT, "command": ["sh", "-c", "echo cannot work; exit 7"]},
		"c": {ROOT, "command": ["sleep", "100"], "depends_on": {"bad": {"condition": "service_completed_successfully"}}},
		"d": {ROOT, "command": ["sleep", "100"], "depends_on": ["c"]},
		"e": {ROOT, "command": ["sleep", "100"], "init": true, "depends_on": {"bad": {"condition": "service_completed_successfully", "required": false}}}'
	run box up app.json
	expect_status 1
	expect_has "$TAG-bad, run 1: ended with exit code 7" "stdout cannot work" "$TAG-c waits for $TAG-bad: $TAG-bad has ended before it was ready: with exit code 7" \
		"$TAG-d is left as it was: $TAG-c, which it depends on, has failed" "started $TAG-b" "started $TAG-e"
	[ "$(box ps -q | sort | tr '\n' ' ')" = "$TAG-a $TAG-b $TAG-e " ] || fail "$(box ps -a)"
	# What cannot be executed, and what never becomes healthy.
	services '"a": {ROOT, "command": ["/none"]}, "b": {ROOT, "command": ["sleep", "100"], "init": true, "update": {"timeout": "300ms"},
		"healthcheck": {"test": ["CMD", "false"], "interval": "5s", "start_period": "10s", "start_interval": "50ms"}}'
	box down "$TAG"
	run box up app.json
	expect_status 1
	expect_has "/none" "box: $TAG-a could not be started" "$TAG-b is not healthy after 0 seconds"
	[ "$(grep -c 'no such file\|No such file\|not found' <<<"$output")" -le 1 ] || fail "the same words twice"
	run box up --timeout x app.json
	expect_status 125
	# Of one that runs and is unhealthy its check has the reason.
	services '"a": {ROOT, "command": ["sleep", "100"], "init": true,
		"healthcheck": {"test": ["CMD", "sh", "-c", "echo no database; exit 3"], "interval": "100ms", "retries": 2}}'
	box down "$TAG"
	run box up app.json
	expect_status 1
	expect_has "$TAG-a: its last check ended with exit code 3 and said:" "    no database" "$TAG-a is unhealthy"
	run box explain "$TAG-a"
	expect_status 1
	expect_has "no run of it has ended yet" "box inspect $TAG-a | jq '.[0].health'"
}

@test "what box up waits for is said after some seconds, a line for each service, on stderr; --quiet says nothing" {
	need root
	mkdir gate
	services '"job": {ROOT, "command": ["sh", "-c", "until [ -e /gate/open ]; do sleep 0.1; done"], "volumes": ["./gate:/gate:ro"]},
		"web": {ROOT, "replicas": 2, "init": true, "command": ["sleep", "100"], "volumes": ["./gate:/gate:ro"],
			"healthcheck": {"test": ["CMD", "test", "-e", "/gate/open"], "interval": "100ms", "start_period": "100s", "start_interval": "100ms"}},
		"a": {ROOT, "init": true, "command": ["sleep", "100"], "depends_on": {"job": {"condition": "service_completed_successfully"}}},
		"b": {ROOT, "init": true, "command": ["sleep", "100"], "depends_on": {"web": {"condition": "service_healthy"}}}'
	box up app.json >out 2>err &
	wait_until 30 grep -qx "box: $TAG-web is not healthy yet: waiting, at most 60 seconds in all" err
	wait_until 30 grep -qx "box: $TAG-a waits until $TAG-job has ended" err
	touch gate/open
	wait $! || fail "$(cat out err)"
	[ "$(wc -l <err)" -eq 2 ] || fail "$(cat err)"
	[ "$(sort out | tr '\n' ' ')" = "started $TAG-a started $TAG-b started $TAG-job started $TAG-web started $TAG-web-2 " ] || fail "$(cat out)"
	box stop "$TAG-web-2"
	rm gate/open
	box up -q --timeout 4s app.json >out 2>err || true
	[ ! -s out ] || fail "$(cat out)"
	[ "$(grep -c waiting err)" -eq 0 ] || fail "$(cat err)"
}

@test "kill -9 of box up at any point: the next one goes on from what is there, nothing doubled" {
	need root hooks
	services '"web": {ROOT, "command": ["sleep", "ONE"], "init": true, "replicas": 2, "update": {"monitor": "100ms", "order": "start-first"}}'
	sed -i "s/ONE/1001/" app.json
	BOX_UP_DIE=made box up app.json && fail "it lives"
	box up app.json
	[ "$(box ps -q | wc -l)" -eq 2 ]
	number=1001
	for order in start-first stop-first; do
		for point in made started stopped promoted drained retired; do
			sed -i "s/\"sleep\", \"$number\"/\"sleep\", \"$((number + 1))\"/; s/\"order\": \"[a-z-]*\"/\"order\": \"$order\"/" app.json
			number=$((number + 1))
			BOX_UP_DIE=$point box up app.json >/dev/null 2>&1 || true
			run box up app.json
			expect_status 0
			[ "$(pgrep -cf "^/usr/bin/sleep $number\$")" -eq 2 ] || fail "$order $point: $(box ps -a)"
			[ "$(pgrep -cf "^/usr/bin/sleep $((number - 1))\$")" -eq 0 ] || fail "$order $point: the old one runs: $(box ps -a)"
			[ "$(box ps -q | wc -l)" -eq 2 ] || fail "$order $point: $(box ps -a)"
			[ "$(box ps -aq | wc -l)" -le 4 ] || fail "$order $point: $(box ps -a)"
			run box up app.json
			[ "$status $output" = "0 $TAG is as it is written" ] || fail "$order $point: not at rest"
		done
	done
}

@test "after the host was started: what ran runs, in its order, and what was replaced does not" {
	need root
	services '"a": {ROOT, "command": ["sleep", "100"], "init": true, "restart": "always", "depends_on": ["b"]},
		"b": {ROOT, "command": ["sleep", "100"], "init": true, "restart": "always", "update": {"monitor": "100ms"}}'
	box up app.json
	sed -i 's/"sleep", "100"/"sleep", "200"/' app.json
	box up app.json
	box stop "$TAG"
	[ "$(box boot | tr '\n' ' ')" = "$TAG-b.2 $TAG-a.2 " ]
	box down app.json
}

@test "a hundred services up and down" {
	need root
	services "$(for i in {1..100}; do printf '%s"s%s": {ROOT, "command": ["sleep", "1000"], "init": true%s}' "$([ "$i" -eq 1 ] || echo ,)" "$i" \
		"$([ $((i % 10)) -ne 0 ] || echo ", \"depends_on\": [\"s$((i - 1))\"]")"; done)"
	timeout "$(slowly 60)" box up -q app.json
	[ "$(box ps -q | wc -l)" -eq 100 ]
	run timeout "$(slowly 10)" box up app.json
	[ "$status $output" = "0 $TAG is as it is written" ]
	timeout "$(slowly 60)" box down app.json
	[ -z "$(box ps -aq)" ]
}

@test "names: an app of another file is never taken for a service, nor a service for an app; box down of a file leaves it" {
	need root
	services '"web": {ROOT, "command": ["sleep", "100"], "init": true}, "db": {ROOT, "command": ["sleep", "101"], "init": true}'
	# An app has the name of a service: it was kept in its place once.
	app '"command": ["sleep", "102"], "init": true' alone.json
	box run -d --name "$TAG-web" alone.json
	for command in plan up; do
		run box $command app.json
		expect_status 125
		expect_has "use the name $TAG-web: an app of this name is there, which is none of the file's services"
	done
	run box down app.json
	expect_status 0
	[ "$(box ps -q)" = "$TAG-web" ]
	box rm -f "$TAG-web"
	box up -q app.json
	# A service has the name of an app.
	printf '{"name": "%s-web", "rootfs": "%s", "command": ["sleep", "103"]}\n' "$TAG" "$ROOTFS" >alone.json
	for command in plan up down; do
		run box $command alone.json
		[ "$status" -ne 0 ]
		expect_has "use the name $TAG-web: it is a service of $TAG, a file with several" "box down $TAG"
	done
	# A file has it.
	printf '{"name": "%s", "rootfs": "%s", "command": ["sleep", "103"]}\n' "$TAG" "$ROOTFS" >alone.json
	for command in "run -d" plan up down; do
		run box $command alone.json
		[ "$status" -ne 0 ]
		expect_has "use the name $TAG: a file with several services has it"
	done
	[ "$(box ps -q | sort | tr '\n' ' ')" = "$TAG-db $TAG-web " ] || fail "$(box ps -a)"
	box run -d --name "$TAG"other alone.json
	box stop "$TAG"other
	run box rename "$TAG"other "$TAG"
	expect_status 1
	expect_has "that name is taken"
	box rm "$TAG"other
	# Of several services all are named, also those that have another generation by now.
	sed -i 's/"101"/"104"/' app.json
	box up -q app.json
	run box exec "$TAG" true
	expect_has "name one of them: $TAG-db, $TAG-web"
	# Its name in the file is not what commands want.
	for command in "exec web true" "top web" "port web" "stop web"; do
		# shellcheck disable=SC2086
		run box $command
		[ "$status" -ne 0 ]
		expect_has "find container web: container does not exist" "did you mean $TAG-web?"
	done
	run box stop none.json
	[ "$status" -ne 0 ]
	expect_has "none.json"
	run box rm -f web
	[ "$status $output" = "0 " ]
	run box port "$TAG" 80
	expect_has "$TAG has several services"
	# A run that never began ends nothing of what runs.
	for words in "app.json none" "app.json db none" "app.json" "-d app.json none"; do
		# shellcheck disable=SC2086
		run box run $words
		expect_status 125
		[ "$(box ps -q | sort | tr '\n' ' ')" = "$TAG-db.2 $TAG-web " ] || fail "box run $words: $(box ps -a)"
	done
	# One that fails half-way leaves nothing running of what it has started, also where something was there.
	box stop "$TAG"
	sed 's/"sleep", "100"/"none"/' app.json >half.json
	run box run half.json
	expect_status 1
	[ -z "$(box ps -q)" ] || fail "$(box ps -a)"
	[ -n "$(box ps -aq)" ]
	box start "$TAG"
	run box up
	expect_status 125
	expect_has "up: expected FILE.json" "box up app.json"
	run box up "$TAG"
	expect_has "box up takes a file"
	sed 's/"db"/"web"/' app.json >wrong.json
	run box down wrong.json
	expect_status 1
	expect_has "box down NAME does without the file"
}

@test "box plan knows which image a build would give where the cache has all of it, and builds nothing" {
	mkdir web
	box import "$ROOTFS" base:1 >/dev/null 2>&1
	printf 'FROM base:1\nCOPY f /f\nCMD ["sleep", "1000"]\n' >web/Dockerfile
	echo one >web/f
	printf '{"name": "%s", "services": {"web": {"build": "./web", "init": true}}}' "$TAG" >app.json
	run box plan app.json
	expect_line "create  $TAG-web"
	box up -q app.json 2>/dev/null
	find "$BOX_STORE" -type f ! -path "*/build/digests/*" | sort | xargs sha256sum >before
	for words in one two one; do
		echo $words >web/f
		run box plan --detailed-exitcode app.json
		case $words in
		one) expect_status 0 && expect_line "keep  $TAG-web" ;;
		two) expect_status 2 && expect_has "start-first: its image is built first" ;;
		esac
	done
	find "$BOX_STORE" -type f ! -path "*/build/digests/*" | sort | xargs sha256sum | diff before -
}

@test "what waits for its next start after a failure is started at once; what is not healthy is waited for, and told" {
	need root
	mkdir flag
	touch flag/well
	services '"web": {ROOT, "command": ["sh", "-c", "test -e /flag/ok || exit 3; exec sleep 1000"], "volumes": ["./flag:/flag:ro"], "restart": "always"},
		"sick": {ROOT, "command": ["sleep", "1000"], "init": true, "volumes": ["./flag:/flag:ro"], "update": {"timeout": "20s"},
			"healthcheck": {"test": ["CMD", "test", "-e", "/flag/well"], "interval": "200ms", "retries": 1}}'
	run box up app.json
	expect_status 1
	expect_has "$TAG-web has ended before it was ready: with exit code 3"
	# From the sixth failure on it waits for seconds.
	wait_until 30 eval 'box explain "$TAG-web" | grep -q "run [6-9]:"'
	# Each run is over at once, and for its moment there is nothing to do.
	waits() { run box plan app.json && [[ $output == *"start  $TAG-web"*"it has ended with exit code 3, and waits for its next start"* ]]; }
	wait_until 20 waits
	starts() { run box up app.json && [ "$status" -eq 1 ]; }
	wait_until 20 starts
	expect_has "$TAG-web has ended before it was ready: with exit code 3"
	expect_not "as it is written"
	touch flag/ok
	wait_until 30 eval 'box up app.json && [ "$(plan)" = "keep web, keep sick" ]'
	rm flag/well
	wait_until 10 eval 'box ps | grep -q unhealthy'
	run box up app.json
	expect_status 1
	expect_has "$TAG-sick is unhealthy" "its last check ended with exit code 1"
	touch flag/well
	wait_until 10 box up app.json
}
