# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# trees.bash - one image of a layout, unpacked by box in both forms, by umoci and by podman: one listing of each (tree.py).
#
# The caller has images.bash, a folder $WORK and $BOX_BUILD. What lies on disk under the store's own ids is listed as the app sees it.

TREE_PY=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/tree.py
STORE_BASE=0x70000000

# list_box FORM LAYOUT TAG: writes $WORK/FORM.tree.
list_box() {
	local image reason # unpack's answers
	FORM=$1 unpack oci "$2" "$WORK/store-$1" "$3"
	[ -n "$image" ] || { echo "$1: $reason" >&2; return 1; }
	mkdir "$WORK/at-$1"
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -ec 'python3 "$0" mount "$1" "$2" "$3"; python3 "$0" list "$3/all" "$4"' \
		"$TREE_PY" "$WORK/store-$1" "$image" "$WORK/at-$1" $STORE_BASE >"$WORK/$1.tree"
}

# list_umoci LAYOUT TAG: writes $WORK/umoci.tree.
list_umoci() {
	umoci unpack --image "$1:$2" "$WORK/bundle" >/dev/null
	python3 "$TREE_PY" list "$WORK/bundle/rootfs" >"$WORK/umoci.tree"
}

# list_podman LAYOUT TAG: writes $WORK/podman.tree. Podman takes no long paths for what it runs, and makes the image's name of
# the path, which then may have no capital letters.
list_podman() {
	local run
	run=$(mktemp -d /tmp/box-trees-XXXXXX)
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -ec '
		cd "${3%/*}"
		image=$(podman --root "$1" --runroot "$2" --storage-driver overlay pull -q "oci:${3##*/}:$4")
		python3 "$0" list "$(podman --root "$1" --runroot "$2" --storage-driver overlay image mount "$image")"' \
		"$TREE_PY" "$WORK/podman" "$run" "$(realpath "$1")" "$2" >"$WORK/podman.tree"
	rm -rf "$run"
}
