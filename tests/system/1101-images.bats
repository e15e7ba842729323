#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images as people have them: tars, layouts, archives; the same tree as other tools make; the store as other tools read it.

load lib
load images
setup() { setup_world; }
teardown() { teardown_world; }

# A folder with a bit of everything, in $WORK/tree.
make_tree() {
	mkdir -p tree/{etc,usr/bin,"a b",empty} tree/deep/er/est
	echo one >tree/etc/one
	ln tree/etc/one tree/etc/two
	ln -s ../usr/bin/prog tree/etc/link
	printf '#!/bin/sh\n' >tree/usr/bin/prog
	chmod 4755 tree/usr/bin/prog
	chmod 1777 tree/empty
	echo ü >"tree/a b/$(printf 'n\303\274')"
	truncate -s 3M tree/deep/hole
	echo end >>tree/deep/hole
	mkfifo tree/deep/pipe
	chown 1000:2000 tree/etc/one
	chown -h 5:6 tree/etc/link
	touch -h -d '2001-02-03 04:05:06.123456789' tree/etc/link tree/etc/one tree/usr tree/deep/er
}

# compare FOLDER STORE: the image's merged root against a folder, names, kinds, modes, owners, sizes, links and times.
compare() {
	(cd "$1" && tree) >expected
	in_overlay "$2" bash -c 'source "$0"; tree 1879048192' "$BATS_TEST_DIRNAME/images.bash" >found
	diff expected found || fail "the trees differ"
}

@test "a tar, a tar.gz and a tar.zst are one image, whatever format GNU tar wrote" {
	need root zstd jq
	make_tree
	local format compression first=
	for format in gnu posix; do
		tar --format=$format --sparse --numeric-owner -C tree -cf $format.tar .
		gzip -k $format.tar
		zstd -q $format.tar
		first=
		for compression in "" .gz .zst; do
			unpack tar "$WORK/$format.tar$compression" "$WORK/s-$format"
			[ -n "$image" ] || fail "$format.tar$compression: $reason" || return 1
			[ "${first:=$image}" = "$image" ] || fail "another digest"
		done
		[ "$first" = "sha256:$(sha256sum <$format.tar | cut -d' ' -f1)" ] || fail "$first"
		[ "$(ls "$WORK/s-$format/layers" | wc -l)" = 1 ]
		if [ $format = posix ]; then
			compare tree "$WORK/s-$format"
		fi # the other format has whole seconds only
		cmp "$(layers "$WORK/s-$format")/deep/hole" tree/deep/hole
		[ "$(stat -c %h "$(layers "$WORK/s-$format")/etc/two")" = 2 ]
	done
}

@test "layers, whiteouts and opaque folders give the tree that umoci gives" {
	need root umoci jq
	make_tree
	umoci init --layout layout
	umoci new --image layout:a
	umoci insert --image layout:a tree /
	mkdir -p more/usr/bin more/new
	echo two >more/etc-one
	umoci insert --image layout:a more/etc-one /etc/one
	umoci insert --image layout:a --whiteout /etc/two
	umoci insert --image layout:a --whiteout /deep/er
	umoci insert --image layout:a --opaque more/new "/a b"
	umoci insert --image layout:a --whiteout /usr
	umoci insert --image layout:a more/etc-one /usr/again
	umoci unpack --image layout:a bundle
	unpack oci "$WORK/layout" "$WORK/s" a
	[ -n "$image" ] || fail "$reason" || return 1
	[ "$(layers "$WORK/s" | wc -l)" = 7 ]
	touch -d @0 bundle/rootfs/usr # umoci leaves the present time on a folder that no layer describes, box none
	compare bundle/rootfs "$WORK/s"
	[ ! -e bundle/rootfs/usr/bin ]
}

