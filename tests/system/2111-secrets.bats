#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Secrets: where they come from, where they end up, and where they never do.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

# secrets JSON… -- SCRIPT: an app with these secrets runs it.
secrets() {
	local list=
	while [ "$1" != -- ]; do list="$list${list:+, }$1"; shift; done
	app "\"secrets\": [$list], \"command\": [\"sh\", \"-c\", \"$2\"]"
}

@test "a secret comes from a file, a variable of the caller, a program's output" {
	need root
	printf one >file
	printf '#!/bin/sh\nprintf "%%s" "$1:$HOME"\n' >keeper
	chmod 755 keeper
	secrets '"./file"' '{"source": {"environment": "TOKEN"}}' '{"source": {"command": ["./keeper", "three"]}, "target": "kept", "mode": "0440", "gid": 7}' \
		'{"source": {"command": ["printf", "four"]}, "target": "/etc/four"}' -- \
		'cd /run/secrets; cat file TOKEN kept /etc/four; echo; stat -c %a:%u:%g TOKEN kept; stat -f -c %T kept; echo x 2>/dev/null >kept || echo read-only; env'
	TOKEN=two HOME=/h run box run app.json
	expect_status 0
	expect_line onetwothree:/hfour 400:0:0 440:0:7 tmpfs read-only
	expect_not TOKEN=
}

@test "a secret is the app's user's, by number or name, unless the file says whose it is" {
	local user expected
	echo s3cret >file
	for user in 1000:1000 app 1000:7 0; do
		app '"user": "'$user'", "secrets": ["./file", {"source": "./file", "target": "theirs", "uid": 5}, {"source": "./file", "target": "group", "gid": 9, "mode": "0440"}],
			"command": ["sh", "-c", "cat /run/secrets/file; id -u; id -g; stat -c %a:%u:%g /run/secrets/file /run/secrets/theirs /run/secrets/group"]'
		run box run app.json
		expect_status 0
		expected=${lines[1]}
		expect_line s3cret "400:$expected:${lines[2]}" 400:5:0 "440:$expected:9"
	done
	[ "$expected" = 0 ]
}

@test "a credential of systemd: given to the service, or encrypted beside the file" {
	need root systemd-creds
	mkdir given
	printf given-word >given/db
	printf sealed-word >plain
	systemd-creds --with-key=tpm2-absent encrypt --name=db.cred plain db.cred 2>/dev/null
	secrets '{"source": {"systemd_creds": "db"}}' '{"source": {"systemd_creds": "./db.cred"}, "target": "sealed"}' -- 'cd /run/secrets; cat db; echo; cat sealed; echo'
	CREDENTIALS_DIRECTORY=$WORK/given run box run app.json
	expect_status 0
	expect_line given-word sealed-word
	run box run app.json
	expect_status 125
	expect_has 'app.json:4: secrets[0].source: there is no credential db' 'systemd-creds encrypt --name=db'
	mv db.cred other.cred
	secrets '{"source": {"systemd_creds": "./other.cred"}}' -- true
	run box run app.json
	expect_status 125
	expect_has "secrets[0].source: decrypt the credential $WORK/other.cred: run "
}

@test "a source that gives nothing is an error that names it, with the words of its program" {
	need root
	secrets '{"source": {"environment": "NOBODY_SET_THIS"}}' -- true
	run box run app.json
	expect_status 125
	expect_has 'app.json:4: secrets[0].source: the caller has no variable NOBODY_SET_THIS'
	secrets '{"source": {"command": ["sh", "-c", "echo half-a-value; echo no key for you >&2; exit 3"]}, "target": "x"}' -- true
	run box run app.json
	expect_status 125
	expect_has 'app.json:4: secrets[0].source: run ' '/sh: exit code 3: no key for you'
	expect_not half-a-value
	secrets '{"source": {"command": ["no-such-keeper"]}, "target": "x"}' -- true
	run box run app.json
	expect_has 'secrets[0].source: find no-such-keeper: it is not in PATH'
	secrets '{"source": {"command": ["head", "-c", "1048577", "/dev/zero"]}, "target": "x"}' -- true
	run box run app.json
	expect_has 'secrets[0].source: read ' '/head: more than 1048576 bytes'
}

@test "environment: the program has it, box exec too, and only where it was asked for" {
	need root
	printf 'line-1\n\n' >file
	secrets '{"source": "./file", "environment": "DB"}' '{"source": {"command": ["printf", "p=q"]}, "target": "t", "environment": "OTHER"}' -- 'env; exec sleep 99'
	box run app.json >out 2>&1 &
	local pid=$!
	wait_until 10 grep -q OTHER out
	grep -qx DB=line-1 out && grep -qx OTHER=p=q out
	run box exec "$(container_name)" env
	expect_line DB=line-1 OTHER=p=q
	# What the command line says to exec itself wins there.
	run box exec -e DB=mine "$(container_name)" env
	expect_line DB=mine OTHER=p=q
	box stop -t 1 "$(container_name)"
	wait $pid || true
	run box run -e DB=other app.json
	expect_status 125
	expect_has 'box: option -e DB: a secret is that variable already'
}

