#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# layers.sh BUILD - how long box needs for the root of an image of five layers, in both forms. As root.
#
# From the trace of RUNS (31) starts of each form, in turns: opening or mounting the layers, and the child's step that makes the overlay of
# them.
# Medians and least values in microseconds.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-build}" && pwd)
work=$(mktemp -d /tmp/box-layers-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
runs=${RUNS:-31}

# Five layers: a root with a shell, and four times 2,000 files.
"$top/scripts/make-rootfs" "$work/0.tar"
for layer in 1 2 3 4; do
	for folder in $(seq 100); do
		mkdir -p "$work/tree$layer/srv/$layer/$folder"
		for file in $(seq 20); do echo "$layer $file" >"$work/tree$layer/srv/$layer/$folder/$file"; done
	done
	tar -C "$work/tree$layer" -cf "$work/$layer.tar" .
done
BATS_TEST_DIRNAME=$top/tests/system
# shellcheck source=tests/system/images.bash
. "$BATS_TEST_DIRNAME/images.bash"
docker_archive "$work/image.tar" "$work"/{0,1,2,3,4}.tar
printf '{"name": "x", "image": "docker-archive:%s/image.tar", "command": ["/bin/true"]}\n' "$work" >"$work/app.json"
# shellcheck disable=SC2034
export BOX_BUILD=$build # for unpack
for form in any folders; do
	# shellcheck disable=SC2034
	FORM=$form
	unpack docker-archive "$work/image.tar" "$work/store-$form"
	BOX_STORE=$work/store-$form "$build/bin/box" --root "$work/state" run "$work/app.json"
done
for ((run = 1; run <= runs; run++)); do
	for form in any folders; do
		BOX_STORE=$work/store-$form BOX_TRACE=$work/trace-$form-$run "$build/bin/box" --root "$work/state" run "$work/app.json"
	done
done
for form in any folders; do
	for ((run = 1; run <= runs; run++)); do
		awk '/image +layers/ { a = $1 } /child +root$/ { b = $1 } END { print a, b, a + b }' "$work/trace-$form-$run"
	done >"$work/figures"
	for column in 1 2 3; do
		sort -n -k$column,$column "$work/figures" | awk -v c=$column '{ v[NR] = $c } END { printf "%d (%d) ", v[int((NR + 1) / 2)], v[1] }'
	done | sed "s/^/$form: layers, overlay, both: /; s/\$/\n/"
done
