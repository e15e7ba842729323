#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ports.sh [BUILD [WAY…]] - published ports of box, Docker and podman, from the host's loopback and from a neighbour. As root. Prints a table
# in Markdown. It wants BUILD/tests/flow (make build/tests/flow).
#
# WAY: none (the server without a container, on the host itself), box, dnat (box's "mode": "dnat"), docker (docker-proxy on loopback, rules of
# iptables from elsewhere), proxy (docker with docker-proxy alone), podman (netavark's rules). BENCH_SECONDS (default 3): for each figure.
#
# All of it happens in one machine (machine.bash), one way after the other; the neighbour is a network namespace behind a veth pair. For
# each: Gbit/s over one and over 16 connections, requests a second over one connection (its inverse is the latency) and over 64,
# connections a second (16 at a time, a request each), and how much of a processor box's relay or docker-proxy used over 64 connections.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/machine.bash"
[ -n "${BENCH_INSIDE:-}" ] || bench_outside "$0" "$@"

build=$1 ways=${*:2} seconds=${BENCH_SECONDS:-3}
flow=$WORK/bench/flow
[ -x "$flow" ] || { echo "ports.sh: no $flow: make build/tests/flow" >&2; exit 1; }
export BOX_STORE=/var/lib/containers/box XDG_CACHE_HOME=/run/cache
box() { "$build/bin/box" "$@"; }
lacks() { echo "$1: left out: $2" >&2; }

# --- the neighbour
ip link set lo up
unshare -n sleep 100000 &
neighbour=$!
ready test -e /proc/$neighbour/ns/net
sleep 0.2
at_neighbour() { nsenter --net=/proc/$neighbour/ns/net "$@"; }
ip link add lan type veth peer name wan netns $neighbour
ip addr add 192.0.2.1/24 dev lan
ip link set lan up
at_neighbour ip addr add 192.0.2.2/24 dev wan
at_neighbour ip link set wan up
at_neighbour ip link set lo up
at_neighbour ip route add default via 192.0.2.1
here() { "$@"; }

# --- the image: the test's root with the program
mkdir -p /run/more/bin
cp "$flow" /run/more/bin/flow
cp "$WORK/rootfs.tar" /run/image.tar
tar -C /run/more -rf /run/image.tar bin/flow

# --- the ways: each listens on 8080 and 8081 of every address
begin_none() { "$flow" serve 8080 8081 & server=$!; }
end_none() { kill $server; }
box_app() {
	box image inspect bench/flow:1 >/dev/null 2>&1 || box import /run/image.tar bench/flow:1 >/dev/null
	jq -n --arg mode "$1" '{name: "flow", image: "bench/flow:1", command: ["/bin/flow", "serve", "80", "81"],
		ports: [{target: 80, published: 8080, host_ip: "0.0.0.0", mode: $mode}, {target: 81, published: 8081, host_ip: "0.0.0.0", mode: $mode}]}' >/run/app.json
	box run -d /run/app.json 2>/dev/null
}
begin_box() { box_app host; }
end_box() { box rm -f flow; }
begin_dnat() { box_app dnat; }
end_dnat() { box rm -f flow; }
begin_docker_with() {
	printf '{"exec-opts": ["native.cgroupdriver=cgroupfs"], "data-root": "/var/lib/docker", "iptables": %s}\n' "$1" >/run/dockerd.json
	dockerd --config-file /run/dockerd.json >"$WORK/dockerd.log" 2>&1 &
	docker=$!
	ready docker version || { tail -n 1 "$WORK/dockerd.log" >&2; return 1; }
	docker image inspect flow >/dev/null 2>&1 || docker import /run/image.tar flow >/dev/null
	docker run -d --rm --name flow -p 8080:80 -p 8081:81 flow /bin/flow serve 80 81
}
begin_docker() { begin_docker_with true; }
begin_proxy() { begin_docker_with false; }
end_docker() { docker kill flow; kill $docker; wait $docker || true; ip link del docker0; nft flush ruleset; }
end_proxy() { end_docker; }
begin_podman() {
	podman_settings "${BENCH_RUNTIME:-crun}"
	podman image exists flow || podman import /run/image.tar flow
	podman run -d --rm --name flow -p 8080:80 -p 8081:81 flow /bin/flow serve 80 81
}
end_podman() { podman kill flow; sleep 1; nft flush ruleset; }

# --- the figures
rate() { awk '/^Requests\/sec/ { printf "%.0f", $2 }'; }
relays() { # processor ticks of what carries published ports
	{ pgrep -f 'docker-proxy|^box:.network' || true; } | while read -r pid; do awk '{ print $14 + $15 }' "/proc/$pid/stat"; done | awk '{ s += $1 } END { print s + 0 }'
}

row() { # row WAY WHERE ADDRESS
	local one many latency requests connections before share
	one=$("$2" "$flow" send "$3" 8081 "$seconds" 1)
	many=$("$2" "$flow" send "$3" 8081 "$seconds" 16)
	latency=$("$2" wrk -t 1 -c 1 -d "$seconds" "http://$3:8080/" | rate)
	before=$(relays)
	requests=$("$2" wrk -t 1 -c 64 -d "$seconds" "http://$3:8080/" | rate)
	share=$(((($(relays) - before) * 100 / $(getconf CLK_TCK)) / seconds))
	connections=$("$2" wrk -t 1 -c 16 -d "$seconds" -H 'Connection: close' "http://$3:8080/" | rate)
	echo "| $1 | $([ "$2" = here ] && echo loopback || echo neighbour) | $one | $many | $latency | $requests | $connections | $share % |"
}

echo "$(machine_is)"
echo
echo "| way | client | Gbit/s, 1 connection | 16 connections | requests/s, 1 connection | 64 connections | connections/s | relay's processor |"
echo '|---|---|---|---|---|---|---|---|'
for way in ${ways:-none box dnat docker proxy podman}; do
	if ! "begin_$way" >"$WORK/said" 2>&1 || ! ready "$flow" send 127.0.0.1 8081 0 1; then
		lacks "$way" "$(tail -n 1 "$WORK/said")"
		"end_$way" >/dev/null 2>&1 || true
		continue
	fi
	row "$way" here 127.0.0.1
	row "$way" at_neighbour 192.0.2.1
	"end_$way" >/dev/null 2>&1
	sleep 0.5
done
