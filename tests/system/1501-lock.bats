#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# app.lock.json: what is locked, what runs by it, what is refused; on another host (another store, state and cache) from wherever the bytes are.

load lib
load registry
setup() { setup_world && setup_registry; }
teardown() { teardown_registry; teardown_world; }

# spec IMAGE [FIELDS]: app.json of an image.
spec() { printf '{\n\t"name": "%s",\n\t"image": "%s"%s\n}\n' "$TAG" "$1" "${2:+,
	$2}" >app.json; }

# A host that has nothing of this one but the files here.
new_host() {
	export BOX_STORE=$WORK/store-$1
	STATE=$WORK/state-$1
	rm -r "$WORK/bin" && make_box
}

# all_platforms LAYOUT: its images "amd" and "arm" under one index "all", with a proof of origin beside them.
all_platforms() {
	local name
	jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: ([.manifests[] |
		{mediaType, digest, size, platform: {os: "linux", architecture: (if .annotations[] == "amd" then "amd64" else "arm64" end)}}]
		+ [.manifests[0] | {mediaType, digest, size, platform: {os: "unknown", architecture: "unknown"}}])}' "$1/index.json" >index
	name=$(sha256sum <index | cut -d' ' -f1)
	cp index "$1/blobs/sha256/$name"
	jq -c --arg d "sha256:$name" --argjson s "$(stat -c %s index)" '.manifests = [{mediaType: "application/vnd.oci.image.index.v1+json",
		digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": "all"}}]' "$1/index.json" >new && mv new "$1/index.json"
	echo "sha256:$name"
}

expect_stale() { # expect_stale WORDS: --check says so, a plain run warns, --locked refuses
	run box lock --check app.json
	expect_status 2 || return 1
	expect_has "app.lock.json: $1" || return 1
	run box run --locked app.json
	expect_status 125 || return 1
	expect_has "app.lock.json: " "box lock app.json makes a new one"
}

@test "a lock holds manifest, configuration and layers of every platform, and what the spec needs; its bytes are stable" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout amd
	IMAGE_ARCHITECTURE=arm64 IMAGE_TEXT=arm make_layout layout arm
	local digest platform image=$REGISTRY/acme/web:1
	digest=$(all_platforms layout)
	skopeo --insecure-policy copy -q --all --dest-tls-verify=false oci:layout:all "docker://$image"
	spec "$image" '"resources": {"limits": {"memory": "64m", "cpuset": "0"}}'
	run box lock app.json
	expect_status 0 || return 1
	[ "$output" = "$image is $digest for linux/amd64, linux/arm64" ] || fail "what it says" || return 1
	[ "$(jq -r --arg i "$image" '.images[$i].digest' app.lock.json)" = "$digest" ] || fail "the index" || return 1
	for platform in amd64 arm64; do
		skopeo inspect --raw --tls-verify=false --override-arch $platform "docker://$image" >raw
		local manifest config
		manifest=$(jq -r --arg a $platform '.manifests[] | select(.platform.architecture == $a) | .digest' raw)
		skopeo inspect --raw --tls-verify=false "docker://${image%:1}@$manifest" >manifest
		config=$(jq -r .config.digest manifest)
		jq -c --arg m "$manifest" '{config: .config.digest, layers: [.layers[].digest], manifest: $m}' manifest >expected
		jq -c --arg i "$image" --arg p linux/$platform '.images[$i].platforms[$p] | del(.diff_ids)' app.lock.json | diff expected - || return 1
		diff <(jq -c .rootfs.diff_ids "layout/blobs/sha256/${config#*:}") \
			<(jq -c --arg i "$image" --arg p linux/$platform '.images[$i].platforms[$p].diff_ids' app.lock.json) || return 1
	done
	[ "$(jq -r '.images[].platforms | length' app.lock.json)" = 2 ] || fail "a proof of origin is no platform" || return 1
	[ "$(jq -r .seccomp.default.digest app.lock.json)" = "sha256:$(sha256sum <"$TOP/runtime/seccomp/seccomp_default.json" | cut -d' ' -f1)" ]
	[ "$(jq -r .spec app.lock.json)" = "sha256:$(jq -cSj . app.json | sha256sum | cut -d' ' -f1)" ] || fail "the spec" || return 1
	[ "$(jq -c .controllers app.lock.json)" = '["cpuset","memory"]' ] || fail "controllers" || return 1
	[ "$(jq -c .features app.lock.json)" = '["id-mapped mounts","overlayfs","seccomp","time namespaces","user namespaces"]' ]
	# Sorted, and the same from another host; nothing of a layer was fetched.
	diff app.lock.json <(jq -S . app.lock.json) || return 1
	[ -z "$(ls "$BOX_STORE/layers")" ]
	cp app.lock.json first && rm app.lock.json
	new_host other
	box lock -q app.json
	cmp first app.lock.json
	run box run -q --locked app.json
	[ "$status $output" = "0 hello" ] || fail "this host's platform" || return 1
	run box run -q --platform linux/s390x --locked app.json
	expect_status 125 || return 1
	expect_has "is not locked for linux/s390x, only for linux/amd64, linux/arm64"
}

