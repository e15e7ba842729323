#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pull.sh BUILD [FOLDER] - box pull and podman pull beside each other, of the images of pull-image.sh in a registry on loopback. As root.
#
# The tools take turns (ROUNDS, 3), each into a fresh store, to the end of "sync -f", in mount namespaces of their own. ext4 makes files five
# times slower for half a minute after many were removed, so nothing is removed before the end. FOLDER (build/bench/pull) keeps the images and
# the registry's storage for the next time. BENCH_SIZE=small: only the small image; BENCH_KINDS="gz zst", BENCH_IMAGES="small big".
#
# Prints tables in Markdown: medians of seconds by the clock and of the processor, ratios to podman, and the floor: the longest of what has to
# be done one after the other, and the sum of it on all processors; then the peak of memory of all processes together, of a pull each.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-build}" && pwd)
cache=${2:-$build/bench/pull}
rounds=${ROUNDS:-3} size=${BENCH_SIZE:-big} kinds=${BENCH_KINDS:-gz zst}
images=${BENCH_IMAGES:-small ${size#small}}

"$here/pull-image.sh" "$cache" "$size" >&2
cache=$(cd "$cache" && pwd)
work=$(mktemp -d "$cache/run-XXXXXX")
registry=
runroot=$(mktemp -d /tmp/box-pull-XXXXXX) # podman takes no long path
finish() {
	[ -z "$registry" ] || { kill "$registry" && wait "$registry"; } || true
	rm -rf --one-file-system "$work" "$runroot"
}
trap finish EXIT

# shellcheck source=tests/system/images.bash
. "$here/../system/images.bash"

start_registry() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$work/registry.yml" <<-END
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $cache/registry}}
		http: {addr: "127.0.0.1:$port"}
	END
	docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
	registry=$!
	until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		kill -0 "$registry" || exit 1
		sleep 0.1
	done
}

# pull_NAME IMAGE STORE
pull_podman() { podman --root "$2/root" --runroot "$runroot/${2##*/}" --storage-driver overlay pull -q --tls-verify=false "$1"; }
pull_index() { BOX_STORE=$2/store "$build/bin/box" pull -q "$1"; }
pull_folders() {
	"$build/libexec/box/box-image" pull 8 "$1" new folders 8<"$2/store" | grep -v ^blob | tee "$2/answer"
	grep -q '"image"' "$2/answer"
}
export -f pull_podman pull_index pull_folders
export build runroot

# run TOOL IMAGE STORE: "WALL CPU" or, with a sampler as $4, "PEAK-KIB".
run() {
	mkdir -p "$3/tmp"
	[ "$1" = podman ] || make_store "$3/store"
	sync -f "$3"
	# shellcheck disable=SC2016
	TMPDIR=$3/tmp unshare -m --propagation private python3 "$here/pull-time.py" ${4:+"$4"} "$3/figures" \
		bash -ec '"pull_$0" "$1" "$2" && sync -f "$2"' "$1" "127.0.0.1:$port/$2" "$3" >"$3/out" 2>"$3/err" ||
		{ cat "$3/out" "$3/err" >&2; return 1; }
	cat "$3/figures"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
figure() { awk -v c="$3" '{ print $c }' "$work/figures-$1-$2" | median; }

# What the parts of a pull take alone, of the layers of one image: "NETWORK HASH INFLATE WRITE" in seconds of the processor.
floor() {
	python3 "$here/pull-time.py" --floor "$cache/layout" "$1" "http://127.0.0.1:$port/v2/${1%:*}" "$work"
}

start_registry
for image in $images; do
	for kind in $kinds; do
		[ -e "$cache/registry/docker/registry/v2/repositories/$image-$kind/_manifests/tags/1" ] ||
			skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$cache/layout:$image-$kind" "docker://127.0.0.1:$port/$image-$kind:1" >&2
	done
done

echo "$(nproc) processors, Linux $(uname -r), $(podman --version), load at the beginning $(cut -d' ' -f1-3 /proc/loadavg)"
echo
echo "| image | tool | wall s | processor s | wall/podman | processor/podman |"
echo "|---|---|---|---|---|---|"
for image in $images; do
	for kind in $kinds; do
		for ((round = 1; round <= rounds; round++)); do
			for tool in podman index folders; do
				run "$tool" "$image-$kind:1" "$work/$image-$kind-$tool-$round" | tee -a "$work/figures-$image-$kind-$tool" |
					sed "s/^/$image-$kind $tool: /" >&2
			done
		done
		for tool in podman index folders; do
			awk -v i="$image:$kind" -v t="$tool" -v w="$(figure "$image-$kind" "$tool" 1)" -v c="$(figure "$image-$kind" "$tool" 2)" \
				-v pw="$(figure "$image-$kind" podman 1)" -v pc="$(figure "$image-$kind" podman 2)" \
				'BEGIN { printf "| %s | %s | %.2f | %.2f | %.2f | %.2f |\n", i, t, w, c, w / pw, c / pc }'
		done
	done
done
echo
echo "| image | tool | peak memory of all processes, MiB |"
echo "|---|---|---|"
for image in $images; do
	for kind in $kinds; do
		for tool in podman index folders; do
			awk -v i="$image:$kind" -v t="$tool" '{ printf "| %s | %s | %.0f |\n", i, t, $1 / 1024 }' \
				<<<"$(run "$tool" "$image-$kind:1" "$work/$image-$kind-$tool-memory" --memory)"
		done
	done
done
echo
echo "| image | network s | hash s | inflate s | write s | longest | sum / $(nproc) |"
echo "|---|---|---|---|---|---|---|"
for image in $images; do
	for kind in $kinds; do
		floor "$image-$kind" | awk -v i="$image:$kind" -v n="$(nproc)" \
			'{ m = $1; for (k = 2; k <= 4; k++) if ($k > m) m = $k
			printf "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", i, $1, $2, $3, $4, m, ($1 + $2 + $3 + $4) / n }'
	done
done
echo
echo "load at the end $(cut -d' ' -f1-3 /proc/loadavg)"
