#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Several services in one file: what a file says, box run of it, and its name in every command.

load lib
load services

setup() { setup_world; }
teardown() { end_services; teardown_world; }

three() {
	services '"web": {ROOT, "command": ["sh", "-c", "echo web-here; exec sleep 1000"], "init": true, "depends_on": ["db"]},
		"db": {ROOT, "command": ["sh", "-c", "trap '"'echo db-ends; exit 0'"' TERM; echo db-here; sleep 1000 & wait"], "replicas": 2},
		"job": {ROOT, "command": ["sh", "-c", "echo job-here"]}'
}

@test "a file says what it means: config, check and a lock for all of its images; wrong ones are told by line" {
	services '"web": {ROOT, "command": ["true"], "volumes": ["data:/d"], "depends_on": {"db": {"condition": "service_healthy"}}},
		"db": {ROOT, "command": ["true"], "profiles": ["x"]}' '"volumes": {"data": {}}'
	box config app.json >once.json
	[ "$(jq -r '.services.web.volumes[0].source, .volumes | if type == "object" then keys[0] else . end' once.json | sort -u)" = "${TAG}_data" ]
	box config once.json | diff once.json - >&2
	box check app.json
	box lock app.json
	[ "$(jq '.rootfs | length' app.lock.json)" -eq 1 ]
	box lock --check app.json
	run box run --name x app.json
	expect_status 125
	expect_has "it has several services"
	# What the lock has to say is said once, whichever of them comes first.
	services '"a": {ROOT, "command": ["true"], "profiles": ["x"]}, "b": {ROOT, "command": ["true"]}, "c": {ROOT, "command": ["true"]}'
	run box plan app.json
	[ "$(grep -c "has changed since it was locked" <<<"$output")" -eq 1 ] || fail "$output"
	run box up --locked app.json
	expect_status 125
	expect_has "app.lock.json: app.json has changed since it was locked"
	run box run app.json none
	expect_status 125
	expect_has "there is no service \"none\" in it"
	services '"web": {ROOT, "command": ["true"], "volumes": ["data:/d"]}'
	run box up app.json
	expect_status 125
	expect_has 'app.json:1: services.web.volumes[0]: the file has no volume "data"'
	printf '{"services": {"web": {\n"rootfs": "./none", "command": ["true"]}}}' >app.json
	run box up app.json
	expect_status 125
	expect_has "app.json:2: services.web.rootfs: " "none"
	# What services share is told once, where it stands.
	printf '{"services": {\n"a": {"rootfs": "x", "secrets": ["s"], "ports": ["8080:80"]},\n"b": {"rootfs": "x", "secrets": ["s", "t"], "ports": ["0.0.0.0:8080:80"]}},
		"secrets": {"s": {"flie": "x"},\n"t": {"file": "x", "environment": "X"}}}' >app.json
	run box check app.json
	expect_has 'app.json:4: secrets.s.flie: unknown field "flie"' 'app.json:5: secrets.t: expected one of "file"'
	[ "$(grep -c ^box: <<<"$output")" -eq 2 ] || fail "more than that"
	sed -i 's/flie/file/; s/, "environment": "X"//' app.json
	run box check app.json
	expect_has 'app.json:3: services.b.ports[0]: port 8080 of the host is published by the service "a", too'
}

