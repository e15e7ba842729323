#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Ways to a registry: what is asked and what is not, proxies, and hosts whose configuration wants full names.

load lib
load registry
setup() { setup_world && setup_registry; }
teardown() { teardown_registry; teardown_world; }

asked() { requests '.method + " " + (.path | split("/")[-2:] | join("/") | sub("sha256:.*"; "DIGEST"))'; }

# start_proxy LOG: to $REGISTRY for whoever asks for registry.example.com; sets $PROXY.
start_proxy() {
	python3 "$BATS_TEST_DIRNAME/proxy.py" "$WORK/proxy.port" "$1" "registry.example.com=$REGISTRY" 3>&- &
	REGISTRY_PIDS+=($!)
	wait_until 10 test -s "$WORK/proxy.port"
	PROXY=127.0.0.1:$(cat "$WORK/proxy.port")
}

@test "an image that has not moved costs one HEAD, and one that is named by its digest nothing" {
	need root jq
	hostile honest
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "first" || return 1
	[[ $(asked) == *"GET manifests/1"* && $(asked) != *HEAD* ]] || fail "$(asked)" || return 1
	local image=${lines[-1]}
	: >"$LOG"
	run box pull -q "$REGISTRY/web:1"
	[ "$status $output" = "0 $image" ] || fail "second" || return 1
	[ "$(asked)" = "HEAD manifests/1" ] || fail "$(asked)" || return 1
	: >"$LOG"
	run box pull -q "$REGISTRY/web@${image#*@}"
	[ "$status" -eq 0 ] || fail "by digest" || return 1
	[ -z "$(asked)" ] || fail "$(asked)" || return 1
	run box run -q --pull never "$REGISTRY/web@${image#*@}"
	[ "$status $output" = "0 hello" ] || fail "run"
}

@test "a manifest of the store that is damaged is fetched again" {
	need root jq
	hostile honest
	box pull -q "$REGISTRY/web:1" >image
	local blob
	blob=$BOX_STORE/blobs/sha256/$(sed 's/.*://' image)
	chmod 600 "$blob" && printf ' ' >>"$blob"
	: >"$LOG"
	run box pull -q "$REGISTRY/web:1"
	[[ $(asked) == *"HEAD manifests/1"*"GET manifests/1"* ]] || fail "$(asked)"
}

@test "a proxy carries http and, by CONNECT, https; no_proxy goes round it" {
	need root jq openssl
	local proxy seen=$WORK/seen
	hostile honest
	start_proxy "$seen"
	proxy=http://user:word@$PROXY
	printf '[[registry]]\nlocation = "registry.example.com"\ninsecure = true\n' >"$CONTAINERS_REGISTRIES_CONF"
	http_proxy=$proxy https_proxy=$proxy run box pull -q registry.example.com/web:1
	[ "$status" -eq 0 ] || fail "http" || return 1
	[ "$(requests .host | sort -u)" = registry.example.com ]
	grep -q '^CONNECT registry.example.com:443 ' "$seen" || fail "$(cat "$seen")" || return 1
	grep -q '^GET http://registry.example.com/v2/web/manifests/1 Basic dXNlcjp3b3Jk' "$seen" || fail "$(cat "$seen")" || return 1
	: >"$seen"
	http_proxy=$proxy https_proxy=$proxy no_proxy=127.0.0.1 run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "no_proxy" || return 1
	[ ! -s "$seen" ] || fail "$(cat "$seen")"
}

@test "https goes through a proxy's CONNECT with the registry's own certificate" {
	need root jq openssl
	local proxy seen=$WORK/seen
	make_certificates registry.example.com
	hostile honest "" server
	start_proxy "$seen"
	proxy=http://$PROXY
	HTTPS_PROXY=$proxy SSL_CERT_FILE=$WORK/ca.crt run box pull -q registry.example.com/web:1
	[ "$status" -eq 0 ] || fail "https" || return 1
	grep -q '^CONNECT registry.example.com:443 ' "$seen" || fail "$(cat "$seen")" || return 1
	run ! grep -q '^GET' "$seen"
}

