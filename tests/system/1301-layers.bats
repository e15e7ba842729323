#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The two forms of a layer: a tar with an index, and a folder. What an app sees is the same.

load lib
load images

setup() { setup_world; }
teardown() { teardown_world; }

# The host makes indexes: what box doctor says, which tries it.
need_index() {
	need root
	box doctor | grep -q 'become a tar with an EROFS index' || skip "$(box doctor | grep -E '^[a-z]+ +layers')"
}

# ordinary FOLDER: a tree with everything that a layer can hold, and a program that waits.
ordinary() {
	mkdir -p "$1"/{bin,etc,usr/lib/deep/er,srv,home/user}
	cp "$PROBE" "$1/bin/probe"
	cp -r /usr/share/perl/5* "$1/usr/lib/perl" 2>/dev/null || cp -r /usr/share/doc "$1/usr/lib/perl"
	for i in $(seq 300); do echo "$i" >"$1/usr/lib/deep/er/a-rather-long-name-of-a-file-$i"; done
	ln -s ../usr/lib "$1/srv/lib"
	ln -s "$(printf 'long-target/%.0s' $(seq 60))" "$1/srv/long"
	ln "$1/etc/../bin/probe" "$1/srv/again"
	mkfifo -m 622 "$1/srv/pipe"
	echo secret >"$1/etc/shadow"
	chmod 0640 "$1/etc/shadow"
	chown 0:42 "$1/etc/shadow"
	chown -R 1000:1000 "$1/home/user"
	chmod 1777 "$1/srv"
	: >"$1/etc/empty"
	cp "$PROBE" "$1/bin/suid"
	chmod 4755 "$1/bin/suid"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"some words")' "$1/etc/shadow"
	setcap cap_net_raw+ep "$1/bin/suid"
	touch -d '2020-02-02 02:02:02.123456789' "$1/etc/shadow" "$1/usr/lib/deep"
	truncate -s 3333333 "$1/etc/holes-no-more"
}

# looks FILE.json: what the app has as its root, name by name, with content and attributes, seen from the host.
looks() {
	local base pid
	box run "$1" 3>&- &
	wait_until 10 is_waiting || return 1
	pid=$(container_pid)
	base=$(awk '{ print $2 }' "/proc/$pid/uid_map")
	(
		cd "/proc/$pid/root" || exit 1
		find . -xdev -mindepth 1 -printf '%P\t%y\t%m\t%U\t%G\t%s\t%l\t%T@\t%n\n' |
			awk -F '\t' -v OFS='\t' -v base="$base" '{ $4 -= base; $5 -= base; if ($2 == "d") { $6 = "-"; $9 = "-" } print }' | sort
		find . -xdev -type f -exec sha256sum {} + | sort
		attributes
	)
	box kill -q "$(container_name)" KILL
	wait $! || true
}

# images_own FILE: without what box brings itself.
images_own() { grep -Ev '^(proc|sys|run|tmp|dev)|etc/(hostname|hosts|resolv.conf)' "$1"; }

# attributes: the extended ones of everything below the current folder.
attributes() {
	python3 - <<'PY'
import os
for top, folders, files in (found for start in ("bin", "etc", "home", "srv", "usr") for found in sorted(os.walk("./" + start))):
    for name in [top] + [os.path.join(top, f) for f in sorted(files)]:
        for key in sorted(os.listxattr(name, follow_symlinks=False)):
            # A capability's last bytes are the root that it is for: another one for each app.
            print("attribute", name, key, os.getxattr(name, key, follow_symlinks=False)[:20 if key.startswith("security") else None])
PY
}

# The container's first process is the probe by now.
is_waiting() { [ "$(readlink "/proc/$(container_pid)/root/proc/1/exe")" ] && grep -q probe "/proc/$(container_pid)/cmdline"; }

# app FILE ROOTFS: a configuration whose program waits.
app() { printf '{"name": "%s", "rootfs": "%s", "command": ["/bin/probe", "wait", "60"]}\n' "$TAG-${1%.json}" "$2" >"$1"; }