@test "a layout, an oci-archive and a docker-archive of one image share their layers" {
	need root umoci skopeo jq
	make_tree
	umoci init --layout layout
	umoci new --image layout:a
	umoci insert --image layout:a tree /
	umoci config --image layout:a --config.env A=b --config.cmd true
	skopeo copy -q oci:layout:a oci-archive:o.tar:a
	skopeo copy -q oci:layout:a docker-archive:d.tar:example.com/web:1
	skopeo copy -q --dest-compress --dest-compress-format zstd oci:layout:a oci:zstd:a
	local kind source
	for source in oci:layout oci-archive:o.tar docker-archive:d.tar oci:zstd; do
		unpack "${source%%:*}" "$WORK/${source#*:}" "$WORK/s"
		[ -n "$image" ] || fail "$source: $reason" || return 1
	done
	[ "$(ls "$WORK/s/layers" | wc -l)" = 1 ]
	unpack docker-archive "$WORK/d.tar" "$WORK/s" example.com/web:1
	[ -n "$image" ] || fail "$reason" || return 1
	unpack docker-archive "$WORK/d.tar" "$WORK/s" example.com/web:2
	[ "$reason" != "${reason/no image with the tag/}" ] || fail "$reason"
}

@test "the store is an OCI layout that other tools read, and blobs are kept as received" {
	need root umoci skopeo jq
	make_tree
	umoci init --layout layout
	umoci new --image layout:a
	umoci insert --image layout:a tree /
	unpack oci "$WORK/layout" "$WORK/s" a
	[ -n "$image" ] || fail "$reason" || return 1
	local name
	name=$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$WORK/s/index.json")
	skopeo copy -q "oci:$WORK/s:$name" oci:copy:a
	[ "$(jq -r '.manifests[0].digest' copy/index.json)" = "$image" ]
	[ "$(jq -r '.manifests[0].digest' layout/index.json)" = "$image" ]
	local blob
	for blob in copy/blobs/sha256/*; do cmp "$blob" "layout/${blob#copy/}"; done
}

@test "a member name of every byte survives" {
	need root python3 jq
	python3 - <<'PY'
import tarfile, io
t = tarfile.open("names.tar", "w", format=tarfile.USTAR_FORMAT, encoding="latin-1")
for b in range(1, 256):
    if b != 47:
        i = tarfile.TarInfo("n" + chr(b) + "x"); i.size = 1; t.addfile(i, io.BytesIO(b"x"))
t.close()
PY
	unpack tar "$WORK/names.tar" "$WORK/s"
	[ -n "$image" ] || fail "$reason" || return 1
	[ "$(ls -U --zero "$(layers "$WORK/s")" | tr -cd '\0' | wc -c)" = 254 ]
	[ -e "$(layers "$WORK/s")/$(printf 'n\377x')" ]
}

@test "box, GNU tar, Python and (where it is there) bsdtar list the same members" {
	need root python3 jq
	make_tree
	local format
	for format in gnu posix ustar v7; do
		tar --format=$format -C tree -cf $format.tar . 2>/dev/null || true
		unpack tar "$WORK/$format.tar" "$WORK/s-$format"
		[ -n "$image" ] || fail "$format: $reason" || return 1
		(cd "$(layers "$WORK/s-$format")" && find . | LC_ALL=C sort) >mine
		tar -tf $format.tar --quoting-style=literal | sed 's|/$||' | LC_ALL=C sort >gnu
		python3 -c 'import sys,tarfile
for m in tarfile.open(sys.argv[1]): print(m.name)' $format.tar | LC_ALL=C sort >python
		diff mine gnu && diff mine python || fail "$format differs" || return 1
		! command -v bsdtar >/dev/null || diff mine <(LC_ALL=C.UTF-8 bsdtar -tf $format.tar | sed 's|/$||' | LC_ALL=C sort) || fail "$format differs"
	done
}

@test "a folder that a layer only passes through keeps the owner and mode that it has below" {
	need root umoci jq
	make_tree
	mkdir -m 700 tree/secret
	chown 33:33 tree/secret
	umoci init --layout layout
	umoci new --image layout:a
	umoci insert --image layout:a tree /
	umoci insert --image layout:a tree/etc/one /empty/new
	umoci insert --image layout:a tree/etc/one /secret/new
	unpack oci "$WORK/layout" "$WORK/s" a
	[ -n "$image" ] || fail "$reason" || return 1
	[ "$(in_overlay "$WORK/s" stat -c '%a %u' empty secret | tr '\n' ' ')" = "1777 1879048192 700 1879048225 " ] ||
		fail "$(in_overlay "$WORK/s" stat -c '%a %u %n' empty secret)"
}

# --- with box --------------------------------------------------------------------------------------------------------------

@test "an unchanged archive needs box-image no more; a changed one is noticed" {
	need root
	cp "$ROOTFS" root.tar
	touch -d '1 hour ago' root.tar
	sleep 2.1 # the change time cannot be set back, and the store doubts what changed within two seconds
	printf '{"name": "%s", "rootfs": "%s", "command": ["cat", "/etc/hostname"], "hostname": "h"}\n' "$TAG" "$WORK/root.tar" >app.json
	run box run app.json
	expect_status 0
	# A copy of box without its helpers: it runs what it knows, and nothing else.
	mkdir -p alone/bin
	cp "$BOX" alone/bin/box
	run alone/bin/box --root "$STATE" run app.json
	expect_status 0
	mkdir extra
	echo yes >extra/added
	tar -C extra -rf root.tar added
	run alone/bin/box --root "$STATE" run app.json
	expect_status 125
	expect_has box-image
	sed -i 's|"/etc/hostname"|"/added"|' app.json
	run box run app.json
	expect_status 0
	expect_line yes
}

@test "fifty boxes that meet a new archive unpack it once" {
	need root
	app '"command": ["true"]'
	local i bad=0 pids=()
	for i in $(seq 50); do
		box run --name "$TAG-$i" app.json </dev/null >/dev/null 2>"err.$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || bad=$((bad + 1)); done
	[ $bad -eq 0 ] || fail "$bad of 50 failed: $(cat err.* | sort | uniq -c | head)"
	[ "$(ls "$BOX_STORE/layers" | wc -l)" = 1 ]
	[ -z "$(ls "$BOX_STORE/staging")" ]
}

@test "an image's configuration says what to run, and app.json wins" {
	need root umoci
	umoci init --layout layout
	umoci new --image layout:web
	mkdir root
	tar -C root -xf "$ROOTFS"
	umoci insert --image layout:web root /
	umoci config --image layout:web --config.env WHO=image --config.env KEPT=1 --config.cmd sh --config.cmd -c --config.cmd 'echo $WHO $KEPT $PWD' \
		--config.workingdir /home --config.user app
	printf '{"name": "%s", "image": "oci:%s/layout:web"}\n' "$TAG" "$WORK" >app.json
	run box run app.json
	expect_status 0
	expect_line "image 1 /home"
	printf '{"name": "%s", "image": "oci:%s/layout:web", "environment": {"WHO": "app"}, "working_dir": "/tmp"}\n' "$TAG" "$WORK" >app.json
	run box run app.json
	expect_status 0
	expect_line "app 1 /tmp"
	printf '{"name": "%s", "image": "oci:%s/layout:other"}\n' "$TAG" "$WORK" >app.json
	run box run app.json
	expect_status 125
	expect_has 'no image with the tag "other"; there are: web'
}

@test "an image that lists a layer twice runs, as the upper one says" {
	need root python3
	mkdir -p one two
	echo one >one/file
	touch one/only
	echo two >two/file
	tar -C one -cf one.tar file only
	tar -C two -cf two.tar file
	docker_archive twice.tar "$ROOTFS" one.tar two.tar one.tar one.tar
	printf '{"name": "%s", "image": "docker-archive:%s/twice.tar", "command": ["sh", "-c", "cat /file && ls /only"]}\n' "$TAG" "$WORK" >app.json
	run box run app.json
	expect_status 0
	expect_line one /only
}

@test "an ordinary user's store works the same" {
	need root user subids
	user_app '"command": ["sh", "-c", "stat -c \"%u %n\" /home/app && id -u"]'
	run as_user bin/box run app.json
	expect_status 0
	expect_line "1000 /home/app" 0
	local store=$WORK/home/data/box
	[ "$(stat -c '%a %U' "$store")" = "700 $TEST_USER" ]
	[ -z "$(ls "$store/staging")" ]
}

@test "a user without subordinate ids gets everything as its own, and a word about it" {
	need root user jq
	# A copy of everything for a user number that /etc/subuid does not know.
	mkdir single tree
	echo x >tree/f
	chown 1000:1000 tree/f
	tar -C tree --numeric-owner -cf single/root.tar .
	cp "$BOX_BUILD/libexec/box/box-image" single/
	make_store single/store
	chown -R 54321:54321 single
	run setpriv --reuid 54321 --regid 54321 --clear-groups sh -c 'cd single && exec ./box-image unpack tar 8 9 new folders root.tar 8<store 9<root.tar'
	expect_status 0
	expect_has "the owners of 1 files become root, as this user has no subordinate ids"
	[ "$(stat -c '%u %g' single/store/layers/*/root/f)" = "54321 54321" ]
}

