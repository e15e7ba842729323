#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# unpack.sh BUILD [FOLDER] - what unpacking costs in both forms of a layer: a tree of about 1 GB and 50,000 names as an uncompressed tar, a
# gzip and a zstd one. As root.
#
# Forms take turns (ROUNDS, 3), each into a fresh folder, to the end of "sync -f". ext4 makes files five times slower for half a minute
# after many were removed, so nothing is removed before the end. Wall, user and system seconds are printed for each run, and medians at the end.
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
# shellcheck source=tests/system/images.bash
. "$(dirname "$0")/../system/images.bash"
work=$(mktemp -d "${2:-/tmp}/box-unpack-XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
rounds=${ROUNDS:-3}

# Names as a distribution has them: folders of about twenty files, mostly small, some links, whatever bytes this host's own programs have.
make_tree() {
	python3 - "$1" "${NAMES:-50000}" "${MEGABYTES:-1000}" <<'PY'
import glob, io, os, sys, tarfile
out, names, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) << 20
pool = b"".join(open(p, "rb").read(1 << 20) for p in sorted(glob.glob("/usr/bin/*") + glob.glob("/usr/lib/*/*.so*"))[:400] if os.path.isfile(p))
tar = tarfile.open(out, "w", format=tarfile.GNU_FORMAT)
at, large = 0, names // 100
small = (size // 2) // names
def add(name, kind=tarfile.REGTYPE, length=0, target=""):
    global at
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mtime, member.mode = kind, target, 1700000000, 0o755 if kind == tarfile.DIRTYPE else 0o644
    member.size = length
    at = (at + length) % max(1, len(pool) - (size // 2 // large) - 1)
    tar.addfile(member, io.BytesIO(pool[at:at + length]) if length else None)
for i in range(names):
    folder = "usr/share/d%02d/e%03d" % (i // 2000, i // 20 % 100)
    if i % 20 == 0:
        add(folder, tarfile.DIRTYPE)
    elif i % 20 == 1:
        add("%s/link%d" % (folder, i), tarfile.SYMTYPE, target="file%d" % (i + 1))
    elif i % 100 == 2:
        add("%s/large%d" % (folder, i), length=size // 2 // large)
    else:
        add("%s/file%d" % (folder, i), length=small // 8 + i % 20 * small // 10)
tar.close()
PY
}

# time_unpack FORM FILE STORE: prints wall, user and system seconds.
time_unpack() {
	make_store "$3"
	# shellcheck disable=SC2016
	/usr/bin/env TIMEFORMAT='%R %U %S' bash -c 'time { "$0" unpack tar 8 9 new "$1" x 8<"$2" 9<"$3" >"$2/answer" && sync -f "$2"; }' \
		"$build/libexec/box/box-image" "$1" "$3" "$2" 2>&1 | awk '{ printf "%.2f %.2f %.2f\n", $1, $2, $3 }'
	grep -q '"image"' "$3/answer" || { cat "$3/answer" >&2; return 1; }
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

make_tree "$work/tree.tar"
echo "tree: $(tar -tf "$work/tree.tar" | wc -l) names, $(($(stat -c %s "$work/tree.tar") >> 20)) MiB"
for kind in ${KINDS:-tar gz zst}; do
	source=$work/tree.tar.$kind
	case $kind in
	gz) gzip -1 -c "$work/tree.tar" >"$source" ;;
	zst) zstd -q -3 "$work/tree.tar" -o "$source" ;;
	*) source=$work/tree.tar ;;
	esac
	sync -f "$work"
	for ((round = 1; round <= rounds; round++)); do
		for form in any folders; do
			figures=$(time_unpack "$form" "$source" "$work/store-$kind-$form-$round")
			echo "$kind $form: $figures"
			awk '{ print $1 }' <<<"$figures" >>"$work/wall-$kind-$form"
			awk '{ print $2 + $3 }' <<<"$figures" >>"$work/cpu-$kind-$form"
		done
	done
	for form in any folders; do
		echo "median $kind $form: wall $(median <"$work/wall-$kind-$form") s, processor $(median <"$work/cpu-$kind-$form") s"
	done
done
