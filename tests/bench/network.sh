#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# network.sh [O] - what a network adds to the whole-process time of "box run": without one, into one that is there, and with one of its own.
#
# In a network namespace of its own: the machine's is not touched. Needs root. BENCH_ROUNDS (default 60).
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "${1:-build}")
rounds=${BENCH_ROUNDS:-60}

[ "$(id -u)" -eq 0 ] || { echo "bench: needs root" >&2; exit 1; }
[ -x "$out/tests/timing" ] || { echo "bench: no $out/tests/timing; run make bench" >&2; exit 1; }
[ -n "${BENCH_INSIDE:-}" ] || BENCH_INSIDE=1 exec unshare -n "$0" "$out"

work=$(mktemp -d /tmp/box-bench-XXXXXX)
chmod 711 "$work"
export BOX_STORE=$work/store
box() { "$out/bin/box" --root "$work/state" "$@"; }
trap 'box rm -f holder >/dev/null || true; rm -rf "$work"' EXIT
ip link set lo up
scripts/make-rootfs "$work/rootfs"

app() { # app NAME FIELDS COMMAND
	printf '{"name": "%s", "rootfs": "%s/rootfs", %s"command": [%s]}\n' "$1" "$work" "$2" "$3" >"$work/$1.json"
}
app holder '"networks": ["front"], ' '"sleep", "1000"'
app none '' '"true"'
app joined '"networks": ["front"], ' '"true"'
app own '"network_mode": "private", ' '"true"'
box run -d "$work/holder.json" >/dev/null
echo "box run of true, wall and CPU time in us (median, least, most); load $(cut -d' ' -f1-3 /proc/loadavg)"
for gap in 0 50; do
	echo "$gap ms apart:"
	"$out/tests/timing" "$rounds" $gap 1 -- none "$out/bin/box" --root "$work/state" run "$work/none.json" \
		-- joined "$out/bin/box" --root "$work/state" run "$work/joined.json" \
		-- own "$out/bin/box" --root "$work/state" run "$work/own.json" |
		awk '{ printf "  %-8s wall %6d %6d %6d   cpu %6d %6d %6d\n", $1, $2, $3, $4, $5, $6, $7 }'
done
