#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box export: what an image or a container has below "/", as one tar; box import of it is the same tree.

load lib
load images
load bundle
setup() { setup_world; }
teardown() { teardown_world; }

# members TAR: name, kind, mode, owner, target, time in nanoseconds, attributes and content of each, sorted by name.
members() {
	python3 - "$1" <<'PY'
import sys, tarfile
for m in sorted(tarfile.open(sys.argv[1]), key=lambda m: m.name):
    name = m.name.removeprefix("./").rstrip("/") or "."
    xattrs = sorted((k, v) for k, v in m.pax_headers.items() if k.startswith("SCHILY.xattr."))
    print(name, m.type, oct(m.mode), m.uid, m.gid, m.linkname, m.pax_headers.get("mtime", m.mtime), xattrs, m.size)
PY
	mkdir -p content
	tar -C content -xf "$1" && (cd content && find . -type f -exec sha256sum {} + | sort -k2)
	rm -rf content
}

# every_kind DIR: three layers as folders, with everything that one may hold and the next may hide.
every_kind() {
	mkdir -p "$1"/{1,2,3}/etc "$1"/1/{bin,gone,hidden/below,"a b"} "$1"/2/hidden
	cp "$PROBE" "$1/1/bin/probe"
	setcap cap_net_raw+ep "$1/1/bin/probe"
	echo one >"$1/1/etc/one"
	ln "$1/1/etc/one" "$1/1/bin/again"
	ln -s nowhere "$1/1/etc/link"
	mkfifo "$1/1/etc/fifo"
	echo x >"$1/1/gone/file"
	echo x >"$1/1/hidden/below/file"
	printf 'ü' >"$1/1/a b/$(printf 'n%.0s' $(seq 200))"
	ln -s "$(printf 'target/%.0s' $(seq 50))" "$1/1/a b/long"
	chown 1000:65535 "$1/1/etc/one"
	chmod 4711 "$1/1/etc/one"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"some\nwords"); os.setxattr(sys.argv[1], "user.a", b"")' "$1/1/etc/one"
	: >"$1/2/.wh.gone"
	: >"$1/2/hidden/.wh..wh..opq"
	echo new >"$1/2/hidden/new"
	echo three >"$1/3/etc/three"
	touch -h -d '2001-02-03 04:05:06.123456789' "$1"/1/etc/{one,link} "$1"/1/"a b" "$1"/3/etc
	for layer in 1 2 3; do tar --format=posix --pax-option=delete=atime,delete=ctime --xattrs --xattrs-include='*' --sort=name -C "$1/$layer" -cf "$layer.tar" .; done
}

load_every_kind() {
	every_kind tree
	docker_archive image.tar 1.tar 2.tar 3.tar
	box load -q -i image.tar
}

@test "an image: every kind of member, whiteouts resolved; import of it is the same tree; twice is the same tar" {
	need root jq setcap
	load_every_kind
	run box export -o out.tar t:1
	expect_status 0
	[ -z "$output" ]
	box export t:1 | cmp - out.tar
	members out.tar >found
	! grep -E '^(gone|hidden/below|.*\.wh\.)' found || fail "whiteouts" || return 1
	grep -q "^hidden/new " found
	grep -q "^etc/one b'1' .* bin/again " found || fail "hard link: $(grep etc/one found)" || return 1
	grep -qF "SCHILY.xattr.security.capability" found
	[ "$(grep -c "SCHILY.xattr.user.note', 'some" found)" = 1 ]
	box import out.tar acme/again
	box export acme/again | cmp - out.tar
}

@test "the same tree as umoci makes, and as podman exports" {
	need root jq setcap umoci skopeo podman
	load_every_kind
	box export -o out.tar t:1
	skopeo --insecure-policy copy -q docker-archive:image.tar oci:layout:t
	umoci unpack --image layout:t bundle
	mkdir out
	tar -C out --xattrs --xattrs-include='*' --numeric-owner -xpf out.tar
	(cd bundle/rootfs && tree) >expected
	(cd out && tree) | diff expected -
	(cd out && getfattr -R -d -m '^(user|security)\.' . 2>/dev/null | sort) >attributes
	(cd bundle/rootfs && getfattr -R -d -m '^(user\.[^o]|security\.)' . 2>/dev/null | sort) | grep -v user.rootlesscontainers | diff - attributes
	pod() { podman --root "$WORK/podman" --runroot "$WORK/podman-run" --tmpdir "$WORK/podman-tmp" --storage-driver vfs --events-backend none "$@"; }
	pod load -q -i image.tar
	pod create --name c t:1 sh >/dev/null
	mkdir podman-out
	pod export c | tar -C podman-out --numeric-owner -xpf -
	# podman's has whole seconds, and what it brings itself.
	look() { find . -mindepth 1 -printf '%P %y %m %U %G %l %n\n' | sed -E '/ d /s/ [0-9]+$//' | grep -Ev '^(dev|proc|run|sys|etc/(hostname|hosts|mtab|resolv.conf))( |/)' | sort; }
	(cd podman-out && look) >expected
	(cd out && look) | diff expected -
	[ -s expected ]
}

