#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Dockerfiles as people write them (scripts/check builds; with the network). Each is built by box as root and as an ordinary user, on two
# clean stores: one digest. It is built by buildah too, and what is different in the two images, file by file and in the configurations, is
# what NAME/differences says ("box; buildah", without sizes and digests), which is mostly nothing; docs/build.md names the reasons. What buildah 1.28 cannot build is compared with
# NAME/expected: its files that the base does not have, and its configuration. Then the image is asked something.
#
# What each took is a line of $IMAGES/results: name, steps, box cold, box warm, buildah cold, buildah warm, differences.

load ../system/lib

IMAGES=${BOX_BUILDS:-$TOP/build/builds}
CASES=$TOP/tests/builds
EPOCH=1767225600

setup_file() {
	command -v mmdebstrap buildah skopeo npm >/dev/null && [ "$(id -u)" -eq 0 ] || return 0
	"$CASES/make" "$IMAGES"
	BUILDS=$(mktemp -d "${BOX_TEST_DIR:-/tmp}/box-builds-XXXXXX")
	chmod 711 "$BUILDS"
	mkdir "$BUILDS/user"
	chown boxtest: "$BUILDS/user"
	ln "$IMAGES/bases.tar" "$BUILDS/bases.tar" 2>/dev/null || cp "$IMAGES/bases.tar" "$BUILDS/bases.tar"
	chmod 644 "$BUILDS/bases.tar"
	printf 'case\tsteps\tbox cold\tbox warm\tbuildah cold\tbuildah warm\tdifferences\n' >"$IMAGES/results"
	export BUILDS
}
teardown_file() {
	[ -n "${BUILDS:-}" ] || return 0
	buildahs umount --all >/dev/null 2>&1 || true
	awk -v folder="$BUILDS" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l
	rm -rf --one-file-system "$BUILDS"
	column -t -s "$(printf '\t')" "$IMAGES/results" | sed 's/^/# /' >&3
}

