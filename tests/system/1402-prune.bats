#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box prune and box store check: what goes, what stays whatever is said, and a store that is damaged on purpose.

load lib
load registry
load images
setup() { setup_world && setup_registry; }
teardown() { teardown_registry; teardown_world; }

blobs() { ls "$BOX_STORE/blobs/sha256" | wc -l; }
layers() { ls "$BOX_STORE/layers" | wc -l; }
names() { box images --format json | jq -r '.[].name' | sort | xargs; }

# image NAME TEXT: the test's root with one file of its own.
image() {
	mkdir -p tree
	[ -e tree/bin ] || tar -C tree -xf "$ROOTFS"
	echo "$2" >tree/word
	tar -C tree -c . | box import - "$1" >/dev/null
}

is_there() { [ -n "$(container_name)" ]; }

# old NAME DAYS: as if it was last used so long ago.
old() { touch -d "$2 days ago" "$BOX_STORE/images/$(box inspect "$1" | jq -r '.[0].image' | tr : -).json"; }

@test "prune removes what has no name and what nothing needs; dry-run removes nothing" {
	need root jq
	image acme/a one
	image acme/b two
	cp "$ROOTFS" other.tar
	run box run other.tar true
	printf '{"rootfs": "./other.tar", "command": ["true"]}' >app.json
	box run app.json
	head -c 100000 /dev/urandom >junk
	mv junk "$BOX_STORE/blobs/sha256/$(sha256sum junk | cut -d' ' -f1)"
	mkdir -p "$BOX_STORE/layers/sha256-$(printf '%064d' 7)/root"
	echo x >"$BOX_STORE/index.json.tmp-1-0"
	echo half >"$BOX_STORE/downloads/sha256-$(printf '%064d' 8)"
	run box prune -n
	expect_status 0
	expect_has "would free 0 images, 1 layers and 1 blobs"
	[ "$(blobs) $(layers)" = "7 4" ] || fail "$(blobs) $(layers)" || return 1
	run box prune
	expect_has "freed 0 images, 1 layers and 1 blobs"
	[ "$(blobs) $(layers) $(names)" = "6 3 docker.io/acme/a:latest docker.io/acme/b:latest" ] || fail "$(blobs) $(layers)" || return 1
	[ ! -e "$BOX_STORE/index.json.tmp-1-0" ]
	[ -z "$(ls "$BOX_STORE/downloads")" ]
	# The tar that is still there keeps its layer; without it nobody asks for that any more.
	rm other.tar
	run box prune
	expect_has "freed 1 images, 1 layers and 0 blobs"
	[ "$(layers)" = 2 ]
	[ -z "$(ls "$BOX_STORE/staging")" ]
	run box run acme/a cat /word
	[ "$output" = one ]
	run box store check
	expect_status 0
}

@test "prune --all spares what a container or a lock file uses" {
	need root jq
	image acme/a one
	image acme/b two
	image acme/c three
	printf '{"name": "%s", "image": "acme/a", "command": ["sleep", "100"]}' "$TAG" >app.json
	box run --name "$TAG" app.json &
	wait_until 10 is_there
	printf '{"image": "acme/b", "command": ["cat", "/word"]}' >locked.json
	box lock -q locked.json
	run box run locked.json
	[ "$output" = two ] || fail "locked" || return 1
	# As docker's users type it: -f changes nothing.
	run box prune -a -f
	expect_status 0
	expect_has "2 more stay: a container, an app or a lock file that was run uses them"
	[ "$(names)" = "docker.io/acme/a:latest docker.io/acme/b:latest" ] || fail "$(names)" || return 1
	box rm -f "$TAG"
	wait
	rm locked.lock.json
	run box prune -a
	expect_has "freed 2 images"
	expect_not "more stay"
	[ "$(blobs) $(layers) $(names)" = "0 0 " ] || fail "$(blobs) $(layers)"
}

@test "prune --keep-size removes the image last used longest ago, until the store is small enough" {
	need root jq
	image acme/a one
	image acme/b two
	image acme/c three
	old acme/a 3
	old acme/b 9
	old acme/c 6
	# A run is a use.
	run box run acme/c cat /word
	[ "$output" = three ]
	local all one
	all=$(box prune -n | sed -n 's/.*the store has \(.*\) left/\1/p')
	run box prune --all --keep-size 14m -n
	expect_has "would free 1 images" "image docker.io/acme/b:latest, last used $(date -u -d '9 days ago' +%F)"
	run box prune --keep-size 1
	expect_has "freed 0 images"
	[ "$(names)" = "docker.io/acme/a:latest docker.io/acme/b:latest docker.io/acme/c:latest" ]
	run box prune --all --keep-size 14m
	[ "$(names)" = "docker.io/acme/a:latest docker.io/acme/c:latest" ] || fail "$all" || return 1
	run box prune --all --keep-size 8m
	[ "$(names)" = "docker.io/acme/c:latest" ] || fail "$all" || return 1
	run box prune --keep-size many
	expect_status 125
}

