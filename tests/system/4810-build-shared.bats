#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build --cache-to and --cache-from: a cache that several machines share, in a registry and in a folder. Every store is a machine.

load lib
load registry

setup() {
	setup_world
	need root jq docker-registry
	setup_registry
	mkdir ctx
	echo one >ctx/file
	cat >ctx/Dockerfile <<-'END'
		FROM base:1 AS tool
		RUN --mount=type=cache,id=/deep/cache,target=/cache echo kept >>/cache/n; mkdir /out; date +%s%N >/out/when
		FROM base:1
		COPY file /file
		RUN true
		RUN date +%s%N >/when
		COPY --from=tool /out /out
	END
	machine 1
}
teardown() {
	teardown_registry
	teardown_world
}

# machine N: from now on box has a store of its own, with the base image.
machine() {
	export BOX_STORE=$WORK/store-$1
	[ -e "$BOX_STORE" ] || "$WORK/bin/box" import "$ROOTFS" base:1 >/dev/null
}
build() { run box build --progress plain -t web "$@" ctx; }
digest() { tail -n 1 <<<"$output"; }
cached() { grep -c CACHED <<<"$output" || true; }

@test "a registry: another machine takes every step, the mode decides which, and without a cache the build goes on" {
	start_registry
	build --cache-from "type=registry,ref=$REGISTRY/acme/cache:1" --cache-to "type=registry,ref=$REGISTRY/acme/cache:1,mode=max"
	expect_status 0
	expect_has "--cache-from $REGISTRY/acme/cache:1: " 'continuing without it'
	local first
	first=$(digest)
	box build -q --cache-to "type=registry,ref=$REGISTRY/acme/cache:min" ctx >/dev/null

	machine 2
	build --cache-from "$REGISTRY/acme/cache:1"
	expect_status 0
	[ "$(cached)" -eq 5 ] && [ "$(digest)" = "$first" ] || fail "not every step was taken"
	box run --rm web cat /out/when /when >taken
	[ "$(wc -l <taken)" -eq 2 ]

	machine 3 # the step of the other stage is missing here, and its result is another one
	build --cache-from "type=registry,ref=$REGISTRY/acme/cache:min"
	expect_status 0
	[ "$(cached)" -eq 3 ] && [ "$(digest)" != "$first" ] || fail "steps of another stage were in it"
	grep -q 'RUN date +%s%N >/when$' <<<"$output"

	# What a step depends on decides, as it does with the machine's own cache; and what was taken is the machine's own now.
	machine 2
	echo two >ctx/file
	build --cache-from "type=registry,ref=$REGISTRY/acme/cache:1"
	[ "$(cached)" -eq 1 ] || fail "steps above a changed file were taken"
	machine 4 # nothing of it is wanted, and no layer is fetched
	sed 's/date/date -u/; s/true/true 2/' ctx/Dockerfile >changed
	box build -q -f changed --cache-from "type=registry,ref=$REGISTRY/acme/cache:1" ctx >/dev/null
	[ -z "$(box images -q "$REGISTRY/acme/cache:1")" ] || fail "the layers were fetched"
	machine 2
	echo one >ctx/file
	build
	[ "$(cached)" -eq 5 ] || fail "what was taken is not kept"
}

