#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile members of a network, and hostile clients: with every right over the network namespace that they are in.

load lib
load network

setup() {
	need root ip nft socat jq ss
	setup_network
}
teardown() { teardown_network; }

app_pid() { box ps --format json | jq -r --arg name "$TAG-$1" '.[] | select(.name == $name).pid'; }
# at NAME COMMAND…: in that app's network namespace, with all of root's rights over it.
at() {
	local pid
	pid=$(app_pid "$1")
	shift
	nsenter --net="/proc/$pid/ns/net" "$@"
}
attack() { at "$1" /usr/bin/python3 "$BATS_TEST_DIRNAME/attacker.py" "${@:2}"; }
router_mac() { at "$1" ip neigh | awk '/PERMANENT/ && /\./ { for (i = 1; i < NF; i++) if ($i == "lladdr") print $(i + 1); exit }'; }
# at_router COMMAND…: in the router namespace.
at_router() { nsenter --net="/proc/$(is_network | head -1)/ns/net" "$@"; }
spoofed() { at_router nft -j list counter inet box spoofed | jq '.nftables[].counter.packets? // empty'; }
members() { # NAME…: apps that sleep, in the network front
	local name
	for name; do
		net_app "$name" "\"networks\": [\"$TAG-front\"]" 'nc -ll -p 5000 -e echo i-am-'"$name"
		box run -d "$name.json"
	done
}
hears() { # NAME [ADDRESS:PORT]: what comes to it, into NAME.heard
	at "$1" socat -u "UDP6-RECV:5005,ipv6only=0" "OPEN:$1.heard,creat,append" 3>&- &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 at "$1" sh -c 'ss -Hlun sport = :5005 | grep -q .'
}

@test "a forged source gets nowhere, whatever it is; nor does a claim of another's address" {
	local mac before address a b a6 b6
	members evil victim other
	a=$(address "$TAG-front" evil) b=$(address "$TAG-front" victim) a6=$(address "$TAG-front" evil ipv6) b6=$(address "$TAG-front" victim ipv6)
	hears victim
	mac=$(router_mac evil)
	before=$(spoofed)
	for address in "$(address "$TAG-front" other)" "$b" 10.200.0.1 "$(service "$TAG-front" other)" 198.51.100.1 192.0.2.1 127.0.0.1 0.0.0.0 169.254.1.1; do
		attack evil send eth0 "$mac" "$address" "$b" 4000 5005
		attack evil send eth0 "$mac" "$address" "$(service "$TAG-front" victim)" 4000 5005
	done
	for address in "$(address "$TAG-front" other ipv6)" "$b6" "$(service "$TAG-front" other ipv6)" 2001:db8::2 ::1 :: fe80::1 ff02::1 ::ffff:10.200.0.3; do
		attack evil send eth0 "$mac" "$address" "$b6" 4000 5005
	done
	attack evil send eth0 "$mac" "$a" "$b" 4000 5005
	attack evil send eth0 "$mac" "$a6" "$b6" 4000 5005
	wait_until 5 grep -q "forged $a6" victim.heard
	[ "$(sort -u victim.heard)" = "$(printf 'forged %s\n' "$a" "$a6" | sort)" ] || fail "$(cat victim.heard)"
	[ "$(spoofed)" -gt "$((before + 15))" ] || fail "the counter says $before and $(spoofed)"
	# It says that it is the victim, and takes the address as well.
	attack evil arp eth0 "$b"
	at evil ip addr add "$b/32" dev eth0
	at evil ip addr add "$b6/128" dev eth0 nodad
	at evil ip route add default dev eth0 metric 1 2>/dev/null || true
	[ "$(asks other "$b" 5000)" = i-am-victim ]
	[ "$(asks other "$(service "$TAG-front" victim)" 5000)" = i-am-victim ]
	# Without its link, or with another hardware address, it harms itself alone; started again it is whole.
	at evil ip link del eth0
	[ "$(asks other "$b" 5000)" = i-am-victim ]
	box restart -t 0 "$TAG-evil"
	wait_until 5 eval '[ "$(asks other "$(service "$TAG-front" evil)" 5000)" = i-am-evil ]'
	box rm -f "$TAG-evil" "$TAG-victim" "$TAG-other"
	box network prune
}

