#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Registries as people have them: Debian's docker-registry by http and by TLS with an authority of its own, with passwords; as root and not.

load lib
load registry
setup() { setup_world && setup_registry; }
teardown() { teardown_registry; teardown_world; }

# The files of a store that are no finished thing.
unfinished() { find "$BOX_STORE"/downloads "$BOX_STORE"/staging -mindepth 1 ! -name 'pull-*'; }

@test "pull, run, and the store is a layout that skopeo reads" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/acme/web:1"
	run box pull "$REGISTRY/acme/web:1"
	[ "$status" -eq 0 ] || fail "pull" || return 1
	local digest
	digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/acme/web:1")
	[ "${lines[-1]}" = "$REGISTRY/acme/web:1@$digest" ] || fail "$digest" || return 1
	[ "$(skopeo inspect --format '{{.Digest}}' "oci:$BOX_STORE:$REGISTRY/acme/web:1")" = "$digest" ]
	[ "$(skopeo inspect --format '{{len .Layers}}' "oci:$BOX_STORE:$REGISTRY/acme/web:1")" = 3 ]
	skopeo --insecure-policy copy -q "oci:$BOX_STORE:$REGISTRY/acme/web:1" oci:copy:x
	(cd "$BOX_STORE" && for blob in blobs/sha256/*; do sha256sum "$blob" | grep -q "^${blob##*/} " || exit 1; done)
	[ -z "$(unfinished)" ] || fail "$(unfinished)" || return 1
	teardown_registry # from here on nobody can be asked
	run box run --pull never "$REGISTRY/acme/web:1"
	[ "$status $output" = "0 hello" ] || fail "run" || return 1
	run box run "$REGISTRY/acme/web@$digest" ls -d /bin
	[ "$status $output" = "0 /bin" ] || fail "by digest" || return 1
	printf '{"image": "%s/acme/web:1", "command": ["cat", "/word"]}\n' "$REGISTRY" >app.json
	run box run app.json
	[ "$status $output" = "0 hello" ] || fail "app.json"
}

@test "run pulls what is missing, and only --pull always asks again" {
	need root docker-registry skopeo
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/web:1"
	run box run --pull never "$REGISTRY/web:1"
	[ "$status" -eq 125 ]
	[[ $output == *"$REGISTRY/web:1 is not in the store"* ]] || fail "never" || return 1
	run box run -q "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "missing" || return 1
	IMAGE_TEXT=changed make_layout layout b
	push layout:b "$REGISTRY/web:1"
	run box run -q "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "still the old one" || return 1
	run box run -q --pull always "$REGISTRY/web:1"
	[ "$status $output" = "0 changed" ] || fail "always"
}

@test "D09: a tag that has moved is told, and its digest printed" {
	need root docker-registry skopeo
	start_registry
	make_layout layout a
	IMAGE_TEXT=changed make_layout layout b
	push layout:a "$REGISTRY/web:1"
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ]
	local before=${output#*@}
	run box pull "$REGISTRY/web:1"
	[[ $output != *"has moved"* ]] || fail "it has not moved" || return 1
	push layout:b "$REGISTRY/web:1"
	run box pull "$REGISTRY/web:1"
	[ "$status" -eq 0 ]
	[[ $output == *"$REGISTRY/web:1 has moved: it was $before"* ]] || fail "moved" || return 1
	[ "${lines[-1]#*@}" != "$before" ]
	# Those of a file: each once, and none that is built or lies here.
	printf '{"services": {"a": {"image": "%s/web:1", "command": ["x"]}, "b": {"image": "%s/web:1", "command": ["y"]},
		"c": {"rootfs": "%s", "command": ["z"]}, "d": {"build": ".", "command": ["z"]}}}' "$REGISTRY" "$REGISTRY" "$ROOTFS" >app.json
	push layout:a "$REGISTRY/web:1"
	run box pull app.json
	[ "$status" -eq 0 ]
	[ "${output/has moved/}" != "$output" ] && [ "$(grep -c "^$REGISTRY/web:1@$before" <<<"$output")" = 1 ] || fail "of a file" || return 1
	# What is pinned stays what it was.
	run box run -q "$REGISTRY/web@$before"
	[ "$status $output" = "0 hello" ] || fail "pinned"
}