@test "a secret that is no variable is refused as one" {
	need root
	printf 'a\0b' >zero
	head -c 140000 /dev/zero | tr '\0' x >long
	secrets '{"source": "./zero", "environment": "Z"}' -- true
	run box run app.json
	expect_status 125
	expect_has 'app.json:4: secrets[0].environment: the secret has a zero byte'
	secrets '{"source": "./long", "environment": "Z"}' -- true
	run box run app.json
	expect_has 'app.json:4: secrets[0].environment: the secret has 140000 bytes'
}

@test "in the background: read anew at each start, in no definition; a variable of the caller is refused" {
	need root jq
	printf canary-one >file
	printf '#!/bin/sh\ncat "%s/word"\n' "$WORK" >keeper
	chmod 755 keeper
	printf canary-two >word
	secrets '{"source": "./file", "environment": "AS_FILE"}' '{"source": {"command": ["./keeper"]}, "target": "kept"}' -- 'exec sleep 99'
	box run -d app.json
	run box exec "$TAG" sh -c 'echo $AS_FILE; cat /run/secrets/kept; echo'
	expect_line canary-one canary-two
	run grep -rl --devices=skip canary- "$BOX_STORE" "$STATE"
	expect_not /
	printf canary-three >file
	printf canary-four >word
	box restart -t 1 "$TAG"
	run box exec "$TAG" sh -c 'echo $AS_FILE; cat /run/secrets/kept; echo'
	expect_line canary-three canary-four
	run grep -rl --devices=skip canary- "$BOX_STORE" "$STATE"
	expect_not /
	box rm -f "$TAG"
	secrets '{"source": {"environment": "WORD"}}' -- true
	WORD=x run box run -d app.json
	expect_status 125
	expect_has 'app.json:4: secrets[0].source.environment: an app in the background is started again when its caller, and their variable, are gone'
}

@test "a box that crashes leaves no core" {
	need root
	mkdir cores
	printf canary-core >file
	secrets '"./file"' -- 'echo ready; exec sleep 99'
	(cd cores && ulimit -c unlimited && exec box run ../app.json) >out 2>&1 &
	local pid=$!
	wait_until 10 grep -q ready out
	grep -Eq '^Max core file size +1 ' /proc/$pid/limits || fail "$(grep core /proc/$pid/limits)"
	kill -ABRT $pid
	wait $pid || [ $? -eq 134 ] || fail "it ended with $?"
	[ -z "$(ls cores)" ]
	wait_until 10 eval '[ -z "$(box ps -q)" ]'
	secrets '"./file"' -- true
	box run app.json # sweeps
}

@test "the value is in no file that box writes, no output, no command line and no name" {
	need root jq
	local word=canary-$RANDOM-$RANDOM pid
	printf '%s-f\n' "$word" >file
	secrets '{"source": "./file", "environment": "AS_FILE"}' '{"source": {"environment": "CANARY"}, "environment": "AS_VARIABLE"}' \
		'{"source": {"command": ["printenv", "CANARY"]}, "target": "c", "environment": "AS_COMMAND"}' -- 'test $AS_FILE -a $AS_VARIABLE -a $AS_COMMAND && echo ready; exec sleep 99'
	CANARY=$word-v BOX_TRACE=$WORK/trace box --debug --log "$WORK/log" run app.json >out 2>&1 &
	pid=$!
	wait_until 10 grep -q ready out
	{
		box config app.json
		box ps --format json
		box ps "$(container_name)"
		box list
		box list -f json
		box state "$(container_name)"
		box events --stats "$(container_name)"
		box --debug exec "$(container_name)" true
	} >out-of-verbs 2>&1 || true
	tr '\0' ' ' </proc/$pid/cmdline >cmdline
	tr '\0' ' ' <"/proc/$(container_pid)/cmdline" >>cmdline
	# It is where it belongs.
	tr '\0' '\n' <"/proc/$(container_pid)/environ" | grep -q "$word-f"
	mv file "$WORK-file" # the one file that has it by right
	run grep -rl --devices=skip "$word" "$WORK"
	mv "$WORK-file" file
	expect_not /
	! grep -rl --devices=skip "$word" "/run/box" "/var/cache/box" 2>/dev/null
	box kill "$(container_name)" KILL
	wait $pid || true
	[ -s trace ] && [ -s log ] && [ -s out-of-verbs ]
	! grep -q "$word" out trace log
}
