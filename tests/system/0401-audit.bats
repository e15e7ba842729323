#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The audit trail: what leaves a record, what the record holds, and what box audit --verify notices.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

log() { cat "$BOX_STORE/audit.log"; }
# last FILTER: of the last record.
last() { tail -n 1 "$BOX_STORE/audit.log" | jq -r "$1"; }
# some N: so many records.
some() { for _ in $(seq "$1"); do box stop "$TAG-nobody" 2>/dev/null || true; done; }
expect_whole() {
	run box audit --verify
	expect_status 0
	expect_has ": whole"
}
# expect_misfit FILE LINE [TEXT…]
expect_misfit() {
	run box audit --verify
	expect_status 1
	expect_has "box: $1:$2: the record does not fit: " "${@:3}"
}

@test "a run leaves a record: who, from where, what, which spec and image, how it ended" {
	need root jq
	app '"command": ["sh", "-c", "exit 3"]'
	SSH_CONNECTION='192.0.2.7 50022 192.0.2.1 22' run box run -e WORD=canary-env app.json -- sh -c 'exit 7'
	expect_status 7
	[ "$(stat -c %a "$BOX_STORE/audit.log")" = 600 ]
	[ "$(last '[.verb, .uid, .ssh, .result, .exit_code, .folder] | @csv')" = "\"run\",0,\"192.0.2.7 50022 192.0.2.1 22\",\"ended\",7,\"$WORK\"" ] || fail "$(log)"
	[ "$(last '.argv | join(" ")')" = "box run -e WORD=*** app.json -- sh -c exit 7" ] || fail "$(log)"
	[[ $(last '.containers[0]') == "$TAG-"?????? ]]
	[[ $(last '.images[0].after') == sha256:* ]]
	box lock app.json
	[ "$(sed -n 1p "$BOX_STORE/audit.log" | jq -r .spec)" = "$(jq -r .spec app.lock.json)" ]
	! log | grep -q canary-env
	run box audit --verb run --name "$(sed -n 1p "$BOX_STORE/audit.log" | jq -r '.containers[0]')"
	expect_has 'ended (7)' 'box run -e WORD=*** app.json'
	expect_whole
}

@test "a session that logged in is named, whoever it became" {
	need root jq
	[ -w /proc/self/loginuid ] || skip "needs a kernel that audits"
	sh -c 'echo 1234 >/proc/self/loginuid 2>/dev/null && exec box stop nobody' 2>/dev/null || true
	[ -e "$BOX_STORE/audit.log" ] || skip "needs a login id that can be set"
	[ "$(last .login_uid)" = 1234 ] || fail "$(log)"
	run box audit
	expect_has '1234 as 0'
}

@test "exec, stop, kill, rm, tag, rmi, load and what fails leave one each; what only tells leaves none" {
	need root jq
	app '"command": ["sleep", "99"]'
	box run app.json &
	wait_until 10 eval '[ -n "$(container_name)" ]'
	local name
	name=$(container_name)
	box exec "$name" true
	box ps >/dev/null
	box list >/dev/null
	box images >/dev/null
	box pause "$name"
	box unpause "$name"
	box kill "$name" KILL
	wait $! || true
	box rm "$name" 2>/dev/null || true
	box import "$ROOTFS" acme/base:1 >/dev/null
	box tag acme/base:1 acme/other:2
	box tag acme/base:1 acme/other:2
	box rmi acme/other:2 >/dev/null
	box run no/such/file.json 2>/dev/null || true
	[ "$(log | jq -r .verb | sort | uniq -c | awk '{ print $2 $1 }' | tr '\n' ' ')" = "exec1 import1 kill1 pause1 rm1 rmi1 run2 tag2 unpause1 " ] || fail "$(log)"
	[ "$(last '.verb + " " + .result + " " + (.exit_code | tostring)')" = "run failed 125" ]
	# Digests before and after.
	local image
	image=$(log | jq -r 'select(.verb == "import").images[0].after')
	[ "$(log | jq -rc 'select(.verb == "tag").images[0] | [.name, .before, .after]' | tr '\n' ' ')" = "[\"docker.io/acme/other:2\",null,\"$image\"] [\"docker.io/acme/other:2\",\"$image\",\"$image\"] " ] || fail "$(log)"
	[ "$(log | jq -rc 'select(.verb == "rmi").images[0] | [.before, .after]')" = "[\"$image\",null]" ]
	expect_whole
}