@test "TLS with an authority of its own, and a password that login has tried" {
	need root docker-registry skopeo htpasswd openssl
	start_registry tls auth
	make_layout layout a
	PUSH_CREDENTIALS=robot:canary-4711 push layout:a "$REGISTRY/acme/web:1"
	run box pull "$REGISTRY/acme/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"certificate"* ]] || fail "who vouches for it?" || return 1
	trust_authority "$REGISTRY"
	run box pull "$REGISTRY/acme/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"it wants a user and a password"*"box login $REGISTRY"* ]] || fail "no password" || return 1
	run box login -u robot --password-stdin "$REGISTRY" <<<"wrong"
	[ "$status" -eq 1 ]
	[[ $output == *"it answered 401"*"the user or the password is wrong"* ]] || fail "a wrong password" || return 1
	[ ! -e "$XDG_RUNTIME_DIR/containers/auth.json" ]
	run box login -u robot --password-stdin "$REGISTRY" <<<"canary-4711"
	[ "$status" -eq 0 ] || fail "login" || return 1
	[ "$(stat -c %a "$XDG_RUNTIME_DIR/containers/auth.json")" = 600 ]
	run box pull "$REGISTRY/acme/web:1"
	[ "$status" -eq 0 ] || fail "pull" || return 1
	# Other tools find it there too.
	skopeo inspect --cert-dir certs "docker://$REGISTRY/acme/web:1" >/dev/null
	run box logout "$REGISTRY"
	[ "$status" -eq 0 ] || fail "logout" || return 1
	run box pull "$REGISTRY/acme/web:1"
	[ "$status" -eq 1 ]
	run box logout "$REGISTRY"
	[ "$status" -eq 1 ]
	[[ $output == *"no password is kept"* ]]
}

@test "login keeps what else is in the file" {
	need root docker-registry htpasswd jq
	start_registry auth
	mkdir -p "$XDG_RUNTIME_DIR/containers"
	echo '{"auths": {"example.com": {"auth": "eDp5", "x": 1}}, "other": [1, 2]}' >"$XDG_RUNTIME_DIR/containers/auth.json"
	chmod 600 "$XDG_RUNTIME_DIR/containers/auth.json"
	run box login -u robot --password-stdin "$REGISTRY" <<<"canary-4711"
	[ "$status" -eq 0 ] || fail "login" || return 1
	run jq -c . "$XDG_RUNTIME_DIR/containers/auth.json"
	[ "$output" = '{"auths":{"example.com":{"auth":"eDp5","x":1},"'"$REGISTRY"'":{"auth":"cm9ib3Q6Y2FuYXJ5LTQ3MTE="}},"other":[1,2]}' ] || fail "kept"
}

@test "a password file of the caller's choice is a name, or a path that has to be made" {
	need root docker-registry htpasswd jq
	start_registry auth
	for file in own.json made/for/it/own.json "$PWD/other.json"; do
		REGISTRY_AUTH_FILE=$file run box login -u robot --password-stdin "$REGISTRY" <<<"canary-4711"
		[ "$status" -eq 0 ] || fail "login with $file" || return 1
		[[ $output == *"kept in "*"/${file##*/}"* ]] || fail "kept" || return 1
		run jq -r '.auths[].auth' "$file"
		[ "$output" = cm9ib3Q6Y2FuYXJ5LTQ3MTE= ] || fail "$file" || return 1
	done
}

@test "an ordinary user pulls, with registries.json of its own, and removes" {
	need user userns subids docker-registry skopeo jq
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/acme/web:1"
	as_user mkdir -p config/box
	as_user sh -c "printf '%s' '{\"registries\": {\"example.org/hub\": {\"mirrors\": [\"$REGISTRY/acme\"]}}}' >config/box/registries.json"
	run as_user bin/box pull example.org/hub/web:1
	[ "$status" -eq 0 ] || fail "pull" || return 1
	run as_user bin/box run --pull never example.org/hub/web:1
	[[ $status == 0 && $output == *hello ]] || fail "run" || return 1
	run as_user bin/box rmi example.org/hub/web:1
	[ "$status" -eq 0 ] || fail "rmi" || return 1
	[ -z "$(ls "$WORK"/home/data/box/{layers,images,staging,blobs/sha256} | grep -v ':$' | grep .)" ]
	as_user sh -c "printf '%s' '{\"registries\": {\"$REGISTRY\": {\"blocked\": true}}}' >config/box/registries.json"
	run as_user bin/box pull "$REGISTRY/acme/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"blocks $REGISTRY"* ]] || fail "blocked" || return 1
	as_user sh -c "printf '%s' '{\"registries\": {\"x\": {\"insecur\": true}}}' >config/box/registries.json"
	run as_user bin/box pull "$REGISTRY/acme/web:1"
	[[ $output == *"registries.json:1: registries.x.insecur"*"insecure"* ]] || fail "a typing error"
}

