#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# oci.sh [O [MODE…]] - whole-process time of box as an OCI runtime against Debian's runc and crun: the same bundle ("runc spec", Docker's
# seccomp profile, pids and memory limits, a static busybox true), in one paired run each for run, create + start + delete, exec, and
# 50 runs at once. Needs root. MODE: hot, spaced, many (default all three).
#
# crun refuses hosts with a v2 tree beside v1 ones: there, everything is measured in a mount namespace that hides it.
# BENCH_ROUNDS (default 40): rounds hot and spaced; a tenth of that many at once. BENCH_PROFILE: another profile of Docker's form.
# BENCH_PEERS (default "runc crun"). BENCH_BOX: another program beside this one, called "before": to see what a change gained.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ "$(id -u)" -eq 0 ] || { echo "bench: needs root" >&2; exit 1; }
if [ -z "${BENCH_INSIDE:-}" ]; then
	BENCH_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified

out=$(realpath "${1:-build}")
shift || true
modes=${*:-hot spaced many}
rounds=${BENCH_ROUNDS:-40}
profile=${BENCH_PROFILE:-/usr/share/containers/seccomp.json}
[ -e "$profile" ] || profile=runtime/seccomp/seccomp_default.json
for tool in runc jq; do
	command -v $tool >/dev/null || { echo "bench: no $tool; run scripts/setup test" >&2; exit 1; }
done
[ -x "$out/tests/timing" ] || { echo "bench: no $out/tests/timing; run make bench" >&2; exit 1; }

work=$(mktemp -d /tmp/box-bench-XXXXXX)
runtimes=()
declare -A program
tidy() {
	for name in "${runtimes[@]}"; do
		"${program[$name]}" --root "$work/state/$name" delete --force "bench-$name-sleep" >/dev/null 2>&1 || true
	done
	umount "$work/state"
	rm -rf "$work"
}
trap tidy EXIT
chmod 755 "$work"
mkdir "$work/state"
mount -t tmpfs -o mode=755 state "$work/state" # as /run is on most hosts
scripts/make-rootfs "$work/rootfs"

bundle() { # bundle FOLDER PROGRAM
	mkdir "$1"
	runc spec -b "$1"
	jq --slurpfile profile "$profile" --arg program "$2" --arg rootfs "$work/rootfs" -f tests/bench/bundle.jq "$1/config.json" >"$1/new"
	mv "$1/new" "$1/config.json"
}
bundle "$work/true" /bin/true
bundle "$work/sleep" "/bin/sleep 1000000"

# Each with a container for exec; one that cannot start one here is left out.
add() { # add NAME PROGRAM
	program[$1]=$2
	if "$2" --root "$work/state/$1" run -d -b "$work/sleep" "bench-$1-sleep" </dev/null >"$work/said" 2>&1; then
		runtimes+=("$1")
	else
		echo "bench: $1 is left out: $(cat "$work/said")" >&2
	fi
}
add box "$out/bin/box"
[ -z "${BENCH_BOX:-}" ] || add before "$BENCH_BOX"
for peer in ${BENCH_PEERS-runc crun}; do
	! command -v "$peer" >/dev/null || add "$peer" "$(command -v "$peer")"
done

# The words of one measurement for every runtime, in "all".
collect() { # collect run|life|exec
	all=()
	for name in "${runtimes[@]}"; do
		call=("${program[$name]}" --root "$work/state/$name")
		case $1 in
		run) all+=(-- "$name" "${call[@]}" run -b "$work/true" "bench-$name-@") ;;
		life) all+=(-- "$name" "${call[@]}" create -b "$work/true" "bench-$name-@" ++ "${call[@]}" start "bench-$name-@"
			++ "${call[@]}" delete --force "bench-$name-@") ;;
		exec) all+=(-- "$name" "${call[@]}" exec "bench-$name-sleep" /bin/true) ;;
		esac
	done
}

measure() { # measure TITLE KIND ROUNDS GAP_MS AT_ONCE
	collect "$2"
	"$out/tests/timing" "$3" "$4" "$5" "${all[@]}" >"$work/figures" 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }
	awk -v title="$1" '
	{ name[NR] = $1; for (i = 2; i <= 7; i++) ms[NR, i] = $i / 1000; mib[NR] = $8 / 1024; at[$1] = NR }
	function ratio(i, column, peer) { return peer in at && name[i] != peer ? sprintf("%.3f", ms[i, column] / ms[at[peer], column]) : "" }
	END {
		for (i = 1; i <= NR; i++)
			printf "| %s | %s | %.2f (%.2f to %.2f) | %.2f (%.2f to %.2f) | %.1f | %s | %s | %s | %s |\n", title, name[i],
				ms[i, 2], ms[i, 3], ms[i, 4], ms[i, 5], ms[i, 6], ms[i, 7], mib[i],
				ratio(i, 2, "crun"), ratio(i, 5, "crun"), ratio(i, 2, "runc"), ratio(i, 5, "runc")
	}' "$work/figures"
}

version() { "$1" --version | sed -n 's/.*version //p;q'; }
echo "$(date -u +%F), Linux $(uname -r), $(uname -m), $(nproc) cores; box $("$out/bin/box" --version | head -1 | sed 's/^box //'); $(
	for name in "${runtimes[@]}"; do case $name in box | before) ;; *) echo -n "$name $(version "$name"); " ;; esac; done)profile $profile"
echo
echo "| | | wall ms: median (range) | CPU ms: median (range) | peak MiB | wall / crun | CPU / crun | wall / runc | CPU / runc |"
echo "|---|---|---|---|---|---|---|---|---|"
for mode in $modes; do
	case $mode in
	hot | spaced)
		gap=0
		[ "$mode" = hot ] || gap=50
		measure "run, $mode" run "$rounds" $gap 1
		measure "create, start, delete, $mode" life "$rounds" $gap 1
		measure "exec, $mode" exec "$rounds" $gap 1
		;;
	many) measure "50 runs at once" run "$(((rounds + 9) / 10))" 0 50 ;;
	esac
done