# small_disk OPTIONS: a tmpfs at $WORK/disk, and a store on it.
small_disk() {
	mkdir disk
	mount -t tmpfs -o "$1" tmpfs disk
	make_store "$WORK/disk/store"
}

@test "a file that an archive names many times is written once" {
	need root python3 jq
	small_disk size=46m
	mkdir tree
	head -c 16M /dev/urandom >tree/noise
	tar -C tree -cf noise.tar noise
	docker_archive many.tar noise.tar noise.tar noise.tar noise.tar
	# The archive, which becomes the blob, and the layer have 32 MiB; a copy finds no room.
	unpack docker-archive "$WORK/many.tar" "$WORK/disk/store"
	umount disk
	[ -n "$image" ] || fail "$reason"
}

@test "a disk keeps its reserve while blobs are copied" {
	need root python3 jq
	small_disk size=28m
	mkdir tree
	head -c 13800k /dev/urandom >tree/noise
	tar -C tree -cf noise.tar noise
	docker_archive noisy.tar noise.tar
	# Archive and blob would fit, but not with the 5 % that are kept; no member of the layer is reached.
	unpack docker-archive "$WORK/noisy.tar" "$WORK/disk/store"
	umount disk
	[[ $reason == *"layer 1 of 1: the store's file system has"*"are kept free" ]] || fail "image: $image, reason: $reason"
}