setup() {
	need root user userns subids mmdebstrap buildah skopeo npm jq
	setup_world
	export BOX_STORE=$BUILDS/root
	as_user true
	[ -d "$BUILDS/root" ] || box load -q -i "$BUILDS/bases.tar" >/dev/null
	[ -d "$BUILDS/user/store" ] || by_user load -q -i "$BUILDS/bases.tar" >/dev/null
	[ -d "$BUILDS/buildah" ] || bases_for_buildah
	printf '//registry.example.com/:_authToken=canary-%s\nregistry=https://registry.example.com/\n' "$TAG" >npmrc
	printf 'password-%s' "$TAG" >password
	chmod 644 npmrc password
	cp -p npmrc password "$WORK/home"
}
teardown() {
	local name
	[ -n "${WORK:-}" ] || return 0
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

by_user() { as_user env TOKEN="${TOKEN:-}" BOX_STORE="$BUILDS/user/store" bin/box "$@"; }
buildahs() { buildah --root "$BUILDS/buildah" --runroot "$BUILDS/buildah-run" --storage-driver overlay "$@"; }
bases_for_buildah() {
	local name
	for name in $(jq -r '.manifests[].annotations[]' "$IMAGES/layout/index.json"); do
		skopeo copy -q "oci:$IMAGES/layout:$name" "containers-storage:[overlay@$BUILDS/buildah+$BUILDS/buildah-run]$name"
	done
}

now() { date +%s%N; }
seconds_since() { awk -v since="$1" -v now="$(now)" 'BEGIN { printf "%.2f", (now - since) / 1e9 }'; }

# made_by_box CASE WORDS…: as root, cold and warm, and as the user; sets $image, its digest, and $times and $steps.
made_by_box() {
	local case=$1 theirs begun cold
	shift
	mkdir -p "$WORK/home/$case"
	cp -rT "$CASES/$case" "$WORK/home/$case"
	chown -R $TEST_USER: "$WORK/home/$case"
	begun=$(now)
	run box build --progress plain -t "$case:test" "$@" "$WORK/home/$case"
	expect_status 0
	cold=$(seconds_since "$begun") image=${lines[-1]}
	steps=$(grep -cE '^#[0-9]+ \[' <<<"$output")
	begun=$(now)
	run box build --progress plain -t "$case:test" "$@" "$WORK/home/$case"
	expect_status 0
	times=$(printf '%s\t%s' "$cold" "$(seconds_since "$begun")")
	[ "$(grep -cE ' DONE ' <<<"$output")" -eq 0 ] && [ "${lines[-1]}" = "$image" ] || fail "the second build made something again"
	run by_user build --progress plain -t "$case:test" "$@" "$case"
	expect_status 0
	theirs=${lines[-1]}
	[ "$theirs" = "$image" ] || fail "$(differ "layout:$BUILDS/root:$image" "layout:$BUILDS/user/store:$theirs"): root's is another image"
}
differ() { python3 "$CASES/compare.py" "$@"; }

# made_by_both CASE WORDS…: words for both; $for_buildah is an array of those for it alone.
made_by_both() {
	local case=$1 begun cold named=
	made_by_box "$@"
	shift
	begun=$(now)
	made_by_buildah "$@" && cold=$(seconds_since "$begun") && begun=$(now) && made_by_buildah "$@"
	times+=$(printf '\t%s\t%s' "$cold" "$(seconds_since "$begun")")
	buildahs push -q --disable-compression "$case:test" "dir:$WORK/$case.dir"
	differ "layout:$BUILDS/root:$image" "dir:$WORK/$case.dir" >differences
	note "$(grep -c . differences)"
	[ ! -e "$CASES/$case/differences" ] || named=$CASES/$case/differences
	sed -E 's/ [0-9]+ bytes [0-9a-f]{12}//g' differences | diff - "${named:-/dev/null}" || fail "other differences, box; buildah:" "$(cat differences)"
}
made_by_buildah() {
	buildahs bud -q --layers --isolation chroot --format docker --pull-never -t "$case:test" "$@" "$WORK/home/$case" >buildah.out 2>&1 ||
		{ cat buildah.out; fail "buildah"; }
}
note() { printf '%s\t%s\t%s\t%s\n' "$case" "$steps" "$times" "$1" >>"$IMAGES/results"; }

# made_as_expected CASE BASE WORDS…
made_as_expected() {
	local case=$1 base=$2
	shift 2
	made_by_box "$case" "$@"
	note "as expected"
	differ --list "layout:$BUILDS/root:$image" "layout:$IMAGES/layout:$(base_digest "$base")" >listing
	diff "$CASES/$case/expected" listing || fail "it is not as expected"
}
base_digest() { jq -r --arg name "docker.io/library/$1" '.manifests[] | select(.annotations[] == $name).digest' "$IMAGES/layout/index.json"; }

# serves TEXT COMMAND…: the image runs in the background, and COMMAND inside of it says TEXT.
serves() {
	box run -d --name "$TAG-app" "$case:test" >/dev/null
	wait_until 30 says "$@"
}
says() { [[ $(box exec "$TAG-app" "${@:2}" 2>/dev/null </dev/null) == *"$1"* ]]; }
gets() { # gets PATH OF PORT: what a server in the container answers; its image may have no curl
	local pid
	pid=$(container_pid "$TAG-app")
	nsenter -t "$pid" -n curl -s "http://127.0.0.1:$2$1"
}
answers() { [[ $(gets "$1" "$2") == *"$3"* ]]; } # answers PATH PORT TEXT
expect_server() { # expect_server PATH PORT TEXT
	box run -d --name "$TAG-app" "$case:test" >/dev/null
	wait_until 30 answers "$@"
}

@test "node: npm ci from the registry, four stages, not root, healthy" {
	case=node
	made_by_both node
	expect_server /box 3000 "hello box, from user 1000"
	wait_until 30 healthy
	run box stop "$TAG-app"
	expect_status 0
}
healthy() { box ps --format json | jq -e --arg name "$TAG-app" '.[] | select(.name == $name).health == "healthy"'; }

@test "c: a static program, tested, alone in an image from scratch" {
	case=c
	made_by_both c
	run box run c:test
	[ "$output" = "1 1 32" ] || fail "it counted otherwise"
	printf 'one two\n' >words
	run box run -i --entrypoint /bin/count c:test <words
	[ "$output" = "1 2 8" ] || fail "it counted its stdin otherwise"
}

@test "python: Debian's gunicorn and flask" {
	case=python
	made_by_both python --build-arg SOURCE_DATE_EPOCH=$EPOCH
	expect_server /sum/40/2 8000 '"sum":42'
}

@test "nginx: a static site, made in a stage" {
	case=nginx
	made_by_both nginx --build-arg VERSION=1.2
	expect_server /about 8080 '<title>About us</title>'
	answers /version.txt 8080 1.2 || fail "another version"
	wait_until 10 logged
}
logged() { box logs "$TAG-app" 2>&1 | grep -q 'GET /about'; }

@test "heredocs: scripts, other interpreters, files" {
	case=heredocs
	made_as_expected heredocs debian:bookworm-slim --build-arg NAME=us
	run box run heredocs:test
	expect_line "name = us" 'escaped = $NAME' "home /root name us" "line 3"
}

@test "caches: of apt and of npm" {
	case=caches
	made_by_both caches
	run box run caches:test These Words
	[ "$output" = "these-words 172800000" ] || fail "it says something else"
	box build -q --no-cache --build-arg x=y "$WORK/home/caches" >/dev/null 2>&1 # the same from full caches
	run box run caches:test
	[ "$output" = "hello-world 172800000" ] || fail "it says something else"
}

@test "secrets: files; none is left" {
	case=secrets
	made_by_both secrets --secret id=npmrc,src=npmrc --secret id=password,src=password
	run box run secrets:test
	expect_line "1000:1000 440" "https://registry.example.com/"
	run grep -rlE "canary-$TAG|password-$TAG" "$BUILDS/root" "$BUILDS/user"
	[ -z "$output" ] || fail "a secret was kept"
}

@test "tokens: secrets as variables" {
	case=tokens
	TOKEN=token-fixed made_as_expected tokens debian:bookworm-slim --secret id=token,env=TOKEN --secret id=password,src=password
	run box run tokens:test
	expect_line "$(printf token-fixed | sha256sum | cut -c1-8)" "token none"
}

@test "onbuild: an image that finishes what begins with it" {
	case=onbuild
	box build -q -t site-builder:1 -f "$CASES/onbuild/Dockerfile.base" "$CASES/onbuild" >/dev/null
	as_user true
	cp -r "$CASES/onbuild" "$WORK/home/base"
	chown -R $TEST_USER: "$WORK/home/base"
	by_user build -q -t site-builder:1 -f base/Dockerfile.base base >/dev/null
	buildahs bud -q --layers --isolation chroot --format docker --pull-never -t docker.io/library/site-builder:1 -f "$CASES/onbuild/Dockerfile.base" "$CASES/onbuild"
	made_by_both onbuild --build-arg TITLE=mine
	expect_server / 8080 '<title>mine</title>'
}

@test "matrix: arguments before and after FROM, and their defaults" {
	case=matrix
	made_by_both matrix --build-arg FLAVOUR=debug --build-arg EXTRA=more --build-arg WHO=nobody
	run box run matrix:test
	expect_line "flavour debug" "level 9" "extra more" "distro unset" 'with symbols'
	made_by_box matrix
	run box run matrix:test
	expect_line "flavour release" "level 1" "debug 0" optimised
}

@test "owners: WORKDIR, USER, --chown, --chmod, modes and links" {
	case=owners
	made_by_both owners --build-arg SOURCE_DATE_EPOCH=$EPOCH
	run box run owners:test
	expect_line worker /home/worker/deep/er 'uid=1500(worker) gid=2000(team) groups=2000(team)' deep
}

@test "copies: --link, --parents, --exclude, and what .dockerignore leaves" {
	case=copies
	made_as_expected copies debian:bookworm-slim
	run box run copies:test
	expect_line /from/src/docs/guide.md /logs/important.log "/with space/README.md"
	expect_not test.js dropped.so .env draft
}

@test "config: SHELL, HEALTHCHECK, STOPSIGNAL, VOLUME, EXPOSE, LABEL" {
	case=config
	made_by_both config
	box run -d --name "$TAG-app" config:test >/dev/null
	wait_until 30 healthy
	run box logs "$TAG-app"
	expect_line "a failure in a pipe counts" '2 double style of env|style of env||single $OLD|/data|1000'
	run box stop "$TAG-app"
	run box ps -a
	expect_has "exited (3)"
}

@test "stages: one of many, parallel, --from of names, numbers and images" {
	case=stages
	made_by_both stages --target app
	run box run stages:test
	[ "$output" = $'one\ntwo\nthree' ] || fail "it says something else"
	run box build --progress plain --target test "$WORK/home/stages"
	expect_status 0
	expect_not broken
}

@test "java: a runtime of jlink" {
	case=java
	made_by_both java --build-arg SOURCE_DATE_EPOCH=$EPOCH
	run box run java:test box
	[ "$output" = "hello box from java 17 in 2 modules" ] || fail "it says something else"
}

@test "changes: whatever becomes of names that layers below have" {
	case=changes
	made_by_both changes
	run box run changes:test
	[ "$output" = $'new\nfile\nplain\ninside\nrename/h\nkeep/b\nzero a b' ] || fail "it has something else"
}

@test "words: quotes, escapes, variables, comments, and where each counts" {
	case=words
	made_by_both words --build-arg U=given --build-arg PORT=1
	run box run --entrypoint cat words:test /env
	expect_line "E8=\$S" "E9=\$S" "E5=single \$HOME" "V=given" "G1=a=b" "H3=3"
}
