# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# network.bash - what tests of private networks share: a host with a network namespace of its own, and a neighbour behind it.
#
#     neighbour 192.0.2.2, 2001:db8::2  ---  "lan" 192.0.2.1, 2001:db8::1: the host  ---  box's networks
#
# The machine's own network namespace is never touched: box runs in the host's, which is this test's. A test file begins with:
#
#     load lib
#     load network
#     setup() { need root ip nft; setup_network; }
#     teardown() { teardown_network; }

setup_network() {
	setup_world
	unshare -n -m sleep 1000 3>&- &
	HOST=$!
	unshare -n sleep 1000 3>&- &
	NEIGHBOUR=$!
	until [ -e /proc/$HOST/ns/net ] && [ ! /proc/$HOST/ns/net -ef /proc/self/ns/net ] && [ ! /proc/$NEIGHBOUR/ns/net -ef /proc/self/ns/net ]; do
		sleep 0.01
	done
	on_host sh -ec '
		ip link set lo up
		ip link add lan type veth peer name wan netns "$0"
		ip addr add 192.0.2.1/24 dev lan
		ip -6 addr add 2001:db8::1/64 dev lan nodad
		ip link set lan up' $NEIGHBOUR
	at_neighbour sh -ec '
		ip link set lo up
		ip addr add 192.0.2.2/24 dev wan
		ip addr add 198.51.100.1/32 dev lo
		ip -6 addr add 2001:db8::2/64 dev wan nodad
		ip link set wan up'
	on_host sh -ec 'ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8::2'
	printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net "%s" --root "%s" "$@"\n' $HOST "$BOX" "$STATE" >"$WORK/bin/box"
}

teardown_network() {
	local bad=0 found pid
	[ -n "${HOST:-}" ] || { teardown_world; return; }
	for pid in ${NETWORK_PIDS:-}; do
		kill "$pid" 2>/dev/null || true
	done
	# Behind those are subshells of bats'; what they began has the test's folder as its own.
	cd / || return 1
	for pid in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$WORK" 2>/dev/null | cut -d/ -f3); do
		kill "$pid" 2>/dev/null || true
	done
	for _ in {1..60}; do
		found=$(quick left_networks)
		[ -n "$found" ] || break
		sleep 0.05
	done
	if [ -n "$found" ] && [ -z "${WORLD_IS_DIRTY:-}" ]; then
		printf 'left behind: networks:\n%s\n' "$found" >&2
		bad=1
	fi
	for pid in $(quick network_processes); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	teardown_world || bad=1
	kill $HOST $NEIGHBOUR
	return $bad
}

# As an ordinary user, with the host's mounts, too: what a test mounts for it (over /dev/net/tun) the machine does not see.
user_on_host() { BECOME_ON="nsenter -t $HOST -n -m --" as_user "$@"; }
change_host() { nsenter -t $HOST -n -m sh -c "$1"; }

on_host() { nsenter --net=/proc/$HOST/ns/net "$@"; }
at_neighbour() { nsenter --net=/proc/$NEIGHBOUR/ns/net "$@"; }

# network_processes [COMM]: pids of this test's box-net, of the keeper of its way out, and of the spares of both.
network_processes() {
	local comm
	grep -lsF "${1:-box:[}" /proc/[0-9]*/comm | while IFS=/ read -r _ _ comm _; do
		case $(readlink "/proc/$comm/fd/3" 2>/dev/null) in "$STATE"/.networks/*) echo "$comm" ;; esac
	done
}
is_network() { quick network_processes "box:[network]"; }
# One network of root's with a way out: all four of them are there.
is_whole() { [ "$(quick network_processes | sed 's|.*|/proc/&/comm|' | xargs cat | sort | tr '\n' ' ')" = "box:[network] box:[spare] box:[up-spare] box:[uplink] " ]; }

# What networks leave on the host where they should leave nothing.
left_networks() {
	network_processes
	on_host nft list tables 2>/dev/null | grep -w box
	on_host ip -o link | grep -oE ' bx[0-9]+' | tr -d ' '
	find "$STATE/.networks" -mindepth 1 ! -name .lock 2>/dev/null
	on_host grep -l 1 /proc/sys/net/ipv4/conf/lan/forwarding
}

# serve WHERE ADDRESS PORT WORDS: a server in a namespace (on_host, at_neighbour) that says words to everybody, and who asked.
serve() {
	"$1" socat "TCP-LISTEN:$3,bind=$2,reuseaddr,fork" "SYSTEM:echo $4 \$SOCAT_PEERADDR" 3>&- >/dev/null 2>&1 &
	NETWORK_PIDS="${NETWORK_PIDS:-} $!"
	wait_until 5 "$1" sh -c "ss -ltn | grep -q ':$3 '"
}

# net_app NAME FIELDS [SCRIPT]: NAME.json that runs a line of a shell; default: a server on port 5000 that says the name.
net_app() {
	local script=${3:-"nc -ll -p 5000 -e echo i-am-$1"}
	jq -n --arg name "$TAG-$1" --arg rootfs "$ROOTFS" --arg script "$script" "{name: \$name, rootfs: \$rootfs, command: [\"sh\", \"-c\", \$script], $2}" >"$1.json"
}

# address NETWORK NAME [KEY]: of a member, by box network inspect.
address() { box network inspect "$1" | jq -r --arg name "$TAG-$2" ".[0].members[] | select(.name == \$name).${3:-ipv4}"; }
service() { box network inspect "$1" | jq -r --arg name "$TAG-$2" ".[0].services[] | select(.name == \$name).${3:-ipv4}"; }

# asks NAME ADDRESS PORT: what the server there says to the app NAME; its exit code.
asks() { box exec "$TAG-$1" nc -w 3 "$2" "$3" </dev/null; }

# refused COMMAND…: it fails. A line "! COMMAND" asserts nothing: bash's -e passes over it.
refused() { ! "$@" >/dev/null 2>&1 || fail "this must not work: $*"; }
