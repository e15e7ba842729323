#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# logs.sh [BUILD [GIB]] - the log paths of box, podman (conmon, k8s-file) and Docker (json-file) beside each other: an app writes GIB gibibytes
# (default 1) of numbered lines as fast as they are taken, and each log is bounded to 30 MiB (10 MiB x 3). As root.
#
# The tools take turns (ROUNDS, 3). BENCH_TOOLS (default "box podman docker"), BENCH_LINE (default 100): bytes of a line, BENCH_PEER_GIB: what
# the others write, where that is less. What cannot be run here is left out, with a word. All run the same program from the same root, in one
# machine (machine.bash), and have their logs on the disk.
#
# Prints a table in Markdown: medians of seconds by the clock (the app's own, from its first line to its last), of processor time of
# whoever handles the log (box-supervise; conmon; dockerd and the shim), per GiB, and what is on disk in the end; how many lines the tool
# then still shows, and whether these are all from some number on to the last.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/machine.bash"
if [ -z "${BENCH_INSIDE:-}" ]; then
	[ -x "${1:-build}/tests/lines" ] || { echo "logs.sh: no ${1:-build}/tests/lines; run: make ${1:-build}/tests/lines" >&2; exit 1; }
	bench_outside "$0" "$@"
fi
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified # as in oci.sh: crun refuses hosts with both trees

build=$1 gib=${2:-1} peer_gib=${BENCH_PEER_GIB:-${2:-1}} rounds=${ROUNDS:-3} line=${BENCH_LINE:-100} tools=${BENCH_TOOLS:-box podman docker}
work=$WORK/logs
mkdir -p "$work"/{root/{bin,proc,dev,sys,tmp,etc,run},store,figures}
cp "$WORK/bench/lines" "$(command -v busybox)" "$work/root/bin/"
ln -s busybox "$work/root/bin/sh"
tar -C "$work/root" -cf "$WORK/rootfs.tar" . # what is imported
# shellcheck disable=SC2016
app_of() { echo 'read a b </proc/uptime; lines '$(($1 * 1024))" $line"'; read c d </proc/uptime; echo "took $a $c" >&2; exec busybox sleep 1000'; }
gib_of() { if [ "$1" = box ]; then echo "$gib"; else echo "$peer_gib"; fi; }

# Seconds of the processor of these processes so far.
seconds_of() {
	local pid
	for pid; do cut -d' ' -f14,15 "/proc/$pid/stat" 2>/dev/null || true; done |
		awk -v hz="$(getconf CLK_TCK)" '{ all += $1 + $2 } END { printf "%.2f\n", all / hz }'
}

# --- box
box() { BOX_STORE=$work/store "$build/bin/box" --root "$work/state" "$@"; }
begin_box() {
	jq -n --arg app "$(app_of "$gib")" '{name: "lines", rootfs: "./root", command: ["/bin/sh", "-c", $app], environment: {PATH: "/bin"}}' >"$work/app.json"
	(cd "$work" && box run -d app.json >/dev/null)
	sed -n 's/^pid //p' "$work/state/lines/supervisor" >"$work/pids"
}
told_box() { box logs --stream stderr lines 2>&1; }
lines_box() { box logs --stream stdout lines; }
size_box() { du -sk "$work/store/apps/lines/log"; }
end_box() { box rm -f lines; }

# --- podman
podman_() { podman --root "$work/pod" --runroot "$work/podrun" --tmpdir "$work/podtmp" "$@"; }
begin_podman() {
	podman_settings crun
	podman_ run -d --name lines --network none --cgroups=disabled --log-driver k8s-file --log-opt max-size=30m -e PATH=/bin \
		--rootfs "$work/root" /bin/sh -c "$(app_of "$peer_gib")" >/dev/null
	podman_ inspect --format '{{.State.ConmonPid}}' lines >"$work/pids"
}
told_podman() { podman_ logs --tail 3000 lines 2>&1; }
lines_podman() { podman_ logs lines 2>/dev/null; }
size_podman() { du -sk "$(dirname "$(podman_ inspect --format '{{.HostConfig.LogConfig.Path}}' lines)")"; }
end_podman() { podman_ rm -f -t 0 lines >/dev/null; }

# --- Docker
begin_docker() {
	docker version >/dev/null 2>&1 || docker_begin "$work/docker"
	docker run -d --name lines --network none --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 base \
		/bin/sh -c "$(app_of "$peer_gib")" >/dev/null
	pgrep -f '^(dockerd|/usr/bin/containerd-shim-runc-v2) ' >"$work/pids"
}
told_docker() { docker logs --tail 3000 lines 2>&1; }
lines_docker() { docker logs lines 2>/dev/null; }
size_docker() { du -ck "$(docker inspect --format '{{.LogPath}}' lines)"* | tail -n 1; }
end_docker() { docker rm -f lines >/dev/null; }

# "COUNT WORD" of what a tool shows: are the lines, which begin with their numbers, all up to the last? One that had no end yet may be cut.
whole() {
	awk -v last=$((($1 << 30) / line - 1)) '
		/^[0-9]+ / { if (seen && $1 + 0 != at + 1) gap = 1; at = $1 + 0; seen++ }
		END { print seen + 0, (seen && !gap && at >= last) ? "yes" : "no" }'
}

# One run of a tool: "WALL CPU MIB LINES WHOLE". The app sleeps behind its last line, so that its figures are still there.
measure() {
	local pids told before n
	n=$(gib_of "$1")
	"begin_$1" || return 1
	mapfile -t pids <"$work/pids"
	before=$(seconds_of "${pids[@]}")
	until told=$("told_$1" | grep -a 'took [0-9]'); do sleep 1; done
	echo "${told##*took } $(seconds_of "${pids[@]}") $("size_$1" | cut -f1) $("lines_$1" | whole "$n")" |
		awk -v gib="$n" -v before="$before" '{ print ($2 - $1) / gib, ($3 - before) / gib, $4 / 1024, $5, $6 }'
	"end_$1" >&2
}

machine_is
echo
for ((round = 0; round < rounds; round++)); do
	for tool in $tools; do
		measure "$tool" >>"$work/figures/$tool" 2>"$work/error" || { echo "$tool: left out: $(tail -n 1 "$work/error")" >&2; rm -f "$work/figures/$tool"; }
	done
done
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo "| lines of $line bytes | GiB written | s per GiB | processor s per GiB of the log writer | MiB on disk | lines kept | all up to the last |"
echo '|---|---|---|---|---|---|---|'
for tool in $tools; do
	[ -s "$work/figures/$tool" ] || continue
	{
		for n in 1 2 3 4; do cut -d' ' -f$n "$work/figures/$tool" | median; done
		cut -d' ' -f5 "$work/figures/$tool" | sort | head -n 1
	} | awk -v tool="$tool" -v gib="$(gib_of "$tool")" '{ v[NR] = $1 } END { printf "| %s | %d | %.2f | %.2f | %.0f | %d | %s |\n", tool, gib, v[1], v[2], v[3], v[4], v[5] }'
done
