#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# build.sh BUILD [FOLDER] - box build beside "buildah bud --layers --isolation chroot": a Debian base, COPY of 1,000 files (20 MB), three RUN. As root.
#
# Both take turns (ROUNDS, 7), each with a store of its own below FOLDER, in the same run. "cold": --no-cache, the base is there, the context was just
# copied and the image of the round before removed. "warm": nothing has changed. Wall seconds to the end of the command (what box made is on
# disk then), and of the processor; the ratios are of pairs.
#
# FOLDER/base has the base's tar (pull-image.sh); what is there already is kept.
set -euo pipefail

build=$(realpath "${1:-build}") folder=${2:-/tmp/box-bench-build}
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" -eq 0 ] || { echo "build.sh: needs root" >&2; exit 1; }
command -v buildah >/dev/null || { echo "build.sh: needs buildah" >&2; exit 1; }
mkdir -p "$folder"
work=$(mktemp -d "$(realpath "$folder")/run-XXXXXX")
trap finish EXIT
finish() {
	umount -q -l "$work/buildah/overlay" || true # buildah leaves it mounted on itself
	rm -rf --one-file-system "$work"
}
rounds=${ROUNDS:-7}
"$here/pull-image.sh" "$folder/base" small >&2
export XDG_DATA_HOME=$work/home XDG_RUNTIME_DIR=$work/runtime
mkdir -p "$work/context/files" "$work/runtime"

for i in $(seq 1000); do
	mkdir -p "$work/context/files/$((i % 20))"
	head -c 20000 /dev/urandom >"$work/context/files/$((i % 20))/$i"
done
cat >"$work/context/Dockerfile" <<'END'
FROM localhost/base:1
COPY files /srv/files
RUN useradd --system --no-log-init app
RUN find /srv/files -type f | sort | xargs sha256sum >/srv/sums
RUN chown app /srv && echo ready >/srv/state
USER app
CMD ["cat", "/srv/state"]
END

buildah() { command buildah --root "$work/buildah" --runroot "$work/runroot" --log-level error "$@"; }
box() { command "$build/bin/box" --store "$work/store" --root "$work/state" "$@"; }
# shellcheck disable=SC2120 # their arguments come through timed
run_buildah() { buildah bud -q --layers --isolation chroot "$@" -t localhost/built "$work/context" >"$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }; }
# shellcheck disable=SC2120
run_box() { box build -q "$@" -t localhost/built "$work/context" >"$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }; }

# timed FILE COMMAND…: adds its wall and processor seconds.
timed() {
	local file=$1
	shift
	TIMEFORMAT='%3R %3U %3S'
	{ time "$@" 2>&3; } 3>&2 2>"$work/time"
	awk '{ print $1, $2 + $3 }' "$work/time" >>"$work/$file"
}

forget() {
	buildah rmi -f localhost/built >/dev/null 2>&1 || true # also what lies between the base and it
	buildah rmi --prune >/dev/null 2>&1 || true
	box rmi localhost/built >/dev/null 2>&1 || true
	box prune >/dev/null
	cp -r "$work/context" "$work/context.new"
	rm -rf "$work/context"
	mv "$work/context.new" "$work/context"
	sync -f "$work"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
row() { # row WHAT: of both tools, and the ratio of pairs
	local tool
	for tool in box buildah; do
		echo "$1 $tool: wall $(awk '{ print $1 }' "$work/$1-$tool" | median) s" \
			"($(sort -n "$work/$1-$tool" | awk 'NR == 1 { print $1 }') to $(sort -n "$work/$1-$tool" | tail -n 1 | cut -d' ' -f1))," \
			"processor $(awk '{ print $2 }' "$work/$1-$tool" | median) s"
	done
	echo "$1 box / buildah: wall $(paste "$work/$1-box" "$work/$1-buildah" | awk '{ printf "%.3f\n", $1 / $3 }' | median)," \
		"processor $(paste "$work/$1-box" "$work/$1-buildah" | awk '{ printf "%.3f\n", $2 / $4 }' | median)"
}

buildah from --name base scratch >/dev/null
buildah add -q base "$folder/base/0.tar" / >/dev/null
buildah config --env PATH=/usr/sbin:/usr/bin:/sbin:/bin base
buildah commit -q base localhost/base:1 >/dev/null
buildah rm base >/dev/null
buildah push -q localhost/base:1 "oci-archive:$work/base.tar:localhost/base:1"
box load -q -i "$work/base.tar" >/dev/null
rm "$work/base.tar"
for kind in cold warm; do
	# Once each before anything counts.
	run_buildah
	run_box
	sleep 3 # files younger than this are read again: git's racy rule
	run_box
	for ((round = 1; round <= rounds; round++)); do
		if [ $kind = cold ]; then
			forget
			timed cold-box run_box --no-cache
			sync -f "$work"
			timed cold-buildah run_buildah --no-cache
			sync -f "$work"
		else
			timed warm-box run_box
			timed warm-buildah run_buildah
		fi
	done
done
echo "Linux $(uname -r), $(nproc) processors, $(buildah --version), load $(cut -d' ' -f1-3 /proc/loadavg), $rounds rounds"
row warm
row cold
