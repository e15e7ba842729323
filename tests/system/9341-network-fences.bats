#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A box-net that was taken over, as it is behind its own fences: what it can write, and whom it can keep waiting.

load lib
load network
load services

setup() {
	need root ip nft jq python3 landlock
	setup_network
}
teardown() { end_services; teardown_network; }

# inside PID CALLS…: the process makes these system calls; what they gave, a line each.
inside() { /usr/bin/python3 "$BATS_TEST_DIRNAME/inside.py" "$@"; }
of_network() { # NAME [TITLE]: the box-net of a network
	local pid
	for pid in $(quick network_processes "${2:-box:[network]}"); do
		[ "$(readlink "/proc/$pid/fd/3")" != "$STATE/.networks/$TAG-$1" ] || echo "$pid"
	done
}
two_networks() {
	box network create --internal "$TAG-back" >/dev/null
	net_app web '"networks": ["'"$TAG"'-front"]' 'sleep 100'
	net_app db '"networks": ["'"$TAG"'-back"]' 'sleep 100'
	box run -d web.json && box run -d db.json
}

@test "taken over, it writes addresses of its own network alone: no record, no file of another network, no new one anywhere" {
	local front back pid path
	two_networks
	front=$BOX_STORE/networks/$TAG-front back=$BOX_STORE/networks/$TAG-back
	cp "$back/record" record.before
	pid=$(of_network back)
	grep -q '^internal 1' "$back/record"
	# Its own record, its run and what could take their place; other networks'; what says which app there is.
	for path in "$back/record" "$back/new" "$STATE/.networks/$TAG-back/run" "$STATE/.networks/$TAG-back/record" "$front/record" \
		"$front/leases/addresses" "$STATE/.networks/$TAG-front/run" "$STATE/.networks/new" "$STATE/new" "$BOX_STORE/new" "$BOX_STORE/apps/new" \
		"$BOX_STORE/apps/$TAG-db/app.json" "$BOX_STORE/networks/.prefix"; do
		run inside "$pid" "open,$path,O_WRONLY|O_CREAT"
		[ "$output" = "open EACCES" ] || fail "$path: $output"
	done
	run inside "$pid" "unlink,$back/record" "rename,$back/leases/addresses,$back/record" "rename,$back/leases/addresses,$STATE/.networks/$TAG-back/run" \
		"unlink,$front/leases/addresses" "unlink,$STATE/.networks/$TAG-front/run" "unlink,$STATE/.networks/.lock" "rmdir,$STATE/.networks/$TAG-front" \
		"rmdir,$front/leases" "rmdir,$front"
	[ "$(grep -cE '^(unlink|rename|rmdir) (EACCES|EXDEV|ENOTEMPTY)$' <<<"$output")" -eq 9 ] || fail "$output"
	cmp "$back/record" record.before
	# The control: what it has to write.
	run inside "$pid" "open,$back/leases/addresses,O_WRONLY|O_APPEND" "write,-1,instance evil 9" "close,-1"
	[ "$(grep -c -E '^(write 15|close 0)$' <<<"$output")" -eq 2 ] || fail "$output"
	grep -q evil "$back/leases/addresses"
	# The next start reads the record, which is as it was.
	kill -KILL "$pid" "$(of_network back 'box:[spare]')"
	box restart "$TAG-db"
	[ "$(box network inspect "$TAG-back" | jq '.[0].internal')" = true ]
	refused asks db 192.0.2.1 80
	box rm -f "$TAG-web" "$TAG-db"
	box network rm "$TAG-back"
}

@test "taken over, it has no lock that others wait for: other networks come and go, and who wants to be in its own is told who holds it" {
	local pid path before
	two_networks
	pid=$(of_network back)
	# A descriptor of any kind would do for a lock.
	for path in "$STATE/.networks/.lock" "$STATE/.networks" "$STATE" "$STATE/.networks/$TAG-front" "$STATE/.networks/$TAG-front/run" "$BOX_STORE" \
		"$BOX_STORE/networks" "$BOX_STORE/networks/.lock" "$BOX_STORE/networks/$TAG-back" "$BOX_STORE/apps" "$BOX_STORE/apps/$TAG-web"; do
		run inside "$pid" "open,$path,O_RDONLY"
		[ "$output" = "open EACCES" ] || fail "$path: $output"
	done
	# All that it can do: its own, for good; and it answers nobody.
	run inside "$pid" "open,$STATE/.networks/$TAG-back,O_RDONLY" "flock,-1,LOCK_EX|LOCK_NB" hold
	[ "$(tail -1 <<<"$output")" = "flock 0" ] || fail "$output"
	before=$SECONDS
	box network create "$TAG-other" >/dev/null
	net_app more '"networks": ["'"$TAG"'-front", "'"$TAG"'-other"]' 'sleep 100'
	box run -d more.json
	box exec "$TAG-more" true
	box rm -f "$TAG-more"
	box network rm "$TAG-other"
	net_app own '"network_mode": "private"' 'true'
	box run own.json
	[ $((SECONDS - before)) -lt $((8 * SLOW)) ] || fail "it took $((SECONDS - before)) s"
	# Its own network: one clear message.
	net_app late '"networks": ["'"$TAG"'-back"]' 'sleep 100'
	run box run -d late.json
	[ "$status" -eq 125 ]
	expect_has "reach the network $TAG-back: box:[network] $TAG-back (process $pid) holds its lock"
	expect_has "box restart"
	kill -CONT "$pid"
	box rm -f "$TAG-late" 2>/dev/null || true
	kill -KILL "$pid" "$(of_network back 'box:[spare]')"
	box restart "$TAG-db"
	box rm -f "$TAG-web" "$TAG-db"
	box network rm "$TAG-back"
}

