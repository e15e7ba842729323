#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The example stack (specs/examples/shop): nginx, an application in two copies, Redis on a volume and a job, from one file; used over HTTP,
# killed and replaced under load. SHOP_ROUNDS: replaces of each (default: two, and one of the database).

load lib
setup() {
	setup_world
	need root jq curl wrk mmdebstrap
	# A network of its own: nothing of this happens on the host's.
	unshare -n sleep 1000000 &
	NET=$!
	wait_until 5 is_apart
	inside ip link set lo up
	printf '#!/bin/sh\nexec nsenter --net=/proc/%d/ns/net "%s" --root "%s" "$@"\n' $NET "$BOX" "$STATE" >"$WORK/bin/box"
	cp -rp "$TOP/specs/examples/shop" shop # as old as it is: the packages are unpacked once
	cd shop || return
}
teardown() {
	box down --volumes shop >/dev/null 2>&1 || true
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	[ -z "${NET:-}" ] || kill -KILL "$NET"
	teardown_world
}

is_apart() { [ "$(readlink /proc/$NET/ns/net)" != "$(readlink /proc/self/ns/net)" ] && [ -n "$(readlink /proc/$NET/ns/net)" ]; }
inside() { nsenter --net="/proc/$NET/ns/net" "$@"; }
make_images() { BOX=box ./make "$BOX_BUILD/tests/shop" >made 2>&1 || skip "needs Debian's packages: $(tail -n 1 made)"; }
get() { inside curl -sS -m 10 --fail "http://127.0.0.1:8080$1"; }
order() { inside curl -sS -m 30 --fail -X POST http://127.0.0.1:8080/orders | jq .order; }
instances() { box ps -a --format json | jq -r '.[].name'; }
pid_of() { box ps --format json | jq -r --arg name "$1" '.[] | select(.name == $name).pid'; }
works() { get / >/dev/null 2>&1; }
greets() { [ "$(get / | jq -r .greeting)" = "$1" ]; }
supervisor_of() { sed -n 's/^pid //p' "$STATE/$1/supervisor"; }

# The processes of the networks of this test alone.
routers() {
	local pid
	for pid in $(pgrep -f '^box:\[network\] shop_'); do
		! readlink "/proc/$pid"/fd/* | grep -qF "$WORK" || echo "$pid"
	done
}

# load_while COMMAND…: wrk twice, with connections that stay open and with one for each request, until the command is done. What failed is an
# error.
load_while() {
	local status=0 way
	nsenter --net="/proc/$NET/ns/net" wrk -t1 -c8 -d300s --timeout 10s http://127.0.0.1:8080/ >load-kept &
	LOADS=($!)
	nsenter --net="/proc/$NET/ns/net" wrk -t1 -c4 -d300s --timeout 10s -H 'Connection: close' http://127.0.0.1:8080/ >load-each &
	LOADS+=($!)
	sleep 0.5
	"$@" >done 2>&1 || status=$?
	sleep 0.5
	kill -INT "${LOADS[@]}"
	wait "${LOADS[@]}" || true
	for way in kept each; do cat load-$way; done
	cat done
	[ $status -eq 0 ] || return
	! grep -E 'Socket errors|Non-2xx' load-kept load-each || return
	grep -q 'requests in' load-kept && grep -q 'requests in' load-each
}

give_memory() { # give_memory SERVICE NEXT_SERVICE MIB
	sed -i "/^ *\"$1\": {/,/^ *\"$2\": {/s/\"memory\": \"[0-9]*m\"/\"memory\": \"$3m\"/" app.json
	grep -q "\"memory\": \"$3m\"" app.json
}

replace_both() {
	local i
	for ((i = 1; i <= ${SHOP_ROUNDS:-2}; i++)); do
		give_memory proxy web $((64 + i)) # a change like any other
		GREETING=hello-$i box up app.json || return
		greets "hello-$i" || return
	done
}

# The servers of the database that there are at this moment: none, one, or two.
masters() {
	local pid count=0
	for pid in $(pgrep -x redis-server); do
		! grep -qs "$WORK" "/proc/$pid/mountinfo" || count=$((count + 1))
	done
	echo $count
}
# Orders, one after the other; each that was confirmed is noted.
take_orders() { while [ -e taking ]; do order >>orders 2>>refused || true; done; }

@test "one command starts it, it is used over HTTP, and what is killed comes back" {
	make_images
	run box up app.json
	expect_status 0
	[ "$(get / | jq .orders)" = 0 ]
	[ "$(order)" = 1 ]
	[ "$(order)" = 2 ]
	for _ in {1..20}; do get / | jq -r .host; done | sort -u >hosts
	[ "$(wc -l <hosts)" -eq 2 ] || fail "who answers: $(cat hosts)"
	[ "$(box ps --format json | jq -r '.[] | select(.name == "shop-backup").status')" = scheduled ]
	box start -a shop-backup | grep -q 'saved /backups/'

	for name in $(instances | grep -v backup); do
		kill -KILL "$(pid_of "$name")"
		wait_until 10 works
	done
	wait_until 10 works
	[ "$(order)" = 3 ] || fail "an order was lost"
	# The router of a network: its spare goes on, with the sockets.
	for pid in $(routers); do
		kill -KILL "$pid" || true # it may end with the one before
		wait_until 10 works
	done
	load_while eval 'for name in $(instances); do kill -KILL "$(supervisor_of "$name")" && sleep 0.3; done'
	[ "$(order)" = 4 ]
	box down --volumes app.json
	[ -z "$(box ps -aq)" ]
	[ -z "$(box volume ls -q)" ] || fail "volumes are left"
	[ -z "$(inside ip -br link | grep -v '^lo ')" ] || fail "links are left"
}

@test "everything is replaced under load: no request fails, and the database has never two masters" {
	make_images
	box up app.json
	load_while replace_both

	greeting=$(get / | jq -r .greeting) # all but the database stays as it is
	touch taking
	take_orders & taking=$!
	while [ -e taking ]; do masters; sleep 0.01; done >masters &
	for ((i = 1; i <= ${SHOP_ROUNDS:-1}; i++)); do
		give_memory db backup $((128 + i))
		GREETING=$greeting box up app.json >said 2>&1 || fail "$(cat said)"
		grep -q 'shop-db is stopped before the new one starts: both would write the volume shop_data' said || fail "it does not say why: $(cat said)"
	done
	rm taking
	wait $taking
	[ "$(sort -n masters | tail -1)" = 1 ] || fail "$(sort masters | uniq -c)"
	sort -nc orders && [ "$(sort -u orders | wc -l)" = "$(wc -l <orders)" ] || fail "an order number twice"
	[ "$(get / | jq .orders)" -ge "$(tail -1 orders)" ] || fail "orders are lost"
	# One that is on its way when the database is stopped may fail, and says so.
	[ "$(wc -l <refused)" -le "${SHOP_ROUNDS:-1}" ] || fail "refused: $(cat refused)"
	box down --volumes app.json
}