@test "a disk keeps some inodes, whatever a layer makes of names" {
	need root python3 jq
	small_disk size=64m,nr_inodes=3000
	local kind
	for kind in files implied; do
		python3 - $kind <<'PY'
import sys, tarfile
t = tarfile.open("many.tar", "w", format=tarfile.PAX_FORMAT)
for i in range(5000 if sys.argv[1] == "files" else 25):
    t.addfile(tarfile.TarInfo("f%d" % i if sys.argv[1] == "files" else "d%d/" % i + "d/" * 200 + "f"))
t.close()
PY
		unpack tar "$WORK/many.tar" "$WORK/disk/store"
		[[ $reason == *"inodes left, and 150 are kept free" ]] || fail "$kind: image: $image, reason: $reason" || return 1
	done
	# All of it is gone again, and a small layer finds its place.
	unpack tar "$ROOTFS" "$WORK/disk/store"
	umount disk
	[ -n "$image" ] || fail "$reason"
}

@test "unpacking costs the same per member, however many there are" {
	need root python3 jq
	local count began took=()
	for count in 20000 40000; do
		python3 - $count <<'PY'
import sys, tarfile
t = tarfile.open("many.tar", "w", format=tarfile.USTAR_FORMAT)
for i in range(int(sys.argv[1])):
    m = tarfile.TarInfo("d%d/e/f%d" % (i % 100, i)); t.addfile(m)
t.close()
PY
		began=$(date +%s%N)
		unpack tar "$WORK/many.tar" "$WORK/s-$count"
		took+=($(($(date +%s%N) - began)))
		[ -n "$image" ] || fail "$reason" || return 1
	done
	# Twice the members in less than three times the time: 2.3 on a quiet disk, a little more on one that writes back meanwhile.
	[ $((took[1])) -lt $((took[0] * 3)) ] || fail "${took[*]} ns"
}
