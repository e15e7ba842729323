#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# attacks.md, section F, as far as rules and addresses go: what must not be reached is tried, and where it can be, with the protection away.

load lib
load network

setup() {
	need root ip nft socat jq ss python3
	setup_network
}
teardown() { teardown_network; }

# reaches WHERE ADDRESS PORT: something there answers; where() one word.
reaches() { [ -n "$("$1" timeout 1 socat -t 1 - "TCP:$2:$3,connect-timeout=0.4" </dev/null 2>/dev/null)" ]; }

# syn_to ADDRESS PORT: a frame of the neighbour's with a TCP SYN; "answered" where a SYN-ACK comes back.
syn_to() {
	at_neighbour python3 - "$(mac_of on_host lan)" "$(mac_of at_neighbour wan)" "$1" "$2" <<-'PYTHON'
		import os, select, socket, struct, sys
		to, own, address, port = sys.argv[1:]
		def checksum(b):
		    b += b"\0" * (len(b) % 2)
		    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
		    s = (s >> 16) + (s & 0xffff)
		    return ~(s + (s >> 16)) & 0xffff
		own_port = 20000 + os.getpid() % 20000
		src, dst = socket.inet_aton("192.0.2.2"), socket.inet_aton(address)
		tcp = struct.pack("!HHIIBBHHH", own_port, int(port), 1, 0, 5 << 4, 2, 1024, 0, 0)
		tcp = tcp[:16] + struct.pack("!H", checksum(src + dst + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)) + tcp[18:]
		ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, src, dst)
		ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
		mac = lambda m: bytes.fromhex(m.replace(":", ""))
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
		s.bind(("wan", 0))
		s.send(mac(to) + mac(own) + b"\x08\0" + ip + tcp)
		for _ in range(20):
		    if not select.select([s], [], [], 0.5)[0]:
		        break
		    got = s.recv(2048)
		    if got[26:30] == dst and got[23] == 6 and got[47] & 0x12 == 0x12 and got[36:38] == struct.pack("!H", own_port):
		        print("answered")
		        break
	PYTHON
}

mac_of() { "$1" ip -o link show dev "$2" | sed 's/.*link.ether \([0-9a-f:]*\) .*/\1/'; }
dropped() { on_host nft list chain inet box "$1" | grep -oE "$2.*packets [0-9]+" | grep -oE '[0-9]+$'; }
spoofed() { nsenter --net=/proc/"$(is_network)"/ns/net nft list counter inet box spoofed | grep -oE 'packets [0-9]+' | grep -oE '[0-9]+'; }

@test "F02 F03 ports of loopback, and members, are reached by nobody outside, also while the rules are flushed" {
	local web
	net_app web '"networks": ["'"$TAG"'-front"], ports: ["18080:5000"]'
	box run -d web.json
	web=$(address "$TAG-front" web)
	wait_until 5 reaches on_host 127.0.0.1 18080
	at_neighbour ip route add 10.200.0.0/14 via 192.0.2.1
	on_host sysctl -qw net.ipv4.conf.lan.route_localnet=1 net.ipv4.conf.all.rp_filter=0
	refused reaches at_neighbour 192.0.2.1 18080
	[ -z "$(syn_to 127.0.0.1 18080)" ]
	[ "$(dropped first 127.0.0.0/8)" -ge 1 ]
	for to in "$web" 10.203.252.1; do
		[ -z "$(syn_to "$to" 5000)" ] || fail "a neighbour reaches $to"
	done
	# The gap after a flush, as long as one wants: box-net and its spare stand still.
	# shellcheck disable=SC2046 # a list
	kill -STOP $(quick network_processes)
	on_host nft flush ruleset
	for to in "$web" 10.203.252.1 "$(service_of_web)"; do
		[ -z "$(syn_to "$to" 5000)" ] || fail "in the gap a neighbour reaches $to"
	done
	[ "$(syn_to 127.0.0.1 18080)" = answered ] # the control: this is what the rule is for, where somebody else sets route_localnet
	# shellcheck disable=SC2046
	kill -CONT $(quick network_processes)
	wait_until 10 on_host nft list chain inet box first
	[ -z "$(syn_to 127.0.0.1 18080)" ]
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}
service_of_web() { echo 10.200.2.0; }

@test "F04 IPv6 is as closed as IPv4" {
	local web
	net_app web '"networks": ["'"$TAG"'-front"], ports: ["18080:5000"]' 'nc -ll -p 5000 -e echo i-am-web'
	box run -d web.json
	web=$(address "$TAG-front" web ipv6)
	wait_until 5 reaches on_host '[::1]' 18080
	at_neighbour ip -6 route add "${web%:*}:/64" via 2001:db8::1
	for to in "$web" "$(service "$TAG-front" web ipv6)" "${web%:*}:1" "${web%::*}:ffff:ffff:ffff:ffff"; do
		refused reaches at_neighbour "[$to]" 5000
	done
	refused reaches at_neighbour '[2001:db8::1]' 18080
	refused reaches at_neighbour "[$(on_host ip -6 -o addr show dev lan scope link | grep -oE 'fe80[^/]*')%wan]" 18080
	run box exec "$TAG-web" sh -c 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra; ip -6 addr show dev eth0; ip -6 route'
	[ "${lines[0]}" = 0 ]
	expect_not fe80::
	# The host asks no more routers than before.
	[ "$(on_host cat /proc/sys/net/ipv6/conf/all/forwarding)" = 0 ]
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}