@test "box run: in the foreground all write with their names, and Ctrl-C stops them in reverse; nothing is left" {
	need root
	three
	box run app.json >out 2>err 3>&- &
	pid=$!
	wait_until 5 grep -q "^$TAG-web | web-here" out
	wait_until 5 grep -q "^$TAG-db-2 | db-here" out
	wait_until 5 grep -q "^$TAG-db | db-here" out
	wait_until 5 grep -qx "$TAG-job | job-here" out
	kill -INT $pid
	wait $pid || status=$?
	[ "$(grep -c 'db-ends' out)" -eq 2 ] || fail "$(cat out)"
	[ "$status" -eq 130 ] || fail "exit code $status"
	[ -z "$(box ps -aq)" ]
	# Also while it still waits for one of them.
	services '"one": {ROOT, "command": ["sleep", "1000"], "init": true, "healthcheck": {"test": ["CMD", "false"], "interval": "1s", "retries": 1000}},
		"two": {ROOT, "command": ["true"], "depends_on": {"one": {"condition": "service_healthy"}}}'
	box run app.json >out 2>err 3>&- &
	pid=$!
	wait_until 5 eval '[ "$(box ps -q)" = "$TAG-one" ]'
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 143 ] || fail "exit code $status: $(cat out err)"
	[ -z "$(box ps -aq)" ]
	services '"one": {ROOT, "command": ["sh", "-c", "sleep 0.5; exit 3"]}, "two": {ROOT, "command": ["sleep", "0.6"]}'
	run box run app.json
	expect_status 3
	[ -z "$(box ps -aq)" ]
}

@test "box run -d, and the names of a file, a service and an instance in every command" {
	need root
	three
	box run -d app.json
	run box run -d app.json
	expect_status 125
	expect_has "runs already" "box up app.json"
	run box ps --format json
	[ "$(jq -r 'map(.name) | join(" ")' <<<"$output")" = "$TAG-db $TAG-db-2 $TAG-web" ] || fail order
	[ "$(jq -c '.[1] | [.stack, .service, .generation, .replica, .role]' <<<"$output")" = "[\"$TAG\",\"$TAG-db\",1,2,\"live\"]" ]
	[ "$(box ps -q -f "service=$TAG-db" | wc -l)" -eq 2 ]
	for words in db-here web-here job-here; do wait_until 10 eval 'box logs "$TAG" | grep -q '$words; done
	wait_until 10 eval '[ "$(box logs "$TAG" | grep -c db-here)" -eq 2 ]'
	run box logs "$TAG"
	expect_line "$TAG-db | db-here" "$TAG-db-2 | db-here" "$TAG-web | web-here" "$TAG-job | job-here"
	[ "$(box logs "$TAG-web")" = web-here ]
	[ "$(box exec "$TAG-db" hostname)" = "$TAG-db" ]
	[ "$(box exec "$TAG-db-2" hostname)" = "$TAG-db-2" ]
	run box exec "$TAG" true
	expect_status 125
	expect_has "has several services" "$TAG-db, $TAG-job, $TAG-web"
	[ "$(box wait "$TAG-job")" = 0 ]
	box pause "$TAG-db"
	[ "$(box ps -q -f status=paused | wc -l)" -eq 2 ]
	box unpause "$TAG-db"
	[ "$(box stats --no-stream --format json "$TAG-db" | jq length)" -eq 2 ]
	box inspect "$TAG-web" | jq -e ".[0].name == \"$TAG-web\"" >&2
	timeout "$(slowly 10)" box logs -f "$TAG" >followed 3>&- &
	wait_until 5 grep -q web-here followed
	box stop "$TAG"
	wait $!
	[ "$(grep -c db-ends followed)" -eq 2 ]
	[ -z "$(box ps -q)" ]
	box start "$TAG"
	box restart "$TAG-web"
	[ "$(box ps -q | wc -l)" -eq 3 ]
	[ "$(box ps -q app.json)" = "$(box ps -q -f "stack=$TAG")" ] && [ "$(box ps -q "$TAG" | wc -l)" -eq 3 ]
	box ps "$TAG-web" | grep -q "^PID "
	run box kill "$TAG-db" KILL
	expect_status 0
	# The file stands for its name.
	box stop app.json
	[ -z "$(box ps -q)" ]
	box start app.json
	[ "$(box stats --no-stream --format json app.json | jq length)" -eq 3 ] # the job has ended
	box restart app.json
	[ "$(box logs app.json)" = "$(box logs "$TAG")" ]
	run box exec app.json true
	expect_has "$TAG has several services"
	box stop "$TAG-web"
	run box rename "$TAG-web" "$TAG-x"
	expect_status 1
	expect_has "it is a service of a file with several"
	box rm -f app.json
	[ -z "$(box ps -aq)" ]
	[ -z "$(box ps -aq app.json)" ]
	run box stop none.json
	expect_status 1
	expect_has "there is no file of this name either"
}

