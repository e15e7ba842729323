#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Private networks: who reaches whom, which addresses stay, and what is left when processes are killed.

load lib
load network

setup() {
	need root ip nft socat jq ss
	setup_network
}
teardown() { teardown_network; }

@test "apps in a network reach each other, their services and the world; others reach none of them" {
	local web db
	serve at_neighbour 198.51.100.1 7000 world
	at_neighbour socat "TCP6-LISTEN:7001,ipv6only,reuseaddr,fork" 'SYSTEM:echo world6 $SOCAT_PEERADDR' 3>&- >/dev/null 2>&1 &
	NETWORK_PIDS="$NETWORK_PIDS $!"
	net_app web '"networks": ["'"$TAG"'-front"]'
	net_app db '"networks": {"'"$TAG"'-front": {"aliases": ["data"]}}' 'nc -ll -p 5000 -e echo i-am-db & nc -ll -p 5001 -e echo also-db'
	net_app alone '"network_mode": "private"' 'sleep 100'
	box run -d web.json && box run -d db.json && box run -d alone.json
	web=$(address "$TAG-front" web) db=$(address "$TAG-front" db)
	wait_until 5 asks web "$db" 5001
	[ "$(asks web "$db" 5000)" = i-am-db ]
	[ "$(asks web "$(address "$TAG-front" db ipv6)" 5000)" = i-am-db ]
	[ "$(asks web "$(service "$TAG-front" db)" 5000)" = i-am-db ]
	[ "$(asks web "$(service "$TAG-front" db ipv6)" 5000)" = i-am-db ]
	[ "$(asks web "$(service "$TAG-front" web)" 5000)" = i-am-web ] # its own
	[ "$(asks web 198.51.100.1 7000)" = "world 192.0.2.1" ]
	run asks web 2001:db8::2 7001
	# Before Linux 6.17 only all interfaces at once can forward IPv6, and that is the host's to decide.
	[ ! -e /proc/sys/net/ipv6/conf/all/force_forwarding ] || expect_has world6
	run asks web "$(service "$TAG-front" db)" 5002 # nobody listens
	expect_has refused
	# Of another network, from the host and from a neighbour that knows the way: nothing.
	for to in "$db" "$(service "$TAG-front" db)" "$(address "$TAG-front" db ipv6)"; do
		refused box exec "$TAG-alone" nc -w 1 "$to" 5000
		refused on_host timeout 0.5 socat - "TCP:${to/*:*/[$to]}:5000,connect-timeout=1" </dev/null 2>/dev/null
	done
	at_neighbour ip route add 10.200.0.0/14 via 192.0.2.1
	refused at_neighbour timeout 0.5 socat - "TCP:$db:5000,connect-timeout=1" </dev/null 2>/dev/null
	refused at_neighbour timeout 0.5 socat - "TCP:10.203.252.1:5000,connect-timeout=1" </dev/null 2>/dev/null
	run box exec "$TAG-web" cat /etc/hosts
	expect_has "$web	$TAG-web"
	run box exec "$TAG-web" ip -o link
	[ "$(grep -c . <<<"$output")" -eq 2 ]
	box rm -f "$TAG-web" "$TAG-db" "$TAG-alone"
	[ -z "$(box network ls -q)" ]
}

@test "an internal network has no way out; who is in two networks reaches both, and joins them for nobody" {
	serve at_neighbour 198.51.100.1 7000 world
	box network create --internal --subnet 10.77.0.0/24 "$TAG-back"
	run box network create "$TAG-back"
	expect_status 1
	expect_has "there is one"
	net_app proxy '"networks": ["'"$TAG"'-back", "'"$TAG"'-front"]'
	net_app db '"networks": ["'"$TAG"'-back"]'
	net_app web '"networks": ["'"$TAG"'-front"]'
	box run -d proxy.json && box run -d db.json && box run -d web.json
	[[ $(address "$TAG-back" db) == 10.77.0.* ]]
	wait_until 5 asks proxy "$(service "$TAG-back" db)" 5000
	[ "$(asks proxy "$(service "$TAG-back" db)" 5000)" = i-am-db ]
	[ "$(asks proxy "$(service "$TAG-front" web)" 5000)" = i-am-web ]
	[ "$(asks db "$(service "$TAG-back" proxy)" 5000)" = i-am-proxy ]
	[ "$(asks web "$(service "$TAG-front" proxy)" 5000)" = i-am-proxy ]
	[ "$(asks proxy 198.51.100.1 7000)" = "world 192.0.2.1" ]
	refused box exec "$TAG-db" nc -w 1 198.51.100.1 7000
	refused box exec "$TAG-db" nc -w 1 "$(service "$TAG-front" web)" 5000
	refused box exec "$TAG-web" nc -w 1 "$(service "$TAG-back" db)" 5000
	refused box exec "$TAG-db" nc -w 1 192.0.2.1 7000
	run box network rm "$TAG-back"
	expect_status 1
	expect_has "apps are in it"
	run box network ls
	expect_has "10.77.0.0/24" internal
	box rm -f "$TAG-proxy" "$TAG-db" "$TAG-web"
	run box network prune
	expect_line "$TAG-back"
	[ -z "$(box network ls -q)" ]
}

