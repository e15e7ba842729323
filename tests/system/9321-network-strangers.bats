#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What box's networks leave alone: a host that is a router already, and each other's notes.

load lib
load network

setup() { need root ip nft jq; setup_network; }
teardown() { teardown_network; }

# A second neighbour, 203.0.113.2, behind the host's "far".
add_far() {
	unshare -n sleep 1000 3>&- &
	FAR=$!
	until [ -e /proc/$FAR/ns/net ] && [ ! /proc/$FAR/ns/net -ef /proc/self/ns/net ]; do
		sleep 0.01
	done
	on_host sh -ec '
		ip link add far type veth peer name wan netns "$0"
		ip addr add 203.0.113.1/24 dev far
		ip link set far up' $FAR
	nsenter -t $FAR -n sh -ec '
		ip addr add 203.0.113.2/24 dev wan
		ip link set wan up
		ip route add default via 203.0.113.1'
	at_neighbour ip route add 203.0.113.0/24 via 192.0.2.1
	nsenter -t $FAR -n socat TCP-LISTEN:7000,reuseaddr,fork SYSTEM:"echo far" 3>&- >/dev/null 2>&1 &
	NETWORK_PIDS="${NETWORK_PIDS:-} $! $FAR"
	wait_until 5 nsenter -t $FAR -n sh -c "ss -ltn | grep -q ':7000 '"
}

far_answers() { [ "$(at_neighbour socat -u TCP:203.0.113.2:7000,connect-timeout=1 - 2>/dev/null)" = far ]; }

@test "a host that was a router before is one while networks are there, and afterwards" {
	add_far
	refused far_answers
	net_app a '"networks": ["front"]' 'sleep 100'
	box run -d a.json
	refused far_answers
	box rm -f "$TAG-a"
	wait_until 5 sh -c "! nsenter -t $HOST -n nft list table inet box 2>/dev/null"
	[ "$(on_host cat /proc/sys/net/ipv4/conf/{lan,far}/forwarding | tr -d '\n')" = 00 ]

	change_host 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	far_answers
	box run -d a.json
	far_answers
	box rm -f "$TAG-a"
	wait_until 5 sh -c "! nsenter -t $HOST -n nft list table inet box 2>/dev/null"
	[ "$(on_host cat /proc/sys/net/ipv4/conf/{lan,far}/forwarding | tr -d '\n')" = 11 ]
	far_answers
	change_host 'echo 0 >/proc/sys/net/ipv4/ip_forward'
}

@test "a network may be called like anything that box notes" {
	local name

	serve at_neighbour 192.0.2.2 7000 out
	for name in host forwarding lock; do
		net_app "$name" "\"networks\": [\"$name\"]" 'sleep 100'
		box run -d "$name.json"
	done
	[ "$(box network ls -q | sort | tr '\n' ' ')" = "forwarding host lock " ]
	for name in host forwarding lock; do
		asks "$name" 192.0.2.2 7000 | grep -q out
		box rm -f "$TAG-$name"
	done
}

@test "names that come and go do not use a network up; what is stopped keeps its address" {
	local i first

	box network create --internal --subnet 10.9.0.0/27 small
	net_app kept '"networks": ["small"]' 'sleep 100'
	box run -d kept.json
	first=$(service small kept)
	box stop -t 0 "$TAG-kept"
	net_app live '"networks": ["small"]'
	box run -d live.json
	for i in {1..20}; do
		net_app "x$i" '"networks": ["small"]' 'sleep 100'
		box run -d "x$i.json"
		asks "x$i" "$TAG-live" 5000 | grep -q i-am-live
		box rm -f "$TAG-x$i"
	done
	box start "$TAG-kept"
	[ "$(service small kept)" = "$first" ]
	box rm -f "$TAG-kept" "$TAG-live"
	box network rm small
}
