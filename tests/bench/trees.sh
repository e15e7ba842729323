#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# trees.sh BUILD [FOLDER [IMAGE…]] - the trees that box (in both forms), umoci and podman make of the images of pull-image.sh, name by name. As root.
#
# FOLDER (build/bench/pull) keeps the images, as for pull.sh; IMAGE is big-gz unless it is given. Prints how many names there are and every
# difference; that of podman's root folder (its own: 0555, of the present time, whatever an image says) is expected. Exit code 1: others.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
BOX_BUILD=$(cd "${1:-build}" && pwd)
cache=${2:-$BOX_BUILD/bench/pull}
"$here/pull-image.sh" "$cache" >&2
cache=$(cd "$cache" && pwd)
fail() { echo "$@" >&2; false; }
# shellcheck source=tests/system/images.bash
. "$here/../system/images.bash"
# shellcheck source=tests/system/trees.bash
. "$here/../system/trees.bash"
export BOX_BUILD UNPACK_SECONDS=600

status=0
[ $# -gt 2 ] || set -- "${1:-}" "$cache" big-gz
for name in "${@:3}"; do
	WORK=$(mktemp -d "$cache/trees-XXXXXX")
	list_box any "$cache/layout" "$name"
	list_box folders "$cache/layout" "$name"
	list_umoci "$cache/layout" "$name"
	list_podman "$cache/layout" "$name"
	echo "$name: $(wc -l <"$WORK/any.tree") names"
	for maker in folders umoci podman; do
		[ $maker != podman ] || sed -i '1d' "$WORK/podman.tree" "$WORK/any.tree"
		diff "$WORK/any.tree" "$WORK/$maker.tree" && echo "$name: as $maker" || status=1
	done
	rm -rf --one-file-system "$WORK"
done
exit $status