@test "a shared layer stays as long as one image has it, and box images says so" {
	need root skopeo jq
	make_layout layout 1 200000
	skopeo --insecure-policy copy -q oci:layout:1 oci-archive:one.tar:acme/one:1
	IMAGE_TEXT=changed make_layout layout2 1 200000
	skopeo --insecure-policy copy -q oci:layout2:1 oci-archive:two.tar:acme/two:1
	box load -qi one.tar
	box load -qi two.tar
	[ "$(box images --format json | jq '.[0].shared_size > 1000000')" = true ]
	old acme/one:1 5
	run box prune --all --keep-size 1k -n
	expect_has "would free 2 images"
	box rmi acme/one:1
	run box prune
	expect_has "freed 0 images, 0 layers and 0 blobs"
	[ "$(box images --format json | jq '.[0].shared_size')" = 0 ]
	run box run acme/two:1
	[ "$output" = changed ]
}

@test "an ordinary user prunes: layers of subordinate ids go, too" {
	need user userns subids
	as_user true
	as_user sh -c 'bin/box import - mine <rootfs.tar && bin/box run mine true && bin/box prune'
	[ "$(ls "$WORK/home/data/box/layers" | wc -l)" = 1 ]
	run as_user bin/box store check
	expect_status 0
	expect_has "the store is whole"
	run as_user bin/box prune --all
	expect_status 0
	[ -z "$(ls "$WORK"/home/data/box/{layers,images,staging,blobs/sha256} | grep -v ':$' | grep .)" ]
}

# damage FILE: one byte of it.
damage() {
	printf '\377' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none
}

@test "store check names every kind of damage, and --repair mends it from blobs and from the registry" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout 1 200000
	push layout:1 "$REGISTRY/acme/web:1"
	box pull -q "$REGISTRY/acme/web:1"
	image acme/local one
	run box store check
	[ "$status $output" = "0 the store is whole" ] || fail "whole" || return 1
	local before layer blob
	before=$(cd "$BOX_STORE" && find blobs -type f | sort)
	blob=$(box inspect "$REGISTRY/acme/web:1" | jq -r '.[0].manifest.layers[0].digest')
	damage "$BOX_STORE/blobs/sha256/${blob#*:}"
	run box store check
	expect_status 1
	expect_has "blob $blob: its content has the digest"
	run box store check --repair
	expect_status 0
	expect_has "image $REGISTRY/acme/web:1: fetched again" "the store is whole"
	[ "$(names)" = "$REGISTRY/acme/web:1 docker.io/acme/local:latest" ]
	[ "$(cd "$BOX_STORE" && find blobs -type f | sort)" = "$before" ]
	# A layer is made from its blob.
	layer=$(jq -r '.layers[0]' "$BOX_STORE/images/$(box inspect acme/local | jq -r '.[0].image' | tr : -).json")
	if [ -e "$BOX_STORE/layers/${layer/:/-}/layer.tar" ]; then
		damage "$BOX_STORE/layers/${layer/:/-}/layer.tar"
	else
		rm -r "$BOX_STORE/layers/${layer/:/-}/root"
	fi
	run box store check
	expect_status 1
	expect_has "layer $layer: "
	run box store check --repair
	expect_status 0
	expect_has "image docker.io/acme/local:latest: unpacked again from its blobs"
	run box run acme/local cat /word
	[ "$output" = one ] || fail "local" || return 1
	# A manifest; and a record that is gone.
	damage "$BOX_STORE/blobs/sha256/$(box inspect "$REGISTRY/acme/web:1" | jq -r '.[0].image' | cut -d: -f2)"
	rm "$BOX_STORE/images/$(box inspect acme/local | jq -r '.[0].image' | tr : -).json"
	run box prune
	expect_status 1
	expect_has "box store check --repair"
	run box store check --repair
	expect_status 0
	run box run --pull never "$REGISTRY/acme/web:1"
	[ "$output" = hello ]
}

# folder_image TAR: an image of it whose only layer is a folder; sets $layer, and $root, the folder.
folder_image() {
	unpack tar "$WORK/$1" "$BOX_STORE"
	[ -n "$image" ] || fail "$reason" || return 1
	layer=$(jq -r '.layers[0]' "$BOX_STORE/images/${image/:/-}.json")
	root=$BOX_STORE/layers/${layer/:/-}/root
}