@test "mirrors of registries.conf come first, and the registry where they fail" {
	need root docker-registry skopeo
	start_registry
	local mirror=$REGISTRY
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/team/web:1"
	printf '[[registry]]\nprefix = "example.org/x"\nlocation = "%s/team"\n[[registry.mirror]]\nlocation = "%s/cache"\n' "$REGISTRY" "$mirror" \
		>"$CONTAINERS_REGISTRIES_CONF"
	run box pull -q example.org/x/web:1
	[ "$status" -eq 0 ] || fail "the registry" || return 1
	IMAGE_TEXT=mirrored make_layout layout b
	push layout:b "$mirror/cache/web:1"
	run box run -q --pull always example.org/x/web:1
	[ "$status $output" = "0 mirrored" ] || fail "the mirror" || return 1
	echo 'nonsense' >"$CONTAINERS_REGISTRIES_CONF"
	run box pull -q example.org/x/web:1
	[ "$status" -eq 1 ]
	[[ $output == *"registries.conf: line 1: expected KEY = VALUE"* ]]
}

# push_platforms NAME: an image for amd64 and arm64 under that name. Prints the hex digits of its index.
push_platforms() {
	make_layout layout amd
	IMAGE_ARCHITECTURE=arm64 IMAGE_TEXT=arm make_layout layout arm
	jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [.manifests[] |
		{mediaType, digest, size, platform: {os: "linux", architecture: (if .annotations[] == "amd" then "amd64" else "arm64" end)}}]}' \
		layout/index.json >index
	local name
	name=$(sha256sum <index | cut -d' ' -f1)
	cp index "layout/blobs/sha256/$name"
	jq -c --arg d "sha256:$name" --argjson s "$(stat -c %s index)" '.manifests = [{mediaType: "application/vnd.oci.image.index.v1+json",
		digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": "all"}}]' layout/index.json >new && mv new layout/index.json
	skopeo --insecure-policy copy -q --all --dest-tls-verify=false oci:layout:all "docker://$1"
	echo "$name"
}

@test "an index of several platforms: this host's, or --platform" {
	need root docker-registry skopeo jq
	start_registry
	local name
	name=$(push_platforms "$REGISTRY/web:1")
	run box pull -q "$REGISTRY/web:1"
	[ "$output" = "$REGISTRY/web:1@sha256:$name" ] || fail "the index's digest" || return 1
	[ "$(box images --format json | jq -r '.[0].architecture')" = amd64 ]
	run box pull -q --platform linux/arm64 "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "arm64" || return 1
	[ "$(box images --format json | jq -r '.[0].architecture')" = arm64 ]
	# The store holds the other one under that name: this host's is fetched again where it is asked for.
	run box run -q --platform amd64 "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "amd64" || return 1
	run box pull --platform linux/s390x "$REGISTRY/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"no image for linux/s390x; there are: linux/amd64, linux/arm64"* ]]
	# Moved as an archive it is still known by the index's digest; a word about an index that does not name it counts nothing.
	box save -o saved.tar "$REGISTRY/web:1"
	BOX_STORE=$WORK/second box load -q -i saved.tar
	[ "$(BOX_STORE=$WORK/second box images --format json | jq -r '.[0].digest')" = "sha256:$name" ]
	run env BOX_STORE="$WORK/second" box run --pull never "$REGISTRY/web@sha256:$name"
	[ "$status $output" = "0 hello" ] || fail "by the index's digest" || return 1
	[ "$(BOX_STORE=$WORK/second box save "$REGISTRY/web:1" | cmp - saved.tar && echo same)" = same ]
	mkdir lie
	tar -C lie -xf saved.tar
	printf '{"schemaVersion":2,"manifests":[]}' >other
	local other
	other=$(sha256sum <other | cut -d' ' -f1)
	cp other "lie/blobs/sha256/$other"
	sed -i "s/sha256:$name/sha256:$other/" lie/index.json
	tar -C lie -cf lie.tar .
	run env BOX_STORE="$WORK/third" box load -i lie.tar
	expect_status 0
	expect_has "an index that does not name it"
	[ "$(BOX_STORE=$WORK/third box images --format json | jq -r '.[0] | .digest == .image')" = true ]
	# Without an index the configuration says what it is for.
	IMAGE_ARCHITECTURE=arm64 make_layout alone 1
	push alone:1 "$REGISTRY/web:arm"
	run box pull -q --platform linux/amd64 "$REGISTRY/web:arm"
	expect_status 1
	expect_has "it is for linux/arm64 alone, and linux/amd64 was asked for"
	run box pull -q --platform linux/arm64 "$REGISTRY/web:arm"
	expect_status 0
	run box pull -q "$REGISTRY/web:arm"
	expect_status 0
}

