#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Published ports: who may connect, whom the app sees, and what happens to connections when something ends.

load lib
load network

setup() {
	need root ip nft socat jq ss curl
	setup_network
}
teardown() { teardown_network; }

# served NAME FIELDS [COMMAND]: an app that says who it is and who asks.
served() {
	jq -n --arg name "$TAG-$1" --arg rootfs "$ROOTFS" --arg word "$1" --arg script "${3:-exec probe serve $1 80}" \
		"{name: \$name, rootfs: \$rootfs, command: [\"sh\", \"-c\", \$script], $2}" >"$1.json"
}

# says WHERE ADDRESS PORT [SOCAT-OPTIONS]: what a server answers to one line by TCP.
says() { echo hi | "$1" timeout 5 socat -t 5 - "TCP:$2:$3,connect-timeout=3${4:+,$4}" 2>&1; }
says_udp() { echo hi | "$1" timeout 5 socat -t 0.3 -T 0.6 - "UDP:$2:$3${4:+,$4}" 2>&1 | head -n 1; }

@test "loopback alone without an address, everybody where it is written; the app sees the client, and for loopback the router" {
	local router
	served web '"ports": ["8080:80", "0.0.0.0:8081:80", "[::]:8081:80", "0.0.0.0:8082:80", "5353:80/udp", "0.0.0.0:5354:80/udp", "[::]:5354:80/udp", "80"]'
	run box run -d web.json
	expect_status 0
	expect_has "published to everybody whom this host's INPUT rules let in: 0.0.0.0:8081->80/tcp, [::]:8081->80/tcp, 0.0.0.0:8082->80/tcp, 0.0.0.0:5354->80/udp"
	router=$(box exec "$TAG-web" ip -4 route | awk '$1 == "default" { print $3 }')
	# The host itself.
	for to in 127.0.0.1 '[::1]' 127.0.0.1; do
		[[ $(says on_host "$to" 8080) == "web $router "* ]]
		[[ $(says_udp on_host "$to" 5353) == "web $router "* ]]
	done
	[[ $(says on_host 192.0.2.1 8081) == "web 192.0.2.1 "* ]]
	# A neighbour: its address and port, by both families and protocols; and nothing of what is on loopback.
	[ "$(says at_neighbour 192.0.2.1 8081 sourceport=4001)" = "web 192.0.2.2 4001" ]
	[ "$(says at_neighbour '[2001:db8::1]' 8081 sourceport=4002,bind=[2001:db8::2])" = "web 2001:db8::2 4002" ]
	[ "$(says_udp at_neighbour 192.0.2.1 5354 sourceport=4003)" = "web 192.0.2.2 4003" ]
	[ "$(says_udp at_neighbour '[2001:db8::1]' 5354 sourceport=4004,bind=[2001:db8::2])" = "web 2001:db8::2 4004" ]
	run says at_neighbour 192.0.2.1 8080
	expect_has refused
	run says at_neighbour '[2001:db8::1]' 8080
	expect_has refused
	[[ $(says_udp at_neighbour 192.0.2.1 5353) != web* ]]
	# The same port of a client towards two ports of ours at once: the second one is seen with another port.
	at_neighbour socat -u "TCP:192.0.2.1:8081,sourceport=4010,reuseaddr" - 3>&- >/dev/null &
	wait_until 5 at_neighbour sh -c 'ss -Htn | grep -q ESTAB.*:4010'
	[[ $(says at_neighbour 192.0.2.1 8082 sourceport=4010,reuseaddr) == "web 192.0.2.2 "* ]]
	# Services of the host's loopback are reached by none of the router's, the uplink's, or a link-local address (F05).
	serve on_host 127.0.0.1 7070 secret
	for to in "$router" 10.203.252.0 127.0.0.1 169.254.1.1 fe80::1; do
		run box exec "$TAG-web" timeout 1 nc -w 1 "$to" 7070
		[[ $output != *secret* ]] || fail "the app reaches the host's loopback by $to"
	done
	# What is listed.
	run box port "$TAG-web"
	expect_line "80/tcp -> 127.0.0.1:8080" "80/tcp -> [::1]:8080" "80/tcp -> 0.0.0.0:8081" "80/udp -> [::]:5354"
	run box port "$TAG-web" 80/udp
	expect_line "127.0.0.1:5353"
	run box port "$TAG-web" 81
	expect_status 1
	expect_has 'no public port "81" is published'
	[[ $(says on_host 127.0.0.1 "$(box port "$TAG-web" 80 | awk -F: '$1 == "127.0.0.1" && $2 != 8080 { print $2 }')") == web* ]]
	[ "$(box ps --format json | jq -r '.[0].ports | length')" -eq 11 ]
	run box ps --no-trunc
	expect_has "127.0.0.1:8080->80/tcp" "0.0.0.0:5354->80/udp"
	# The host's INPUT rules decide.
	on_host nft -f - <<-'END'
		table inet mine {
			chain input { type filter hook input priority 0; policy accept; tcp dport 8081 reject with tcp reset; }
		}
	END
	run says at_neighbour 192.0.2.1 8081
	expect_has refused
	on_host nft delete table inet mine
	box rm -f "$TAG-web"
	wait_until 5 no_sockets
	box network prune
}
no_sockets() { ! on_host ss -Hltnu | grep -qv :7070; }