@test "store check finds what was changed, lost or added in a layer's folder" {
	need root jq python3
	local way layer root damaged=0
	mkdir -p tree/{etc,empty,deep/er}
	echo one >tree/etc/one
	echo two >"tree/etc/a"$'\n'"name"
	ln tree/etc/one tree/etc/same
	ln -s one tree/etc/link
	mkfifo tree/etc/pipe
	truncate -s 3M tree/holes
	printf x | dd of=tree/holes bs=1 seek=2500000 conv=notrunc status=none
	python3 -c 'import os; os.setxattr("tree/etc/one", "user.note", b"words"); os.setxattr("tree/empty", "user.note", b"words")'
	tar -C tree --sparse --xattrs --format=posix --numeric-owner -cf tree.tar .
	local -A ways=(
		["/etc/one has changed, and 1 other names"]='echo ONE >etc/one'
		["/etc/a\\nname has changed"]='chmod 600 etc/a*'
		["/etc/a\\nname is missing"]='rm etc/a*'
		["/etc/b was added"]='echo b >etc/b'
		["/etc/link has changed"]='ln -sfn two etc/link'
		["/etc/one has changed, and 2 other names"]='cp -a etc/one new && mv new etc/same && echo x >etc/z'
		["/etc/pipe is missing"]='rm etc/pipe'
		["/holes has changed"]='printf y | dd of=holes bs=1 seek=100 conv=notrunc status=none && touch -r etc/link holes'
		["/empty has changed"]='setfattr -n user.note -v other empty || python3 -c "import os; os.setxattr(\"empty\", \"user.note\", b\"other\")"'
		["/deep/er is missing"]='rmdir deep/er'
		["/deep/er/more was added"]='mkdir deep/er/more'
		["/ has changed"]='chown 0:0 .'
	)
	folder_image tree.tar
	run box store check
	[ "$status $output" = "0 the store is whole" ] || fail "whole" || return 1
	for words in "${!ways[@]}"; do
		rm -rf "$BOX_STORE/layers"/* "$BOX_STORE/images"/*
		folder_image tree.tar
		touch -r "$root/etc" before
		(cd "$root" && eval "${ways[$words]}")
		# The time of a folder tells of names that came or went in it; what is tried here is whether these are seen by themselves.
		touch -r before "$root/etc"
		for folder in . deep deep/er; do [ ! -e "$root/$folder" ] || touch -d "$(stat -c %y "tree/$folder")" "$root/$folder"; done
		run box store check
		expect_status 1
		expect_line "layer $layer: in its folder $words"
		damaged=$((damaged + 1))
	done
	[ $damaged = ${#ways[@]} ]
	# Filled holes are the same bytes; without a record nothing can be said.
	rm -rf "$BOX_STORE/layers"/* "$BOX_STORE/images"/*
	folder_image tree.tar
	cp --sparse=never -a "$root/holes" holes && mv holes "$root/holes" && touch -d "$(stat -c %y tree)" "$root"
	run box store check
	expect_status 0
	rm "$root.list"
	run box store check
	expect_status 1
	expect_has "layer $layer: there is no record of what was in its folder"
}

@test "a layer's folder that was changed is made again from its blob, or where its tar is used next" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout 1 200000
	push layout:1 "$REGISTRY/acme/web:1"
	box pull -q "$REGISTRY/acme/web:1"
	rm -rf "$BOX_STORE/layers"/* "$BOX_STORE/images"/*
	unpack oci "$BOX_STORE" "$BOX_STORE" "$REGISTRY/acme/web:1"
	[ "$(ls -d "$BOX_STORE"/layers/*/root | wc -l)" = 3 ]
	run box store check
	expect_status 0
	local changed
	changed=$(echo "$BOX_STORE"/layers/*/root/bin/busybox)
	printf x | dd of="$changed" bs=1 seek=1000 conv=notrunc status=none
	run box store check --repair
	expect_status 0
	expect_has "/bin/busybox has changed" "image $REGISTRY/acme/web:1: unpacked again from its blobs" "the store is whole"
	run box run --pull never "$REGISTRY/acme/web:1"
	[ "$output" = hello ]
}

@test "what nobody has any more is named, and the rest is mended" {
	need root jq
	image acme/a one
	image acme/b two
	damage "$BOX_STORE/blobs/sha256/$(box inspect acme/a | jq -r '.[0].manifest.layers[0].digest' | cut -d: -f2)"
	run box store check --repair
	expect_status 1
	expect_has "image docker.io/acme/a:latest: not mended"
	run box run acme/b cat /word
	[ "$output" = two ]
	box rmi acme/a
	run box store check
	expect_status 0
}