@test "a folder: with cache mounts; and with a secret nobody else's lines are taken" {
	echo "canary-$TAG" >key
	build --secret id=key,src=key --cache-to type=local,dest=shared,mode=max,secret=key,mounts=all
	expect_status 0
	local first
	first=$(digest)
	[ "$(ls shared)" = "cache.tar
mount-%2Fdeep%2Fcache.tar" ] || fail "other files"
	! grep -q "canary-$TAG" -r shared || fail "the secret is in it"
	[ -z "$(box images -q | grep -vFf <(box images -q web base:1))" ] || fail "the cache is an image of the store"

	machine 2
	build --cache-from type=local,src=shared # sealed lines are nobody's without the secret
	[ "$(cached)" -eq 0 ] || fail "sealed steps were taken"
	machine 3
	echo other >key
	build --secret id=key,src=key --cache-from type=local,src=shared,secret=key
	[ "$(cached)" -eq 0 ] || fail "steps of another secret were taken"
	machine 4
	echo "canary-$TAG" >key
	build --secret id=key,src=key --cache-from type=local,src=shared,secret=key,mounts=/deep/cache
	[ "$(cached)" -eq 5 ] && [ "$(digest)" = "$first" ] || fail "the owner's steps were not"
	[ "$(cat "$BOX_STORE"/build/mounts/*.0/n)" = kept ] || fail "the cache mount did not come"

	# A line that is moved to another key, and one whose result is another's: neither is taken, with a secret.
	machine 5
	python3 - <<-'END'
		import hashlib, json, tarfile, io
		source = tarfile.open("shared/cache.tar")
		files = {m.name: source.extractfile(m).read() for m in source if m.isfile()}
		blob = lambda digest: "blobs/sha256/" + digest.split(":")[1]
		def put(data):
		    digest = "sha256:" + hashlib.sha256(data).hexdigest()
		    files[blob(digest)] = data
		    return {"digest": digest, "size": len(data)}
		index = json.loads(files["index.json"])
		manifest = json.loads(files[blob(index["manifests"][0]["digest"])])
		config = json.loads(files[blob(manifest["config"]["digest"])])
		labels = config["config"]["Labels"]
		lines = [l.split(" ") for l in labels["io.box.build.cache"].splitlines()]
		labels["io.box.build.cache"] = "".join(" ".join([l[0]] + lines[(i + 1) % len(lines)][1:]) + "\n" for i, l in enumerate(lines))
		manifest["config"].update(put(json.dumps(config).encode()))
		index["manifests"][0].update(put(json.dumps(manifest).encode()))
		files["index.json"] = json.dumps(index).encode()
		with tarfile.open("shared/cache.tar", "w") as out:
		    for name, data in files.items():
		        member = tarfile.TarInfo(name)
		        member.size = len(data)
		        out.addfile(member, io.BytesIO(data))
	END
	build --secret id=key,src=key --cache-from type=local,src=shared,secret=key
	expect_status 0
	[ "$(cached)" -eq 0 ] && [[ $output != *"without it"* ]] || fail "a moved line was taken, or the cache is none"

	# A tar of a mount that wants to leave its folder stays in it.
	ln -s "$WORK" link && echo evil >evil
	tar -cPf 'shared/mount-evil.tar' --transform 's,^evil$,link/evil-out,' link evil
	machine 6
	build --cache-from type=local,src=shared,mounts=evil
	expect_status 0
	[ ! -e evil-out ] || fail "a file came out of the mount"
}

@test "wrong words of caches are told" {
	run box build --cache-to type=gha ctx
	expect_status 1
	expect_has 'option --cache-to type=gha: box build knows no cache of the type gha' 'type=local,dest=FOLDER'
	run box build --cache-from type=local ctx
	expect_has 'option --cache-from type=local: it says no place: src=FOLDER'
	run box build --cache-from type=local,dest=x ctx
	expect_has 'found "dest" in it'
	run box build --cache-to type=registry,ref=localhost:1/x,secret=none ctx
	expect_has 'option --cache-to: the secret none: nobody gave it'
	run box build --cache-to type=registry,ref=localhost:1/x,mounts=all ctx
	expect_has 'cache mounts go to folders only'
	run box build -q --cache-to type=registry,ref=localhost:1/x,ignore-error=true ctx
	expect_status 0
	expect_has '--cache-to localhost:1/x: ' ', continuing'
	run box build -q --cache-to type=registry,ref=localhost:1/x ctx
	[ "$status" -ne 0 ]
	expect_has 'box: --cache-to localhost:1/x: '
}

@test "an ordinary user: cache mounts keep their owners, on a machine of root's too" {
	need user subids
	cat >ctx/Dockerfile <<-'END'
		FROM base:1
		RUN --mount=type=cache,id=m,target=/m echo own >/m/file; chown 5:6 /m/file; chmod 600 /m/file; date +%N >/when
		RUN --mount=type=cache,id=m,target=/m stat -c 'owner %u:%g %a' /m/file | tee /seen
	END
	as_user bin/box import rootfs.tar base:1 >/dev/null
	cp -r ctx "$WORK/home/ctx"
	mkdir "$WORK/home/shared"
	chown -R $TEST_USER: "$WORK/home/ctx" "$WORK/home/shared"
	run as_user bin/box build -q --cache-to type=local,dest=shared,mounts=m ctx
	expect_status 0
	local first=$output
	machine 1
	sed -i 's/seen$/again/' ctx/Dockerfile
	build --cache-from "type=local,src=$WORK/home/shared,mounts=all"
	expect_has 'owner 5:6 600'
	[ "$(cached)" -eq 1 ] || fail "the step was not taken"
	run as_user bash -c 'export XDG_DATA_HOME=$PWD/other; bin/box import rootfs.tar base:1 >/dev/null && bin/box build -q --cache-from type=local,src=shared,mounts=m ctx'
	expect_status 0
	[ "$(tail -n 1 <<<"$output")" = "$first" ] || fail "another image"
}
