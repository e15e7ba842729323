#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# audit.sh [BUILD] - what the audit trail costs "box run" of true: this box beside one that is built from the same sources with one word
# changed, the NOT_AUDITED of the row of run. As root.
#
# BENCH_ROUNDS (default 300): runs of each, which take turns. BENCH_GAPS (default "0 50"): ms of rest before each. BENCH_BOX=FOLDER/bin/box: another box as a third
# ("before"), to see what a change gained. Prints a table in Markdown.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$(realpath "${1:-build}") rounds=${BENCH_ROUNDS:-300}
[ "$(id -u)" -eq 0 ] || { echo "audit.sh: needs root" >&2; exit 1; }
[ -x "$build/tests/timing" ] || { echo "audit.sh: no $build/tests/timing; run: make $build/tests/timing" >&2; exit 1; }

work=$(mktemp -d /tmp/box-audit-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"

# The other box, in a folder of its own, and this one's helpers beside both.
mkdir "$work/without" "$work/on" "$work/off"
git ls-files -z | tar --null --files-from=- -c | tar -x -C "$work/without"
sed -i '/^\t{ "run",/,/AUDITED }/s/\bAUDITED }/NOT_AUDITED }/' "$work/without/cli/commands.c"
! cmp -s cli/commands.c "$work/without/cli/commands.c" || { echo "audit.sh: cli/commands.c has no row of run that is AUDITED" >&2; exit 1; }
cp -a "$build" "$work/without/build" # of which one object is made anew: tar kept the times
make -s -C "$work/without" build/bin/box >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
cp -r "$build/bin" "$build/libexec" "$work/on"
cp -r "$work/without/build/bin" "$build/libexec" "$work/off"

scripts/make-rootfs "$work/rootfs"
boxes=()
box_of() { # box_of NAME PROGRAM: each with a spec, a store and a state of its own
	mkdir -p "$work/specs"
	printf '{"name": "bench", "rootfs": "%s/rootfs", "command": ["/bin/true"]}\n' "$work" >"$work/specs/$1.json"
	boxes+=(-- "$1" env BOX_STORE="$work/store-$1" XDG_CACHE_HOME="$work/cache-$1" "$2" --root "$work/state-$1" run "$work/specs/$1.json")
}
box_of on "$work/on/bin/box"
box_of off "$work/off/bin/box"
[ -z "${BENCH_BOX:-}" ] || box_of before "$BENCH_BOX"

echo "Linux $(uname -r), $(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg)"
echo
echo "| $rounds runs of each | wall ms: median (least) | CPU ms: median (least) | wall / off | CPU / off |"
echo "|---|---|---|---|---|"
for gap in ${BENCH_GAPS:-0 50}; do
	"$build/tests/timing" "$rounds" "$gap" 1 "${boxes[@]}" >"$work/figures"
	[ -s "$work/store-on/audit.log" ] && [ ! -e "$work/store-off/audit.log" ] || { echo "audit.sh: the trails are not as they should be" >&2; exit 1; }
	awk -v mode="$([ "$gap" = 0 ] && echo hot || echo spaced)" '
	$1 == "off" { wall = $2; cpu = $5 }
	{ line[NR] = $0 }
	END {
		for (i = 1; i <= NR; i++) {
			split(line[i], f, " ")
			printf "| %s, %s | %.2f (%.2f) | %.2f (%.2f) | %.3f | %.3f |\n", mode, f[1], f[2] / 1000, f[3] / 1000, f[5] / 1000, f[6] / 1000, f[2] / wall, f[5] / cpu
		}
	}' "$work/figures"
done