@test "a port that is taken is one clear error; ranges; an address that is not here; ports of ordinary users" {
	on_host socat TCP-LISTEN:8003,bind=127.0.0.1,fork - 3>&- >/dev/null 2>&1 &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 on_host sh -c 'ss -Hltn | grep -q 8003'
	served web '"ports": ["8000-8004:8000-8004"]'
	run box run -d web.json
	expect_status 125
	expect_has "ports[0]: publish tcp port 8003 of 127.0.0.1: socat (process " ") has it already"
	kill "$(on_host ss -Hltnp | grep -o "pid=[0-9]*" | cut -d= -f2)"
	wait_until 5 on_host sh -c '! ss -Hltn | grep -q 8003'
	wait_until 5 no_sockets
	box run -d web.json
	run box ps --no-trunc
	expect_has "127.0.0.1:8000-8004->8000-8004/tcp"
	served other '"ports": ["8004:80"]'
	run box run -d other.json
	expect_status 125
	expect_has "ports[0]: publish tcp port 8004: the app $TAG-web publishes it already" "box port $TAG-web tell"
	served other '"ports": ["203.0.113.9:8010:80"]'
	run box run -d other.json
	expect_has "publish tcp port 8010 of 203.0.113.9: this host does not have the address"
	box rm -f "$TAG-web"
	# A host that has switched IPv6 off.
	on_host sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	served web '"ports": ["8080:80"]'
	box run -d web.json
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	[ "$(box port "$TAG-web")" = "80/tcp -> 127.0.0.1:8080" ]
	box rm -f "$TAG-web"
	box rm -f "$TAG-other" 2>/dev/null || true
	box network prune
}

is_refused() { says on_host "$1" "$2" | grep -q refused; }

@test "connections wait for an app that is not there yet or comes again; sockets stay over restarts; many at once" {
	local before after app
	served web '"ports": ["8080:80"], "restart": "always"' 'sleep 1; exec probe serve web 80'
	box run -d web.json
	[[ $(says on_host 127.0.0.1 8080) == web* ]] # it has waited
	before=$(on_host ss -Hltne | grep 127.0.0.1:8080 | grep -o 'ino:[0-9]*')
	box restart "$TAG-web"
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	app=$(container_pid "$TAG-web")
	kill -KILL "$app"
	wait_until 5 sh -c "! kill -0 $app 2>/dev/null" # a connection that it has taken ends with it
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	after=$(on_host ss -Hltne | grep 127.0.0.1:8080 | grep -o 'ino:[0-9]*')
	[ "$before" = "$after" ]
	# A thousand, each of them answered; and over one at a time.
	run on_host wrk -t 1 -c 1000 -d 2 http://127.0.0.1:8080/
	expect_has "requests in"
	[[ $output != *"Socket errors"* && $output != *Non-2xx* ]] || fail "$output"
	run on_host wrk -t 1 -c 50 -d 1 -H 'Connection: close' http://127.0.0.1:8080/
	[[ $output != *"Socket errors"* ]] || fail "$output"
	box stop "$TAG-web"
	wait_until 5 is_refused 127.0.0.1 8080
	box start "$TAG-web"
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	box rm -f "$TAG-web"
	box network prune
}

