#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a build says about its image: provenance, SBOM, metadata for CI.

load lib
load registry
setup() { setup_world; setup_registry; }
teardown() { teardown_registry; teardown_world; }

# Registry to files: attached TYPE FILE: the document of that type that refers to the pushed image.
attached() {
	local manifest document
	manifest=$(box inspect --referrers "$REGISTRY/web:1" | jq -r ".[0].referrers[][] | select(.artifactType == \"$1\") | .digest")
	document=$(curl -fsS "http://$REGISTRY/v2/web/manifests/$manifest" -H 'Accept: application/vnd.oci.image.manifest.v1+json' |
		jq -r '.layers[0].digest')
	curl -fsS "http://$REGISTRY/v2/web/blobs/$document" -o "$2"
	[ "sha256:$(sha256sum <"$2" | cut -d' ' -f1)" = "$document" ]
}

@test "--provenance, --sbom and --metadata-file: what was read, by digests; pushed with the image; the same on another machine; no secret" {
	need root jq git docker-registry
	start_registry
	mkdir -p ctx/dir
	echo a >ctx/dir/a
	echo "canary-$TAG" >token
	cat >ctx/Dockerfile <<-'END'
		ARG BASE=base:1
		FROM $BASE AS one
		ARG PASSWORD
		RUN --mount=type=secret,id=token test "$PASSWORD" && mkdir /out && echo made >/out/file
		FROM base:1
		COPY --from=one /out /out
		COPY dir /dir
		RUN --network=none true
	END
	git -C ctx init -q && git -C ctx add dir
	git -C ctx -c user.name=x -c user.email=x@y commit -qm x
	git -C ctx remote add origin "https://user:canary-$TAG@git.example/acme/web.git"
	box import "$ROOTFS" base:1 >/dev/null
	run box build -q -t "$REGISTRY/web:1" --provenance=mode=max --sbom --push --metadata-file meta.json \
		--secret id=token,src=token --build-arg "PASSWORD=canary-$TAG" ctx
	expect_status 0
	digest=${lines[-1]}
	[ "$(jq -r '."containerimage.digest", ."containerimage.descriptor".digest, ."image.name"' meta.json)" = "$digest
$digest
$REGISTRY/web:1" ] || fail "$(cat meta.json)" || return 1
	[ "$(jq -r '."containerimage.config.digest"' meta.json)" = "$(box inspect "$REGISTRY/web:1" | jq -r '.[0].manifest.config.digest')" ]
	attached application/vnd.in-toto+json statement.json
	attached application/spdx+json sbom.json
	[ "$(jq -r .spdxVersion sbom.json)" = SPDX-2.3 ]
	[ "$(jq -r '._type, .predicateType, .subject[0].digest.sha256' statement.json)" = "https://in-toto.io/Statement/v1
https://slsa.dev/provenance/v1
${digest#*:}" ]
	[ "$(jq -cS .predicate statement.json)" = "$(jq -cS '."buildx.build.provenance"' meta.json)" ] || fail "two provenances" || return 1
	[ "$(box inspect "$REGISTRY/web:1" | jq -r '.[0].attached[].document')" = "sha256:$(sha256sum <sbom.json | cut -d' ' -f1)
sha256:$(sha256sum <statement.json | cut -d' ' -f1)" ] || fail "what the store has" || return 1
	jq .predicate.buildDefinition statement.json >definition
	[ "$(jq -r '.resolvedDependencies[] | .uri + " " + (.digest | keys[0])' definition)" = "docker://base:1 sha256
git+https://git.example/acme/web.git gitCommit
box:context sha256
box:file:Dockerfile sha256" ] || fail "$(cat definition)" || return 1
	[ "$(jq -r '.resolvedDependencies[1].digest.gitCommit' definition)" = "$(git -C ctx rev-parse HEAD)" ]
	[ "$(jq -r '.resolvedDependencies[3].digest.sha256' definition)" = "$(sha256sum <ctx/Dockerfile | cut -d' ' -f1)" ]
	[ "$(jq -c '[.externalParameters.arguments, .internalParameters.secrets, .internalParameters.hermetic]' definition)" = '[["PASSWORD"],["token"],false]' ]
	[ "$(jq -c '[.internalParameters.steps[] | [.line, .network]]' definition)" = '[[4,true],[6,false],[7,false],[8,false]]' ]
	! grep -rq "canary-$TAG" statement.json meta.json "$BOX_STORE"/{blobs,referrers} || fail "a secret" || return 1
	# Without a cache, in another store: the same documents, bit by bit. In a hermetic build it says so, and how its steps went only where it is asked.
	export BOX_STORE=$WORK/other
	box import "$ROOTFS" base:1 >/dev/null
	box build -q -t "$REGISTRY/web:1" --provenance=mode=max --sbom --metadata-file other.json \
		--secret id=token,src=token --build-arg "PASSWORD=other" ctx >/dev/null 2>&1
	cmp meta.json other.json || fail "it differs: $(cat other.json)" || return 1
	box build -q --network none --provenance --metadata-file min.json --secret id=token,src=token --build-arg PASSWORD=x ctx >/dev/null
	[ "$(jq -c '."buildx.build.provenance".buildDefinition.internalParameters | [.hermetic, .steps]' min.json)" = '[true,null]' ]
	run box build --provenance=full ctx
	expect_status 125
	expect_has 'box: option --provenance: expected mode=min or mode=max, found "full"'
}

@test "what ADD has fetched is in the provenance by digest, without what its address permits; a second time it is fetched again" {
	need root jq
	mkdir ctx www
	box import "$ROOTFS" base:1 >/dev/null
	echo data >www/file
	python3 "$TOP/tests/system/www.py" www ready www.log &
	REGISTRY_PIDS+=($!)
	wait_until 10 test -e ready
	printf 'FROM base:1\nADD http://127.0.0.1:%s/file?token=canary /in/\n' "$(cat ready)" >ctx/Dockerfile
	run box build -q --provenance --verify --metadata-file meta.json ctx
	expect_status 0
	[ "$(jq -r '."buildx.build.provenance".buildDefinition.resolvedDependencies[] | select(.uri | startswith("http")) | .uri + " " + .digest.sha256' \
		meta.json)" = "http://127.0.0.1:$(cat ready)/file $(sha256sum <www/file | cut -d' ' -f1)" ] || fail "$(cat meta.json)" || return 1
	[ "$(jq '."buildx.build.provenance".buildDefinition.internalParameters.hermetic' meta.json)" = false ]
	! grep -q canary meta.json
	[ "$(grep -c /file www.log)" = 2 ] || fail "$(cat www.log)"
}
