#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where two images differ, and what is in one.

load lib
load registry
setup() { setup_world; setup_registry; }
teardown() { teardown_registry; teardown_world; }

# tree NAME: a small root with package databases.
tree() {
	mkdir -p "$1"/{etc,var/lib/dpkg,app/node_modules/@x/y,usr/lib/python3/dist-packages/Foo_Bar-1.2.dist-info,bin}
	printf 'ID=debian\nVERSION_ID="12"\n' >"$1/etc/os-release"
	cat >"$1/var/lib/dpkg/status" <<'END'
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: adduser
Status: install ok installed
Architecture: all
Version: 1:3.134
END
	echo '{"name": "@x/y", "version": "1.0.0"}' >"$1/app/node_modules/@x/y/package.json"
	printf 'Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.2\n\nName: no\n' >"$1/usr/lib/python3/dist-packages/Foo_Bar-1.2.dist-info/METADATA"
	echo "stamp a" >"$1/etc/stamp"
}

# image TREE NAME
image() { tar -C "$1" --sort=name --mtime=@100 --owner=0 --group=0 -cf "$1.tar" . && box import "$1.tar" "$2" >/dev/null; }

@test "box diff names the paths that differ, in their order, and why; the exit code says whether any does" {
	need root jq
	tree a && image a acme/a:1
	cp -a a b && echo "stamp b" >b/etc/stamp && chmod 600 b/etc/os-release && rm -r b/app && ln -s x b/only && image b acme/b:1
	run box diff acme/a:1 acme/a:1
	[ "$status" = 0 ] && [ -z "$output" ] || fail "equal" || return 1
	run box diff acme/a:1 acme/b:1
	expect_status 1
	[ "$(printf '%s\n' "${lines[@]}" | sed 's/ (.*//')" = "/app: only in the first
/app/node_modules: only in the first
/app/node_modules/@x: only in the first
/app/node_modules/@x/y: only in the first
/app/node_modules/@x/y/package.json: only in the first
/etc/os-release: mode
/etc/stamp: content at byte 6
/only: only in the second
configuration: first line that differs
layers: the first blob that differs" ] || fail "text" || return 1
	[ "$(box diff --format json acme/a:1 acme/b:1 | jq -r '.[5] | [.path, .what, .first, .second] | join(" ")')" = "/etc/os-release mode 0644 0600" ]
	run box diff -q acme/b:1 acme/a:1
	[ "$status" = 1 ] && [ -z "$output" ] || fail "quiet" || return 1
	run box diff acme/a:1 acme/none:1
	expect_status 2
	run box diff acme/a:1
	expect_status 125
	[ -z "$(ls "$BOX_STORE/staging")" ]
}

@test "box sbom lists what the package databases say, the same each time; attached, it goes and stays with the image" {
	need root jq docker-registry
	tree a && image a acme/a:1
	box sbom acme/a:1 >first
	box sbom --attach acme/a:1 >second
	cmp first second
	[ "$(jq -r '.packages[] | .externalRefs // [] | .[].referenceLocator' first)" = "pkg:deb/debian/adduser@1:3.134?arch=all
pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64
pkg:npm/%40x/y@1.0.0
pkg:pypi/foo-bar@1.2" ] || fail "$(cat first)" || return 1
	[ "$(jq -r '.spdxVersion + " " + .creationInfo.created' first)" = "SPDX-2.3 1970-01-01T00:00:00Z" ]
	! grep -q "$(hostname)" first
	box prune >/dev/null
	start_registry
	run box push acme/a:1 "$REGISTRY/acme/a:1"
	expect_status 0
	box tag acme/a:1 "$REGISTRY/acme/a:1"
	[ "$(box inspect --referrers "$REGISTRY/acme/a:1" | jq -r '.[0].referrers[][].artifactType')" = application/spdx+json ] ||
		fail "$(box inspect --referrers "$REGISTRY/acme/a:1")" || return 1
	box rmi acme/a:1 >/dev/null
	box rmi "$REGISTRY/acme/a:1" >/dev/null
	[ -z "$(ls "$BOX_STORE/referrers")" ]
	box prune >/dev/null
	[ -z "$(ls "$BOX_STORE/blobs/sha256")" ] || fail "left: $(ls "$BOX_STORE/blobs/sha256")"
}

@test "an ordinary user compares images and lists what is in them" {
	need user userns subids jq
	tree a && image a acme/a:1
	cp -a a b && echo "stamp b" >b/etc/stamp && image b acme/b:1
	box sbom acme/a:1 >first
	as_user true
	cp a.tar b.tar home/
	as_user sh -c 'bin/box import a.tar acme/a:1 && bin/box import b.tar acme/b:1' >/dev/null
	run as_user bin/box diff acme/a:1 acme/b:1
	expect_status 1
	[[ ${lines[0]} == "/etc/stamp: content at byte 6 "* ]] || fail "first line" || return 1
	as_user bin/box sbom acme/a:1 | cmp - first
}
