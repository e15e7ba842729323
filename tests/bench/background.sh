#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# background.sh [BUILD [PART…]] - apps that run for long, beside podman and Docker. As root. Prints tables in Markdown.
#
#     memory   what stays resident for an app: box's supervisor and watcher, podman's conmon, containerd's shim; and daemons
#     latency  how long "run -d" and "stop" take
#     many     APPS apps of box at once: their start, their memory, what they do while they idle, ps, stop, what is left
#
# BENCH_APPS (default 10): apps in memory, BENCH_ROUNDS (default 20): of latency, BENCH_MANY (default 200), BENCH_IDLE (default 60): seconds.
#
# All of it happens in one machine (machine.bash), every store on a tmpfs. podman and Docker use runc, and no network. What cannot be run here
# is left out, with a word.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/machine.bash"
[ -n "${BENCH_INSIDE:-}" ] || bench_outside "$0" "$@"

build=$1 parts=${*:2}
export BOX_STORE=/var/lib/containers/box XDG_CACHE_HOME=/run/cache
here=()
box() { "$build/bin/box" "$@"; }
lacks() { echo "$1: left out: $2" >&2; }

prepare_box() { box import "$WORK/rootfs.tar" bench/base:1 >/dev/null; }
prepare_podman() {
	podman_settings runc
	podman import -c 'ENV PATH=/bin' "$WORK/rootfs.tar" base
}
prepare_docker() { docker_begin /var/lib/docker; }
for tool in box podman docker; do
	if "prepare_$tool" >"$WORK/said" 2>&1; then here+=("$tool"); else lacks "$tool" "$(tail -n 1 "$WORK/said")"; fi
done

# The same app for all: it sleeps, and ends when it is asked to.
# shellcheck disable=SC2016
app='trap "exit 0" TERM; sleep 1000000 & wait'
jq -n --arg app "$app" '{name: "bench", image: "bench/base:1", command: ["sh", "-c", $app], environment: {PATH: "/bin"}}' >/run/app.json
begin_box() { box run -d --name "$1" /run/app.json; }
begin_podman() { podman run -d --network none --name "$1" base sh -c "$app"; }
begin_docker() { docker run -d --network none --name "$1" base sh -c "$app"; }
stop_box() { box stop "$1"; }
stop_podman() { podman stop "$1"; }
stop_docker() { docker stop "$1"; }
remove_box() { box rm -f "$1"; }
remove_podman() { podman rm -f "$1"; }
remove_docker() { docker rm -f "$1"; }

# The processes of that title, or that program. No app has it.
watchers() { pgrep -f '^box:\[watch\]' || true; }
supervisors() { pgrep -f '^box:\[supervise\]' || true; }

# --- memory: KiB of these processes
memory_row() { # memory_row WHAT APPS PID…
	local what=$1 apps=$2
	shift 2
	for pid; do cat "/proc/$pid/smaps_rollup" "/proc/$pid/status"; done | awk -v what="$what" -v apps="$apps" -v count=$# '
		{ sum[$1] += $2 }
		END {
			printf "| %s | %d | %.1f | %.0f | %.0f | %.0f | %.0f |\n", what, count, sum["Threads:"] / count, sum["RssAnon:"] / apps,
				sum["Private_Dirty:"] / apps, sum["Pss_Shmem:"] / apps, sum["Pss:"] / apps
		}'
}
part_memory() {
	local apps=${BENCH_APPS:-10} tool n
	for tool in "${here[@]}"; do
		for ((n = 0; n < apps; n++)); do "begin_$tool" "m$n" >/dev/null; done
	done
	sleep 5
	echo "| resident for $apps apps | processes | threads of each | RssAnon, KiB for an app | private dirty | Pss of tmpfs | Pss |"
	echo '|---|---|---|---|---|---|---|'
	# shellcheck disable=SC2046
	for tool in "${here[@]}"; do
		case $tool in
		box)
			memory_row "box: supervisors" "$apps" $(supervisors)
			memory_row "box: the watcher" "$apps" $(watchers)
			memory_row "box, all" "$apps" $(supervisors) $(watchers)
			;;
		podman) memory_row "podman: conmon" "$apps" $(pgrep -x conmon) ;;
		docker)
			memory_row "Docker: containerd-shim-runc-v2" "$apps" $(pgrep -f '^/usr/bin/containerd-shim-runc-v2')
			memory_row "Docker: dockerd and containerd" "$apps" $(pgrep -x 'dockerd|containerd')
			;;
		esac
	done
	for tool in "${here[@]}"; do
		for ((n = 0; n < apps; n++)); do "remove_$tool" "m$n" >/dev/null & done
		mapfile -t jobs < <(jobs -p | grep -vx "$(pgrep -x dockerd)")
		wait "${jobs[@]}"
	done
}

