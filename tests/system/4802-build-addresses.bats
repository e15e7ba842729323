#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ADD of what lies on a server: what it becomes, when it is fetched, and what hostile servers try.

load lib
load build

setup() {
	setup_build
	mkdir www
}
teardown() {
	local pid
	for pid in ${SERVERS:-}; do kill "$pid"; done
	teardown_world
}

# Serves ./www: PORT.
serve() {
	rm -f ready
	python3 "$TOP/tests/system/www.py" www ready www.log "$@" &
	SERVERS="${SERVERS:-} $!"
	wait_until 10 test -e ready
	PORT=$(cat ready)
	: >www.log
}

digest() { echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"; }

@test "a file from an address: name, mode and owner are docker's; its content decides about the cache" {
	echo one >www/file && tar -C www -czf www/a.tgz file && serve
	dockerfile <<-END
		FROM base:1
		ADD http://127.0.0.1:$PORT/file http://127.0.0.1:$PORT/file%20two?x=/y /in/
		ADD --chmod=644 --chown=3:4 http://127.0.0.1:$PORT/file?as=../../evil /as
		ADD http://127.0.0.1:$PORT/a.tgz /whole
		ADD --unpack http://127.0.0.1:$PORT/a.tgz /apart
		RUN stat -c "%n %a %u:%g %Y" /in/* /as /whole /apart/file >/facts && cat /as >>/facts
		CMD ["cat", "/facts"]
	END
	cp www/file "www/file two"
	SOURCE_DATE_EPOCH=1000000000 build -t fetched
	expect_status 0
	expect_has "Dockerfile:2: ADD http://127.0.0.1:$PORT/file is not reproducible" "pin it with --checksum=$(digest www/file)"
	run box run fetched
	expect_line "/in/file 600 0:0 1000000000" "/in/file two 600 0:0 1000000000" "/as 644 3:4 1000000000" "/whole 600 0:0 1000000000" \
		"/apart/file 644 0:0 1000000000" one
	SOURCE_DATE_EPOCH=1000000000 build -t fetched
	[[ $output != *DONE* ]] || fail "it was made again"
	echo two >www/file
	SOURCE_DATE_EPOCH=1000000000 build -t fetched
	expect_status 0
	[ "$(grep -c CACHED <<<"$output")" -eq 0 ] || fail "another content is another step"
	[ -z "$(ls "$BOX_STORE/build/fetched")" ] || fail "what was fetched is still there"
}

@test "--checksum: nobody is asked where the step is known, and another content is refused" {
	echo one >www/file && serve
	printf "FROM base:1\nADD --checksum=$(digest www/file) http://127.0.0.1:$PORT/file /f\n" | dockerfile
	build
	expect_status 0
	expect_not "not reproducible"
	build
	[ "$(grep -c GET www.log)" -eq 1 ] || fail "the server was asked again"
	echo two >www/file
	build --no-cache
	expect_status 1
	expect_has "Dockerfile:2" "its content has the digest $(digest www/file)" "is wanted" "hint: somebody has changed it"
	[ -z "$(find "$BOX_STORE/containers" "$BOX_STORE/staging" "$BOX_STORE/build/fetched" -mindepth 1)" ] || fail "something is left"
}

@test "servers that lead elsewhere, end early or have nothing are told by name" {
	echo one >www/file && serve
	try() { # try ADDRESS WORDS
		printf 'FROM base:1\nADD %s /f\n' "$1" | dockerfile
		build
		[ "$status" -ne 0 ] || fail "$1 was taken"
		expect_has "Dockerfile:2" "$2"
	}
	local here=http://127.0.0.1:$PORT
	try "$here/to/file:///etc/passwd" "redirects to something that is no http or https URL"
	try "$here/to/gopher://127.0.0.1/x" "redirects to something that is no http or https URL"
	try "$here/to/http://169.254.169.254/latest/meta-data" "redirects to an address of this machine or its network"
	try "$here/to/http://u:p@127.0.0.1:$PORT/file" "redirects to something that is no http or https URL"
	try "$here/to/$here/to/$here/to/$here/to/$here/to/$here/to/$here/file" "redirects more than 5 times"
	try "$here/nothing" "status 404"
	try "$here/file?cut" "transfer closed"
	try "http://user:canary@127.0.0.1:$PORT/file" "stand in the image's history"
	expect_not canary
	try "file:///etc/passwd" "nothing is fetched from"
	try "ftp://127.0.0.1/x" "nothing is fetched from"
	printf 'FROM base:1\nADD %s /f\nRUN grep one /f\n' "$here/to/$here/file" | dockerfile
	build --network none
	expect_status 1
	expect_has "--network none lets nothing be fetched"
	build --verify
	expect_status 0
	[ -z "$(find "$BOX_STORE/containers" "$BOX_STORE/staging" "$BOX_STORE/build/fetched" -mindepth 1)" ] || fail "something is left"
}

@test "what a proxy reaches leads no further than what is reached without one" {
	local place
	echo inner >www/file && serve
	for place in "127.0.0.1:$PORT/file" "localhost:$PORT/file" 169.254.169.254/x "[::ffff:10.0.0.1]/x"; do
		printf 'FROM base:1\nADD http://outside.example/to/http://%s /f\n' "$place" | dockerfile
		http_proxy=http://127.0.0.1:$PORT build
		expect_status 1
		expect_has "it redirects to an address of this machine or its network, which is refused"
	done
	[ "$(grep -c GET www.log)" -eq 4 ] || fail "it went where it was led to"
	printf 'FROM base:1\nADD http://outside.example/to/http://elsewhere.example/x /f\n' | dockerfile
	http_proxy=http://127.0.0.1:$PORT build
	expect_has "status 404"
}

@test "https: who is not trusted is refused, and nothing leads from https to http" {
	need openssl
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	cat key crt >both
	echo one >www/file && serve "$WORK/both"
	printf "FROM base:1\nADD https://127.0.0.1:$PORT/file /f\n" | dockerfile
	build
	expect_status 1
	expect_has certificate
	export SSL_CERT_FILE=$WORK/crt
	build
	expect_status 0
	printf "FROM base:1\nADD https://127.0.0.1:$PORT/to/http://127.0.0.1:$PORT/file /f\n" | dockerfile
	build
	expect_status 1
	expect_has "redirects from https to http"
}