@test "too many requests: the registry's word how long to wait is kept, and a word that is too long is told" {
	need root jq
	hostile busy-seconds
	local begin
	begin=$(date +%s%N)
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "busy" || return 1
	[ $(($(date +%s%N) - begin)) -ge 2000000000 ] || fail "it did not wait" || return 1
	[ "$(requests 'select(.path | contains("manifests")) | .path' | wc -l)" = 2 ]
	hostile busy-date
	begin=$(date +%s%N)
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "busy until a date" || return 1
	[ $(($(date +%s%N) - begin)) -ge 1900000000 ] || fail "it did not wait for the date" || return 1
	hostile busy-tomorrow
	run timeout 10 box pull -q "$REGISTRY/web:1"
	expect_status 1
	expect_has "try again after " " GMT"
	hostile limited
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"try again after 3600 seconds"*"box login"* ]] || fail "limited"
}

@test "a terminal sees bars with speed, drawn over themselves and gone at the end" {
	need root jq script
	hostile slow 0.1
	TERM=xterm run script -qec "stty rows 24 cols 100; '$BOX' --root '$STATE' pull '$REGISTRY/web:1'" /dev/null
	[ "$status" -eq 0 ] || fail "pull" || return 1
	[[ $output == *"[="*">"*"]"*"%"*"of 2.8 MiB"* ]] || fail "no bar" || return 1
	[[ $output == *"of "*" blobs, "*"MiB/s"* ]] || fail "no speed" || return 1
	[[ $output == *$'\e['[0-9]"A"*$'\e[J'* ]] || fail "not drawn over" || return 1
	[[ ${lines[-1]} == *"$REGISTRY/web:1@sha256:"* ]] || fail "the name comes last"
}

@test "a narrow terminal and one that cannot move its cursor get the lines of a pipe" {
	need root jq script
	hostile honest
	local words
	for words in "xterm 40" "dumb 100"; do
		TERM=${words% *} run script -qec "stty rows 24 cols ${words#* }; '$BOX' --root '$STATE' pull '$REGISTRY/web:1'" /dev/null
		[ "$status" -eq 0 ] || fail "pull" || return 1
		[[ $output == *"box: pulling $REGISTRY/web:1"*"box: fetched "* ]] || fail "$words: no lines" || return 1
		[[ $output != *$'\e'* ]] || fail "$words: the cursor is moved" || return 1
		box rmi "$REGISTRY/web:1" >/dev/null
	done
}

@test "nobody there, an unknown authority, a proxy that refuses: each says what to look at" {
	need root jq openssl
	local port=1 proxies="https_proxy and http_proxy name the proxy, no_proxy the hosts that need none"
	run box pull -q "127.0.0.1:$port/web:1"
	expect_status 1
	expect_has "ask 127.0.0.1:$port for the manifest web:1: Failed to connect" "  hint: does the server run, and is this its port? $proxies"
	make_certificates localhost
	hostile honest "" server
	run box pull -q "localhost:${REGISTRY#*:}/web:1"
	expect_status 1
	expect_has "certificate" "  hint: the certificate of an authority of your own goes to /etc/box/certs.d/HOST:PORT/ca.crt"
	hostile honest
	https_proxy=http://$REGISTRY run box pull -q registry.example.com/web:1
	expect_status 1
	expect_has "CONNECT tunnel failed" "  hint: the proxy refuses" "$proxies"
	https_proxy=http://nobody.invalid:3128 run box pull -q registry.example.com/web:1
	expect_status 1
	expect_has "resolve proxy: nobody.invalid" "  hint: $proxies"
}

@test "a configuration that refuses short names says the whole one, and asks nobody" {
	need user userns jq
	hostile honest
	as_user mkdir -p config/box
	as_user sh -c 'echo "{\"short_names\": \"refuse\"}" >config/box/registries.json'
	run as_user bin/box pull -q web:1
	[ "$status" -eq 1 ]
	[[ $output == *'refuses names without a registry'*'docker.io/library/web:1'* ]] || fail "pull" || return 1
	run as_user bin/box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "whole name" || return 1
	run as_user bin/box push -q "$REGISTRY/web:1" other:1
	[ "$status" -eq 1 ]
	[[ $output == *'docker.io/library/other:1'* ]] || fail "push" || return 1
	as_user sh -c 'echo "{\"short_names\": \"no\"}" >config/box/registries.json'
	run as_user bin/box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *'short_names'*'"docker.io"'*'"refuse"'* ]] || fail "a wrong word"
}