@test "the router answers an echo and nothing else; metadata, link-local and multicast lead nowhere" {
	local port
	on_host ip addr add 169.254.169.254/32 dev lan
	serve on_host 169.254.169.254 80 secret
	serve on_host 127.0.0.1 7001 loopback
	serve on_host 192.0.2.1 7002 host
	members evil
	at evil busybox ping -c1 -W2 10.200.0.1 >/dev/null
	[ "$(at evil socat -u TCP:192.0.2.1:7002,connect-timeout=2 -)" != "" ] # what a neighbour reaches
	refused at evil timeout 2 socat -u TCP:169.254.169.254:80,connect-timeout=1 - 2>/dev/null
	at evil ip link set lo down
	at evil sysctl -qw net.ipv4.conf.all.route_localnet=1
	at evil ip route del 127.0.0.0/8 dev lo table local 2>/dev/null || true
	at evil ip route del local 127.0.0.0/8 dev lo table local 2>/dev/null || true
	at evil ip route add 127.0.0.0/8 via 10.200.0.1 dev eth0
	refused at evil timeout 2 socat -u TCP:127.0.0.1:7001,connect-timeout=1 - 2>/dev/null
	for port in 22 53 80 5000 8080; do
		refused at evil timeout 1 socat -u "TCP:10.200.0.1:$port,connect-timeout=1" - 2>/dev/null
	done
	run at_router ss -Htlun
	[ -z "$output" ] || fail "somebody listens in the router namespace"
	box rm -f "$TAG-evil"
	box network prune
}

@test "a client that claims an address of the network's is seen as the router; a member's packets do not pass for a port's" {
	net_app web '"networks": ["'"$TAG"'-front"], "ports": ["0.0.0.0:8080:5000", "0.0.0.0:8081:5006/udp"]' \
		'exec nc -ll -p 5000 -e sh -c "echo seen; netstat -tn | grep :5000"'
	members evil
	box run -d web.json
	at_neighbour ip addr add 10.200.0.9/32 dev lo
	at_neighbour ip addr add "$(service "$TAG-front" web)/32" dev lo
	for address in 10.200.0.9 "$(service "$TAG-front" web)"; do
		run at_neighbour timeout 5 socat -u "TCP:192.0.2.1:8080,bind=$address" -
		expect_has seen "10.200.0.1:"
		expect_not "$address:"
	done
	run at_neighbour timeout 5 socat -u TCP:192.0.2.1:8080 -
	expect_has "192.0.2.2:"
	at web socat UDP4-LISTEN:5006,fork,reuseaddr PIPE 3>&- &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 at web sh -c 'ss -Hlun sport = :5006 | grep -q .'
	# A UDP flow of the port: the neighbour's port 4444 with web. What evil sends there must not come from the published port.
	at_neighbour sh -c "(echo hello; until [ -e $WORK/enough ]; do sleep 0.1; done) | socat - UDP:192.0.2.1:8081,bind=192.0.2.2:4444 >$WORK/heard" 3>&- &
	client=$!
	wait_until 10 grep -q hello heard
	attack evil send eth0 "$(router_mac evil)" "$(address "$TAG-front" evil)" 192.0.2.2 5006 4444
	sleep 0.5
	refused grep -q forged heard
	touch enough
	wait "$client"
	box rm -f "$TAG-web" "$TAG-evil"
	box network prune
}

