#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Networks of an ordinary user: names, published ports and the way out, with nothing of the host's changed, and nothing left.

load lib
load network

setup() {
	need user ip nft socat ss curl jq
	setup_network
	change_host 'mkdir -p /dev/net && mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200'
	user_on_host true
}
teardown() { teardown_network; }

box_u() { user_on_host bin/box "$@"; }

neighbour_says() {
	at_neighbour socat TCP6-LISTEN:7000,fork,reuseaddr,ipv6only=0 "SYSTEM:echo neighbour-here" 3>&- >/dev/null 2>&1 &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 at_neighbour sh -c "ss -Htln sport = :7000 | grep -q ."
}

# service NAME FIELDS: NAME.json of the test's network.
service() {
	printf '{"name": "%s", "rootfs": "rootfs.tar", "networks": ["%s"], %s}\n' "$TAG$1" "$TAG" "$2" >"$WORK/home/$1.json"
	chown $TEST_USER: "$WORK/home/$1.json"
}

web='"command": ["sh", "-c", "mkdir /tmp/w; echo web-here >/tmp/w/index.html; exec httpd -f -v -p 80 -h /tmp/w"]'

# once NAME SHELL-WORDS: an app that runs them in the network, and ends.
once() {
	service "$1" "\"command\": [\"sh\", \"-c\", \"$2\"]"
	run box_u run "$1.json"
}

# Processes of this test's network: box-net, who asks names for it, pasta and its keeper.
parts() { find /proc/[0-9]*/exe -maxdepth 0 -lname "$WORK/home/libexec/box/box-net" 2>/dev/null | cut -d/ -f3; }
no_parts() { [ -z "$(parts | while read -r pid; do is_gone "$pid" || echo "$pid"; done)" ]; }
keeper() { parts | while read -r pid; do [ "$(cat "/proc/$pid/comm")" != "box:[uplink]" ] || echo "$pid"; done; }
pasta() { pgrep -P "$(keeper)" '^pas[st]'; } # box-net is its child, too
expect_nothing_of_networks() {
	wait_until 5 no_parts
	[ -z "$(find "$WORK/home/run/box/.networks" -mindepth 1 -type d)" ] || fail "state of networks is left: $(ls "$WORK/home/run/box/.networks")"
	[ -z "$(on_host ss -Htln)" ] || fail "ports are left: $(on_host ss -tln)"
	[ "$(on_host ip -br link | grep -cvE '^(lo|lan)')" -eq 0 ] || fail "links are left"
	[ -z "$(on_host nft list ruleset)" ] || fail "rules are left"
}

