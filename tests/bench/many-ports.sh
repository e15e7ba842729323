#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# many-ports.sh [O] - what many published ports of one app cost: the time of "box run -d" and "box rm -f", and the memory of the network.
#
# In a network namespace of its own: the machine's is not touched. Needs root, and a hard limit of 4608 open files. BENCH_ROUNDS (default 5).
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "${1:-build}")
rounds=${BENCH_ROUNDS:-5}

[ "$(id -u)" -eq 0 ] || { echo "bench: needs root" >&2; exit 1; }
[ -x "$out/bin/box" ] || { echo "bench: no $out/bin/box; run make" >&2; exit 1; }
[ -n "${BENCH_INSIDE:-}" ] || BENCH_INSIDE=1 exec unshare -n "$0" "$out"

work=$(mktemp -d /tmp/box-bench-XXXXXX)
chmod 711 "$work"
export BOX_STORE=$work/store
box() { "$out/bin/box" --root "$work/state" "$@"; }
trap 'box rm -f many >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
ip link set lo up
ip link add lan type veth peer name wan
ip addr add 192.0.2.1/24 dev lan
ip link set lan up
ip link set wan up
ip route add default via 192.0.2.2
scripts/make-rootfs "$work/rootfs"
ulimit -Sn 1024

now_ms() { echo $(($(date +%s%N) / 1000000)); }
of_network() { # TITLE: its pid
	local pid
	for pid in $(grep -lsFx "$1" /proc/[0-9]*/comm | cut -d/ -f3); do
		case $(readlink "/proc/$pid/fd/3" 2>/dev/null) in "$work/state"/*) echo "$pid" ;; esac
	done
}
pss() { awk '$1 == "Pss:" { print $2 }' "/proc/$1/smaps_rollup"; }
median() { sort -n | awk '{ all[NR] = $1 } END { printf "%5d (%d to %d)", all[int((NR + 1) / 2)], all[1], all[NR] }'; }

measure() { # WHAT PORTS
	local begin i
	printf '{"name": "many", "rootfs": "%s/rootfs", "command": ["sleep", "1000"], "network_mode": "private", "ports": [%s]}\n' "$work" "$2" >"$work/many.json"
	: >"$work/starts"
	: >"$work/ends"
	for ((i = 0; i < rounds; i++)); do
		begin=$(now_ms)
		box run -d "$work/many.json" >/dev/null 2>&1
		echo $(($(now_ms) - begin)) >>"$work/starts"
		[ $i -gt 0 ] || memory=$(for title in 'box:[network]' 'box:[spare]' 'box:[uplink]'; do pss "$(of_network "$title")"; done | tr '\n' ' ')
		begin=$(now_ms)
		box rm -f many >/dev/null
		echo $(($(now_ms) - begin)) >>"$work/ends"
	done
	printf '%-34s start %-22s end %-20s Pss of box-net, spare, keeper (KiB) %s\n' "$1" "$(median <"$work/starts")" "$(median <"$work/ends")" "$memory"
}

echo "ms: median (least to most) of $rounds; load $(cut -d' ' -f1-3 /proc/loadavg)"
dnat='"host_ip": "0.0.0.0", "mode": "dnat"'
measure "none" ''
measure "one" '"8000:80"'
measure "1,000 TCP (2,000 sockets)" '"8000-8999:8000-8999"'
measure "1,000 TCP and UDP (4,000 sockets)" '"8000-8999:8000-8999", "8000-8999:8000-8999/udp"'
measure "1,000 dnat" '{"target": 8000, "published": 8000, "count": 1000, '"$dnat"'}'
measure "2,000 dnat" '{"target": 8000, "published": 8000, "count": 1000, '"$dnat"'}, {"target": 9000, "published": 9000, "count": 1000, '"$dnat"'}'
