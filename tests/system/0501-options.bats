#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box run and the words that docker and podman have taught: options that stand for fields of app.json, and what is said about the others.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

@test "options stand for fields, on top of the file" {
	need root
	app '"command": ["sh", "-c", "id; pwd; hostname; grep CapEff /proc/self/status; touch /x || echo cannot; grep \" /mem \" /proc/mounts"], "user": "5:5"'
	run box run -u 12:13 -w /tmp --hostname other --cap-drop ALL --read-only --tmpfs /mem:size=1m --init app.json
	expect_status 0
	expect_has "uid=12 gid=13" "cannot" "none /mem tmpfs"
	expect_line /tmp other
	[[ $output =~ CapEff:[[:space:]]*0000000000000000 ]] || fail "it has capabilities"
	run box run --ulimit nofile=70:80 --label a=b app.json -- sh -c 'ulimit -n; ulimit -Hn'
	expect_line 70 80
	run box run --entrypoint echo app.json -- one two
	expect_line "one two"
	run box run --security-opt seccomp=unconfined app.json -- grep Seccomp: /proc/self/status
	[[ $output =~ Seccomp:[[:space:]]*0 ]] || fail "it has a filter"
	echo "FROM=the file" >some.env
	run box run --env-file some.env app.json -- sh -c 'echo $FROM'
	expect_line "the file"
}

@test "limits of the command line are those of the cgroup" {
	need root cgroup:memory cgroup:pids
	app '"command": ["sleep", "100"], "resources": {"limits": {"memory": "32m"}}'
	run box run -d -m 64m --pids-limit=77 app.json
	expect_status 0
	[ "$(box inspect "$TAG" | jq '.[0] | .memory_limit_bytes, .pids_limit' | xargs)" = "67108864 77" ] || fail "$(box inspect "$TAG")"
}

@test "in the background they stay, across stop and start" {
	need root
	app '"command": ["sh", "-c", "trap \"exit 3\" USR1; echo \"$(id -u)\" >/ids/now; while :; do sleep 0.1; done"]'
	run box run -d --name "$TAG" -u 7 --tmpfs /ids:mode=0777 --stop-signal USR1 --restart always --health-cmd 'test -s /ids/now' \
		--health-interval 200ms app.json
	expect_status 0
	wait_until 10 is_healthy
	box stop "$TAG"
	[ "$(box inspect "$TAG" | jq -r '.[0] | .status, .restart' | xargs)" = "exited (3) always" ] || fail "$(box inspect "$TAG")"
	box start "$TAG"
	wait_until 10 is_healthy
	run box exec "$TAG" cat /ids/now
	expect_line 7
}
is_healthy() { [ "$(box inspect "$TAG" | jq -r '.[0].health.status')" = healthy ]; }

@test "a wrong value names the option, not a line of the file" {
	need root
	app '"command": ["true"], "cap_add": ["NET_RAW"]'
	while IFS='|' read -r words message; do
		eval "run box run $words app.json"
		expect_status 125
		[ "${lines[0]}" = "box: option --$message" ] || fail "$words"
	done <<-'CASES'
		-m 12Q|memory: expected a size such as "512m", found "12Q"
		--pids-limit many|pids-limit: expected a whole number from 1 to 4194304, found "many"
		--cap-add NET_FOO|cap-add: expected a capability such as "NET_ADMIN", or "ALL", found "NET_FOO"
		-p 80:99999|publish: expected a port such as "8080:80" or "127.0.0.1:8080:80/tcp", up to 65535, found "80:99999"
		--restart sometimes|restart: expected no, always, on-failure, on-failure:n or unless-stopped, found "sometimes"
		--stop-timeout 5m|stop-timeout 5m: expected seconds
		--security-opt label=disable|security-opt label=disable: expected seccomp=FILE, seccomp=unconfined, seccomp=default or no-new-privileges
		--tmpfs here|tmpfs: expected an absolute path below "/" without "..", found "here"
		--device /dev/no-such|device: look at the device /dev/no-such: No such file or directory [ENOENT]
		--init=perhaps|init=perhaps: expected no value, or true or false
		-d --health-cmd true --health-on-failure kill|health-on-failure: expected "none", "restart" or "stop", found "kill"
	CASES
	run box run --cap-add SYS_TIME app.json
	expect_status 0
	app '"command": ["true"], "cap_add": ["NET_FOO"]'
	run box run --cap-add SYS_TIME app.json
	expect_has "app.json:4: cap_add[0]: expected a capability"
}

@test "what is not there says in one line what to type" {
	app '"command": ["true"]'
	while IFS='|' read -r words hint; do
		eval "run box $words"
		[ "$status" -ne 0 ] || fail "$words is no error"
		expect_has "hint: $hint"
	done <<-'CASES'
		run --mount type=bind,source=/a,target=/b app.json|-v SOURCE:TARGET[:ro]
		run --privileged app.json|write what it needs into app.json
		run --log-opt max-size=1m app.json|write it into app.json: "logging"
		run -d --rm --restart always app.json|leave --rm out, or say --restart no
		ps -l|box ps -a lists them all
		inspect -f {{.Name}} x|leave it out, and pick from its JSON: box inspect NAME
		rm -a|box rm $(box ps -aq)
		rm -fv x|box volume ls, then box volume rm NAME
		stop -a|box stop $(box ps -q)
		commit x y|box export NAME
	CASES
	run box rm -f
	expect_status 0
	run box rm
	expect_status 125
}