@test "one member that floods, and clients that hold connections, leave the others what they need" {
	local begun ran
	net_app web '"networks": ["'"$TAG"'-front"], "ports": ["0.0.0.0:8080:5000"]'
	(ulimit -n 700; box run -d web.json) # box-net is begun here, and soon out of descriptors
	members evil other
	ran=$(is_network | head -1)
	attack evil flood eth0 "$(router_mac evil)" "$(address "$TAG-front" evil)" 198.51.100.1 150000 &
	begun=$!
	sleep 1
	[ "$(asks other "$(service "$TAG-front" web)" 5000)" = i-am-web ]
	[ "$(at_neighbour timeout 5 socat -u TCP:192.0.2.1:8080 -)" = i-am-web ]
	wait "$begun"
	[ "$(asks other "$(service "$TAG-front" web)" 5000)" = i-am-web ]
	# Names asked for without an end.
	at evil timeout 3 sh -c 'while :; do for i in 1 2 3 4 5 6 7 8; do busybox nslookup -type=a a$i.example.org 127.0.0.11 & done; wait; done' >/dev/null 2>&1 &
	begun=$!
	run box exec "$TAG-other" nslookup "$TAG-web" 127.0.0.11
	expect_has "$(service "$TAG-front" web)"
	wait "$begun" || true
	# 1500 clients that say nothing.
	nsenter --net=/proc/$NEIGHBOUR/ns/net /usr/bin/python3 "$BATS_TEST_DIRNAME/attacker.py" hold 192.0.2.1 8080 1500 60 >held 3>&- &
	begun=$!
	wait_until 8 grep -q . held
	[ "$(asks other "$(service "$TAG-front" web)" 5000)" = i-am-web ]
	run box exec "$TAG-other" nslookup "$TAG-web" 127.0.0.11
	expect_has "$(service "$TAG-front" web)"
	members late
	[ "$(asks late "$(service "$TAG-front" web)" 5000)" = i-am-web ]
	box rm -f "$TAG-late"
	kill "$begun"
	wait_until 30 eval '[ "$(at_neighbour timeout 5 socat -u TCP:192.0.2.1:8080 -)" = i-am-web ]'
	[ "$(is_network | head -1)" = "$ran" ] || fail "box-net has been replaced"
	box rm -f "$TAG-web" "$TAG-evil" "$TAG-other"
	box network prune
}

@test "a name that is another's is not taken by an alias; an internal network asks nobody; nonsense on the control socket" {
	local ran before loops="" pid
	box network create --internal "$TAG-front"
	members web other
	net_app evil '"networks": {"'"$TAG"'-front": {"aliases": ["'"$TAG"'-web", "example.org", "localhost", "data"]}}'
	box run -d evil.json
	run box exec "$TAG-other" nslookup "$TAG-web" 127.0.0.11
	expect_has "$(service "$TAG-front" web)"
	expect_not "$(service "$TAG-front" evil)"
	run box exec "$TAG-other" nslookup example.com 127.0.0.11
	expect_has REFUSED
	ran=$(is_network | head -1)
	before=$(find "/proc/$ran/fd" -type l | wc -l)
	/usr/bin/python3 "$BATS_TEST_DIRNAME/attacker.py" control "$STATE/.networks/$TAG-front/control" 4
	[ "$(is_network | head -1)" = "$ran" ] || fail "box-net has been replaced"
	wait_until 5 eval '[ "$(find "/proc/'"$ran"'/fd" -type l | wc -l)" -le "'"$before"'" ]'
	[ "$(asks other "$(service "$TAG-front" web)" 5000)" = i-am-web ]
	run box network inspect "$TAG-front"
	expect_status 0
	[ "$(jq '.[0].members | length' <<<"$output")" -eq 3 ]
	# Joining and leaving in a loop leaves neither descriptors nor links.
	net_app loop '"networks": ["'"$TAG"'-front"]' true
	for _ in 1 2 3 4 5 6 7 8; do
		(for _ in 1 2 3 4; do box run loop.json || exit 1; done) 3>&- &
		loops="$loops $!"
	done
	for pid in $loops; do
		wait "$pid"
	done
	wait_until 5 eval '[ "$(find "/proc/'"$ran"'/fd" -type l | wc -l)" -le "'"$before"'" ]'
	wait_until 5 eval '[ "$(at_router ip -o link show type veth | grep -c .)" -eq 3 ]'
	box rm -f "$TAG-web" "$TAG-evil" "$TAG-other"
	box network prune
}