@test "as root a layer is its tar and an index, and the tar is what came" {
	need_index
	app a.json "$ROOTFS"
	sed -i 's/"wait", "60"/"exit", "0"/' a.json
	box run a.json
	local layer=("$BOX_STORE"/layers/*)
	[ "${#layer[@]}" = 1 ]
	[ "$(ls "$layer")" = $'layer.erofs\nlayer.tar' ]
	cmp "$layer/layer.tar" "$ROOTFS"
	[ "$(basename "$layer")" = "sha256-$(sha256sum <"$ROOTFS" | cut -d' ' -f1)" ]
	[ "$(stat -c '%a %u' "$layer"/layer.*)" = $'400 0\n400 0' ]
	[ -z "$(ls "$BOX_STORE/staging")" ]
	[ "$(losetup -a | grep -c "$BOX_STORE")" = 0 ]
}

@test "an app sees the same whichever form its layer has" {
	need_index
	need setcap python3
	ordinary tree
	tar -C tree --xattrs --xattrs-include='*' --format=posix --numeric-owner -cf root.tar .
	app index.json "$WORK/root.tar"
	looks index.json >index.txt
	[ -e "$(echo "$BOX_STORE"/layers/*/layer.erofs)" ]
	BOX_STORE=$WORK/folders
	unpack tar "$WORK/root.tar" "$BOX_STORE"
	[ -n "$image" ]
	app folder.json "$WORK/root.tar"
	looks folder.json >folder.txt
	[ -d "$(echo "$BOX_STORE"/layers/*/root)" ]
	[ "$(wc -l <index.txt)" -gt 600 ]
	grep -q '^attribute ./etc/shadow user.note' index.txt
	grep -q '^attribute ./bin/suid security.capability' index.txt
	diff <(images_own index.txt) <(images_own folder.txt)
}

@test "whiteouts and opaque folders of an upper layer hide what is below in both forms" {
	need_index
	need setcap python3
	ordinary tree
	mkdir upper
	mkdir -p upper/etc upper/usr/lib/deep upper/srv
	: >upper/etc/.wh.shadow
	: >upper/usr/lib/deep/.wh..wh..opq
	: >upper/usr/lib/.wh.perl
	echo new >upper/usr/lib/deep/new
	echo other >upper/etc/empty
	tar -C tree --format=gnu --numeric-owner -cf lower.tar .
	# Only files: the folders on the way are implied, and look as they do below.
	(cd upper && find . -type f | tar --format=gnu --numeric-owner -cf ../upper.tar -T -)
	docker_archive both.tar lower.tar upper.tar
	app index.json "docker-archive:$WORK/both.tar"
	looks index.json >index.txt
	BOX_STORE=$WORK/folders
	unpack docker-archive "$WORK/both.tar" "$BOX_STORE"
	[ -n "$image" ]
	app folder.json "docker-archive:$WORK/both.tar"
	looks folder.json >folder.txt
	diff <(images_own index.txt) <(images_own folder.txt)
	[ "$(wc -l <index.txt)" -gt 30 ]
	grep -q $'^usr/lib/deep/new\t' index.txt
	! grep -q $'^etc/shadow\t\|^usr/lib/perl\t\|^usr/lib/deep/er\t' index.txt
	grep -q $'^srv\td\t1777' index.txt
	[ "$(ls "$WORK"/store/layers/*/layer.erofs | wc -l)" = 2 ]
}

