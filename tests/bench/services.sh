#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# services.sh [BUILD] - many services in one file: up, a second up that has nothing to do, down, and what is left. As root. Prints a table in
# Markdown.
#
# BENCH_SERVICES (default 100). Beside it, the same apps by podman and Docker: with docker-compose where that is installed, else a loop over
# "run -d" (and "rm -f"), several at once (BENCH_AT_ONCE, default 4), without a network where the engine has none to give in here.
#
# All of it happens in one machine (machine.bash), every store on a tmpfs. What cannot be run here is left out, with a word.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/machine.bash"
[ -n "${BENCH_INSIDE:-}" ] || bench_outside "$0" "$@"

build=$1
services=${BENCH_SERVICES:-100} at_once=${BENCH_AT_ONCE:-4}
export BOX_STORE=/var/lib/containers/box XDG_CACHE_HOME=/run/cache
box() { "$build/bin/box" "$@"; }
lacks() { echo "$1: left out: $2" >&2; }

# shellcheck disable=SC2016
app='trap "exit 0" TERM; sleep 1000000 & wait'
names=()
for ((n = 0; n < services; n++)); do names+=("s$n"); done

write_file() { # write_file FIELDS: of each service
	printf '%s\n' "${names[@]}" | jq -Rn --arg app "$app" --argjson more "{$1}" '
		{name: "many", services: (reduce inputs as $name ({}; .[$name] = ({image: "bench/base:1", command: ["sh", "-c", $app],
			environment: {PATH: "/bin"}} + $more)))}' >/run/many.json
}

# What there is of these apps, or of who keeps them, a line each: processes, links, groups and mounts.
things() {
	ps -eo comm=,args= | awk '!/^(ps|awk|sort|bash|xargs|sleep|comm|services.sh) / { print "process", $1 }'
	ip -br link | awk '{ print "link", $1 }'
	find /sys/fs/cgroup -type d \( -name 'many-*' -o -name 's[0-9]*' -o -name 'libpod-*' \) -printf 'cgroup %f\n'
	awk '{ print "mount", $5 }' /proc/self/mountinfo
}
left() { # left FILE: what was not there before
	local said
	for _ in {1..50}; do
		said=$(comm -13 "$1" <(things | sort) | awk '{ count[$1]++; last[$1] = $2 } END { for (i in count) printf "%d %s (%s) ", count[i], i, last[i] }')
		[ -n "$said" ] || break
		sleep 0.1
	done
	echo "${said:-nothing}"
}
seconds() { # seconds COMMAND…: that it took
	local begun=${EPOCHREALTIME/./}
	"$@" >>"$WORK/said" 2>&1 || { tail -n 3 "$WORK/said" >&2; return 1; }
	awk -v us=$((${EPOCHREALTIME/./} - begun)) 'BEGIN { printf "%.2f", us / 1000000 }'
}

row_box() { # row_box WHAT FIELDS MEMBERS: of the network
	local up again down
	write_file "$2"
	things | sort >"$WORK/before"
	up=$(seconds box up /run/many.json)
	[ "$(box ps -q | wc -l)" -eq "$services" ] || { echo "not all of them run" >&2; return 1; }
	[ "$(box network ls | awk '$1 == "many_default" { print $NF }')" = "$3" ] || { echo "not all of them are in the network" >&2; return 1; }
	again=$(seconds box up /run/many.json)
	down=$(seconds box down /run/many.json)
	echo "| box up, down: $1 | $up | $again | $down | $(left "$WORK/before") |"
}

run_all() { printf '%s\n' "${names[@]}" | xargs -P "$at_once" -I NAME "$@"; }
row_engine() { # row_engine ENGINE NETWORK
	local up down
	things | sort >"$WORK/before"
	up=$(seconds run_all "$1" run -d --network "$2" --name NAME base sh -c "$app")
	down=$(seconds run_all "$1" rm -f NAME)
	echo "| $1 run -d, rm -f in a loop, $at_once at once: network $2 | $up | | $down | $(left "$WORK/before") |"
}

# Its default network wants iptables and a bridge, which this dockerd has not.
row_compose() {
	local up again down
	jq '{version: "2.4", services: (.services | map_values({image: "base", command, network_mode: "none"}))}' /run/many.json >/run/docker-compose.json
	things | sort >"$WORK/before"
	export COMPOSE_PARALLEL_LIMIT=$at_once # with its own, 64, this dockerd hangs
	up=$(seconds timeout 180 docker-compose -f /run/docker-compose.json -p many up -d)
	again=$(seconds docker-compose -f /run/docker-compose.json -p many up -d)
	down=$(seconds docker-compose -f /run/docker-compose.json -p many down)
	echo "| docker-compose up -d, down: no network | $up | $again | $down | $(left "$WORK/before") |"
}

box import "$WORK/rootfs.tar" bench/base:1 >/dev/null
machine_is
echo
echo "| $services services | up, s | up again, s | down, s | left |"
echo '|---|---|---|---|---|'
row_box "one private network" '' "$services"
box network prune >/dev/null
row_box "no network" '"network_mode": "none"' ''

if podman_settings runc && podman import -c 'ENV PATH=/bin' "$WORK/rootfs.tar" base >"$WORK/said" 2>&1; then
	if podman network create many >"$WORK/said" 2>&1 && podman run --rm --network many base true >"$WORK/said" 2>&1; then
		row_engine podman many
	else
		lacks "podman, with a network" "$(tail -n 1 "$WORK/said")"
	fi
	row_engine podman none
else
	lacks podman "$(tail -n 1 "$WORK/said")"
fi
# xargs wants a program.
mkdir -p /run/bin && ln -sf /usr/bin/docker /run/bin/docker && PATH=/run/bin:$PATH
if docker_begin /var/lib/docker >"$WORK/said" 2>&1; then
	row_engine docker none
	if command -v docker-compose >/dev/null; then row_compose; else lacks docker-compose "it is not installed"; fi
else
	lacks docker "$(tail -n 1 "$WORK/said")"
fi
