#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [O] - whole-process time of "box run" against Debian's runc (and crun, where installed), in one paired run. Needs root.
#
# Same root file system (a folder), same program (true), same capabilities, the same seccomp profile file, pids and memory limits. box also
# makes what its app.json means by default: a user namespace, an id-mapped root, a writable overlay, its own pipes; the others do not.
# BENCH_ROUNDS (default 100) rounds hot, half as many spaced; BENCH_PROGRAM="/bin/true" another program.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "${1:-build}")
rounds=${BENCH_ROUNDS:-100}
program=${BENCH_PROGRAM:-/bin/true}

[ "$(id -u)" -eq 0 ] || { echo "bench: needs root" >&2; exit 1; }
for tool in runc jq; do
	command -v $tool >/dev/null || { echo "bench: no $tool; run scripts/setup test" >&2; exit 1; }
done
[ -x "$out/tests/timing" ] || { echo "bench: no $out/tests/timing; run make bench" >&2; exit 1; }

work=$(mktemp -d /tmp/box-bench-XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
scripts/make-rootfs "$work/rootfs"

# box: the limits are written, everything else is what a person gets.
cat >"$work/app.json" <<END
{ "name": "bench", "rootfs": "$work/rootfs", "command": ["$program"],
  "resources": { "limits": { "memory": "256m", "pids": 200 } } }
END

# The bundle of the others: Docker's profile resolved for these capabilities, as an engine does it.
capabilities='["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_SETGID","CAP_SETUID","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT"]'
mkdir "$work/bundle"
ln -s "$work/rootfs" "$work/bundle/rootfs"
runc spec -b "$work/bundle"
jq --argjson caps "$capabilities" --slurpfile profile runtime/seccomp/seccomp_default.json --arg program "$program" '
	def wanted: ((.includes.caps // []) - $caps == [])
		and ((.includes.arches // ["amd64"]) | index("amd64") != null)
		and ([(.excludes.caps // [])[] | select(. as $c | $caps | index($c))] == [])
		and ((.excludes.arches // []) | index("amd64") == null);
	$profile[0] as $p |
	.process.terminal = false | .process.args = [$program] | .process.noNewPrivileges = true | .root.readonly = false |
	.root.path = "'"$work/rootfs"'" |
	.process.capabilities = {bounding: $caps, effective: $caps, permitted: $caps} |
	.linux.namespaces += [{"type": "cgroup"}] |
	.linux.resources.memory.limit = 268435456 | .linux.resources.pids.limit = 200 |
	.linux.seccomp = {defaultAction: $p.defaultAction, defaultErrnoRet: $p.defaultErrnoRet,
		architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
		syscalls: [$p.syscalls[] | select(wanted) |
			{names, action} + (if .errnoRet then {errnoRet} else {} end) + (if (.args // []) != [] then {args} else {} end)]}
' "$work/bundle/config.json" >"$work/config.json"
mv "$work/config.json" "$work/bundle/config.json"

export BOX_STORE=$work/store
others=(-- runc runc --root "$work/runc" run -b "$work/bundle" bench-runc)
# crun refuses some hosts (v2 controllers beside v1): then it is left out.
if command -v crun >/dev/null && crun --root "$work/crun" run -b "$work/bundle" bench-crun >/dev/null 2>&1; then
	others+=(-- crun crun --root "$work/crun" run -b "$work/bundle" bench-crun)
fi
box=(-- box "$out/bin/box" --root "$work/state" run "$work/app.json")

echo "Linux $(uname -r), $(nproc) cores, $(runc --version | head -1), $("$out/bin/box" --version | head -1)"
for mode in hot spaced; do
	gap=0 count=$rounds
	[ $mode = hot ] || { gap=50 count=$((rounds / 2)); }
	echo
	echo "| $mode, $count rounds | wall median ms | min | cpu median ms | min | peak MiB | wall / runc | cpu / runc |"
	echo "|---|---|---|---|---|---|---|---|"
	"$out/tests/timing" "$count" $gap 1 "${box[@]}" "${others[@]}" >"$work/$mode"
	awk '
	$1 == "runc" { wall = $2; cpu = $5 }
	{ line[NR] = $0 }
	END {
		for (i = 1; i <= NR; i++) {
			split(line[i], f, " ")
			printf "| %s | %.2f | %.2f | %.2f | %.2f | %.1f | %.3f | %.3f |\n", f[1], f[2] / 1000, f[3] / 1000, f[5] / 1000,
				f[6] / 1000, f[8] / 1024, f[2] / wall, f[5] / cpu
		}
	}' "$work/$mode"
done
# The bar: at most 0.3 of runc's time, hot and spaced.
for mode in hot spaced; do
	awk '$1 == "runc" { r = $2 } $1 == "box" { b = $2 } END { exit !(b <= 0.3 * r) }' "$work/$mode" ||
		{ echo "bench: box took more than 0.3 of runc's time ($mode)" >&2; exit 1; }
done
