#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a registry, or somebody on the way to it, must not be able to do: passwords to strangers, wrong bytes, no end, words that steer a terminal.

load lib
load registry
setup() { setup_world && setup_registry; }
teardown() { teardown_registry; teardown_world; }

# user_at HOST:PORT…: the password of robot in auth.json.
user_at() {
	mkdir -p "$XDG_RUNTIME_DIR/containers"
	printf '%s\n' "$@" | jq -nR '{auths: [inputs | {(.): {auth: "cm9ib3Q6Y2FuYXJ5LTQ3MTE="}}] | add}' >"$XDG_RUNTIME_DIR/containers/auth.json"
	chmod 600 "$XDG_RUNTIME_DIR/containers/auth.json"
}

refused() { # refused WORDS: the last command failed and said so, and nothing is in the store
	[ "$status" -eq 1 ] || fail "exit code" || return 1
	[[ $output == *"$1"* ]] || fail "expected: $1" || return 1
	[ -z "$(box images -q)" ] || fail "an image is there" || return 1
	[ -z "$(ls "$BOX_STORE/layers" "$BOX_STORE/images" | grep sha256)" ] || fail "something of it is there"
}

# sent FILE: the Authorization headers that a server saw.
sent() { jq -r '.authorization // empty' "$1"; }

@test "D01: urls of layers are not followed" {
	need root jq
	hostile honest
	local evil=$REGISTRY evil_log=$LOG
	hostile urls "http://$evil"
	run box pull "$REGISTRY/web:1"
	refused "it answered 404"
	[ ! -s "$evil_log" ] || fail "$(cat "$evil_log")"
}

@test "D02: a stranger's token server gets no password, and the reason is told" {
	need root jq
	hostile token-server
	local evil_log=$LOG evil=$REGISTRY
	hostile realm "http://$evil/token"
	user_at "$REGISTRY" "$evil"
	# The stranger's anonymous token is taken: this registry's images are for everybody.
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "anonymous" || return 1
	[ -s "$evil_log" ]
	[ -z "$(sent "$evil_log")" ] || fail "$(sent "$evil_log")" || return 1
	! grep -q "cm9ib3Q6Y2FuYXJ5LTQ3MTE" "$LOG" || fail "the password went to a registry that did not ask for it"
}

@test "D02: where the stranger's token does not do, the pull fails and says what to write" {
	need root jq
	hostile needs-password
	local evil_log=$LOG
	evil_realm=http://$REGISTRY/token
	hostile realm-strict "$evil_realm"
	user_at "$REGISTRY"
	run box pull "$REGISTRY/web:1"
	refused "which did not get the password for $REGISTRY"
	[[ $output == *'"token_hosts"'* ]]
	[ -z "$(sent "$evil_log")" ]
}

@test "D02: the registry's own token server gets it" {
	need root jq
	hostile needs-password
	run box pull "$REGISTRY/web:1"
	refused "box login $REGISTRY"
	user_at "$REGISTRY"
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "with a password" || return 1
	sent "$LOG" | grep -qx "Basic cm9ib3Q6Y2FuYXJ5LTQ3MTE="
	sent "$LOG" | grep -qx "Bearer good"
}

