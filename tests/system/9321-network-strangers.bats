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
	wait_until 10 box exec "$TAG-live" nc -w 1 127.0.0.1 5000
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

# forge FROM WORDS: a datagram to the port that the host publishes, by the neighbour, which claims to be FROM.
forge() {
	at_neighbour /usr/bin/python3 - "$1" "$2" <<'P'
import socket, struct, sys
data = sys.argv[2].encode()
if ":" in sys.argv[1]:
    head = struct.pack("!HHHH", 4444, 9000, 8 + len(data), 0) + data
    a, b = (socket.inet_pton(socket.AF_INET6, x) for x in (sys.argv[1], "2001:db8::1"))
    total, text = 0, a + b + struct.pack("!II", len(head), 17) + head + b"\0" * (len(head) % 2)
    for i in range(0, len(text), 2):
        total += text[i] << 8 | text[i + 1]
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    head = head[:6] + struct.pack("!H", ~total & 0xffff) + data
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    s.sendto(struct.pack("!IHBB", 6 << 28, len(head), 17, 64) + a + b + head, ("2001:db8::1", 0))
else:
    head = struct.pack("!HHHH", 4444, 9000, 8 + len(data), 0) + data
    a, b = (socket.inet_aton(x) for x in (sys.argv[1], "192.0.2.1"))
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    s.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(head), 1, 0, 64, 17, 0, a, b) + head, ("192.0.2.1", 0))
P
}

@test "nobody outside is taken for a member of a network that a published app is in besides" {
	local pid

	net_app two '"networks": ["front", "back"], "ports": ["0.0.0.0:9000:9000/udp", "[::]:9000:9000/udp"]' 'sleep 100'
	net_app db '"networks": ["back"]' 'sleep 100'
	box run -d two.json
	box run -d db.json
	pid=$(box inspect "$TAG-two" | jq -r '.[0].pid // .pid')
	nsenter -t "$pid" -n /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 9000))
while True:
    data, who = s.recvfrom(100)
    print(data.decode(), who[0], flush=True)' >seen 3>&- &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 nsenter -t "$pid" -n sh -c "ss -lun | grep -q ':9000 '"
	forge "$(address back db)" forged-4
	forge "$(address back db ipv6)" forged-6
	forge 192.0.2.2 true-4
	forge 2001:db8::2 true-6
	wait_until 5 grep -q true-6 seen
	cat seen
	grep -qx 'true-4 ::ffff:192.0.2.2' seen
	grep -qx 'true-6 2001:db8::2' seen
	refused grep -F "$(address back db)" seen
	refused grep -F "$(address back db ipv6)" seen
	box rm -f "$TAG-two" "$TAG-db"
}

@test "more names than a message has room for are refused, not cut" {
	local aliases

	aliases=$(jq -n -c '[range(400) | "a\(.)." + ("x" * 60) + "." + ("y" * 60) + "." + ("z" * 60)]')
	net_app many "\"networks\": {\"front\": {\"aliases\": $aliases}}" 'sleep 100'
	run box run -d many.json
	[ "$status" -ne 0 ]
	expect_has "longer than 65536 bytes"
	box rm -f "$TAG-many" 2>/dev/null || true
}

@test "where all of a network was killed, box rm of its last app clears the host" {
	net_app a '"networks": ["front"]' 'sleep 100'
	box run -d a.json
	# shellcheck disable=SC2046 # a list
	kill -KILL $(quick network_processes)
	wait_until 5 sh -c "! nsenter -t $HOST -n ip -o link | grep bx"
	box rm -f "$TAG-a"
	[ -z "$(quick left_networks)" ]
	[ "$(on_host cat /proc/sys/net/ipv4/conf/lan/forwarding)" = 0 ]
}

@test "a user who locks the file of the host's network namespace delays no network of root's" {
	need user
	local alone took

	net_app a '"networks": ["front"]' 'sleep 100'
	takes() { local before; before=$(date +%s%N); box run -d a.json >/dev/null; took=$((($(date +%s%N) - before) / 1000000)); }
	takes
	alone=$took
	box rm -f "$TAG-a"
	wait_until 10 eval '[ -z "$(quick left_networks)" ]'
	user_on_host sh -c 'exec 9</proc/self/ns/net; flock 9; echo held >locked; exec sleep 100' 3>&- &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 test -e home/locked
	refused user_on_host sh -c 'exec 9</proc/sys/net/ipv4/tcp_fastopen_key' # what is locked in its place
	takes
	[ $took -lt $((1500 + 2 * alone)) ] || fail "it took $took ms, and $alone ms without"
	box rm -f "$TAG-a"
}