@test "a tag that has moved: the locked digest runs, here and on a host that never had it, until --update" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	IMAGE_TEXT=moved make_layout layout b
	push layout:a "$REGISTRY/web:1"
	push layout:b "$REGISTRY/web:other"
	spec "$REGISTRY/web:1"
	box lock -q app.json
	run box run -q --locked app.json
	[ "$status $output" = "0 hello" ] || fail "before" || return 1
	push layout:b "$REGISTRY/web:1"
	new_host other
	run box run -q app.json
	[ "$status $output" = "0 hello" ] || fail "elsewhere" || return 1
	run box run -q --pull always --locked app.json
	[ "$status $output" = "0 hello" ] || fail "--pull always" || return 1
	box lock --check app.json
	cp app.lock.json before
	box lock -q app.json # keeps what is locked
	cmp before app.lock.json
	run box lock --update nothing:1 app.json
	expect_status 1 || return 1
	expect_has "names no image nothing:1" || return 1
	cmp before app.lock.json
	run box lock --update "$REGISTRY/web:1" app.json
	expect_status 0 || return 1
	expect_has ", and was $(jq -r '.images[].digest' before)" || return 1
	run box run -q --locked app.json
	[ "$status $output" = "0 moved" ] || fail "updated" || return 1
}

@test "what does not agree: a warning for run, exit code 2 for --check, an error for --locked" {
	need root jq
	app '"command": ["cat", "/etc/hostname"], "hostname": "here"'
	run box run --locked app.json
	expect_status 125 || return 1
	expect_has "there is no app.lock.json" "hint: box lock app.json" || return 1
	run box lock --check app.json
	expect_status 2 || return 1
	expect_has "app.lock.json: it is not there" || return 1
	box lock -q app.json
	[ "$(jq -r '.rootfs[].digest' app.lock.json)" = "sha256:$(sha256sum <"$ROOTFS" | cut -d' ' -f1)" ] || fail "the tar" || return 1
	run box run --locked app.json
	[ "$status $output" = "0 here" ] || fail "locked" || return 1
	run box run app.json
	[ "$status $output" = "0 here" ] || fail "no word where nothing differs" || return 1
	# Spaces, comments and the order of keys are no change; a variable's value belongs to the host.
	jq '{command, hostname, rootfs, name}' app.json | sed '1a // a comment' >other && mv other app.json
	box lock --check app.json
	run box run --locked app.json
	[ "$status $output" = "0 here" ] || fail "the same spec" || return 1
	sed -i 's/"here"/"there"/' app.json
	expect_stale "the spec has changed" || return 1
	run box run app.json
	expect_status 0 || return 1
	expect_has "app.json has changed since it was locked, continuing" there || return 1
	box lock -q app.json
	# Overrides are locked with the file.
	app '"command": ["cat", "/etc/hostname"], "overrides": {"dev": {"hostname": "dev", "security": {"seccomp": "./own.json"}}}'
	echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >own.json
	box lock -q app.json
	run box run --locked --override dev app.json
	[ "$status $output" = "0 dev" ] || fail "an override" || return 1
	echo '{"defaultAction": "SCMP_ACT_LOG"}' >own.json
	run box lock --check app.json
	expect_status 2 || return 1
	expect_has 'the seccomp profile "./own.json" is sha256:' || return 1
	run box run --locked --override dev app.json
	expect_status 125 || return 1
	expect_has 'the seccomp profile "./own.json" has changed' || return 1
	run box run --locked app.json # the base does not use it
	expect_status 0 || return 1
	sed -i 's/"default": {/"x-default": {/' app.lock.json
	run box run --locked app.json
	expect_status 125
}