@test "verbs print the names of what they have acted on, -q prints nothing; of a file's name they are for what runs" {
	need root jq cgroup:memory
	services '"db": {ROOT, "command": ["sh", "-c", "echo db-here; exec sleep 1000"], "init": true}, "job": {ROOT, "command": ["echo", "job-here"]},
		"web": {ROOT, "command": ["sh", "-c", "echo web-here; exec sleep 1000"], "init": true, "depends_on": ["db"]}'
	box up -q app.json
	box wait "$TAG-job"
	for verb in pause unpause "update --memory 100m" "restart"; do
		# shellcheck disable=SC2086
		run box $verb "$TAG"
		[ "$status $(sort <<<"$output" | tr '\n' ' ')" = "0 $TAG-db $TAG-web " ] || fail "$verb"
		# shellcheck disable=SC2086
		run box $verb -q app.json
		[ "$status $output" = "0 " ] || fail "$verb -q"
	done
	run box top "$TAG"
	expect_status 0
	[ "$(awk 'NR > 1 { print $1 }' <<<"$output" | sort -u | tr '\n' ' ')" = "$TAG-db $TAG-web " ] || fail "others"
	[ "$(box top --format json "$TAG-web" "$TAG-db" | jq -c 'map(.name) | unique')" = "[\"$TAG-db\",\"$TAG-web\"]" ]
	run box top "$TAG-web" "$TAG-none"
	expect_status 1
	expect_has "find container $TAG-none: container does not exist" "sleep 1000"
	[ "$(box inspect "$TAG" | jq -c 'map(.name) | sort')" = "[\"$TAG-db\",\"$TAG-job\",\"$TAG-web\"]" ]
	run box inspect web
	expect_has "did you mean $TAG-web?"
	run box ps -a "$TAG-job"
	expect_has "NAME " "$TAG-job" "exited (0)"
	[ "$(box ps -aq "$TAG-web")" = "$TAG-web" ]
	run box explain "$TAG-job" "$TAG-db"
	expect_has "$TAG-job, run 1: ended with exit code 0" "$TAG-db, run 2: ended with exit code 143"
	[ "$(box explain --format json app.json | jq -c 'map(.name) | sort')" = "[\"$TAG-db\",\"$TAG-job\",\"$TAG-web\"]" ]
	run box explain "$TAG-db" 1
	expect_has "$TAG-db, run 1:"
	[ "$(box logs -n 1 "$TAG-web" "$TAG-job" | sort)" = "$TAG-job | job-here
$TAG-web | web-here" ] || fail "$(box logs "$TAG-web" "$TAG-job")"
	run box logs "$TAG-wbe"
	expect_has "did you mean $TAG-web?"
	run box run app.json wbe -- true
	expect_has "there is no service \"wbe\" in it" "it has db, job, web"
	run box logs -f "$TAG-web" "$TAG-none"
	expect_status 1
	expect_has "find the app $TAG-none"
	# Before and behind each other, as depends_on has it; what runs already is not named.
	run box stop "$TAG"
	[ "${lines[0]} ${#lines[@]}" = "$TAG-web 3" ] || fail "stop"
	run box start "$TAG"
	[ "$output" = "$TAG-db
$TAG-web" ] || fail "start"
	run box start "$TAG"
	[ "$status $output" = "0 " ] || fail "start again"
	run box stop "$TAG-db" none "$TAG-web"
	expect_status 1
	expect_line "$TAG-db" "$TAG-web"
	expect_has "find container none"
	run box rm -f "$TAG-job" "$TAG-none"
	[ "$status $output" = "0 $TAG-job" ] || fail "rm -f"
	box start -q "$TAG-web"
	run box down app.json
	expect_line "stopped $TAG-web" "removed $TAG-web" "removed $TAG-db"
	[ "${#lines[@]}" -eq 3 ] || fail "more than that"
	box up -q app.json
	run box down -q "$TAG"
	[ "$status $output" = "0 " ] || fail "down -q"
	# One that fails to print what it did says so.
	box up -q app.json
	! box stop "$TAG-db" >/dev/full || fail "nobody was told"
	box down "$TAG"
}

@test "box logs of several: by the time at which it was written, whole lines, each with its name" {
	need root jq
	services '"a": {ROOT, "command": ["sh", "-c", "mkfifo /x/a; for i in 1 3 5; do echo a$i; sleep 0.2; echo x >/x/b; read w </x/a; done; printf end"], SHARED},
		"b": {ROOT, "command": ["sh", "-c", "while ! [ -p /x/a ]; do sleep 0.1; done; mkfifo /x/b; for i in 2 4 6; do read w </x/b; echo b$i; echo b$i-err >&2; sleep 0.2; echo x >/x/a; done; sleep 0.5; echo last"],
			SHARED}' '"volumes": {"x": {}}'
	sed -i 's|SHARED|"volumes": [{"type": "volume", "source": "x", "target": "/x", "shared": true}]|g; s|mkfifo /x/a;|mkfifo /x/a; while ! [ -p /x/b ]; do sleep 0.1; done;|' app.json
	box run -d app.json
	box wait "$TAG-a" "$TAG-b"
	[ "$(box logs "$TAG" 2>/dev/null)" = "$(printf "$TAG-%s\n" 'a | a1' 'b | b2' 'a | a3' 'b | b4' 'a | a5' 'b | b6' 'a | end' 'b | last')" ] || fail "$(box logs "$TAG")"
	[ "$(box logs -n 1 "$TAG" 2>/dev/null)" = "$(printf "$TAG-%s\n" 'a | end' 'b | last')" ] || fail "$(box logs -n 1 "$TAG")"
	box logs -t "$TAG" 2>/dev/null | awk '{ print $3 }' | sort -c
	box logs --format json "$TAG" | jq -rs 'map(.time) | . == sort' | grep -qx true
	[ "$(box logs --format json "$TAG" | jq -rs 'map(select(.stream == "stderr") | .name + " " + .line) | join(", ")')" = \
		"$TAG-b b2-err, $TAG-b b4-err, $TAG-b b6-err" ]
	box down --volumes "$TAG"
}

@test "an ordinary user's services" {
	need user subids
	user_app '"x-unused": 0'
	printf '{"name": "%s", "services": {"a": {"rootfs": "rootfs.tar", "command": ["sleep", "100"], "network_mode": "none"},
		"b": {"rootfs": "rootfs.tar", "command": ["true"], "network_mode": "none", "depends_on": ["a"]}}}' "$TAG" >home/app.json
	run as_user bin/box up app.json
	expect_status 0
	expect_line "started $TAG-a" "started $TAG-b"
	sed -i 's/"100"/"200"/' home/app.json
	run as_user bin/box up app.json
	expect_line "replaced $TAG-a by $TAG-a.2"
	run as_user bin/box ps -q
	[ "$output" = "$TAG-a.2" ] || fail "another one"
	as_user bin/box down app.json
}