@test "D02: where the registry speaks https, a token server that speaks http is not asked" {
	need root jq openssl
	make_certificates
	hostile token-server
	local plain=$REGISTRY plain_log=$LOG
	hostile realm "http://$plain/token" "$WORK/server"
	REGISTRY=localhost:${REGISTRY#*:}
	trust_authority "$REGISTRY"
	run box pull "$REGISTRY/web:1"
	refused "its token server $plain http, which is refused"
	[ ! -s "$plain_log" ] || fail "$(cat "$plain_log")"
}

# tls_hostile MODE [ARGUMENT]: a registry that speaks https and asks whoever comes for a certificate.
tls_hostile() {
	CLIENT_AUTHORITY=$WORK/ca.crt hostile "$1" "${2:-}" "$WORK/server"
	REGISTRY=localhost:${REGISTRY#*:}
}

# known_by_certificate HOST:PORT: box shows one there.
known_by_certificate() {
	trust_authority "$1"
	cp client.crt "$XDG_CONFIG_HOME/containers/certs.d/$1/client.cert"
	cp client.key "$XDG_CONFIG_HOME/containers/certs.d/$1/client.key"
}

@test "D03: a certificate of ours is shown to its registry alone, not to token servers and redirects of its choice" {
	need root jq openssl
	make_certificates
	openssl req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /CN=robot 2>/dev/null
	openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out client.crt -days 2 2>/dev/null
	local mode stranger stranger_log
	for mode in realm:token-server redirect-blobs:honest; do
		tls_hostile "${mode#*:}"
		stranger=$REGISTRY stranger_log=$LOG
		tls_hostile "${mode%:*}" "https://$stranger$([ "$mode" = realm:token-server ] && echo /token)"
		known_by_certificate "$REGISTRY"
		run box pull -q "$REGISTRY/web:1"
		[ "$status" -eq 0 ] || fail "$mode" || return 1
		[ "$(jq -s 'all(.certificate)' "$LOG")" = true ] || fail "not shown to its registry" || return 1
		[ -s "$stranger_log" ]
		[ "$(jq -s 'any(.certificate)' "$stranger_log")" = false ] || fail "shown to a stranger ($mode)" || return 1
		box rmi "$REGISTRY/web:1" >/dev/null
	done
}

@test "D03: redirects leave the password behind where the host changes" {
	need root jq
	hostile honest
	local other_log=$LOG
	hostile redirect "http://$REGISTRY"
	user_at "$REGISTRY"
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "redirected" || return 1
	[ -s "$other_log" ]
	[ -z "$(sent "$other_log")" ] || fail "$(sent "$other_log")" || return 1
	[ "$(jq -r '.cookie // empty' "$other_log")" = "" ]
	sent "$LOG" | grep -q Basic
}

@test "D03: a redirect without end, and one from https to http" {
	need root jq openssl
	hostile redirect-loop
	run box pull "$REGISTRY/web:1"
	refused "it redirects more than 5 times"
	hostile honest
	local plain_log=$LOG plain=$REGISTRY
	make_certificates
	hostile redirect "http://$plain" "$WORK/server"
	REGISTRY=localhost:${REGISTRY#*:}
	trust_authority "$REGISTRY"
	user_at "$REGISTRY"
	run box pull "$REGISTRY/web:1"
	refused "it redirects from https to http, which is refused"
	[ ! -s "$plain_log" ]
}

@test "D04: a credential helper that fails is the end, and nothing is sent" {
	need root jq
	hostile basic
	mkdir -p "$XDG_RUNTIME_DIR/containers" tools
	user_at "$REGISTRY"
	jq '.credHelpers = {"'"$REGISTRY"'": "broken"}' "$XDG_RUNTIME_DIR/containers/auth.json" >new
	install -m 600 new "$XDG_RUNTIME_DIR/containers/auth.json"
	run box pull "$REGISTRY/web:1"
	refused "docker-credential-broken: it is not in PATH"
	printf '#!/bin/sh\necho locked >&2\nexit 1\n' >tools/docker-credential-broken
	chmod 755 tools/docker-credential-broken
	PATH=$WORK/tools:$PATH run box pull "$REGISTRY/web:1"
	refused "locked"
	[ ! -s "$LOG" ] || fail "$(cat "$LOG")" || return 1
	# One that works is asked for this host, and told nothing else.
	cat >tools/docker-credential-broken <<-END
		#!/bin/sh
		{ echo "\$#:\$*"; cat; } >"$WORK/asked"
		echo '{"ServerURL": "x", "Username": "robot", "Secret": "canary-4711"}'
	END
	PATH=$WORK/tools:$PATH run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "a helper that works" || return 1
	[ "$(cat asked)" = "1:get
$REGISTRY" ]
}

@test "D05: no password in names, messages, logs and command lines" {
	need root jq
	hostile needs-password
	run box pull "robot:canary-4711@$REGISTRY/web:1"
	[ "$status" -eq 125 ] || [ "$status" -eq 1 ]
	[[ $output != *canary* ]] || fail "in the message" || return 1
	run box login -u robot -p canary-4711 "$REGISTRY"
	[ "$status" -eq 125 ]
	[[ $output == *"option --password is refused"* && $output != *canary* ]] || fail "-p" || return 1
	box --debug --log log.txt login -u robot --password-stdin "$REGISTRY" <<<"canary-4711" >out 2>&1
	user_at "$REGISTRY"
	box --debug --log log.txt pull "$REGISTRY/web:1" >>out 2>&1 &
	local pid=$!
	while kill -0 $pid 2>/dev/null; do ps -eo args; done >lines
	wait $pid || fail "pull" || return 1
	! grep -l -e 'canary-4711' -e cm9ib3Q6 -e 'Bearer good' out log.txt lines || fail "found" || return 1
	! grep -rl -e canary-4711 -e cm9ib3Q6 "$BOX_STORE" "$STATE" 2>/dev/null || fail "in the store"
}

@test "D06: files with passwords that others could read or change" {
	need root jq
	hostile basic
	user_at "$REGISTRY"
	chmod 644 "$XDG_RUNTIME_DIR/containers/auth.json"
	run box pull "$REGISTRY/web:1"
	refused "its mode is 0644"
	[[ $output == *"chmod 600"* ]]
	chmod 600 "$XDG_RUNTIME_DIR/containers/auth.json"
	mv "$XDG_RUNTIME_DIR/containers/auth.json" real.json
	ln -s "$WORK/real.json" "$XDG_RUNTIME_DIR/containers/auth.json"
	run box pull "$REGISTRY/web:1"
	refused "symbolic link"
	rm "$XDG_RUNTIME_DIR/containers/auth.json"
	install -m 600 -o 65534 real.json "$XDG_RUNTIME_DIR/containers/auth.json"
	run box pull "$REGISTRY/web:1"
	refused "no regular file of this user or of root"
	echo '{"credsStore": "../../tmp/x"}' >"$XDG_RUNTIME_DIR/containers/auth.json"
	chown 0 "$XDG_RUNTIME_DIR/containers/auth.json"
	run box pull "$REGISTRY/web:1"
	refused 'is no name of a credential helper'
	[ ! -s "$LOG" ]
}

@test "D07: certificates of nobody, of somebody else, of yesterday; http where it is not allowed" {
	need root openssl jq ip
	make_certificates
	hostile honest "" "$WORK/server"
	REGISTRY=localhost:${REGISTRY#*:}
	run box pull "$REGISTRY/web:1"
	refused "certificate"
	trust_authority "$REGISTRY"
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "a good one" || return 1
	box rmi "$REGISTRY/web:1" >/dev/null
	make_certificates other.example
	hostile honest "" "$WORK/server"
	REGISTRY=localhost:${REGISTRY#*:}
	trust_authority "$REGISTRY"
	run box pull "$REGISTRY/web:1"
	refused "no alternative certificate subject name matches"
	make_certificates localhost 0
	hostile honest "" "$WORK/server"
	REGISTRY=localhost:${REGISTRY#*:}
	trust_authority "$REGISTRY"
	sleep 1
	run box pull "$REGISTRY/web:1"
	refused "expired"
	# Configuration alone switches the check off, and for that one registry.
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >"$CONTAINERS_REGISTRIES_CONF"
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "insecure" || return 1
	box rmi "$REGISTRY/web:1" >/dev/null
	# http: this name is of loopback too, but it could be anybody's.
	hostile honest
	REGISTRY=$(hostname).box-test.invalid:${REGISTRY#*:}
	export http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1
	run box pull "$REGISTRY/web:1"
	refused "127.0.0.1"
	[ ! -s "$LOG" ]
}

@test "D07: http needs a word in the configuration where the host is not this machine" {
	need root jq ip
	hostile honest
	# An address of this machine that is none of loopback.
	local address
	address=$(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
	[ -n "$address" ] || skip "needs an address beside loopback"
	python3 -c 'import socket, sys, threading
server = socket.create_server((sys.argv[1], 0)); print(server.getsockname()[1], flush=True)
def copy(a, b):
    try:
        while (data := a.recv(65536)): b.sendall(data)
    except OSError: pass
    b.shutdown(socket.SHUT_WR)
while True:
    one, _ = server.accept(); other = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=copy, args=(one, other), daemon=True).start(); threading.Thread(target=copy, args=(other, one), daemon=True).start()
' "$address" "${REGISTRY#*:}" >relay-port 2>/dev/null 3>&- &
	REGISTRY_PIDS+=($!)
	wait_until 10 test -s relay-port
	local name
	name=$address:$(cat relay-port)
	run box pull "$name/web:1"
	refused '"insecure": true'
	[ ! -s "$LOG" ] || ! grep -q /v2/ "$LOG" || fail "$(cat "$LOG")" || return 1
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$name" >"$CONTAINERS_REGISTRIES_CONF"
	run box pull -q "$name/web:1"
	[ "$status" -eq 0 ] || fail "insecure"
}

@test "D07: what goes to this machine in plain text goes through no proxy" {
	need root jq python3
	hostile basic
	user_at "$REGISTRY"
	python3 "$BATS_TEST_DIRNAME/proxy.py" "$WORK/proxy.port" "$WORK/seen" "127.0.0.1=$REGISTRY" 3>&- &
	REGISTRY_PIDS+=($!)
	wait_until 10 test -s proxy.port
	export http_proxy https_proxy all_proxy
	http_proxy=http://127.0.0.1:$(cat proxy.port)
	https_proxy=$http_proxy all_proxy=$http_proxy
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "directly" || return 1
	[ ! -s seen ] || fail "$(cat seen)"
}

@test "D08: answers that are too long, of the wrong kind, or without an end" {
	need root jq
	local mode words seconds memory
	while IFS='|' read -r mode words; do
		hostile "$mode"
		seconds=$SECONDS
		run timeout 60 "$BOX" --root "$STATE" pull "$REGISTRY/web:1"
		refused "$words" || fail "$mode" || return 1
		[ $((SECONDS - seconds)) -lt "$(slowly 15)" ] || fail "$mode took $((SECONDS - seconds)) s" || return 1
	done <<-'END'
		manifest-huge|the answer has more than the 4194304 bytes that it may have
		manifest-endless|the answer has more than the 4194304 bytes that it may have
		manifest-gzip|the answer is encoded as "gzip"
		manifest-other|and the registry calls it
		headers|the answer's headers have more than 64 KiB
		header-long|one of the answer's headers is too long
		blob-longer|it has more than the
		blob-endless|it has more than the
		blob-shorter|its size is said to be
		blob-other|its content has the digest
		size-lies|it has more than the
		size-huge|is the limit
		chunk-overflow|chunk
		range-lies|it was asked for the bytes from
		token-huge|the answer has more than the 65536 bytes that it may have
		token-line|its answer holds no token
		limited|try again after 3600 seconds
	END
	[ -z "$(ls "$BOX_STORE/staging")" ]
}

@test "D08: a registry that falls silent is left after the time that the configuration gives it" {
	need user userns jq
	hostile silent
	as_user mkdir -p config/box
	as_user sh -c 'echo "{\"idle_timeout\": \"2s\"}" >config/box/registries.json'
	local begin=$SECONDS
	run as_user bin/box pull "$REGISTRY/web:1"
	[ "$status" -eq 1 ]
	[[ $output == *"too slow"* ]] || fail "silent" || return 1
	[ $((SECONDS - begin)) -lt "$(slowly 15)" ] || fail "took $((SECONDS - begin)) s"
}

@test "D08: a connection that breaks is resumed, whether ranges are understood or not" {
	need root jq
	hostile breaks-off
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "by ranges" || return 1
	[ "$(requests 'select(.range) | .range' | wc -l)" = 3 ]
	box rmi "$REGISTRY/web:1" >/dev/null
	hostile range-ignored
	run box run -q "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "without ranges" || return 1
	hostile busy
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "busy"
}

@test "D08: what one registry has begun of a blob is no beginning for another" {
	need root jq
	hostile poisons
	run box pull "$REGISTRY/web:1"
	refused "layer 3 of 3"
	[ -n "$(find "$BOX_STORE/downloads" -name 'sha256-*' -size +10k)" ] || fail "nothing was begun" || return 1
	hostile honest
	run box pull -q "$REGISTRY/web:1"
	[ "$status" -eq 0 ] || fail "an honest one" || return 1
}

@test "D08: nobody waits for a blob that another registry sends slowly" {
	need root jq
	hostile slow 10
	"$BOX" --root "$STATE" pull "$REGISTRY/web:1" >slow 2>&1 &
	local slow=$!
	wait_until 10 eval 'find "$BOX_STORE/downloads" -name "sha256-*" -size +90k | grep -q .'
	hostile honest
	run timeout "$(slowly 20)" "$BOX" --root "$STATE" pull -q "$REGISTRY/web:1"
	kill "$slow"
	wait "$slow" || true
	[ "$status" -eq 0 ] || fail "an honest one" || return 1
	run box run --pull never "$REGISTRY/web:1"
	[ "$status $output" = "0 hello" ] || fail "what came"
}

# one_hash HOST HOST: a repository at each, whose images' full names have one FNV hash.
one_hash() {
	python3 - "$@" <<-'END'
		import itertools, sys
		def fnv(text):
		    value = 2166136261
		    for byte in text.encode():
		        value = (value ^ byte) * 16777619 & 0xffffffff
		    return value
		seen = {}
		for letters in itertools.product("acegikmoqsuwy", repeat=5):
		    name = "".join(letters)
		    seen[fnv(sys.argv[1] + "/" + name + ":1")] = name
		for number in itertools.count():
		    name = "x%dz" % (number * 2654435761 % 4294967296)
		    found = seen.get(fnv(sys.argv[2] + "/" + name + ":1"))
		    if found:
		        print(found, name)
		        break
	END
}

@test "D08: nobody waits for an image whose name was chosen to collide" {
	need root jq python3
	hostile slow 10
	local slow_at=$REGISTRY names
	hostile honest
	names=($(one_hash "$slow_at" "$REGISTRY"))
	"$BOX" --root "$STATE" pull "$slow_at/${names[0]}:1" >slow 2>&1 &
	local slow=$!
	wait_until 10 eval 'find "$BOX_STORE/downloads" -name "sha256-*" -size +90k | grep -q .'
	run timeout "$(slowly 20)" "$BOX" --root "$STATE" pull -q "$REGISTRY/${names[1]}:1"
	kill "$slow"
	wait "$slow" || true
	[ "$status" -eq 0 ] || fail "an honest one"
}

@test "D08: memory stays small whatever comes" {
	need root jq
	hostile blob-endless
	/usr/bin/env python3 - "$BOX" "$STATE" "$REGISTRY" >peak <<-'END'
		import resource, subprocess, sys
		subprocess.run([sys.argv[1], "--root", sys.argv[2], "pull", sys.argv[3] + "/web:1"], stderr=subprocess.DEVNULL)
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	END
	[ "$(cat peak)" -lt 65536 ] || fail "$(cat peak) KiB"
}

@test "D10: a registry's words do not steer a terminal" {
	need root jq
	local mode
	for mode in escapes escapes-plain; do
		hostile "$mode"
		run box pull "$REGISTRY/web:1"
		[ "$status" -eq 1 ]
		[[ $output == *'\x1b'* ]] || fail "escaped" || return 1
		! grep -q $'[\x1b\x07]' <<<"$output" || fail "an escape" || return 1
		[ "${#output}" -lt 2500 ] || fail "${#output} letters"
	done
}

fetchers() { pgrep -P "$(pgrep -P "$1" | paste -sd,)" -x box-image:fetch; } # of this pull, and of nobody else's
are_closed_in() { # there are some, and each has taken its last step
	local found
	found=$(fetchers "$1") && [ "$(sed 's|.*|/proc/&/status|' <<<"$found" | xargs cat | grep -c '^Seccomp:.2$')" -eq "$(wc -w <<<"$found")" ]
}

@test "the fetcher holds nothing: no capability, no file, no other process, no new socket but of the internet" {
	need root jq
	hostile slow
	"$BOX" --root "$STATE" pull "$REGISTRY/web:1" >out 2>&1 &
	local pid=$! fetcher status
	wait_until 30 are_closed_in $pid
	for fetcher in $(fetchers $pid); do
		[ "$(readlink "/proc/$fetcher/ns/net")" = "$(readlink /proc/self/ns/net)" ]
		for space in user mnt pid ipc uts; do
			[ "$(readlink "/proc/$fetcher/ns/$space")" != "$(readlink /proc/self/ns/$space)" ] || fail "$space" || return 1
		done
		status=$(cat "/proc/$fetcher/status") || continue
		grep -q '^CapEff:.0000000000000000$' <<<"$status" || fail "$status" || return 1
		grep -q '^CapBnd:.0000000000000000$' <<<"$status" || fail "$status" || return 1
		grep -q '^NoNewPrivs:.1$' <<<"$status" || fail "$status" || return 1
		grep -q '^Seccomp:.2$' <<<"$status" || fail "$status" || return 1
		! grep -qE '^Uid:.0' <<<"$status" || fail "$status" || return 1
		[ "$(find "/proc/$fetcher/root/" -type f | sed 's,.*/root/,,' | sort | paste -sd' ')" = "etc/hosts etc/nsswitch.conf etc/resolv.conf" ]
	done
	wait $pid
}