@test "rmi leaves the index that an image of another platform was chosen from" {
	need root docker-registry skopeo jq
	start_registry
	local name
	name=$(push_platforms "$REGISTRY/web:1")
	box pull -q --platform linux/arm64 "$REGISTRY/web:1"
	box tag "$REGISTRY/web:1" web:arm
	box pull -q --platform linux/amd64 "$REGISTRY/web:1"
	[ "$(box images --format json | jq -r '[.[].digest] | unique | .[]')" = "sha256:$name" ]
	box rmi "$REGISTRY/web:1"
	[ -e "$BOX_STORE/blobs/sha256/$name" ] || fail "the index went" || return 1
	box save -o saved.tar web:arm
	BOX_STORE=$WORK/second box load -q -i saved.tar
	[ "$(BOX_STORE=$WORK/second box images --format json | jq -r '.[0].digest')" = "sha256:$name" ]
	# With the last of them it goes.
	box rmi web:arm
	[ -z "$(ls "$BOX_STORE/blobs/sha256")" ] || fail "$(ls "$BOX_STORE/blobs/sha256")" || return 1
}

@test "rmi takes no name away that a pull has given to another image meanwhile" {
	need root jq skopeo
	make_layout layout 1 100
	IMAGE_TEXT=new make_layout layout 2 100
	for tag in 1 2; do
		skopeo --insecure-policy copy -q oci:layout:$tag oci-archive:$tag.tar:acme/web:1
		box load -q --force -i $tag.tar
		cp "$BOX_STORE/index.json" index.$tag
	done
	box tag acme/web:1 acme/keep:2
	local before
	before=$(box inspect acme/web:1 | jq -r '.[0].image')
	# rmi has read which image it is, and waits for the lock that a pull holds to the end.
	cp index.1 "$BOX_STORE/index.json"
	exec 8>"$BOX_STORE/unpack.lock"
	flock 8
	box rmi acme/web:1 >said 2>&1 3>&- 8>&- &
	wait_until 10 waits_for_lock "$BOX_STORE/unpack.lock"
	cp index.2 "$BOX_STORE/index.json"
	exec 8>&-
	status=0
	wait $! || status=$?
	output=$(cat said)
	expect_status 1
	expect_has "remove the image docker.io/acme/web:1: it was pulled or tagged anew meanwhile" "box rmi"
	[ "$(box inspect acme/web:1 | jq -r '.[0].image')" = "$before" ]
	run box run acme/web:1
	[ "$status $output" = "0 new" ] || fail "run"
}

# waits_for_lock FILE: somebody does.
waits_for_lock() { grep -qE -- "-> FLOCK .*:$(stat -c %i "$1") " /proc/locks; }