# --- latency
microseconds() { # of a command
	local begun=$EPOCHREALTIME ended
	"$@" >/dev/null
	ended=$EPOCHREALTIME
	echo $((${ended/./} - ${begun/./}))
}
# shellcheck disable=SC2120
quartiles() { sort -n | awk '{ v[NR] = $1 / 1000 } END { printf "%.0f (%.0f to %.0f)", v[int((NR + 1) / 2)], v[1], v[NR] }'; }
part_latency() {
	local rounds=${BENCH_ROUNDS:-20} tool n
	for ((n = 0; n < rounds; n++)); do
		for tool in "${here[@]}"; do
			microseconds "begin_$tool" late >>"$WORK/begin-$tool"
			microseconds "stop_$tool" late >>"$WORK/stop-$tool"
			"remove_$tool" late >/dev/null
		done
	done
	echo "| $rounds of each, in turns | run -d, ms: median (range) | stop |"
	echo '|---|---|---|'
	for tool in "${here[@]}"; do
		echo "| $tool | $(quartiles <"$WORK/begin-$tool") | $(quartiles <"$WORK/stop-$tool") |"
	done
}

# --- many
# "NANOSECONDS SWITCHES" of all of them so far; a switch by their own will is one sleep, from which something woke them.
activity() {
	for pid; do cat "/proc/$pid/schedstat" "/proc/$pid/status" 2>/dev/null || true; done |
		awk 'NF == 3 && $1 ~ /^[0-9]+$/ { ns += $1 } $1 == "voluntary_ctxt_switches:" { switches += $2 } END { printf "%.0f %.0f\n", ns, switches }'
}
seconds() { awk -v us="$(microseconds "$@")" 'BEGIN { printf "%.2f\n", us / 1e6 }'; }
begin_many() { for ((n = $1; n < $2; n++)); do begin_box "n$n"; done; }
part_many() {
	local many=${BENCH_MANY:-200} idle=${BENCH_IDLE:-60} names=() pids n before after
	for ((n = 0; n < many; n++)); do names+=("n$n"); done
	echo "| $many apps of box | |"
	echo '|---|---|'
	echo "| box run -d, one after the other, s: in quarters | $(for n in 0 1 2 3; do seconds begin_many $((n * many / 4)) $(((n + 1) * many / 4)); done | paste -sd' ') |"
	mapfile -t pids < <(supervisors; watchers)
	memory_row x "$many" "${pids[@]}" | awk -F'|' '{ printf "| supervisors and watchers | %d |\n| KiB for an app: RssAnon, private dirty, Pss of tmpfs, Pss |%s,%s,%s,%s|\n", $3, $5, $6, $7, $8 }'
	before=$(activity "${pids[@]}")
	sleep "$idle"
	after=$(activity "${pids[@]}")
	echo "$before $after" | awk -v idle="$idle" '{ printf "| in %d s without anything to do: ms of the processor, wake-ups, of all of them | %.2f, %d |\n", idle, ($3 - $1) / 1e6, $4 - $2 }'
	echo "| box ps, s | $(seconds box ps) |"
	echo "| box stop of all of them, s | $(seconds box stop "${names[@]}") |"
	echo "| box rm of all of them, s | $(seconds box rm "${names[@]}") |"
	mapfile -t pids < <(supervisors)
	echo "| left: supervisors, apps, state folders, mounts, cgroups | ${#pids[@]}, $(box ps -aq | wc -l), $(find /run/box -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l), $(grep -c n1 /proc/self/mountinfo || true), $(find /sys/fs/cgroup -path '*/box/*' -type d | wc -l) |"
}

for part in ${parts:-memory latency many}; do
	machine_is
	echo
	"part_$part"
	echo
done
