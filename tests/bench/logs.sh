#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# logs.sh BUILD [GIB] - the log paths of box and podman (conmon, k8s-file) beside each other: an app writes GIB gibibytes (default 1) of lines
# as fast as they are taken, and each log is bounded to 30 MiB. As root.
#
# The tools take turns (ROUNDS, 3). BENCH_TOOLS (default "box podman"), BENCH_LINE (default 100): bytes of a line. What cannot be run here is
# left out, with a word. Both run the same program from the same root.
#
# Prints a table in Markdown: medians of seconds by the clock (the app's own, from its first line to its last), of processor time of
# whoever writes the log (box-supervise, conmon), per GiB, and what is on disk in the end.
set -euo pipefail

build=$(realpath "${1:-build}")
gib=${2:-1} rounds=${ROUNDS:-3} line=${BENCH_LINE:-100}
[ -x "$build/tests/lines" ] || { echo "logs.sh: no $build/tests/lines; run: make $build/tests/lines" >&2; exit 1; }
if [ -z "${BENCH_INSIDE:-}" ]; then
	BENCH_INSIDE=1 exec unshare -mn --propagation private "$0" "$@" # with no network but a loopback
fi
ip link set lo up
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified # as in oci.sh: crun refuses hosts with both trees

work=$(mktemp -d /tmp/box-logs-XXXXXX) # podman takes no long path
finish() {
	podman_ rm -fa >/dev/null 2>&1 || true
	box rm -f lines >/dev/null 2>&1 || true
	rm -rf --one-file-system "$work"
}
trap finish EXIT

mkdir -p "$work"/{root/{bin,proc,dev,sys,tmp,etc,run},store,figures}
cp "$build/tests/lines" "$(command -v busybox)" "$work/root/bin/"
ln -s busybox "$work/root/bin/sh"
# shellcheck disable=SC2016
app='read a b </proc/uptime; lines '$((gib * 1024))' '$line'; read c d </proc/uptime; echo "took $a $c" >&2; exec busybox sleep 3'

# Seconds of the processor of these processes so far.
seconds_of() {
	local pid
	for pid; do cut -d' ' -f14,15 "/proc/$pid/stat" 2>/dev/null || true; done |
		awk -v hz="$(getconf CLK_TCK)" '{ all += $1 + $2 } END { printf "%.2f\n", all / hz }'
}

# --- box
box() { BOX_STORE=$work/store "$build/bin/box" --root "$work/state" "$@"; }
begin_box() {
	jq -n --arg app "$app" '{name: "lines", rootfs: "./root", command: ["/bin/sh", "-c", $app], environment: {PATH: "/bin"}}' >"$work/app.json"
	(cd "$work" && box run -d app.json >/dev/null)
	sed -n 's/^pid //p' "$work/state/lines/supervisor" >"$work/pids"
}
told_box() { box logs --stream stderr lines 2>&1; }
size_box() { du -sk "$work/store/apps/lines/log"; }
end_box() { box rm -f lines; }

# --- podman
podman_() { podman --root "$work/pod" --runroot "$work/podrun" --tmpdir "$work/podtmp" --cgroup-manager cgroupfs --events-backend none --runtime crun "$@"; }
begin_podman() {
	podman_ run -d --name lines --network none --cgroups=disabled --log-driver k8s-file --log-opt max-size=30m --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		-e PATH=/bin --rootfs "$work/root" /bin/sh -c "$app" >/dev/null
	podman_ inspect --format '{{.State.ConmonPid}}' lines >"$work/pids"
}
told_podman() { podman_ logs --tail 5 lines 2>&1; }
size_podman() { du -sk "$(dirname "$(podman_ inspect --format '{{.HostConfig.LogConfig.Path}}' lines)")"; }
end_podman() { podman_ rm -f -t 0 lines >/dev/null; }

# One run of a tool: "WALL CPU MIB". The app sleeps behind its last line, so that its figures are still there.
measure() {
	local pids told
	"begin_$1" || return 1
	mapfile -t pids <"$work/pids"
	until told=$("told_$1" | grep -a 'took [0-9]'); do sleep 0.3; done
	echo "${told##*took } $(seconds_of "${pids[@]}") $("size_$1")" | awk -v gib="$gib" '{ print ($2 - $1) / gib, $3 / gib, $4 / 1024 }'
	"end_$1" >&2
}

for ((round = 0; round < rounds; round++)); do
	for tool in ${BENCH_TOOLS:-box podman}; do
		measure "$tool" >>"$work/figures/$tool" 2>"$work/error" || { echo "$tool: $(tail -n 1 "$work/error")" >&2; rm -f "$work/figures/$tool"; }
	done
done
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo "| $gib GiB, lines of $line bytes | s per GiB | processor s per GiB of the log writer | MiB on disk |"
echo '|---|---|---|---|'
for tool in ${BENCH_TOOLS:-box podman}; do
	[ -s "$work/figures/$tool" ] || continue
	for n in 1 2 3; do cut -d' ' -f$n "$work/figures/$tool" | median; done | awk -v tool="$tool" '{ v[NR] = $1 } END { printf "| %s | %.2f | %.2f | %.0f |\n", tool, v[1], v[2], v[3] }'
done
