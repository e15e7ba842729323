# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# images.bash - box-image driven by hand, as box drives it: images/unpack_request.h has its words.

# make_store DIR: what box makes before it starts box-image.
make_store() {
	mkdir -p "$1"/{blobs/sha256,blobs/sha512,layers,images,sources,staging,downloads}
	chmod 700 "$1"
	echo '{"schemaVersion":2,"manifests":[]}' >"$1/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
}

# unpack KIND SOURCE STORE [TAG]: sets $image (a digest, or empty), $reason, $hint, $warnings. Layers become folders, unless FORM=any.
unpack() {
	local answer
	[ -e "$3/oci-layout" ] || make_store "$3"
	answer=$({ timeout "${UNPACK_SECONDS:-60}" "$BOX_BUILD/libexec/box/box-image" unpack "$1" 8 9 new "${FORM:-folders}" "$1:$2" ${4+"$4"}; } 8<"$3" 9<"$2" </dev/null) || {
		fail "box-image ended with exit code $?: $answer"
		return 1
	}
	image=$(jq -r '.image // empty' <<<"$answer")
	reason=$(jq -r '.text // empty' <<<"$answer")
	hint=$(jq -r '.hint // empty' <<<"$answer")
	warnings=$(jq -r '.warnings[]?' <<<"$answer")
}

# layers STORE: the folders of $image, lowest first.
layers() {
	jq -r '.layers[]' "$1/images/${image/:/-}.json" | sed -E "s|^(.*):(.*)|$1/layers/\1-\2/root|"
}

# Everything about a folder that an attack could change.
snapshot() { find "$1" -printf '%p %i %m %U %G %n %s %T@ %y %l\n' | sort; find "$1" -type f -exec sha256sum {} +; }

# in_overlay STORE COMMAND…: runs it in the image's root as overlayfs shows it, as root of a new mount namespace.
in_overlay() {
	local store=$1 lower
	shift
	lower=$(layers "$store" | tac | paste -sd:)
	[[ $lower == *:* ]] || lower=$lower:$(mktemp -d -p "$WORK")
	mkdir -p "$WORK/merged"
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t overlay -o "userxattr,ro,lowerdir=$0" overlay "$1" && cd "$1" && shift && exec "$@"' "$lower" "$WORK/merged" "$@"
}

# tree: one line per name below the current folder; ids as the app sees them ($1 is the store's base).
tree() {
	find . -mindepth 1 -printf '%P\t%y\t%m\t%U\t%G\t%s\t%l\t%T@\n' | awk -F '\t' -v OFS='\t' -v base="${1:-0}" '
		{ for (i = 4; i <= 5; i++) if ($i >= base) $i -= base
		  if ($2 == "d") $6 = "-"
		  print }' | sort
}

# docker_archive FILE LAYER…: an image of these tars, as docker save writes it (with the diff ids $DIFF_IDS, if set, in place of the true ones).
docker_archive() {
	python3 - "$@" <<'PY'
import hashlib, io, json, os, sys, tarfile
out, names = sys.argv[1], sys.argv[2:]
ids = os.environ.get("DIFF_IDS", "").split() or ["sha256:" + hashlib.sha256(open(name, "rb").read()).hexdigest() for name in names]
t = tarfile.open(out, "w", format=tarfile.USTAR_FORMAT)
def add(name, data):
    member = tarfile.TarInfo(name); member.size = len(data); t.addfile(member, io.BytesIO(data))
for name in dict.fromkeys(names):
    add(os.path.basename(name), open(name, "rb").read())
add("config.json", json.dumps({"architecture": os.environ["OWN_ARCHITECTURE"], "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ids}}).encode())
add("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["t:1"], "Layers": [os.path.basename(name) for name in names]}]).encode())
t.close()
PY
}