@test "much goes through unchanged both ways, with an end of its own in each direction" {
	served web '"ports": ["0.0.0.0:8080:80"]' 'nc -l -p 80 -e sha256sum'
	head -c 50000000 /dev/urandom >much
	box run -d web.json >/dev/null 2>&1
	[ "$(at_neighbour timeout 20 socat -t 20 - TCP:192.0.2.1:8080 <much | cut -d' ' -f1)" = "$(sha256sum much | cut -d' ' -f1)" ]
	wait_until 5 sh -c "! box ps -q | grep -q $TAG-web"
	box rm -f "$TAG-web"
	served web '"ports": ["0.0.0.0:8080:80"]' 'cat /bin/probe /bin/busybox >m; sha256sum <m; exec nc -l -p 80 <m'
	box run -d web.json >/dev/null 2>&1
	at_neighbour timeout 20 socat -u TCP:192.0.2.1:8080 - >got
	wait_until 10 eval '[ -n "$(box logs "$TAG-web")" ]'
	[ "$(sha256sum <got)" = "$(box logs "$TAG-web" | head -n 1)" ]
	box rm -f "$TAG-web"
	box network prune
}

@test "box-net killed: its spare has the sockets, and connections go on coming in; all killed: the port is free" {
	served web '"ports": ["8080:80", "9000-9599:9000-9599"]'
	box run -d web.json
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	for _ in 1 2 3; do
		kill -KILL "$(is_network)"
		[[ $(says on_host 127.0.0.1 8080) == web* ]]
		wait_until 5 is_whole
	done
	box restart "$TAG-web"
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	# The app, its supervisor and the watcher, the network: each in turn, all of them at once; the next command finds the port free (F09).
	# shellcheck disable=SC2046 # lists
	kill -KILL $(quick left_processes) $(quick network_processes)
	wait_until 5 eval '[ -z "$(quick network_processes)" ]'
	wait_until 5 no_sockets
	box rm -f "$TAG-web"
	served web '"ports": ["8080:80"]'
	box run -d web.json
	[[ $(says on_host 127.0.0.1 8080) == web* ]]
	box rm -f "$TAG-web"
	wait_until 5 no_sockets
	box network prune
}

@test "mode dnat: the kernel leads past the relay and the host's INPUT rules, to live instances alone; also after a flush" {
	served web '"ports": [{"target": 80, "published": 8080, "host_ip": "0.0.0.0", "mode": "dnat"}, {"target": 80, "published": 8080, "host_ip": "::", "mode": "dnat"}, {"target": 80, "published": 5353, "host_ip": "192.0.2.1", "protocol": "udp", "mode": "dnat"}], "restart": "always"'
	run box run -d web.json
	expect_has "round this host's INPUT rules (mode dnat): 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 192.0.2.1:5353->80/udp"
	[[ $(says on_host 127.0.0.1 8080) == web* ]] # by the relay
	on_host nft -f - <<-'END'
		table inet mine {
			chain input { type filter hook input priority 0; policy accept; iifname "lan" meta l4proto { tcp, udp } drop; }
		}
	END
	for _ in 1 2; do
		[ "$(says at_neighbour 192.0.2.1 8080 sourceport=4001,reuseaddr)" = "web 192.0.2.2 4001" ]
		# Before Linux 6.17 only all interfaces at once can forward IPv6, and that is the host's to decide.
		[ ! -e /proc/sys/net/ipv6/conf/all/force_forwarding ] ||
			[ "$(says at_neighbour '[2001:db8::1]' 8080 sourceport=4002,reuseaddr,bind=[2001:db8::2])" = "web 2001:db8::2 4002" ]
		[ "$(says_udp at_neighbour 192.0.2.1 5353 sourceport=4003)" = "web 192.0.2.2 4003" ]
		on_host nft flush ruleset
		on_host nft -f - <<-'END'
			table inet mine {
				chain input { type filter hook input priority 0; policy accept; iifname "lan" meta l4proto { tcp, udp } drop; }
			}
		END
		wait_until 10 eval 'on_host nft list table inet box | grep -q "dport { tcp . 8080 }" && on_host nft list table inet box | grep -q "192.0.2.1 . udp . 5353"'
		at_neighbour ip link set wan down # and its TIME_WAIT
		at_neighbour sh -c 'ip link set wan up; ip -6 addr add 2001:db8::2/64 dev wan nodad'
	done
	box restart "$TAG-web"
	wait_until 5 sh -c '[ "$(echo | nsenter --net=/proc/'"$NEIGHBOUR"'/ns/net timeout 2 socat -t 2 - TCP:192.0.2.1:8080 | cut -d" " -f1)" = web ]'
	# A network beside it does not lose its own when this one goes.
	served other '"ports": [{"target": 80, "published": 8081, "host_ip": "0.0.0.0", "mode": "dnat"}]'
	box run -d other.json
	wait_until 5 sh -c 'echo | nsenter --net=/proc/'"$NEIGHBOUR"'/ns/net timeout 2 socat -t 2 - TCP:192.0.2.1:8081 | grep -q other'
	box rm -f "$TAG-web"
	wait_until 5 sh -c '! nsenter --net=/proc/'"$HOST"'/ns/net nft list table inet box | grep -q "dport 8080"'
	[[ $(says at_neighbour 192.0.2.1 8081) == other* ]]
	box rm -f "$TAG-other"
	box network prune
	on_host nft delete table inet mine
}

