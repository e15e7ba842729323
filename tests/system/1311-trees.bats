#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The tree that box makes of an image, in both forms, is the one that umoci and podman make, name by name: every kind of member, and every
# way in which a layer changes those below. tests/bench/trees.sh does the same with a large image.

load lib
load images
load trees

setup() { setup_world; }
teardown() { teardown_world; }

# The lowest layer: every kind of member, in a format that has attributes, nanoseconds and names of any length.
lowest() {
	local deep name
	mkdir -p low/{bin,etc,opaque/deep,gone/deep,again,file-here,link-here,tmp,home/user}
	cp "$PROBE" low/bin/probe
	cp "$PROBE" low/bin/setuid
	chmod 6755 low/bin/setuid
	cp "$PROBE" low/bin/capable
	setcap cap_net_raw+ep low/bin/capable
	echo shared >low/etc/one
	ln low/etc/one low/etc/two
	ln low/etc/one low/home/three
	ln -s ../etc/one low/bin/link
	ln -s "$(printf 'long-target/%.0s' $(seq 60))" low/bin/long-link
	ln -s /nowhere low/bin/dangling
	mkfifo -m 622 low/etc/pipe
	: >low/etc/empty
	name=$(printf 'n%.0s' $(seq 255))
	deep=low/$(printf 'a-folder-of-a-deep-path/%.0s' $(seq 20))
	mkdir -p "$deep"
	echo deep >"$deep/$name"
	echo odd >low/etc/$'odd \t\n\\ \u00fcname'
	echo secret >low/etc/shadow
	chmod 0640 low/etc/shadow
	chown 0:42 low/etc/shadow
	chown -R 1000:1001 low/home/user
	chmod 1777 low/tmp
	echo x | tee low/{opaque/old,opaque/deep/old,gone/deep/x,again/old,file-here/x,link-here/x,folder-here} >/dev/null
	python3 - <<'PY'
import os
os.setxattr("low/etc/shadow", "user.note", b"some words")
os.setxattr("low/home", "user.of-a-folder", b"\0\1\2")
PY
	find low -exec touch -h -d '2020-02-02 02:02:02.123456789' {} +
	chmod 0751 low
	tar -C low --xattrs --xattrs-include='*' --format=posix --numeric-owner -cf 0.tar .
}

# What has no place in an index: holes, a time before 1970, a name that is no UTF-8. And nothing is said about the root.
middle() {
	mkdir -p holes/srv
	truncate -s 5M holes/srv/holes
	printf middle | dd of=holes/srv/holes bs=1 seek=3000000 conv=notrunc status=none
	echo odd >holes/srv/$'odd \377name'
	: >holes/srv/old
	find holes -exec touch -h -d '2020-02-02 02:02:02.2' {} +
	touch -d '1969-12-31 23:59:58 UTC' holes/srv/old # podman makes it 1970
	tar -C holes --sparse --format=posix --numeric-owner -cf 1.tar srv
}

# The uppermost: whiteouts, an opaque folder, things in the place of others. GNU's format, whole seconds.
uppermost() {
	mkdir -p up/{etc,opaque,folder-here,again,new}
	: >up/etc/.wh.one
	: >up/.wh.gone
	: >up/opaque/.wh..wh..opq
	echo new >up/opaque/new
	: >up/again/.wh.old
	echo new >up/again/new
	echo now >up/folder-here/file
	echo "now a file" >up/file-here
	ln -s etc up/link-here
	echo upper >up/new/a
	ln up/new/a up/new/b
	find up -exec touch -h -d '2021-03-03 03:03:03' {} +
	(cd up && find . -mindepth 1 | sort | tar --format=gnu --numeric-owner --no-recursion -cf ../2.tar -T -)
}

@test "every kind of member, and every change of an upper layer: one tree in both forms, and by umoci and podman" {
	need root umoci podman skopeo setcap python3 jq
	local maker
	lowest
	middle
	uppermost
	docker_archive image.tar 0.tar 1.tar 2.tar
	skopeo copy -q docker-archive:image.tar oci:layout:t
	list_box any "$WORK/layout" t
	list_box folders "$WORK/layout" t
	list_umoci layout t
	list_podman "$WORK/layout" t
	for maker in folders umoci podman; do diff any.tree $maker.tree >$maker.diff || true; done
	[ -z "$(cat folders.diff umoci.diff)" ] || fail "$(tail -n +1 -- *.diff)" || return 1
	# Podman's root folder is its own: 0555, of the present time, whatever the image says.
	[ "$(sed -nE 's/^[<>] ([^\t]*)\t.*/\1/p' podman.diff | sort -u | xargs)" = "/ /srv/old" ] || fail "$(cat podman.diff)" || return 1
	# What it is about is there.
	[ "$(wc -l <any.tree)" -gt 50 ]
	[ "$(grep -c 'security.capability=' any.tree)" = 1 ]
	[ "$(grep -cP '\tuser\.' any.tree)" = 2 ]
	[ "$(grep -cF $'\t/etc/two\t' any.tree)" = 0 ]
	[ "$(grep -cF $'\tetc/two' any.tree)" = 2 ] # with home/three, one file
	! grep -qE '^/(gone|again/old|opaque/(old|deep)|etc/one)' any.tree
	grep -q $'^/\td\t751\t' any.tree
	grep -q '^/srv/holes.*5242880' any.tree
	# Two layers have an index.
	[ "$(ls "$WORK"/store-any/layers/*/layer.erofs | wc -l)" = 2 ]
	[ "$(ls -d "$WORK"/store-folders/layers/*/root | wc -l)" = 3 ]
}