@test "verbs on networks and volumes name them; ls and inspect leave no record" {
	need root jq
	box network create "$TAG-n" >/dev/null
	box network ls >/dev/null
	box network inspect "$TAG-n" >/dev/null
	box network rm -f "$TAG-n" "$TAG-none" >/dev/null
	box volume create "$TAG-v" >/dev/null
	box volume ls >/dev/null
	box volume export "$TAG-v" >v.tar
	box volume import "$TAG-v" v.tar
	box volume snapshot "$TAG-v" "$TAG-w" >/dev/null
	box volume rm "$TAG-none" 2>/dev/null || true
	box volume prune --all >/dev/null
	[ "$(log | jq -r '.argv[2] + " " + (.objects | sort | join("+")) + " " + .result' | sed "s/$TAG-//g" | tr '\n' ',')" = \
		"create n ok,rm n+none ok,create v ok,export v ok,import v ok,snapshot v+w ok,rm none failed,prune v+w ok," ] || fail "$(log)"
	[ "$(box audit | awk '$3 == "network" { print $4 }' | sort -u)" = "$TAG-n" ]
	[ "$(box audit --name "$TAG-none" --format json | jq length)" -eq 2 ]
	expect_whole
}

@test "verbs on OCI containers leave a record only where the configuration asks for it" {
	need root jq
	export XDG_CONFIG_HOME=$WORK/config
	rootfs_folder bundle/rootfs
	(cd bundle && box spec && jq '.process.terminal = false | .process.args = ["sleep", "99"] | .root.readonly = false | .linux.cgroupsPath = "/box/'"$TAG"'"' config.json >c && mv c config.json)
	box create -b bundle "$TAG"
	box start "$TAG"
	box exec "$TAG" true
	box kill "$TAG" KILL
	wait_until 10 eval 'box state $TAG | grep -q stopped'
	box delete "$TAG"
	[ ! -e "$BOX_STORE/audit.log" ] || fail "$(log)"
	[ ! -e /etc/box/audit.json ] || skip "this host has an audit.json of its own"
	mkdir -p /etc/box
	echo '{"engines": true}' >/etc/box/audit.json
	box delete -f "$TAG" || true
	rm /etc/box/audit.json
	rmdir --ignore-fail-on-non-empty /etc/box
	[ "$(last .verb)" = delete ]
}

@test "an OCI container named beside an app hides no verb on the app" {
	need root jq
	rootfs_folder bundle/rootfs
	(cd bundle && box spec && jq '.process.terminal = false | .process.args = ["sleep", "99"] | .root.readonly = false | .linux.cgroupsPath = "/box/'"$TAG"'"' config.json >c && mv c config.json)
	box create -b bundle "$TAG"
	box rm -f "$TAG-nobody" "$TAG"
	[ "$(last '[.verb, .containers[]] | join(" ")')" = "rm $TAG-nobody $TAG" ] || fail "no record"
	box create -b bundle "$TAG"
	box rm -f "$TAG" "$TAG-nobody"
	[ "$(log | wc -l)" -eq 2 ] || fail "$(log)"
}

@test "no command line is too long for a record: empty words, and variables that are only named" {
	need root jq
	local long
	long=$(printf '%0120000d' 0)
	printf "''\\n%.0s" {1..70000} | xargs -s 600000 box stop "$TAG-nobody" 2>/dev/null || true
	[ "$(last .containers[0])" = "$TAG-nobody" ] || fail "no record of empty words"
	run box exec -e "$long" -e "$long" "$TAG-env" true
	[ "$(last .containers[0])" = "$TAG-env" ] || fail "no record of a long -e"
	run box exec "-e$long" "--env=$long" "$TAG-joined" true
	[ "$(last .containers[0])" = "$TAG-joined" ] || fail "no record of a long -e in one word"
	expect_whole
}

@test "the digests are those that anybody can compute" {
	need root
	some 3
	python3 - "$BOX_STORE/audit.log" <<'END'
import hashlib, json, sys
before = ""
for number, line in enumerate(open(sys.argv[1], "rb").read().split(b"\n")[:-1], 1):
    record = json.loads(line)
    assert record["seq"] == number and record["previous"] == before, record
    before = "sha256:" + hashlib.sha256(line).hexdigest()
END
	run box audit --head
	[ "$output" = "3 sha256:$(tail -n 1 "$BOX_STORE/audit.log" | tr -d '\n' | sha256sum | cut -d' ' -f1)" ]
}

@test "verify names the first record that does not fit" {
	need root
	some 5
	expect_whole
	cp "$BOX_STORE/audit.log" good
	sed -i '2s/"stop"/"exec"/' "$BOX_STORE/audit.log"
	expect_misfit audit.log 3 "the one before it was changed" "up to number 2"
	sed 3d good >"$BOX_STORE/audit.log"
	expect_misfit audit.log 3
	sed 1d good >"$BOX_STORE/audit.log"
	run box audit --verify
	expect_has "records before number 2 are no longer kept"
	(sed 2q good; sed -n 2p good; sed 1,2d good) >"$BOX_STORE/audit.log"
	expect_misfit audit.log 3
	sed '4s/.*/no record/' good >"$BOX_STORE/audit.log"
	expect_misfit audit.log 5
	(sed 3q good; echo one; echo two) >"$BOX_STORE/audit.log"
	expect_misfit audit.log 5 "neither it nor the line before it is a record"
	run box audit
	expect_has "2 lines are no records"
}