@test "services are named behind their file, as for box up; what is nothing there stops the command before it does anything" {
	need root
	services '"web": {ROOT, "command": ["sleep", "1000"], "init": true}, "db": {ROOT, "command": ["sleep", "1000"], "init": true, "replicas": 2},
		"web-log": {ROOT, "command": ["sh", "-c", "echo logged; exec sleep 1000"], "init": true}'
	box up app.json
	[ "$(box exec app.json web echo inside)" = inside ]
	[ "$(box exec app.json web -- echo inside)" = inside ]
	box stop app.json web db
	[ "$(box ps -q)" = "$TAG-web-log" ]
	box start app.json db
	[ "$(box ps -q | sort | xargs)" = "$TAG-db $TAG-db-2 $TAG-web-log" ]
	box restart app.json web-log
	box kill app.json db KILL
	[ "$(box wait app.json db | xargs)" = "137 137" ]
	wait_until 10 eval '[ "$(box ps -q)" = "$TAG-web-log" ]' # their supervisors end after them
	wait_until 10 eval 'box logs app.json web-log | grep -q logged'
	run box logs app.json web-log
	expect_has logged
	expect_not "$TAG-db"
	# A mistake must not be taken for the whole file.
	for verb in "stop" "rm -f" "restart" "start"; do
		run box $verb app.json wbe
		expect_status 1
		expect_has "app.json wbe: nothing is called so, and of this file there is no such service" "hint: there are db, web, web-log"
		[ "$(box ps -q)" = "$TAG-web-log" ]
	done
	box pause app.json web-log
	[ "$(box ps -q -f status=paused)" = "$TAG-web-log" ]
	box unpause app.json web-log
	box top app.json web-log | grep -q sleep
	box rm -f app.json web
	[ "$(box ps -aq | sort | xargs)" = "$TAG-db $TAG-db-2 $TAG-web-log" ]
	box down app.json
	run box stop app.json web
	expect_status 1
	expect_has "nothing of it is there: box up app.json"
	# An app alone that has the file's name is no service of it. Of so many letters the name fills the memory that it is in.
	whole=$(printf '%.23s' "$TAG-abcdefghijklmnopqrstuvwxyz")
	jq --arg name "$whole" '.name = $name' app.json >services.json
	jq -n --arg name "$whole" --arg rootfs "$ROOTFS" '{name: $name, rootfs: $rootfs, command: ["sleep", "1000"], init: true}' >alone.json
	box run -d alone.json
	run box stop services.json wbe
	expect_status 1
	box rm -f "$whole"
	expect_has "hint: nothing of it is there: box up services.json"
}

