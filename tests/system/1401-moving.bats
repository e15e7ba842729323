#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images move: save and load with every digest kept, import, and both ways with skopeo and podman.

load lib
load registry
setup() { setup_world; }
teardown() { teardown_world; }

# in_store DIR COMMAND…: with another store.
in_store() {
	local store=$1
	shift
	BOX_STORE=$WORK/$store "$@"
}

# images [STORE]: "NAME DIGEST" of each.
images() { in_store "${1:-store}" box images --format json | jq -r '.[] | .name + " " + .image' | sort; }

# podman with a store of its own.
podman() {
	command podman --root "$WORK/podman" --runroot "$WORK/podman-run" --tmpdir "$WORK/podman-tmp" --storage-driver vfs --cgroup-manager cgroupfs \
		--events-backend none "$@"
}

same_blobs() { diff -r "$BOX_STORE/blobs" "$WORK/$1/blobs"; }

# two_images: acme/a:1 (three layers, by skopeo's kind of layout) and acme/b:1 (imported, compressed), and one more name.
two_images() {
	make_layout layout 1 300000
	skopeo --insecure-policy copy -q oci:layout:1 oci-archive:in.tar:acme/a:1
	box load -q -i in.tar >/dev/null
	gzip -c "$ROOTFS" | box import - acme/b:1 >/dev/null
	box tag acme/b:1 example.org/other:x
}

@test "oci-archive: all blobs are the same bytes, names and digests are kept, the same images are the same archive" {
	need root skopeo jq
	two_images
	run box save -o out.tar acme/a:1 acme/b:1 example.org/other:x
	expect_status 0
	box save acme/a:1 acme/b:1 example.org/other:x | cmp - out.tar
	run in_store second box load -i out.tar
	expect_status 0
	[ "${lines[0]}" = "docker.io/acme/a:1@$(images | sed -n 's|^docker.io/acme/a:1 ||p')" ] || fail "what it says" || return 1
	[ "$(images)" = "$(images second)" ]
	[ "$(images | wc -l)" = 3 ]
	same_blobs second
	in_store third box load -q <out.tar >/dev/null
	same_blobs third
	run in_store third box run --pull never acme/a:1
	[ "$status $output" = "0 hello" ] || fail "run" || return 1
	[ -z "$(ls "$WORK/second/staging")" ]
}

@test "docker-archive: names, configurations and layers are kept" {
	need root skopeo jq
	two_images
	box save --format docker-archive -o out.tar acme/b:1 acme/a:1 example.org/other:x
	in_store second box load -i out.tar
	[ "$(images second | cut -d' ' -f1)" = "$(images | cut -d' ' -f1)" ]
	# Manifests are made anew; what they name is the same.
	for image in acme/a:1 acme/b:1; do
		[ "$(box inspect $image | jq -c '.[0].manifest | [.config.digest, [.layers[].digest]]')" = \
			"$(in_store second box inspect $image | jq -c '.[0].manifest | [.config.digest, [.layers[].digest]]')" ]
	done
	run in_store second box run --pull never acme/a:1
	[ "$status $output" = "0 hello" ] || fail "run"
}

@test "skopeo reads what box saves, and box what skopeo writes" {
	need root skopeo jq
	two_images
	box save -o oci.tar acme/a:1
	box save --format docker-archive -o docker.tar acme/a:1 acme/b:1
	[ "$(skopeo inspect --format '{{.Digest}}' oci-archive:oci.tar:docker.io/acme/a:1)" = "$(images | sed -n 's|^docker.io/acme/a:1 ||p')" ]
	skopeo --insecure-policy copy -q oci-archive:oci.tar:docker.io/acme/a:1 docker-archive:back-docker.tar:acme/a:2
	skopeo --insecure-policy copy -q docker-archive:docker.tar:docker.io/acme/b:1 oci-archive:back-oci.tar:acme/b:2
	in_store second box load -i back-docker.tar
	in_store second box load -i back-oci.tar
	run in_store second box run --pull never acme/a:2
	[ "$status $output" = "0 hello" ] || fail "a:2" || return 1
	run in_store second box run --pull never acme/b:2 echo fine
	[ "$status $output" = "0 fine" ] || fail "b:2"
}