@test "an image by the digits of its digest: run, tag and push know it, rmi asks which name is meant" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/web:1"
	box pull -q "$REGISTRY/web:1" >/dev/null
	local digits
	digits=$(box images -q) && digits=${digits#sha256:} && digits=${digits:0:12}
	for words in "$digits" "sha256:$digits"; do
		run box run --pull never "$words"
		[ "$status $output" = "0 hello" ] || fail "run $words" || return 1
	done
	box tag "$digits" mine:2
	box push -q "$digits" "$REGISTRY/other:1"
	run box rmi "$digits"
	expect_status 125
	[ "$output" = "box: remove the image $digits: it has 2 names: $REGISTRY/web:1, docker.io/library/mine:2
  hint: box rmi NAME takes one of them away, box rmi --force $digits all" ] || fail "rmi" || return 1
	[ "$(box images -q | wc -l)" = 2 ] || fail "a name is gone" || return 1
	# What is called so goes first, and what begins no digest is a name.
	run box run --pull never 0123456789ab
	expect_status 125
	expect_has "the image docker.io/library/0123456789ab:latest is not in the store"
	run box rmi -f "$digits"
	[ "$status" -eq 0 ]
	[[ $output == *"untagged $REGISTRY/web:1"*"untagged docker.io/library/mine:2"*"deleted sha256:$digits"* ]] || fail "rmi -f"
	[ -z "$(box images -q)" ]
}

@test "images, tag, rmi: shared layers stay as long as somebody needs them" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	IMAGE_TEXT=other make_layout layout b
	push layout:a "$REGISTRY/web:1"
	push layout:b "$REGISTRY/web:2"
	box pull -q "$REGISTRY/web:1" "$REGISTRY/web:2" >/dev/null
	[ "$(box images --format json | jq '[.[].shared_size] | unique | length')" = 1 ]
	[ "$(box images --format json | jq '.[0] | .size == .shared_size + .unique_size and .shared_size > 3000000 and .unique_size < 10000')" = true ]
	[ "$(ls "$BOX_STORE/layers" | wc -l)" = 4 ]
	box tag "$REGISTRY/web:1" mine
	run box rmi "$REGISTRY/web:1"
	[ "$output" = "untagged $REGISTRY/web:1" ] || fail "one name" || return 1
	run box run -q --pull never mine
	[ "$status $output" = "0 hello" ] || fail "the other name" || return 1
	run box rmi mine
	[[ $output == *deleted* ]] || fail "the last name" || return 1
	[ "$(ls "$BOX_STORE/layers" | wc -l)" = 3 ]
	run box run -q --pull never "$REGISTRY/web:2"
	[ "$status $output" = "0 other" ] || fail "the other image" || return 1
	box run -q "$REGISTRY/web:2" sleep 60 &
	local running=$!
	wait_until 10 container_pid web
	run box rmi "$REGISTRY/web:2"
	[ "$status" -eq 1 ]
	[[ $output == *"a container uses it"* ]] || fail "in use" || return 1
	box rm -f "$(container_name web)" >/dev/null
	wait $running || true
	run box rmi "$REGISTRY/web:2"
	[ "$status" -eq 0 ] || fail "free again" || return 1
	[ -z "$(ls "$BOX_STORE"/{layers,images,staging,blobs/sha256} | grep -v ':$' | grep .)" ]
}

@test "images NAME lists a repository or one name of it; rmi goes on behind one that it cannot remove" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/web:1"
	box pull -q "$REGISTRY/web:1" >/dev/null
	for name in acme/web:1 acme/web:2 acme/webs:1; do
		box tag "$REGISTRY/web:1" $name
	done
	names() { box images --format json "$@" | jq -r '.[].name' | sort | paste -sd' '; }
	[ "$(names acme/web)" = "docker.io/acme/web:1 docker.io/acme/web:2" ]
	[ "$(names acme/web:2)" = "docker.io/acme/web:2" ]
	[ "$(names "$REGISTRY/web" acme/webs)" = "$REGISTRY/web:1 docker.io/acme/webs:1" ]
	[ "$(names nothing)" = "" ]
	[ "$(box images -q acme/web:2 | wc -l)" = 1 ]
	run box rmi nothing acme/web:1
	[ "$status" -eq 1 ]
	[[ $output == *"no image docker.io/library/nothing:latest"*"untagged docker.io/acme/web:1"* ]] || fail "the second" || return 1
	run box pull "$REGISTRY/web:9"
	[[ $output == *"404 (not found)"*"check the spelling of the name and of its tag"* ]] || fail "a wrong tag" || return 1
	run box rmi -f nothing acme/web:2
	[ "$status $output" = "0 untagged docker.io/acme/web:2" ] || fail "with force" || return 1
}

@test "inspect and history tell what the image says, and nothing that steers a terminal" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/web:1"
	box pull -q "$REGISTRY/web:1" >/dev/null
	[ "$(box inspect "$REGISTRY/web:1" | jq -c '.[0] | [.configuration.config.Env, (.manifest.layers | length)]')" = '[["A=b"],3]' ]
	[ "$(box inspect "$REGISTRY/web:1" | wc -l)" -gt 20 ] || fail "not for people" || return 1
	run box history "$REGISTRY/web:1"
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[1]} == *"step 2"* && ${lines[3]} == *"step 0"* ]]
	run box inspect nothing
	[ "$status" -eq 1 ]
	[[ $output == *"inspect nothing: there is no container, image or volume of this name"* ]]
}