@test "a trail written anew, or cut off at its end, is noticed by a head that was kept elsewhere" {
	need root
	some 4
	local head
	head=$(box audit --head)
	some 1
	run box audit --verify --kept "$head"
	expect_status 0
	sed -i '4,$d' "$BOX_STORE/audit.log"
	expect_whole # nothing in it says so
	run box audit --verify --kept "$head"
	expect_status 1
	expect_has "record 4 was there once, and the last one is 3"
	some 2 # written anew
	run box audit --verify --kept "$head"
	expect_status 1
	expect_has "audit.log:4: the record does not fit: its digest is not the one that was kept"
}

@test "a record that was cut is told, by verify and by the next record" {
	need root jq
	some 3
	truncate -s -20 "$BOX_STORE/audit.log"
	run box audit --verify
	expect_status 0
	expect_has "audit.log:3: record 3 was cut"
	some 2
	[ "$(sed -n 4p "$BOX_STORE/audit.log" | jq -c '[.seq, .torn]')" = "[4,true]" ] || fail "$(log)"
	[ "$(last .torn)" = null ]
	expect_whole
	expect_has "audit.log:3: record 3 was cut: box or the host ended in the middle of writing it"
	# A piece that was put there does not belong.
	sed -i '3s/^/x/' "$BOX_STORE/audit.log"
	expect_misfit audit.log 4
	# Only the end of line is missing.
	rm "$BOX_STORE/audit.log"
	some 2
	truncate -s -1 "$BOX_STORE/audit.log"
	some 1
	expect_whole
}

@test "a full file gives way to a new one, and the chain goes on through all of them" {
	need root jq
	# As box writes it, and large: what box itself adds has to fit.
	python3 - "$BOX_STORE" <<'END'
import hashlib, json, os, sys
os.makedirs(sys.argv[1], 0o700, exist_ok=True)
before, lines, size, number = "", [], 0, 0
while size < (8 << 20) - 700:
    number += 1
    line = json.dumps({"seq": number, "previous": before, "time": "2026-01-01T00:00:00.000000Z", "verb": "stop", "uid": 0, "folder": "/" + "x" * 400, "result": "ok", "exit_code": 0}, separators=(",", ":")).encode()
    before = "sha256:" + hashlib.sha256(line).hexdigest()
    lines.append(line)
    size += len(line) + 1
open(sys.argv[1] + "/audit.log", "wb").write(b"\n".join(lines) + b"\n")
END
	chmod 700 "$BOX_STORE"
	expect_whole
	some 4
	[ -e "$BOX_STORE/audit.log.1" ] && [ "$(wc -l <"$BOX_STORE/audit.log")" -le 4 ]
	expect_whole
	# In the middle of the exchange: the new file is not there yet.
	mv "$BOX_STORE/audit.log.1" "$BOX_STORE/audit.log.2"
	mv "$BOX_STORE/audit.log" "$BOX_STORE/audit.log.1"
	some 1
	expect_whole
	sed -i '100s/"stop"/"exec"/' "$BOX_STORE/audit.log.2"
	expect_misfit audit.log.2 101
}

@test "many at once: every record is there once, in one chain" {
	need root jq
	for _ in {1..20}; do box stop nobody 2>/dev/null & done
	wait
	[ "$(log | jq -s 'map(.seq) == [range(1; 21)]')" = true ]
	expect_whole
}

@test "a full disk: the verb does its work, says that there is no record, and leaves no half of one" {
	need root jq
	mkdir small
	mount -t tmpfs -o size=64k,mode=700 none small
	BOX_STORE=$WORK/small some 2
	head -c 1M /dev/zero >small/fill 2>/dev/null || true
	local size
	size=$(stat -c %s small/audit.log)
	for _ in {1..20}; do BOX_STORE=$WORK/small box rm -f nobody >out 2>&1 || fail "$(cat out)"; done
	grep -q 'warning: add to the audit trail .*small/audit.log: write audit.log: .*ENOSPC' out || fail "$(cat out)"
	tail -c 1 small/audit.log | od -An -c | grep -q '\\n'
	rm small/fill
	BOX_STORE=$WORK/small run box audit --verify
	expect_has ": whole"
	expect_not "was cut"
	umount small
}

@test "--since, --until and --format" {
	need root jq
	some 2
	[ "$(box audit --since 1h --format json | jq length)" = 2 ]
	[ "$(box audit --since 2100-01-01 --format json | jq length)" = 0 ]
	[ "$(box audit --until 2100-01-01T00:00:00Z --format json | jq length)" = 2 ]
	[ "$(box audit --until 2000-01-01 --format json)" = "[]" ]
	[ "$(box audit --verb exec --format json)" = "[]" ]
	run box audit --since yesterday
	expect_status 125
	expect_has 'option --since yesterday: expected a time in UTC such as'
	run box audit --verify --kept nonsense
	expect_status 125
}