@test "podman reads what box saves, and box what podman writes" {
	need root skopeo podman jq
	two_images
	for format in oci-archive docker-archive; do
		box save --format $format -o out.tar acme/a:1
		run podman load -q -i out.tar
		expect_status 0
		[ "$(podman image inspect docker.io/acme/a:1 --format '{{.Id}}')" = "$(box inspect acme/a:1 | jq -r '.[0].config' | cut -d: -f2)" ]
		run podman save -q --format $format -o "back-$format.tar" docker.io/acme/a:1
		expect_status 0
		run in_store "from-$format" box load -i "back-$format.tar"
		expect_status 0
		[ "$(in_store "from-$format" box inspect acme/a:1 | jq -r '.[0].config')" = "$(box inspect acme/a:1 | jq -r '.[0].config')" ]
		run in_store "from-$format" box run --pull never acme/a:1
		[ "$status $output" = "0 hello" ] || fail "run" || return 1
	done
	# Of an oci-archive podman takes one image at a time.
	box save --format docker-archive -o out.tar acme/a:1 acme/b:1
	run podman load -q -i out.tar
	expect_status 0
	run podman save -q --multi-image-archive -o many.tar docker.io/acme/a:1 docker.io/acme/b:1
	expect_status 0
	in_store many box load -i many.tar
	[ "$(images many | cut -d' ' -f1)" = "docker.io/acme/a:1
docker.io/acme/b:1" ]
}

@test "an ordinary user saves, loads and imports too" {
	need user userns subids skopeo jq
	two_images
	box save -o out.tar acme/a:1 acme/b:1
	chmod 644 out.tar
	as_user true # makes the home
	cp out.tar home/
	run as_user bin/box load -i out.tar
	expect_status 0
	run as_user bin/box run --pull never acme/a:1
	[[ $status == 0 && $output == *hello ]] || fail "run" || return 1
	run as_user sh -c 'bin/box save acme/a:1 acme/b:1 | cmp - out.tar'
	expect_status 0
	run as_user sh -c 'bin/box save --format docker-archive acme/b:1 | bin/box load --force'
	expect_status 0
	run as_user sh -c 'bin/box import - mine <rootfs.tar && bin/box run mine echo fine'
	[[ $status == 0 && $output == *fine ]] || fail "import" || return 1
}

@test "B27: an archive takes no name away from another image, unless it is told to" {
	need root skopeo jq
	two_images
	box save -o out.tar acme/a:1
	in_store second box import "$ROOTFS" acme/a:1
	local before
	before=$(images second)
	run in_store second box load -i out.tar
	expect_status 1
	expect_has "the name docker.io/acme/a:1 stands for another image in the store" "box load --force"
	[ "$(images second)" = "$before" ]
	in_store second box load --force -i out.tar
	[ "$(images second)" = "$(images | grep a:1)" ]
}

# which_image WORDS: the image that they name in the second store.
which_image() { in_store second box inspect "$1" | jq -r '.[0].name + " " + .[0].image'; }

@test "B27: no archive makes its image stand for another's digest" {
	need root jq
	local name good evil
	make_layout good docker.io/acme/a:1 300000
	good=$(jq -r '.manifests[0].digest' good/index.json)
	tar -C good -cf good.tar .
	in_store second box load -q -i good.tar >/dev/null
	# The digest behind a name, the digest as a name, and its beginning as a name.
	for name in "docker.io/acme/b@$good" "docker.io/acme/b:1@$good" "$good" "${good:0:19}" "${good:7:12}"; do
		rm -rf evil
		IMAGE_TEXT=evil make_layout evil "$name" 300000
		evil=$(jq -r '.manifests[0].digest' evil/index.json)
		tar -C evil -cf evil.tar .
		run in_store second box load -i evil.tar
		expect_status 0
		[[ $name == "${good:7:12}" || $output == *"it is loaded by its digest, continuing"* ]] || fail "$name" || return 1
	done
	run in_store second box run --pull never "acme/b@$good"
	[[ $status == 125 && $output == *"is not in the store"* ]] || fail "what runs by a digest" || return 1
	[ "$(which_image "$good")" = "docker.io/acme/a:1 $good" ]
	[ "$(which_image "${good:0:19}")" = "docker.io/acme/a:1 $good" ]
	[ "$(which_image "acme/a@$good")" = "docker.io/acme/a:1 $good" ]
	run in_store second box tag "${good:7:12}" acme/c:1
	expect_status 125
	expect_has "is the name of one image of the store, and the beginning of another's digest"
	# Its own digest behind a name is true.
	rm -rf evil
	IMAGE_TEXT=evil make_layout evil "docker.io/acme/b@$evil" 300000
	tar -C evil -cf evil.tar .
	in_store second box load -i evil.tar
	run in_store second box run --pull never "acme/b@$evil"
	[ "$status $output" = "0 evil" ] || fail "its own digest"
}

@test "a damaged archive is refused, and nothing of it stays" {
	need root skopeo jq
	two_images
	mkdir broken
	box save acme/a:1 | tar -C broken -x
	local blob
	blob=$(find broken/blobs -size +200k -printf '%f\n' | head -1)
	printf x | dd of="broken/blobs/sha256/$blob" bs=1 seek=5000 conv=notrunc status=none
	tar -C broken -cf broken.tar .
	run in_store second box load -i broken.tar
	expect_status 1
	expect_has "its content has the digest"
	[ -z "$(find "$WORK/second"/{blobs/sha256,layers,images,staging} -mindepth 1)" ]
	head -c 200000 in.tar >short.tar
	run in_store second box load -i short.tar
	expect_status 1
	run in_store second box load -i "$ROOTFS"
	expect_status 1
	expect_has "no archive of images" "box import"
	[ -z "$(find "$WORK/second"/{blobs/sha256,layers,images,staging} -mindepth 1)" ]
}

@test "import: the same tar is the same image; what it holds is what was in the tar" {
	need root jq
	mkdir -p tree/bin tree/etc
	tar -C tree -xf "$ROOTFS"
	echo 12 >tree/etc/number
	ln tree/etc/number tree/etc/again
	ln -s number tree/etc/link
	chown 7:8 tree/etc/number
	tar -C tree -cf tree.tar .
	run box import tree.tar acme/tree
	expect_status 0
	[[ $output == docker.io/acme/tree:latest@sha256:* ]] || fail "name" || return 1
	[ "$(box import - acme/other:3 <tree.tar)" = "${output/tree:latest/other:3}" ]
	run box run acme/tree stat -c '%u %g %h %n' /etc/number /etc/again
	expect_line "7 8 2 /etc/number" "7 8 2 /etc/again"
	[ "$(box inspect acme/tree | jq -r '.[0].manifest.layers[0].digest')" = "sha256:$(sha256sum <tree.tar | cut -d' ' -f1)" ]
	echo no tar >text
	run box import text acme/text
	expect_status 1
	run box import tree.tar acme/tree@sha256:0000000000000000000000000000000000000000000000000000000000000000
	expect_status 125
}

@test "save: a wrong name or a full disk leaves the file that was there" {
	need root jq
	box import "$ROOTFS" acme/a
	echo before >out.tar
	run box save -o out.tar acme/nothing
	expect_status 1
	expect_has "the store has no image docker.io/acme/nothing:latest"
	[ "$(cat out.tar)" = before ]
	run box save --format zip -o out.tar acme/a
	expect_status 125
	expect_has "expected oci-archive or docker-archive"
	run sh -c 'box save acme/a >/dev/full'
	expect_status 1
	expect_has "No space left on device"
	[ "$(ls | xargs)" = "bin out.tar state store" ] || fail "$(ls)"
}