@test "box-net and its spare killed at once: box plan says who has lost the network, box up starts those again, and nobody else" {
	local was
	printf '{"name": "%s", "networks": {"front": {"internal": true}, "back": {"internal": true}}, "services": {
		"web": {"rootfs": "%s", "networks": ["front"], "init": true, "command": ["nc", "-ll", "-p", "5000", "-e", "echo", "i-am-web"]},
		"client": {"rootfs": "%s", "networks": ["front", "back"], "init": true, "command": ["sleep", "1000"]},
		"db": {"rootfs": "%s", "networks": ["back"], "init": true, "command": ["sleep", "1000"]}}}' "$TAG" "$ROOTFS" "$ROOTFS" "$ROOTFS" >app.json
	plan() { box plan --format json app.json | jq -r --arg tag "$TAG-" '[.[] | .action + " " + (.instance | ltrimstr($tag))] | sort | join(", ")'; }
	of_front() { local pid; for pid in $(quick network_processes "$1"); do [ "$(readlink "/proc/$pid/fd/3")" != "$STATE/.networks/${TAG}_front" ] || echo "$pid"; done; }
	is_cut() { ! asks client web 5000 >/dev/null 2>&1; }
	box up -q app.json
	[ "$(asks client web 5000)" = i-am-web ]
	[ "$(plan)" = "keep client, keep db, keep web" ] || fail "$(plan)"
	# One of the two alone is nobody's loss.
	was=$(of_front 'box:[spare]')
	kill -KILL "$(of_front 'box:[network]')"
	[ "$(plan)" = "keep client, keep db, keep web" ] || fail "$(plan)"
	wait_until 5 eval '[ "$(of_front "box:[network]")" = "$was" ] && [ "$(of_front "box:[spare]" | wc -l)" -eq 1 ]'
	kill -KILL "$(of_front 'box:[network]')" "$(of_front 'box:[spare]')"
	wait_until 5 is_cut
	run box plan app.json
	expect_has "restart" "its network ${TAG}_front has gone"
	[ "$(plan)" = "keep db, restart client, restart web" ] || fail "$(plan)"
	# Who has been started alone has the others no more in the network than before.
	box restart "$TAG-client" >/dev/null
	[ "$(plan)" = "keep client, keep db, restart web" ] || fail "$(plan)"
	box up -q app.json
	[ "$(asks client web 5000)" = i-am-web ]
	[ "$(plan)" = "keep client, keep db, keep web" ] || fail "$(plan)"
}

@test "taken over, it answers for ever, and box ps goes on without it" {
	local before=$SECONDS
	mkdir -p "$STATE/.networks/$TAG-slow"
	/usr/bin/python3 - "$STATE/.networks/$TAG-slow" <<'P' 3>&- &
import os, socket, sys, threading, time
os.chdir(sys.argv[1])
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind("control")
listener.listen(8)
def answer(box):
    while words := box.recv(65536).decode().split():
        if words[0] == "show":
            box.send(("ok" + "".join(f"\nmember m{i} m{i} 10.0.0.{i} - live" for i in range(200))).encode())
        else:  # a port at a time, and never the last one
            time.sleep(0.2)
            box.send(b"ok\nport tcp 80 127.0.0.1 80 host")
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
P
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 10 test -S "$STATE/.networks/$TAG-slow/control"
	net_app web '"networks": ["'"$TAG"'-front"]' 'sleep 100'
	box run -d web.json
	timeout $((60 * SLOW)) box ps | grep -q "$TAG-web"
	[ $((SECONDS - before)) -lt $((40 * SLOW)) ] || fail "it took $((SECONDS - before)) s"
	box rm -f "$TAG-web"
	rm -r "$STATE/.networks/$TAG-slow"
}