@test "another tar, layout or archive than was locked" {
	need root skopeo jq
	cp "$ROOTFS" root.tar
	app '"command": ["true"]'
	sed -i "s|$ROOTFS|./root.tar|" app.json
	box lock -q app.json
	mkdir more && touch more/file && tar -rf root.tar more
	expect_stale 'the root file system "./root.tar" is sha256:' || return 1
	run box run --locked app.json
	expect_has "app.json:3: rootfs: app.lock.json: " "root.tar holds sha256:" || return 1
	run box run app.json
	expect_status 0 || return 1
	expect_has "is locked, continuing" || return 1
	make_layout layout a
	skopeo --insecure-policy copy -q oci:layout:a docker-archive:docker.tar:web:1
	skopeo --insecure-policy copy -q oci:layout:a oci-archive:oci.tar:web
	for source in oci:./layout:a oci-archive:./oci.tar docker-archive:./docker.tar; do
		spec "$source"
		rm -f app.lock.json
		box lock -q app.json
		box lock --check app.json
		run box run --locked app.json
		[ "$status $output" = "0 hello" ] || fail "$source" || return 1
	done
	spec oci:./layout:a
	box lock -q app.json
	rm -r layout
	IMAGE_TEXT=other make_layout layout a
	expect_stale "oci:./layout:a is sha256:" || return 1
	mkdir folder
	app_in ./folder '"command": ["true"]'
	run box lock app.json
	expect_status 1 || return 1
	expect_has "app.json:3: rootfs: ./folder is a folder, which has no digest"
}

@test "the same lock on another host: from an archive or a layout, without a registry; by its name ever after" {
	need root docker-registry skopeo jq
	start_registry
	make_layout layout a
	IMAGE_TEXT=other make_layout layout b
	push layout:a "$REGISTRY/web:1"
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$REGISTRY/web:1" oci-archive:saved.tar:web
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$REGISTRY/web:1" oci:copied:web
	skopeo --insecure-policy copy -q oci:layout:b oci-archive:wrong.tar:web
	spec "$REGISTRY/web:1"
	box lock -q app.json
	teardown_registry
	for from in oci-archive:saved.tar oci:copied:web; do
		new_host "${from%%:*}"
		run box run -q --locked app.json
		expect_status 125 || return 1
		expect_has "app.json:3: image: the locked image: " || return 1
		run box run -q --locked --from oci-archive:wrong.tar app.json
		expect_status 125 || return 1
		expect_has "wrong.tar holds sha256:" "is locked" || return 1
		run box run -q --from oci-archive:wrong.tar app.json # also where a stale lock would be a warning
		expect_status 125 || return 1
		run box run -q --locked --from "$from" app.json
		[ "$status $output" = "0 hello" ] || fail "$from" || return 1
		run box run -q --locked --pull never app.json
		[ "$status $output" = "0 hello" ] || fail "known now" || return 1
	done
	new_host loaded
	box load -q -i saved.tar >/dev/null
	run box run -q --locked --pull never app.json
	[ "$status $output" = "0 hello" ] || fail "loaded" || return 1
	box save -o again.tar "$(box images --format json | jq -r '.[0].name')"
	new_host saved-by-box
	run box run -q --locked --from oci-archive:again.tar app.json
	[ "$status $output" = "0 hello" ] || fail "from box save" || return 1
	rm app.lock.json
	run box run --from oci-archive:saved.tar app.json
	expect_status 125 || return 1
	expect_has "app.lock.json locks no image for it"
}

@test "the same lock for an ordinary user, and from docker save, whose manifest is another" {
	need user userns subids docker-registry skopeo jq
	start_registry
	make_layout layout a
	push layout:a "$REGISTRY/web:1"
	spec "$REGISTRY/web:1"
	box lock -q app.json
	as_user true
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$REGISTRY/web:1" oci-archive:home/saved.tar:web
	skopeo --insecure-policy copy -q --src-tls-verify=false --format v2s2 "docker://$REGISTRY/web:1" docker-archive:docker.tar:web:1
	install -o $TEST_USER app.json app.lock.json home/
	chown $TEST_USER home/saved.tar
	run as_user bin/box run -q --locked app.json
	[[ $status == 0 && $output == *hello ]] || fail "from the registry" || return 1
	mv docker.tar home/ && chown $TEST_USER home/docker.tar
	for from in oci-archive:saved.tar docker-archive:docker.tar; do
		for words in "--from $from" "--pull never"; do
			# shellcheck disable=SC2086 # two words
			run as_user env XDG_DATA_HOME="$WORK/home/${from%%:*}" bin/box run -q --locked $words app.json
			[[ $status == 0 && $output == *hello ]] || fail "$from, $words" || return 1
		done
	done
	rm -f home/app.lock.json
	run as_user bin/box lock -q app.json
	[[ $status == 0 ]] || fail "lock" || return 1
	cmp app.lock.json home/app.lock.json
}