@test "names, a published port, the client's address, the way out; nothing on the host, nothing left" {
	neighbour_says
	service web "\"ports\": [\"8080:80\", \"0.0.0.0:8081:80\"], $web"
	run box_u run -d web.json
	expect_status 0
	expect_not "no way out" "lead out"
	wait_until 5 user_on_host curl -fsS http://127.0.0.1:8080/
	[ "$(at_neighbour curl -fsS --max-time 5 http://192.0.2.1:8081/)" = web-here ]
	refused at_neighbour curl -sS --max-time 2 http://192.0.2.1:8080/
	[ "$(on_host curl -fsS --max-time 5 'http://[::1]:8080/')" = web-here ]
	run box_u logs "${TAG}web"
	expect_has "192.0.2.2]:" "response:200"
	once ask "(echo GET / HTTP/1.0; echo; sleep 1) | nc ${TAG}web 80; nslookup ${TAG}web; sleep 1 | nc 192.0.2.2 7000; sleep 1 | nc 2001:db8::2 7000; ip link show eth0"
	expect_status 0
	expect_has web-here "127.0.0.11:53" "mtu 65520"
	[ "$(grep -c neighbour-here <<<"$output")" -eq 2 ] || fail "the way out of IPv4 and IPv6"
	# The host's own table, links and routes are as they were.
	[ -z "$(on_host nft list ruleset)" ]
	[ "$(on_host ip -br link | grep -cvE '^(lo|lan)')" -eq 0 ]
	[ "$(on_host cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
	run box_u rm -f "${TAG}web"
	expect_nothing_of_networks
}

@test "a user with a single id; a port below 1024, and a port that is taken" {
	change_host 'mount --bind /dev/null /etc/subuid && mount --bind /dev/null /etc/subgid'
	service web "\"ports\": [\"8080:80\"], $web"
	run box_u run -d web.json
	expect_status 0
	[ "$(on_host curl -fsS --max-time 5 --retry 5 --retry-connrefused http://127.0.0.1:8080/)" = web-here ]
	service other "\"ports\": [\"8080:80\"], $web"
	run box_u run -d other.json
	expect_status 125
	expect_has "8080" "publishes it already"
	service low "\"ports\": [\"80:80\"], $web"
	run box_u run -d low.json
	expect_status 125
	expect_has "port 80" "ip_unprivileged_port_start"
	run box_u rm -f "${TAG}web"
	expect_nothing_of_networks
}

@test "without pasta, and without a device for it: members reach each other, and who joins is told what is missing" {
	service web "$web"
	change_host "rm /dev/net/tun"
	run box_u run -d web.json
	expect_status 0
	run box_u logs "${TAG}web"
	expect_has "box: warning: the network $TAG: lead out of the network: open /dev/net/tun" "as root: modprobe tun"
	once ask "sleep 1; (echo GET / HTTP/1.0; echo; sleep 1) | nc ${TAG}web 80"
	expect_has web-here "lead out of the network: open /dev/net/tun"
	run box_u rm -f "${TAG}web"
	expect_nothing_of_networks
	change_host 'mknod -m 600 /dev/net/tun c 10 200; mount --bind /dev/null /usr/bin/passt'
	once ask true
	expect_status 0
	expect_has "need the program pasta" "apt-get install passt"
	change_host "umount /usr/bin/passt"
	once ask true
	expect_has "open /dev/net/tun, which pasta needs: Permission denied" "chmod 666 /dev/net/tun"
	# An internal network wants no way out, and misses nothing.
	printf '{"name": "%s", "rootfs": "rootfs.tar", "network_mode": "private", "command": ["true"]}\n' "${TAG}own" >"$WORK/home/own.json"
	run box_u run own.json
	expect_status 0
	expect_nothing_of_networks
}

@test "killed one by one: pasta and its keeper, box-net, the supervisor, the app; the port goes with the last" {
	local victim
	neighbour_says
	service web "\"ports\": [\"8080:80\"], \"restart\": \"always\", $web"
	run box_u run -d web.json
	expect_status 0
	victim=$(pasta)
	kill -9 "$victim"
	wait_until 5 eval '[ -n "$(pasta)" ] && [ "$(pasta)" != "'"$victim"'" ]'
	once ask "sleep 1; sleep 1 | nc 192.0.2.2 7000"
	expect_has neighbour-here
	kill -9 "$(box_u ps --format json | jq -r '.[0].pid')"
	wait_until 5 on_host curl -fsS --max-time 2 http://127.0.0.1:8080/
	# box-net's spare has its place, its ports, and its way out.
	victim=$(parts | while read -r pid; do [ "$(cat "/proc/$pid/comm")" != "box:[network]" ] || echo "$pid"; done)
	kill -9 "$victim"
	wait_until 5 on_host curl -fsS --max-time 2 http://127.0.0.1:8080/
	once ask "sleep 1; sleep 1 | nc 192.0.2.2 7000"
	expect_has neighbour-here
	refused kill -0 "$victim"
	victim=$(pasta)
	kill -9 "$(keeper)"
	wait_until 10 is_gone "$victim"
	once ask "(echo GET / HTTP/1.0; echo; sleep 1) | nc ${TAG}web 80"
	expect_has web-here
	parts | xargs kill -9
	run box_u rm -f "${TAG}web"
	once last true # whoever makes something sweeps
	expect_nothing_of_networks
	# Everything at once.
	run box_u run -d web.json
	expect_status 0
	(set +e; own_processes) | xargs kill -9 || true # some have ended by themselves
	wait_until 5 eval '[ -z "$(on_host ss -Htln)" ]'
	run box_u rm -f "${TAG}web"
	once last true
	expect_nothing_of_networks
}