@test "addresses stay over a restart, a kill of the app, of box-net, and of its spare; the world is still there" {
	local own stable
	serve at_neighbour 198.51.100.1 7000 world
	net_app web '"networks": ["'"$TAG"'-front"], restart: "always"'
	net_app client '"networks": ["'"$TAG"'-front"]' 'sleep 100'
	box run -d web.json && box run -d client.json
	own=$(address "$TAG-front" web) stable=$(service "$TAG-front" web)
	wait_until 5 asks client "$stable" 5000
	box restart "$TAG-web"
	wait_until 5 asks client "$stable" 5000
	[ "$(address "$TAG-front" web)" = "$own" ]
	kill -KILL "$(container_pid "$TAG-web")"
	wait_until 5 asks client "$stable" 5000
	[ "$(address "$TAG-front" web)" = "$own" ]
	# Each process of the network, and what took its place.
	for victim in "box:[network]" "box:[spare]" "box:[network]" "box:[uplink]" "box:[up-spare]" "box:[uplink]"; do
		kill -KILL "$(quick network_processes "$victim")"
		wait_until 5 is_whole
		wait_until 5 asks client "$stable" 5000
		[ "$(asks client 198.51.100.1 7000)" = "world 192.0.2.1" ]
		[ "$(address "$TAG-front" web)" = "$own" ]
	done
	box restart "$TAG-web"
	wait_until 5 asks client "$stable" 5000
	# A stopped app keeps its addresses.
	box stop "$TAG-web"
	run asks client "$stable" 5000
	expect_has refused
	box start "$TAG-web"
	wait_until 5 asks client "$stable" 5000
	[ "$(address "$TAG-front" web) $(service "$TAG-front" web)" = "$own $stable" ]
	box rm -f "$TAG-web" "$TAG-client"
	[ -z "$(box network ls -q)" ]
}

@test "the rules of the host come back after a flush, and let nothing in meanwhile" {
	serve at_neighbour 198.51.100.1 7000 world
	net_app web '"networks": ["'"$TAG"'-front"]'
	box run -d web.json
	wait_until 5 asks web 198.51.100.1 7000
	[ "$(on_host cat /proc/sys/net/ipv4/conf/lan/forwarding)" = 1 ]
	on_host nft flush ruleset
	wait_until 10 eval 'on_host nft list table inet box | grep -q masquerade'
	[ "$(asks web 198.51.100.1 7000)" = "world 192.0.2.1" ]
	on_host nft list table inet box | grep -q masquerade
	box rm -f "$TAG-web"
	wait_until 5 no_tables
	[ "$(on_host cat /proc/sys/net/ipv4/conf/lan/forwarding)" = 0 ]
	[ -z "$(box network ls -q)" ]
}

@test "networks that begin and end behind each other and side by side leave nothing" {
	local n first second
	app '"network_mode": "private", "command": ["true"]' own.json
	for n in 1 2 3; do
		box run --name "$TAG-a" own.json
	done
	for n in 1 2 3; do
		box run --name "$TAG-a" own.json 3>&- & first=$!
		box run --name "$TAG-b" own.json 3>&- & second=$!
		wait $first
		wait $second
	done
	wait_until 5 eval '[ -z "$(quick left_networks)" ]'
	[ "$(on_host cat /proc/sys/net/ipv4/conf/lan/forwarding)" = 0 ]
}

@test "what is killed all at once is cleared by the next command" {
	net_app web '"networks": ["'"$TAG"'-front"]' 'sleep 100'
	app '"network_mode": "private", "command": ["sleep", "100"]' fore.json
	box run -d web.json
	box run --name "$TAG-fore" fore.json 3>&- &
	wait_until 5 has_pid "$TAG-fore"
	# A foreground box: its app dies with it, and its network when nobody is in it.
	kill -KILL "$(pgrep -f -- "--root $STATE run --name $TAG-fore")"
	wait_until 5 box ps -q
	wait_until 5 sh -c "! ls $STATE/.networks | grep -q fore"
	# Everything of the network of one in the background.
	# shellcheck disable=SC2046 # a list
	kill -KILL $(quick network_processes)
	wait_until 5 no_processes
	wait_until 5 no_uplinks # the kernel clears a namespace a moment after its last process
	box rm -f "$TAG-web"
	box ps -a >/dev/null
	[ -z "$(box network ls -q)" ]
	box run --name "$TAG-again" fore.json 3>&- &
	wait_until 5 has_pid "$TAG-again"
	kill -KILL "$(container_pid "$TAG-again")"
	wait $! || true
}
no_processes() { [ -z "$(quick network_processes)" ]; }
has_pid() { [ -n "$(container_pid "$1")" ]; }
no_uplinks() { [ -z "$(on_host ip -o link | grep bx)" ]; }
no_tables() { [ -z "$(on_host nft list tables)" ]; }

@test "subnets that the host has are left out; what cannot be is said" {
	on_host ip route add 10.200.0.0/15 via 192.0.2.2
	on_host ip route add 10.203.252.0/24 via 192.0.2.2
	net_app web '"networks": ["'"$TAG"'-front"]'
	box run -d web.json
	[[ $(address "$TAG-front" web) == 10.202.* ]]
	on_host ip -o -4 addr show | grep -q ' bx128 .* 10.203.253.0/31'
	run box network create --subnet 10.201.0.0/16 "$TAG-b"
	expect_has "overlaps with a route of the host"
	run box network create --subnet 10.0.0.1/16 "$TAG-b"
	expect_has 'expected a subnet such as "10.9.0.0/24"'
	run box network create .x
	expect_has "expected a name"
	run box network inspect "$TAG-b"
	expect_has "there is none"
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}
