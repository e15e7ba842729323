#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pull-image.sh FOLDER [small|big] - the images that pull.sh pulls, as the layout FOLDER/layout, from Debian's packages. As root.
#
#     small-gz, small-zst    a minimal Debian: 180 MB, one layer
#     big-gz, big-zst        the same, and python3 with its packages' archives, nodejs and npm, gcc and git, "apt-get clean" and 200 files:
#                            five layers, about 1.2 GB and 50,000 names, with whiteouts
#
# What is there already is kept. FOLDER/entries has the number of members of each image's layers.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$1 size=${2:-big}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
suite=${BENCH_SUITE:-bookworm} mirror=${BENCH_MIRROR:-http://deb.debian.org/debian}

# The hooks of mmdebstrap run with the root folder as $1. Each line: a layer's number, and what makes it.
# shellcheck disable=SC2016
install='DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get -qq install -y --no-install-recommends'
# shellcheck disable=SC2016
steps=(
	'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/archives/*.deb "$1"/var/cache/apt/*.bin'
	"chroot \"\$1\" apt-get -qq update; $install python3 python3-pip python3-numpy"
	"$install nodejs npm"
	"$install gcc g++ make git"
	'chroot "$1" apt-get clean; rm -rf "$1"/var/lib/apt/lists/*; mkdir "$1/srv/app"
		for i in $(seq 200); do head -c 20000 /dev/urandom >"$1/srv/app/$i"; done'
)

make_layers() { # make_layers COUNT
	local hooks=() number
	for ((number = 0; number < $1; number++)); do
		hooks+=("--customize-hook=${steps[number]}"
			"--customize-hook=python3 '$here/pull-image.py' layer \"\$1\" '$folder/state' '$folder/$number.tar.new'")
	done
	rm -f "$folder/state"
	mmdebstrap --quiet --mode=root --variant=minbase --format=null --skip=cleanup/apt \
		--aptopt='APT::Keep-Downloaded-Packages "true"' "${hooks[@]}" "$suite" - "$mirror" >/dev/null
	for ((number = 0; number < $1; number++)); do mv "$folder/$number.tar.new" "$folder/$number.tar"; done
	rm -f "$folder/state"
}

has() { grep -qs "\"$1\"" "$folder/layout/index.json"; }

count=1
[ "$size" = small ] || count=5
has "$size-zst" && has small-zst && exit
[ -e "$folder/$((count - 1)).tar" ] || make_layers "$count"
for kind in gz zst; do
	for image in small ${size#small}; do
		if [ "$image" = small ]; then layers=("$folder/0.tar"); else layers=("$folder"/{0,1,2,3,4}.tar); fi
		has "$image-$kind" || python3 "$here/pull-image.py" layout "$folder/layout" "$image-$kind" "$kind" "${layers[@]}"
	done
done
for tar in "$folder"/?.tar; do
	echo "$(basename "$tar"): $(($(stat -c %s "$tar") / 1000000)) MB, $(tar -tf "$tar" | wc -l) members, $(tar -tf "$tar" | grep -c '/\.wh\.' || true) whiteouts"
done >"$folder/contents"
cat "$folder/contents"