@test "a running container: what it wrote, with its own ids; nothing of what is mounted on its root" {
	need root jq
	mkdir data
	echo host >data/file
	app '"command": ["sh", "-c", "echo new >/etc/new; chown 5:6 /etc/new; rm -r /home; echo t >/run/t; touch /ready; exec sleep 1000"],
		"volumes": [{"type": "volume", "source": "v", "target": "/srv"}, "./data:/data:ro"]'
	box run --name "$TAG-a" app.json 3>&- &
	wait_until 10 box exec "$TAG-a" test -e /ready
	run box export -o out.tar "$TAG-a"
	expect_status 0
	members out.tar >found
	grep -q "^etc/new b'0' 0o644 5 6 " found || fail "$(cat found)" || return 1
	grep -q "^data b'5' " found
	! grep -E '^(home|data/|proc/|run/|tmp/)' found || fail "what is not its own" || return 1
	box pause "$TAG-a"
	box export "$TAG-a" | cmp - out.tar
	box rm -f "$TAG-a"
	wait $! || true
	run box export "$TAG-a"
	expect_status 1
	expect_has "export $TAG-a: no container of this name runs, and the store has no such image"
}

@test "an app in the background: the same whether it runs or has stopped" {
	need root jq
	app '"command": ["sh", "-c", "test -e /etc/new || { echo new >/etc/new; chown 5:6 /etc/new; rm -r /home; }; exec sleep 1000"]'
	box run -d --name "$TAG-a" app.json
	wait_until 10 box exec "$TAG-a" test -e /etc/new
	box export "$TAG-a" >running.tar
	box stop -t 0 "$TAG-a"
	run box export -o stopped.tar "$TAG-a"
	expect_status 0
	members stopped.tar >found
	grep -q "^etc/new b'0' 0o644 5 6 " found || fail "$(cat found)" || return 1
	! grep '^home' found || fail "what it removed" || return 1
	# A start brings places for its mounts along.
	own() { grep -vE '^(etc|sys|dev|proc)[/ ]|^\. |\./etc/(hosts|resolv)'; }
	members running.tar | own >one
	own <found | diff one -
	box rm "$TAG-a"
	run box export "$TAG-a"
	expect_status 1
}

@test "a file that the app changes all the time breaks no tar" {
	need root jq
	app '"command": ["sh", "-c", "while :; do head -c 3000000 /dev/zero >/a; : >/a; rm -f /b; mkfifo /b; rm /b; mkdir /b; rmdir /b; ln -s / /b; rm /b; echo >/b; done"]'
	box run --name "$TAG-a" app.json 3>&- &
	wait_until 10 box exec "$TAG-a" true
	for _ in $(seq 20); do
		timeout 20 box export "$TAG-a" 2>said >out.tar || fail "$(cat said)" || return 1
		tar -tf out.tar >/dev/null || fail "no tar" || return 1
	done
	box rm -f "$TAG-a"
	wait $! || true
}

@test "an OCI container, with and without a user namespace" {
	setup_bundles
	local with='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 3000000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	for change in . "$with"; do
		rootfs_folder "$ROOT"
		[ "$change" = . ] || chown -R 3000000:3000000 "$ROOT"
		bundle "$change" sh -c 'echo yes >/etc/new; exec sleep 1000'
		box create -b . "$TAG"
		box start "$TAG"
		wait_until 10 test -s "$ROOT/etc/new"
		run box export -o out.tar "$TAG"
		expect_status 0
		members out.tar >found
		grep -q "^etc/new b'0' 0o644 0 0 " found || fail "$(cat found)" || return 1
		! grep -E '^(proc|dev|sys)/' found || fail "its mounts" || return 1
		box delete --force "$TAG"
	done
}

@test "an ordinary user exports images and containers" {
	need user userns subids jq
	as_user sh -c 'bin/box import rootfs.tar acme/a && bin/box export -o out.tar acme/a && bin/box import out.tar acme/b && bin/box export acme/b | cmp - out.tar'
	as_user sh -c 'printf "%s" "{\"name\": \"x\", \"image\": \"acme/a\", \"command\": [\"sh\", \"-c\", \"echo new >/etc/new; chown 5:6 /etc/new; exec sleep 1000\"]}" >app.json'
	as_user bin/box run --name "$TAG-a" app.json 3>&- &
	wait_until 10 as_user bin/box exec "$TAG-a" test -e /etc/new
	as_user sh -c "bin/box export $TAG-a >c.tar"
	members home/c.tar >found
	as_user bin/box rm -f "$TAG-a"
	wait $! || true
	grep -q "^etc/new b'0' 0o644 5 6 " found || fail "$(cat found)"
}

@test "wrong words, a full disk: the file that was there stays" {
	need root jq
	box import "$ROOTFS" acme/a
	echo before >out.tar
	run box export
	expect_status 125
	run box export -o out.tar acme/none
	expect_status 1
	expect_has "box pull acme/none"
	run sh -c 'box export acme/a >/dev/full'
	expect_status 1
	expect_has "export acme/a: write" "No space left on device"
	[ "$(cat out.tar)" = before ]
	[ "$(ls | xargs)" = "bin out.tar state store" ] || fail "$(ls)"
}