@test "a registry that lies: other bytes for the locked digest, and a digest that is nowhere" {
	need root jq python3
	hostile honest
	map_to() { printf '[[registry]]\nprefix = "example.org/x"\nlocation = "%s"\n' "$REGISTRY" >"$CONTAINERS_REGISTRIES_CONF"; }
	map_to
	spec example.org/x/web:1
	box lock -q app.json
	for mode in manifest-other blob-other; do
		hostile $mode
		map_to
		new_host $mode
		run box run -q --locked app.json
		expect_status 125 || return 1
		expect_has "the locked image" "digest" || return 1
		[ -z "$(ls "$BOX_STORE/images" "$BOX_STORE/layers" | grep sha256)" ] || fail "$mode left something" || return 1
	done
	hostile honest
	map_to
	new_host honest
	run box run -q --locked app.json
	[ "$status $output" = "0 hello" ] || fail "the honest one" || return 1
	local manifest config
	manifest=$(jq -r '.images[].platforms[].manifest' app.lock.json)
	config=$(jq -r '.images[].platforms[].config' app.lock.json)
	cp app.lock.json good
	# A lock for bytes that nobody has.
	new_host absent
	sed "s/${manifest#*:}/$(printf '%064d' 7)/" good >app.lock.json
	run box run -q --locked app.json
	expect_status 125 || return 1
	expect_has "the locked image" "$(printf '%064d' 7)" || return 1
	# One that contradicts itself is not believed, whoever has the bytes.
	new_host honest
	sed "s/${config#*:}/$(printf '%064d' 7)/" good >app.lock.json
	run box run -q app.json
	expect_status 125 || return 1
	expect_has "has another configuration, or other layers, than the lock says" || return 1
	sed 's/"seccomp",/"teleportation",/' good >app.lock.json
	run box run -q --locked app.json
	expect_status 125 || return 1
	expect_has 'needs "teleportation", which this box does not know' || return 1
	echo '{' >app.lock.json
	run box run -q app.json
	expect_status 125 || return 1
	expect_has "app.lock.json:"
	run box lock app.json
	expect_status 1
}

# indexes DIR COUNT: a layout whose index names another one COUNT times, which names a third one so often, and so on.
indexes() {
	python3 - "$@" <<-'END'
		import hashlib, json, os, sys
		folder, count = sys.argv[1] + "/blobs/sha256/", int(sys.argv[2])
		os.makedirs(folder)
		kind = "application/vnd.oci.image.index.v1+json"
		manifests = []
		for level in range(4):
		    data = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": manifests}).encode()
		    name = hashlib.sha256(data).hexdigest()
		    open(folder + name, "wb").write(data)
		    manifests = [{"mediaType": kind, "digest": "sha256:" + name, "size": len(data)}] * count
		json.dump({"schemaVersion": 2, "manifests": manifests[:1]}, open(sys.argv[1] + "/index.json", "w"))
		json.dump({"imageLayoutVersion": "1.0.0"}, open(sys.argv[1] + "/oci-layout", "w"))
	END
}

@test "B17: indexes of indexes of indexes are not followed for ever" {
	need root python3
	indexes maze 300
	spec "oci:./maze"
	run timeout "$(slowly 20)" "$BOX" --root "$STATE" lock -q app.json
	expect_status 1
	expect_has "its indexes lead to more than 256 indexes and manifests"
}

@test "a controller that the lock needs and the host does not have" {
	need root
	app '"command": ["true"], "oci": {"linux": {"resources": {"rdma": {"mlx5_0": {"hcaHandles": 1}}}}}'
	if grep -qw rdma /proc/cgroups; then skip "this host has the controller rdma"; fi
	box lock -q app.json
	run box run --locked app.json
	expect_status 125 || return 1
	expect_has "app.lock.json needs the cgroup controller rdma"
}

@test "a lock is written in one step: killed or failing, the old one stays" {
	need root
	app '"command": ["true"]'
	box lock -q app.json
	local before
	before=$(stat -c '%i %Y' app.lock.json)
	box lock -q app.json
	[ "$(stat -c '%i %Y' app.lock.json)" = "$before" ] || fail "the same bytes were written again" || return 1
	app '"command": ["false"]'
	command -v strace >/dev/null || skip "needs strace"
	strace -f -o trace -e trace=openat,fsync,rename,renameat,renameat2 box lock -q app.json 2>/dev/null
	grep -A100 'app.lock.json' trace | grep -E 'fsync|rename' | grep -B1 'app.lock.json"' | head -1 | grep -q fsync || fail "$(cat trace)" || return 1
	box lock --check app.json
}
