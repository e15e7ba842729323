# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# hosts.bash - two hosts for tests of networks: this one, and a neighbour on its link. Both are network namespaces of the test's own, so
# that nothing of the machine's network changes. Behind "load lib":
#
#     setup() { setup_world; hosts_begin; }
#     teardown() { hosts_end; teardown_world; }
#
# The host is 192.0.2.1 and 2001:db8::1, the neighbour 192.0.2.2 and 2001:db8::2; the host's default route leads to the neighbour. The host
# has a /dev/net/tun that everybody may open, as most machines have.

hosts_begin() {
	need root ip nsenter
	unshare -n -m sleep 600 3>&- &
	HOST=$!
	unshare -n sleep 600 3>&- &
	NEIGHBOUR=$!
	wait_until 5 eval '[ ! /proc/$HOST/ns/net -ef /proc/self/ns/net ] && [ ! /proc/$NEIGHBOUR/ns/net -ef /proc/self/ns/net ]'
	on_host ip link set lo up
	on_neighbour ip link set lo up
	on_host ip link add lan type veth peer name lan netns "$NEIGHBOUR" || skip "needs veth"
	on_host ip addr add 192.0.2.1/24 dev lan
	on_host ip addr add 2001:db8::1/64 dev lan nodad
	on_host ip link set lan up
	on_neighbour ip addr add 192.0.2.2/24 dev lan
	on_neighbour ip addr add 2001:db8::2/64 dev lan nodad
	on_neighbour ip link set lan up
	on_host ip route add default via 192.0.2.2
	on_host ip -6 route add default via 2001:db8::2
	on_host sh -c 'mkdir -p /dev/net && mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200'
}

hosts_end() {
	local pid
	for pid in ${NEIGHBOUR_SERVERS:-} ${HOST:-} ${NEIGHBOUR:-}; do
		kill "$pid" && wait "$pid"
	done 2>/dev/null || true
}

on_host() { nsenter -t "$HOST" -n -m "$@"; }
on_neighbour() { nsenter -t "$NEIGHBOUR" -n "$@"; }

# As that ordinary user, on the host.
user_on_host() { BECOME_ON="nsenter -t $HOST -n -m --" as_user "$@"; }

# neighbour_says PORT WORDS: on the neighbour, whoever connects hears the words, and then the end.
neighbour_says() {
	on_neighbour socat "TCP6-LISTEN:$1,fork,reuseaddr,ipv6only=0" "SYSTEM:echo $2" 3>&- &
	NEIGHBOUR_SERVERS="${NEIGHBOUR_SERVERS:-} $!"
	wait_until 5 on_neighbour sh -c "ss -Htln sport = :$1 | grep -q ."
}



