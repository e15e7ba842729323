#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The name service of private networks: who is answered what, and what is asked of the host's name servers.

load lib
load network

setup() {
	need root ip nft socat jq python3
	setup_network
	name_server
}
teardown() { teardown_network; }

# The host's name server: on its loopback, as systemd-resolved is; it answers A of what ends with ".example" by 203.0.113.80, says for "big.example"
# by UDP that the answer was cut, and writes what it is asked. box sees it by a resolv.conf of its own.
name_server() {
	cat >ns.py <<-'END'
		import socket, struct, sys, threading
		def answer(q, tcp):
		    name, at = [], 12
		    while q[at]:
		        name.append(q[at + 1:at + 1 + q[at]].decode()); at += 1 + q[at]
		    kind = struct.unpack(">H", q[at + 1:at + 3])[0]
		    name = ".".join(name)
		    print(name, kind, "tcp" if tcp else "udp", flush=True)
		    flags, count, records = 0x8180, 0, b""
		    if not name.endswith(".example"): flags |= 3
		    elif name == "big.example" and not tcp: flags |= 0x200
		    elif kind == 1: count = 40 if name == "big.example" else 1
		    for i in range(count): records += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([203, 0, 113, 80 + i])
		    return q[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + q[12:at + 5] + records
		def streams(s):
		    while True:
		        c, _ = s.accept(); n = struct.unpack(">H", c.recv(2))[0]; a = answer(c.recv(n), True)
		        c.sendall(struct.pack(">H", len(a)) + a); c.close()
		u, t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
		t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		u.bind(("127.0.0.53", 53)); t.bind(("127.0.0.53", 53)); t.listen(9)
		threading.Thread(target=streams, args=(t,), daemon=True).start()
		while True:
		    q, a = u.recvfrom(4096); u.sendto(answer(q, False), a)
	END
	on_host python3 ns.py >asked 2>&1 3>&- &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 on_host sh -c 'ss -Hlun | grep -q 127.0.0.53:53'
	echo "nameserver 127.0.0.53" >resolv.conf
	printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net unshare -m sh -c '\''mount --bind "$0" /etc/resolv.conf && exec "$@"'\'' "%s" "%s" --root "%s" "$@"\n' \
		$HOST "$WORK/resolv.conf" "$BOX" "$STATE" >"$WORK/bin/box"
}

# looks_up NAME [WHAT]: by nslookup in the app "client".
looks_up() { box exec "$TAG-client" nslookup ${3:+-type=$3} "$1" 2>&1; }

@test "services, aliases and addresses of its networks; the host's name server for all else, whatever its address" {
	local stable stable6 six
	net_app web '"networks": {"'"$TAG"'-front": {"aliases": ["www.box", "cache"]}}'
	net_app db '"networks": ["'"$TAG"'-back"]'
	net_app client '"networks": ["'"$TAG"'-front", "'"$TAG"'-back"]' 'sleep 100'
	box run -d web.json && box run -d db.json && box run -d client.json
	stable=$(service "$TAG-front" web) stable6=$(service "$TAG-front" web ipv6)
	box exec "$TAG-client" cat /etc/resolv.conf | grep -qx "nameserver 127.0.0.11"
	[ "$(box exec "$TAG-client" grep -cw "$TAG-web" /etc/hosts)" -le 1 ]
	for name in "$TAG-web" "${TAG^^}-WEB" www.box cache; do
		run looks_up "$name"
		expect_has "Address: $stable"
		# One address: nginx would take two for two servers, and pass over each for ten seconds after one refusal.
		expect_not "$stable6"
	done
	run looks_up "$stable"
	expect_has "name = "
	run looks_up "$stable6"
	expect_has "name = "
	run looks_up "10.200.1.77"
	expect_has NXDOMAIN
	run looks_up host.example
	expect_has "Address: 203.0.113.80"
	run looks_up nothing.elsewhere
	expect_has NXDOMAIN
	run grep -cE "$TAG-web|www.box|arpa" asked
	[ "$output" = 0 ] || fail "names of the network were asked for outside: $(cat asked)"
	# An answer that is cut by UDP is whole by TCP.
	box exec "$TAG-client" sh -c 'printf "\0\035\1\2\1\0\0\1\0\0\0\0\0\0\3big\7example\0\0\1\0\1" | nc -w 2 127.0.0.11 53' | tail -c 4 >last
	[ "$(od -An -tu1 last | xargs)" = "203 0 113 119" ]
	grep -qx "big.example 1 tcp" asked
	# The host gets to another network: its name server is another one, from now on.
	echo "nameserver 127.0.0.54" >resolv.conf
	run looks_up host.example
	[[ $output != *203.0.113.80* ]]
	echo "nameserver 127.0.0.53" >resolv.conf
	run looks_up host.example
	expect_has "Address: 203.0.113.80"
	# The processes that ask are killed one after the other: they are begun again; names of the network need none of them.
	kill -KILL "$(pgrep -n -f "box:.network. $TAG-front")"
	wait_until 5 sh -c 'box exec '"$TAG"'-client nslookup host.example | grep -q 203.0.113.80'
	box restart "$TAG-web"
	run looks_up cache
	expect_has "Address: $stable"
	box rm -f "$TAG-web" "$TAG-db" "$TAG-client"
	box network prune
}

@test "names of all networks of a member, in every order, also of who comes later; by every process that goes on when one is killed" {
	local first networks
	box network create --internal "$TAG-in"
	for networks in "in front back" "back in front"; do
		first=${networks%% *}
		net_app client '"networks": ["'"$TAG-${networks// /\", \"$TAG-}"'"]' 'sleep 100'
		box run -d client.json
		for first in in front back; do
			net_app "of-$first" '"networks": {"'"$TAG-$first"'": {"aliases": ["alias-'"$first"'"]}}' 'sleep 100'
			box run -d "of-$first.json"
		done
		for first in in front back; do
			run looks_up "$TAG-of-$first"
			expect_has "Address: $(service "$TAG-$first" "of-$first")"
			run looks_up "alias-$first"
			expect_has "Address: $(service "$TAG-$first" "of-$first")"
			run looks_up "$(service "$TAG-$first" "of-$first")"
			expect_has "name = "
		done
		run looks_up host.example
		expect_has "Address: 203.0.113.80"
		run looks_up nothing.elsewhere
		expect_has NXDOMAIN
		# Each network's own process goes, and its spare goes on with the pairs between them.
		for first in in front back; do
			kill -KILL "$(pgrep -o -f "^box:.network. $TAG-$first$")"
		done
		for first in in front back; do
			wait_until 10 sh -c "box exec $TAG-client nslookup alias-$first | grep -qF 'Address: $(service "$TAG-$first" "of-$first")'"
		done
		wait_until 10 sh -c "box exec $TAG-client nslookup host.example | grep -qF 'Address: 203.0.113.80'"
		# What is refused by all is not asked for outside.
		run grep -cE "$TAG-of|alias-|arpa" asked
		[ "$output" = 0 ] || fail "names of a network were asked for outside: $(cat asked)"
		box rm -f "$TAG-client" "$TAG-of-in" "$TAG-of-front" "$TAG-of-back"
	done
	box network prune
}

@test "an internal network asks nobody outside; nobody else can ask; what makes no sense is dropped" {
	box network create --internal "$TAG-in"
	net_app client '"networks": ["'"$TAG"'-in"]' 'sleep 100'
	net_app web '"networks": ["'"$TAG"'-in"]'
	box run -d web.json && box run -d client.json
	run looks_up host.example
	expect_has REFUSED
	run looks_up "secret.$TAG.attacker.example"
	expect_has REFUSED
	[ ! -s asked ] || fail "$(cat asked)"
	run looks_up "$TAG-web"
	expect_has "Address: $(service "$TAG-in" web)"
	# Hostile bytes by both ways, and then a question. Each nc has five seconds: one of them may wait for ever.
	box exec "$TAG-client" sh -c '
		for i in 1 2 3 4 5 6 7 8 9; do head -c $((i * 50)) /dev/urandom | timeout 5 nc -u -w 1 127.0.0.11 53 >/dev/null & done
		for i in 1 2 3 4 5 6 7 8 9; do head -c 5000 /dev/urandom | timeout 5 nc -w 1 127.0.0.11 53 >/dev/null & done
		for i in $(seq 40); do timeout 5 nc 127.0.0.11 53 </dev/null & done
		printf "\1\2\201\200\0\1\0\0\0\0\0\0\3web\0\0\1\0\1" | timeout 5 nc -u -w 1 127.0.0.11 53 | wc -c
		wait' >/dev/null 2>&1
	run looks_up "$TAG-web"
	expect_has "Address: $(service "$TAG-in" web)"
	box rm -f "$TAG-web" "$TAG-client"
	box network rm "$TAG-in"
}

@test "a root without an /etc has its names, too, also where it cannot be written" {
	mkdir bare && cp "$(command -v busybox)" bare/busybox && tar -C bare -cf bare.tar busybox
	for read_only in false true; do
		printf '{"name": "%s-bare", "rootfs": "bare.tar", "read_only": %s, "networks": ["%s-front"], "command": ["/busybox", "cat", "/etc/hosts", "/etc/resolv.conf"]}' \
			"$TAG" $read_only "$TAG" >bare.json
		run box run bare.json
		expect_status 0
		expect_line "nameserver 127.0.0.11"
		grep -q "^10\..*$TAG-bare" <<<"$output" || fail "its own name"
	done
}

@test "extra_hosts: lines of /etc/hosts, in the foreground and in the background" {
	net_app web '"networks": ["'"$TAG"'-front"], "extra_hosts": ["ldap.lan:192.0.2.7", "six=2001:db8::7"]'
	run box run web.json -- cat /etc/hosts
	expect_status 0
	expect_line $'192.0.2.7\tldap.lan' $'2001:db8::7\tsix'
	run box run --add-host more:192.0.2.8 web.json -- cat /etc/hosts
	expect_line $'192.0.2.7\tldap.lan' $'192.0.2.8\tmore'
	run box run --add-host more:nowhere web.json -- cat /etc/hosts
	expect_status 125
	expect_has "expected an address such as \"192.0.2.7\", found \"nowhere\""
	box run -d web.json
	run box exec "$TAG-web" ping -c 1 -W 1 ldap.lan
	expect_has "PING ldap.lan (192.0.2.7)"
	box restart "$TAG-web"
	box exec "$TAG-web" grep -q "ldap.lan" /etc/hosts
	box rm -f "$TAG-web"
}