@test "push: blobs that are there are not sent, and another repository of the registry gives its own" {
	need root docker-registry skopeo jq htpasswd openssl
	start_registry tls auth
	make_layout layout a
	PUSH_CREDENTIALS=robot:canary-4711 push layout:a "$REGISTRY/acme/web:1"
	trust_authority "$REGISTRY"
	box login -u robot --password-stdin "$REGISTRY" <<<"canary-4711" >/dev/null
	box pull -q "$REGISTRY/acme/web:1" >/dev/null
	local digest
	digest=$(box images -q)
	run box push "$REGISTRY/acme/web:1" "$REGISTRY/acme/copy:2"
	[ "$status" -eq 0 ] || fail "to another repository" || return 1
	[ "${lines[-1]}" = "$REGISTRY/acme/copy:2@$digest" ] || fail "$digest" || return 1
	[[ $output != *pushed* ]] || fail "sent what was there" || return 1
	[ "$(skopeo inspect --cert-dir certs --format '{{.Digest}}' "docker://$REGISTRY/acme/copy:2")" = "$digest" ]
	local first=$REGISTRY
	start_registry
	run box push "$first/acme/web:1" "$REGISTRY/fresh:1"
	[ "$status" -eq 0 ] || fail "to another registry" || return 1
	[ "$(grep -c ': pushed' <<<"$output")" = 4 ] || fail "everything is sent once" || return 1
	[ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/fresh:1")" = "$digest" ]
	run box push "$first/acme/web:1" "$REGISTRY/fresh:2"
	[[ $status == 0 && $output != *pushed* ]] || fail "again" || return 1
	BOX_STORE=$WORK/other run box run -q "$REGISTRY/fresh:2"
	[ "$status $output" = "0 hello" ] || fail "what was pushed runs" || return 1
	box logout "$first" >/dev/null
	run box push "$first/acme/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"box login $first"* ]] || fail "without a password" || return 1
	run box push nothing
	[ "$status" -eq 1 ]
	[ -z "$(unfinished)" ]
}

@test "push in pieces where the registry takes no large ones, and a registry that misnames" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a 20000000
	push layout:a "$REGISTRY/web:1"
	box pull -q "$REGISTRY/web:1" >/dev/null
	local from=$REGISTRY
	hostile upload-limited
	run box push -q "$from/web:1" "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "in pieces" || return 1
	[ "$(requests 'select(.method == "PATCH") | .method' | wc -l)" = 3 ] || fail "$(cat "$LOG")" || return 1
	BOX_STORE=$WORK/other run box run -q "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "what was pushed runs" || return 1
	hostile misnames
	run box push -q "$from/web:1" "$REGISTRY/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"the registry calls the manifest sha256:0000"* ]] || fail "misnamed"
}

@test "two pulls at once fetch every blob once" {
	need root jq
	hostile slow
	box pull -q "$REGISTRY/web:1" >first 2>&1 &
	local first=$!
	box pull -q "$REGISTRY/other:1" >second 2>&1 &
	wait $first || fail "$(cat first)" || return 1
	wait $! || fail "$(cat second)" || return 1
	[ "$(requests 'select(.path | contains("/blobs/")) | .path | split("/")[-1]' | sort | uniq -d)" = "" ] || fail "$(requests .path)" || return 1
	[ "$(box images -q | wc -l)" = 2 ]
	[ -z "$(unfinished)" ]
}

@test "what kill -9 leaves goes on where it stopped, and nothing of it is seen before" {
	need root jq
	hostile slow 0.3
	local pid
	"$BOX" --root "$STATE" pull "$REGISTRY/web:1" >out 2>&1 &
	pid=$!
	# More than the other layers have: it is the slow blob's.
	wait_until 30 eval 'find "$BOX_STORE/downloads" -name "sha256-*" -size +1700k | grep .'
	kill -9 $pid
	wait $pid || true
	wait_until 5 eval '! pgrep -f "box-image pull .* $REGISTRY/web:1"'
	[ -z "$(box images -q)" ]
	[ -z "$(ls "$BOX_STORE/layers")" ]
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "again" || return 1
	[ "$(requests 'select(.range) | .range' | grep -c '^bytes=[1-9]')" = 1 ] || fail "$(cat "$LOG")" || return 1
	run box run --pull never "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "run" || return 1
	[ -z "$(unfinished)" ]
}
