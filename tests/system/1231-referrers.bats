#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What refers to an image (signatures, SBOMs): found by the referrers API, by the tag that stands in for it, and by cosign's tags; and
# what box pushes that refers to another image is found by others.

load lib
load registry
setup() { setup_world; setup_registry; }
teardown() { teardown_registry; teardown_world; }

# refer SUBJECT-DIGEST SIZE LAYOUT: an OCI layout with an image, tag "s", that refers to another.
refer() {
	make_layout "$3" s 100
	python3 - "$@" <<'PY'
import hashlib, json, sys
subject, size, layout = sys.argv[1:]
index = json.load(open(layout + "/index.json"))
entry = index["manifests"][0]
manifest = json.load(open(layout + "/blobs/sha256/" + entry["digest"].split(":")[1]))
manifest["subject"] = {"mediaType": manifest["mediaType"], "digest": subject, "size": int(size)}
manifest["artifactType"] = "application/vnd.example.note"
manifest["annotations"] = {"org.example.note": "a \"word\""}
data = json.dumps(manifest).encode()
entry["digest"], entry["size"] = "sha256:" + hashlib.sha256(data).hexdigest(), len(data)
open(layout + "/blobs/sha256/" + entry["digest"].split(":")[1], "wb").write(data)
json.dump(index, open(layout + "/index.json", "w"))
PY
}

# loaded NAME LAYOUT: into box's store.
loaded() { skopeo --insecure-policy copy -q "oci:$2:s" "oci-archive:$2.tar:$1" && box load -q -i "$2.tar"; }

# referrers IMAGE: "DIGEST FOUND TYPE" of each.
referrers() { box inspect --referrers "$1" | jq -r '.[0].referrers[][] | "\(.digest) \(.found) \(.artifactType)"'; }

@test "a registry without the API: a push enters itself into the tag's index, and each is found there" {
	need root skopeo jq docker-registry
	start_registry
	make_layout layout 1 100000
	push layout:1 "$REGISTRY/acme/web:1"
	box pull -q "$REGISTRY/acme/web:1"
	local digest first second
	digest=$(box inspect "$REGISTRY/acme/web:1" | jq -r '.[0].image')
	[ -z "$(referrers "$REGISTRY/acme/web:1")" ]
	IMAGE_TEXT=one refer "$digest" 1000 one
	IMAGE_TEXT=two refer "$digest" 1000 two
	first=$(loaded "$REGISTRY/acme/web:sbom" one)
	second=$(loaded "$REGISTRY/acme/web:note" two)
	box push -q "$REGISTRY/acme/web:sbom"
	box push -q "$REGISTRY/acme/web:sbom" # once more changes nothing
	box push -q "$REGISTRY/acme/web:note"
	curl -fsS "http://$REGISTRY/v2/acme/web/manifests/${digest/:/-}" -H 'Accept: application/vnd.oci.image.index.v1+json' >index.json
	[ "$(jq -c '[.manifests[] | [.digest, .artifactType, .annotations["org.example.note"]]]' index.json)" = \
		"[[\"$first\",\"application/vnd.example.note\",\"a \\\"word\\\"\"],[\"$second\",\"application/vnd.example.note\",\"a \\\"word\\\"\"]]" ]
	[ "$(jq -c '[.manifests[].size]' index.json)" = "[$(stat -c %s "$BOX_STORE/blobs/sha256/${first#*:}"),$(stat -c %s "$BOX_STORE/blobs/sha256/${second#*:}")]" ]
	[ "$(referrers "$REGISTRY/acme/web:1")" = "$first the tag ${digest/:/-} application/vnd.example.note
$second the tag ${digest/:/-} application/vnd.example.note" ]
	# cosign's way, beside the other.
	skopeo --insecure-policy copy -q --dest-tls-verify=false oci:layout:1 "docker://$REGISTRY/acme/web:${digest/:/-}.sig"
	[ "$(referrers "$REGISTRY/acme/web:1" | tail -1)" = "$digest the tag ${digest/:/-}.sig application/vnd.oci.image.layer.v1.tar+gzip" ]
}

@test "the referrers API: every page, nothing that is no digest, and no byte for the terminal" {
	need root jq
	hostile referrers
	box pull -q "$REGISTRY/web:1"
	run box inspect --referrers "$REGISTRY/web:1"
	expect_status 0
	[ "$(jq -c '[.[0].referrers[][] | [.size, .found]]' <<<"$output")" = '[[1,"the referrers API"],[2,"the referrers API"]]' ]
	expect_has '"page": "1 \u001B[31m"'
	[[ $output != *$'\e'* ]] || fail "an escape" || return 1
	# A registry with the API keeps the account itself.
	need skopeo
	refer "$(box inspect "$REGISTRY/web:1" | jq -r '.[0].image')" 1000 one
	loaded "$REGISTRY/web:note" one
	box push -q "$REGISTRY/web:note"
	[ "$(requests 'select(.method == "PUT" and (.path | contains("/manifests/"))).path')" = /v2/web/manifests/note ]
}

@test "a hostile registry: pages without end, something that is no index, words that fail" {
	need root jq
	hostile referrers-endless
	box pull -q "$REGISTRY/web:1"
	run timeout 20 box inspect --referrers "$REGISTRY/web:1"
	expect_status 0
	[ "$(jq '[.[0].referrers[][]] | length' <<<"$output")" = 1000 ]
	hostile referrers-no-index
	box pull -q "$REGISTRY/web:1"
	run box inspect --referrers "$REGISTRY/web:1"
	expect_status 1
	expect_has "look for what refers to $REGISTRY/web:1" "is no index"
	kill "${REGISTRY_PIDS[-1]}"
	run box inspect --referrers "$REGISTRY/web:1"
	expect_status 1
	expect_has "look for what refers to $REGISTRY/web:1"
	run box inspect "$REGISTRY/web:1"
	expect_status 0
}