soft_limit() { awk '/^Max open files/ { print $4 }' "/proc/$(container_pid "$TAG-web")/limits"; }

@test "a thousand ports of TCP and of UDP under a low soft limit of open files; what the hard one has no room for is said before anything begins" {
	local verb
	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 4608 ] || skip "needs a hard limit of 4608 open files"
	served web '"ports": ["8000-8999:8000-8999", "8000-8999:8000-8999/udp"]' 'exec probe serve web 8999'
	(ulimit -Sn 1024 && box run -d web.json)
	[[ $(says on_host 127.0.0.1 8999) == web* ]]
	[[ $(says_udp on_host '[::1]' 8999) == web* ]]
	[ "$(on_host ss -Hltnu | grep -c '127.0.0.1:8')" -eq 2000 ]
	[ "$(soft_limit)" -eq 1024 ] # the app's own is as it was
	(ulimit -Sn 1024 && box restart "$TAG-web")
	[ "$(soft_limit)" -eq 1024 ]
	kill -KILL "$(quick network_processes "box:[network]")"
	wait_until 5 is_whole
	[[ $(says on_host 127.0.0.1 8999) == web* ]]
	[ "$(box port "$TAG-web" | wc -l)" -eq 4000 ]
	box rm -f "$TAG-web"
	wait_until 5 no_sockets
	for verb in plan up "run -d" run; do
		run sh -c "ulimit -n 1024; box $verb web.json"
		expect_status 125
		expect_has "web.json:" ": ports: publish the ports of " "they are 4000 sockets of this host, and one network can hold 640, because of the hard limit of open files"
		expect_has "LimitNOFILE= of a unit): it is 1024"
	done
	# Services that share a network share its sockets.
	jq '{name: .name, services: {a: del(.name), b: (del(.name) | .ports = ["7000-7099:7000-7099"])}}' web.json >two.json
	run box plan two.json
	expect_has "services.a.ports: publish the ports of all services of the network ${TAG}-web_default: they are 4200 sockets of this host, and one network can hold 4096"
	[ -z "$(quick network_processes)" ]
	no_sockets
}

@test "mode dnat that the kernel refuses: the ports go by the relay, and it is said" {
	need hooks
	served web '"ports": [{"target": 80, "published": 8080, "host_ip": "0.0.0.0", "mode": "dnat"}]'
	BOX_FAIL_STEP="network: dnat" box run web.json 2>said 3>&- &
	wait_until 10 eval '[[ $(says at_neighbour 192.0.2.1 8080) == web* ]]'
	grep -q "the network $TAG-web.*: ports in mode dnat go by the relay: failed on purpose, continuing" said || fail "$(cat said)"
	refused on_host nft list chain inet box ports_bx0
	box rm -f "$(box ps -q)"
	wait $! || true
}