@test "a folder that is called like services, or like an image, is not taken for a file" {
	need root
	services '"web": {ROOT, "command": ["sleep", "1000"], "init": true}'
	mkdir "$TAG"
	mv app.json "$TAG/"
	box up "$TAG/app.json"
	box down "$TAG"
	[ -z "$(box ps -aq)" ]
	box import "$ROOTFS" localhost/folder:1
	mkdir -p localhost/folder:1
	[ "$(box run localhost/folder:1 echo image)" = image ]
}

@test "box build of a file builds what its services say, or those that are named" {
	need root
	for name in one two; do echo $name >$name.txt; done
	services '"one": {"build": {"from": "scratch", "steps": [{"copy": ["one.txt"], "to": "/"}]}, "command": ["true"]},
		"two": {"build": {"from": "scratch", "steps": [{"copy": ["two.txt"], "to": "/"}]}, "command": ["true"]}, "three": {ROOT}'
	box build -q app.json >both
	[ "$(sort -u both | grep -c '^sha256:')" -eq 2 ] || fail "$(cat both)"
	[ "$(box build -q app.json two)" = "$(sed -n 2p both)" ]
	run box build app.json
	expect_has "building one" "building two" CACHED
	[ "$(box build -q -t localhost/one:1 app.json one)" = "$(sed -n 1p both)" ]
	box images | grep -q localhost/one
	run box build -t localhost/x:1 app.json
	expect_status 125
	expect_has "option --tag: it is for one image, and 2 services are built" "box build --tag … app.json one"
	run box build app.json three
	expect_status 1
	expect_has "the service three has no"
	run box build app.json four
	expect_status 1
	expect_has 'there is no service "four" in it'
}
