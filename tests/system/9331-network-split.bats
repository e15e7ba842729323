#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who reads what members send has nothing of the host: powers of a network's processes, what a box-net that was taken over gets of the keeper of
# its way out, and what is left when they are killed.

load lib
load network

setup() {
	need root ip nft socat jq ss python3
	setup_network
}
teardown() { teardown_network; }

status_of() { awk -v key="$2:" '$1 == key { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }
only() { quick network_processes "$1"; } # the one process of that title

@test "a network's process has powers over its own namespaces alone, and user 0 for its files alone; its keeper has NET_ADMIN" {
	local pid title
	box network create --internal --subnet 10.9.0.0/27 "$TAG-back" >/dev/null
	box network create --subnet 10.9.0.32/27 "$TAG-front" >/dev/null
	net_app web '"networks": ["'"$TAG"'-front"]' 'sleep 100'
	net_app db '"networks": ["'"$TAG"'-back"]' 'sleep 100'
	box run -d web.json && box run -d db.json
	[ "$(only 'box:[network]' | wc -l)" -eq 2 ]
	for pid in $(only 'box:[network]') $(only 'box:[spare]'); do
		[ ! "/proc/$pid/ns/user" -ef /proc/self/ns/user ]
		[[ $(status_of "$pid" Uid) =~ ^(214[0-9]{7})\ (214[0-9]{7})\ (214[0-9]{7})\ 0$ ]]
		[ "${BASH_REMATCH[1]} ${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]} ${BASH_REMATCH[3]}" ] && [ "${BASH_REMATCH[1]}" -ge 2147418112 ]
		[ "$(status_of "$pid" Gid)" = "$(status_of "$pid" Uid)" ]
		[ -z "$(status_of "$pid" Groups)" ]
		[ "$(status_of "$pid" CapEff)" = 0000000000003400 ] # NET_BIND_SERVICE, NET_ADMIN, NET_RAW
		[ "$(status_of "$pid" CapPrm) $(status_of "$pid" NoNewPrivs) $(status_of "$pid" Seccomp)" = "0000000000003400 1 2" ]
		# With all powers of its namespaces: not into the host's, and none over what is there.
		run nsenter -t "$pid" -U -n sh -c 'nsenter --net=/proc/self/fd/9 true' 9<"/proc/$HOST/ns/net"
		expect_has "Operation not permitted"
		run nsenter -t "$pid" -U -n kill -0 "$HOST"
		expect_has "not permitted"
	done
	# An id for each network, also where two subnets are neighbours.
	[ "$(for pid in $(only 'box:[network]'); do status_of "$pid" Uid; done | sort -u | wc -l)" -eq 2 ]
	wait_until 5 eval "[ -n \"\$(only 'box:[up-spare]')\" ]" # nobody waits for it
	for title in 'box:[uplink]' 'box:[up-spare]'; do
		pid=$(only "$title") # of the one network that is not internal
		[ "/proc/$pid/ns/net" -ef "/proc/$HOST/ns/net" ]
		[ "$(status_of "$pid" CapPrm) $(status_of "$pid" CapEff)" = "0000000000001000 0000000000001000" ]
		[ "$(status_of "$pid" NoNewPrivs) $(status_of "$pid" Seccomp)" = "1 2" ]
	done
	# Files are root's, as ever.
	[ -z "$(find "$STATE/.networks" "$BOX_STORE/networks" ! -user 0 -o ! -group 0)" ]
	# Nor does what they can write stand for another network, or steer a terminal.
	sed -i.was "s/^name .*/name $TAG-front/; s/^prefix6 .*/prefix6 fd00::\",\"x\":\"/" "$BOX_STORE/networks/$TAG-back/record"
	run box network ls -q
	expect_has "its record is damaged"
	mv "$BOX_STORE/networks/$TAG-back/record.was" "$BOX_STORE/networks/$TAG-back/record"
	box rm -f "$TAG-web" "$TAG-db"
	box network rm "$TAG-back" "$TAG-front"
}

@test "a box-net that was taken over gets no rule for what is no published port, no device and no words of its own into the host" {
	local box_net keeper
	net_app web '"networks": ["'"$TAG"'-front"], "ports": ["8080:5000"]'
	box run -d web.json
	wait_until 5 is_whole
	box_net=$(only 'box:[network]') keeper=$(only 'box:[uplink]')
	on_host nft list table inet box >before
	on_host ip -o link | cut -d: -f2 >links
	says() { on_host /usr/bin/python3 "$BATS_TEST_DIRNAME/taken_over.py" "$box_net" "$keeper" "$@"; }
	says begin "begin up" settle "lead" "flush ruleset" "settle
add table inet evil" "add rule inet box forward accept" "$(printf '%60000s' x)" \
		+router-tcp +router-udp +unbound +loopback +loopback6 +unix +netlink +raw +file settle
	wait_until 5 on_host nft list chain inet box ports_bx0
	sleep 0.2
	# The chain of the uplink's own is there, and empty; nothing else has changed.
	on_host nft list table inet box >after
	refused grep -E 'dport|evil' after
	diff before <(sed '/chain ports_bx0 {/,/^	}/d' after | cat -s) | grep '^[<>]' | grep -v '^[<>][[:space:]]*$' | sed 's/packets [0-9]* bytes [0-9]*//' | sort -u >changed || true
	[ "$(sed 's/^[<>]//' changed | sort | uniq -u | wc -l)" -eq 0 ] || fail "$(cat changed)"
	[ "$(on_host nft list tables | sort)" = "table inet box" ]
	on_host ip -o link | cut -d: -f2 | diff links -
	# The control: the socket of a port of the host is led, and to this network's own end.
	says +published settle
	wait_until 5 sh -c "nsenter --net=/proc/$HOST/ns/net nft list chain inet box ports_bx0 | grep -q 'th dport { tcp . 7026 } dnat ip to 10.203.252.1$'"
	[ "$(on_host nft list chain inet box ports_bx0 | grep -c dport)" -eq 1 ]
	# What the host only passes on is led nowhere, whatever a socket is bound to.
	says +foreign settle
	wait_until 5 sh -c "nsenter --net=/proc/$HOST/ns/net nft list chain inet box ports_bx0 | grep -q 'fib daddr type local ip daddr . meta l4proto . th dport { 198.51.100.1 . tcp . 7027 }'"
	# Who does not listen is not waited for: the rules come back.
	kill -STOP "$box_net"
	says "*settle"
	on_host nft delete table inet box
	wait_until 5 on_host nft list chain inet box forward
	kill -CONT "$box_net"
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}

no_host_traces() { [ -z "$(on_host ip -o link | grep bx)" ] && [ -z "$(on_host nft list tables)" ] && [ "$(on_host cat /proc/sys/net/ipv4/conf/lan/forwarding)" = 0 ]; }

@test "killed: each half of a network goes on alone, and what outlives the other clears the host" {
	serve at_neighbour 198.51.100.1 7000 world
	net_app web '"networks": ["'"$TAG"'-front"], "ports": [{"target": 5000, "published": 8080, "host_ip": "0.0.0.0", "mode": "dnat"}]'
	box run -d web.json
	led() { [ "$(at_neighbour timeout 2 socat -t 1 -u TCP:192.0.2.1:8080 - 2>/dev/null)" = i-am-web ]; }
	# All that passes the relay is dropped: what answers was led.
	on_host nft -f - <<-'END'
		table inet mine {
			chain input { type filter hook input priority 0; policy accept; iifname "lan" tcp dport 8080 drop; }
		}
	END
	wait_until 5 led
	# The keeper's spare knows the device, and is told the ports: it writes both again.
	for victim in "box:[uplink]" "box:[network]" "box:[uplink]"; do
		kill -KILL "$(only "$victim")"
		wait_until 5 is_whole
		on_host nft delete table inet box
		wait_until 5 led
		[ "$(asks web 198.51.100.1 7000)" = "world 192.0.2.1" ]
	done
	on_host nft delete table inet mine
	# Both keepers: nobody writes the rules again, but they are there, and members do not notice; the next command clears them.
	kill -KILL "$(only "box:[uplink]")" "$(only "box:[up-spare]")"
	wait_until 5 led
	[ "$(asks web 198.51.100.1 7000)" = "world 192.0.2.1" ]
	box rm -f "$TAG-web"
	wait_until 5 sh -c "! nsenter --net=/proc/$HOST/ns/net ip -o link | grep bx"
	net_app web '"networks": ["'"$TAG"'-front"]' 'sleep 100'
	box run -d web.json
	# box-net and its spare: the keeper clears the host, without a command.
	kill -KILL "$(only "box:[network]")" "$(only "box:[spare]")"
	wait_until 5 no_host_traces
	wait_until 5 eval '[ -z "$(quick network_processes)" ]'
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}

# More than a message has room for, more elements than a user namespace may send at once, and more than the kernel tells who watches the rules.
@test "two thousand ports are led, in both families, also when who leads them was killed; and then nobody has anything more to do" {
	local keeper before
	led() { [ "$(on_host nft list chain inet box ports_bx0 | grep -oE '(6|tcp) \. [0-9]+' | wc -l)" -eq 4000 ]; }
	in_map() { nsenter --net="/proc/$(only 'box:[network]')/ns/net" nft list map inet box "$1" | grep -oE '(6|tcp) \. [0-9]+' | wc -l; }
	led_inside() { [ "$(in_map published4)" -eq 2000 ] && [ "$(in_map published6)" -eq 2000 ] && [ "$(in_map targets)" -eq 2000 ]; }
	ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
	net_app web '"networks": ["'"$TAG"'-front"], "ports": [("0.0.0.0", "::") | {"target": 9000, "published": 9000, "count": 2000, "host_ip": ., "mode": "dnat"}]' \
		'nc -ll -p 10999 -e echo i-am-web'
	box run -d web.json >/dev/null 2>&1
	wait_until 10 led
	wait_until 10 led_inside
	wait_until 10 eval '[ "$(at_neighbour timeout 5 socat -t 1 -u TCP:192.0.2.1:10999 -)" = i-am-web ]' # it listens a moment after it runs
	[ "$(at_neighbour timeout 5 socat -t 1 -u 'TCP:[2001:db8::1]:10999' -)" = i-am-web ]
	# One rule for each family on the host, and a rule for each family inside, whatever the number of ports.
	[ "$(on_host nft list chain inet box ports_bx0 | grep -c dnat)" -eq 2 ]
	[ "$(nsenter --net="/proc/$(only 'box:[network]')/ns/net" nft list ruleset | grep -c 'map @targets')" -eq 2 ]
	# What its own rules make the kernel tell it is no reason to write them again.
	keeper=$(only 'box:[uplink]') before=$(ticks "$(only 'box:[uplink]')")
	sleep 1
	[ $(($(ticks "$keeper") - before)) -lt 20 ]
	for victim in "box:[uplink]" "box:[network]"; do
		kill -KILL "$(only "$victim")"
		wait_until 5 is_whole
		on_host nft delete table inet box
		wait_until 20 led
		wait_until 20 led_inside
	done
	box rm -f "$TAG-web"
	[ -z "$(box network ls -q)" ]
}
