#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box explain of apps in the foreground: the last ends of a name are kept, in few and small files.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

ends() { find "$BOX_STORE/ends" -type f -printf '%f\n'; }

@test "an exit code, by the app's name and by the container's, and the older ones" {
	need root jq
	local code first
	for code in 3 4 0; do
		run_app "\"command\": [\"sh\", \"-c\", \"exit $code\"]"
		expect_status $code
	done
	run box explain "$TAG"
	expect_status 0
	expect_has "run 3: ended with exit code 0 after" "started 20" "kept: runs 1 to 3 (box explain $TAG N)"
	run box explain "$TAG" 1
	expect_has "run 1: ended with exit code 3 after"
	first=$(box explain --format json "$TAG" 1 | jq -r .name)
	[[ $first == "$TAG"-?????? ]] || fail "the container's name is $first"
	run box explain "$first"
	expect_has "$first, run 1: ended with exit code 3 after"
	expect_not kept
	run box explain "$TAG" 4
	expect_status 1
	expect_has "explain $TAG: run 4 has no record" "those of runs 1 to 3 are kept"
	run box explain "$TAG-000000"
	expect_status 1
	expect_has "there is none in the background, and nothing is kept of one in the foreground"
	[ "$(ends)" = "$TAG" ]
}

@test "out of memory, with figures and the line to change" {
	need root cgroup:memory
	run_app '"command": ["probe", "memory", "200"], "resources": {"limits": {"memory": "32m"}}'
	expect_status 137
	run box explain "$TAG"
	expect_has "ended by SIGKILL" "out of memory: the limit is 32 MiB" "app.json:4: resources.limits.memory"
}

@test "a program that is not there, in the foreground and with -d" {
	need root
	run_app '"command": ["/no/such"]'
	expect_status 127
	run box explain "$TAG"
	expect_has "run 1: could not be started" "/no/such" "no such file or directory"
	run box run -d app.json
	expect_status 127
	run box explain "$TAG"
	expect_has "$TAG, run 2: could not be started" "/no/such"
}

@test "who asked it to end, and who did not" {
	need root jq
	local verb said
	app '"command": ["sh", "-c", "trap \"exit 3\" TERM; echo ready; while :; do sleep 0.1; done"]'
	while IFS='|' read -r verb said; do
		box run --name "$TAG-x" app.json </dev/null >out 2>&1 &
		wait_until 10 grep -q ready out
		case $verb in
		outside) kill -9 "$(container_pid)" ;;
		*) box $verb ;;
		esac
		wait $! || true
		run box explain "$TAG-x"
		expect_has "$said"
		rm out
	done <<-EOF
		stop $TAG-x|ended with exit code 3
		stop $TAG-x|asked to end by box stop
		rm -f $TAG-x|asked to end by box rm
		kill $TAG-x KILL|ended by SIGKILL
		kill $TAG-x KILL|sent by box kill
		outside|somebody sent SIGKILL: neither box nor the kernel
	EOF
}

@test "a name that is taken is no end of the one that has it" {
	need root
	app '"command": ["sh", "-c", "echo ready; sleep 1000"]'
	box run --name "$TAG-x" app.json </dev/null >out 2>&1 &
	wait_until 10 grep -q ready out
	run box run --name "$TAG-x" app.json
	expect_status 125
	run box explain "$TAG-x"
	expect_status 1
	box rm -f "$TAG-x"
	wait $! || true
}

@test "ten of a name, and 200 names, whatever happens at once" {
	need root
	local pids=() i
	app '"command": ["true"]'
	box run app.json
	for i in {1..24}; do
		"$BOX" --root "$STATE" run app.json </dev/null &
		pids+=($!)
		[ $((i % 6)) -ne 0 ] || { wait "${pids[@]}" && pids=(); }
	done
	# All were counted, each once.
	run box explain "$TAG"
	expect_has "run 25:" "kept: runs 16 to 25"
	for i in {1..20}; do box run app.json; done
	run box explain "$TAG"
	expect_has "run 45:" "kept: runs 36 to 45"
	[ "$(wc -l <"$BOX_STORE/ends/$TAG")" -le 30 ] || fail "the file grows"
	for i in {1..230}; do echo >"$BOX_STORE/ends/old$i" && touch -d @$((1000000 + i)) "$BOX_STORE/ends/old$i"; done
	box run --name "$TAG-new" app.json
	[ "$(ends | wc -l)" -le 200 ] || fail "there are $(ends | wc -l)"
	# The oldest went.
	[ ! -e "$BOX_STORE/ends/old1" ] && [ -e "$BOX_STORE/ends/old230" ] && [ -e "$BOX_STORE/ends/$TAG" ]
}

@test "a torn line, and one that is none, hide no other" {
	need root
	run_app '"command": ["sh", "-c", "exit 3"]'
	printf 'nonsense\n{"number":2,"name":"' >>"$BOX_STORE/ends/$TAG"
	run box explain "$TAG"
	expect_has "run 1: ended with exit code 3"
	box run app.json || true
	run box explain "$TAG"
	expect_has "run 2: ended with exit code 3" "kept: runs 1 to 2"
}

@test "prune forgets old ones" {
	need root
	run_app '"command": ["true"]'
	run box prune
	expect_status 0
	[ "$(ends)" = "$TAG" ] || fail "a new one went"
	touch -d '8 days ago' "$BOX_STORE/ends/$TAG"
	run box prune --dry-run
	expect_has "would forget the records of how 1 app in the foreground ended"
	[ "$(ends)" = "$TAG" ] || fail "a dry run removed it"
	run box prune
	expect_has "forgot the records of how 1 app"
	[ -z "$(ends)" ]
}

@test "an ordinary user" {
	need root user subids
	user_app '"command": ["sh", "-c", "exit 3"]'
	run as_user bin/box run app.json
	expect_status 3
	run as_user bin/box explain "$TAG"
	expect_has "run 1: ended with exit code 3"
}