@test "F07 a member reaches what is declared and nothing else, by no address but its own" {
	local web before uplink
	serve on_host 0.0.0.0 7100 host
	net_app web '"networks": ["'"$TAG"'-front"]'
	net_app other '"networks": ["'"$TAG"'-back"]'
	net_app bad '"networks": ["'"$TAG"'-front"], cap_add: ["NET_ADMIN", "NET_RAW"]' 'sleep 100'
	box run -d web.json && box run -d other.json && box run -d bad.json
	web=$(address "$TAG-front" web)
	uplink=$(on_host ip -4 -o addr show dev bx0 | grep -oE '10\.203\.252\.[0-9]+' | head -1)
	wait_until 5 asks bad "$web" 5000
	# Another network, by every way that its root inside can write down.
	box exec "$TAG-bad" sh -c 'ip route add 10.200.4.0/22 via 10.200.0.1 dev eth0; ip route add 10.203.252.0/22 via 10.200.0.1 dev eth0'
	for to in "$(address "$TAG-back" other)" "$(service "$TAG-back" other)" "$(address "$TAG-back" other ipv6)"; do
		refused box exec "$TAG-bad" nc -w 1 "$to" 5000 </dev/null
	done
	# The host by the addresses of uplinks, the router, loopback: no. By its own address: as a neighbour does.
	for to in "$uplink" 10.203.252.0 10.203.252.2 10.200.0.1; do
		refused box exec "$TAG-bad" nc -w 1 "$to" 7100 </dev/null
	done
	[[ $(asks bad 192.0.2.1 7100) == "host "* ]]
	# What clouds tell their machines.
	on_host ip addr add 169.254.169.254/32 dev lan
	refused box exec "$TAG-bad" nc -w 1 169.254.169.254 7100 </dev/null
	# Somebody else's address as its own.
	before=$(spoofed_front)
	box exec "$TAG-bad" sh -c "ip addr add $web/32 dev lo; ip addr add 10.200.0.99/32 dev eth0; ip -6 addr add fd00:bad::1/128 dev eth0"
	for own in 10.200.0.99 "$web"; do
		refused nsenter --net=/proc/"$(container_pid "$TAG-bad")"/ns/net socat -u "TCP:192.0.2.1:7100,bind=$own,connect-timeout=1" -
	done
	refused nsenter --net=/proc/"$(container_pid "$TAG-bad")"/ns/net socat -u "TCP:[2001:db8::1]:7100,bind=[fd00:bad::1],connect-timeout=1" -
	[ "$(spoofed_front)" -gt "$before" ]
	# It claims another's hardware address and answers for it: nobody asks.
	box exec "$TAG-bad" sh -c "ip link set eth0 down; ip link set eth0 address 02:b0:78:01:00:02; ip link set eth0 up; true"
	[ "$(box exec "$TAG-web" nc -w 2 "$(service "$TAG-front" web)" 5000 </dev/null)" = i-am-web ]
	box rm -f "$TAG-web" "$TAG-other" "$TAG-bad"
	[ -z "$(box network ls -q)" ]
}
spoofed_front() {
	local pid
	for pid in $(quick network_processes "box:[network]"); do
		case $(readlink /proc/"$pid"/fd/3) in *front) nsenter --net=/proc/"$pid"/ns/net nft list counter inet box spoofed | grep -oE 'packets [0-9]+' | grep -oE '[0-9]+' ;; esac
	done
}

@test "F08 F10 names are in no rule; who asks for no network has none" {
	local pid
	for name in 'a"b' 'a b' "a
b" '../x' '-a' 'a;drop'; do
		run box network create "$name"
		[ "$status" -ne 0 ] || fail "network create takes $name"
		jq -n --arg name "$name" --arg rootfs "$ROOTFS" '{name: "x", rootfs: $rootfs, networks: [$name]}' >bad.json
		run box run bad.json
		expect_status 125
		jq -n --arg name "$name" --arg rootfs "$ROOTFS" '{name: "x", rootfs: $rootfs, networks: {front: {aliases: [$name]}}}' >bad.json
		[[ $name == ../x ]] || { run box run bad.json; expect_status 125; }
	done
	net_app web '"networks": {"'"$TAG"'-front": {aliases: ["'"$TAG"'-alias"]}}'
	box run -d web.json
	for pid in $(quick network_processes "box:[network]"); do
		nsenter --net=/proc/"$pid"/ns/net nft list ruleset >rules
		nsenter --net=/proc/"$pid"/ns/net ip -d link >>rules
		on_host nft list ruleset >>rules
	done
	grep -q numgen rules || grep -q 'dnat ip' rules
	refused grep "$TAG" rules
	app '"command": ["sh", "-c", "ip -o link | wc -l; ip route; ip -6 route; nc -w 1 192.0.2.2 7; nc -w 1 10.200.0.1 7; ls /sys/class/net"]'
	run box run app.json
	[ "${lines[0]}" = 1 ]
	[ "$(grep -c unreachable <<<"$output")" -eq 2 ] || [ "$(grep -ci 'network is unreachable' <<<"$output")" -eq 2 ]
	expect_not eth0
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}

@test "a box-net that fails at any step leaves nothing" {
	need hooks
	net_app web '"networks": ["'"$TAG"'-front"], ports: ["18080:5000"]' 'true'
	for step in namespace links rules uplink host spare prepare join publish live; do
		BOX_FAIL_STEP="network: $step" run box run web.json
		expect_status 125
		expect_has "failed on purpose"
		wait_until 5 nothing_of_networks || fail "after \"$step\" there is: $(left_networks)"
		[ -z "$(left_state)" ] || fail "after \"$step\" there is: $(left_state)"
	done
	BOX_FAIL_STEP="network: keep" run box run -d web.json
	expect_has "failed on purpose"
	box rm -f "$TAG-web"
	wait_until 5 nothing_of_networks
	[ -z "$(box network ls -q)" ]
}
nothing_of_networks() { [ -z "$(quick left_networks)" ]; }