@test "a tar with holes becomes a folder, and runs" {
	need_index
	mkdir -p tree/bin
	cp "$PROBE" tree/bin/probe
	truncate -s 10M tree/hole
	echo end >>tree/hole
	tar -C tree -S --format=gnu -cf root.tar .
	app a.json "$WORK/root.tar"
	sed -i 's/"wait", "60"/"exit", "7"/' a.json
	run box run a.json
	[ "$status" = 7 ]
	[ "$(ls "$BOX_STORE"/layers/*)" = $'root\nroot.list' ]
	cmp tree/hole "$BOX_STORE"/layers/*/root/hole
	[ -z "$(ls "$BOX_STORE/staging")" ]
}

@test "a layer whose index cannot be used gets a folder beside it" {
	need_index
	local layer
	FORM=any unpack tar "$ROOTFS" "$WORK/store"
	layer=$(echo "$WORK"/store/layers/*)
	[ "$(ls "$layer")" = $'layer.erofs\nlayer.tar' ]
	unpack tar "$ROOTFS" "$WORK/store"
	[ -n "$image" ]
	[ "$(ls "$layer")" = $'layer.erofs\nlayer.tar\nroot\nroot.list' ]
	# box takes the folder where the kernel refuses the index.
	printf x | dd of="$layer/layer.erofs" bs=1 seek=1024 conv=notrunc status=none
	app a.json "$ROOTFS"
	sed -i 's/"wait", "60"/"exit", "3"/' a.json
	run box run a.json
	[ "$status" = 3 ]
}

@test "an ordinary user's layers are folders" {
	need root user subids
	user_app '"command": ["probe", "exit", "6"]'
	run as_user bin/box run app.json
	expect_status 6
	[ "$(ls "$WORK"/home/data/box/layers/*)" = $'root\nroot.list' ]
}

@test "box doctor says which form and why" {
	need root
	run box doctor
	expect_has "layers            become "
	mkdir disk
	mount -t tmpfs tmpfs disk
	run box --store "$WORK/disk" doctor
	umount disk
	# A tmpfs cannot be mounted from: it is loop devices, or folders and the reason.
	[[ $output == *"over loop devices"* || $output == *"become folders, which take longer to make: "* ]]
}

@test "over loop devices an app sees the same, and none of them stays" {
	need_index
	need setcap python3 hooks losetup
	local before
	before=$(losetup -a)
	ordinary tree
	tar -C tree --xattrs --xattrs-include='*' --format=posix --numeric-owner -cf root.tar .
	BOX_STORE=$WORK/folders
	unpack tar "$WORK/root.tar" "$BOX_STORE"
	app folder.json "$WORK/root.tar"
	looks folder.json >folder.txt
	BOX_STORE=$WORK/loops
	export BOX_FAIL_LAYER_WAYS=files
	run box doctor
	expect_has "layers            become a tar with an EROFS index, mounted over loop devices"
	app index.json "$WORK/root.tar"
	looks index.json >index.txt
	[ -e "$(echo "$BOX_STORE"/layers/*/layer.erofs)" ]
	[ ! -e "$(echo "$BOX_STORE"/layers/*/root)" ]
	[ "$(wc -l <index.txt)" -gt 600 ]
	diff <(images_own index.txt) <(images_own folder.txt)
	run box store check
	expect_status 0
	wait_until 10 no_loop_of "$BOX_STORE"
	[ "$(losetup -a)" = "$before" ] || fail "$(losetup -a)"
	# A store that was filled where files could be mounted is used where only loop devices can, and the other way round.
	unset BOX_FAIL_LAYER_WAYS
	sed -i 's/"wait", "60"/"exit", "4"/' index.json
	run box run index.json
	expect_status 4
	[ "$(ls "$BOX_STORE"/layers/*)" = $'layer.erofs\nlayer.tar' ]
}

no_loop_of() { ! losetup -a | grep -qF "$1"; }

@test "where no index can be mounted, box doctor says why, and layers become folders" {
	need root hooks
	export BOX_FAIL_LAYER_WAYS=files,loops
	run box doctor
	expect_has "layers            become folders, which take longer to make: from its files: failed on purpose; over loop devices: failed on purpose"
	app a.json "$ROOTFS"
	sed -i 's/"wait", "60"/"exit", "5"/' a.json
	run box run a.json
	expect_status 5
	[ "$(ls "$BOX_STORE"/layers/*)" = $'root\nroot.list' ]
	# A store from a newer kernel: its layer gets a folder beside the index.
	BOX_STORE=$WORK/newer
	BOX_FAIL_LAYER_WAYS='' box doctor | grep -q 'become a tar with an EROFS index' || return 0
	run env BOX_FAIL_LAYER_WAYS= box run a.json
	expect_status 5
	[ "$(ls "$BOX_STORE"/layers/*)" = $'layer.erofs\nlayer.tar' ]
	run box run a.json
	expect_status 5
	[ "$(ls "$BOX_STORE"/layers/*)" = $'layer.erofs\nlayer.tar\nroot\nroot.list' ]
}

@test "twenty starts of one layer leave no mount, loop device or file behind" {
	need_index
	local before i
	app a.json "$ROOTFS"
	sed -i 's/"wait", "60"/"exit", "0"/' a.json
	box run a.json
	before="$(find "$BOX_STORE" -path "$BOX_STORE/ends" -prune -o -print | sort; grep -c erofs /proc/self/mountinfo; losetup -a)"
	for i in $(seq 20); do box run --name "$TAG-$i" a.json & done
	wait
	[ "$(find "$BOX_STORE" -path "$BOX_STORE/ends" -prune -o -print | sort; grep -c erofs /proc/self/mountinfo; losetup -a)" = "$before" ]
}
