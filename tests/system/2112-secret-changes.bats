#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Secrets that follow their sources while the app runs: how a change is seen, what is done then, and what becomes of a bad source.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# Says what the secret is at the start, on SIGHUP, and never anything else.
teller='say() { echo \"$1 $(cat /run/secrets/key)\"; }; trap \"say told\" HUP; say began; while :; do sleep 0.1; done'
logs() { box logs "$TAG" 2>&1; }
has_log() { logs | grep -qF -- "$1"; }
count_log() { logs | grep -cF -- "$1" || true; }
supervisor_of() { sed -n 's/^pid //p' "$STATE/$TAG/supervisor"; }
pid_of() { box ps --format json | jq -r --arg name "$TAG" '.[] | select(.name == $name).pid'; }
has_new_supervisor() { [ "$(supervisor_of)" != "$1" ] && [ -e "/proc/$(supervisor_of)" ]; }
inside() { box exec "$TAG" cat /run/secrets/key; }
holds() { [ "$(inside)" = "$1" ]; }
start() { # start SECRET [COMMAND]
	app "\"secrets\": [$1], \"command\": [\"sh\", \"-c\", \"${2:-$teller}\"]"
	run box run -d app.json
	expect_status 0
}

@test "a signal: the app finds the new content, by a write and by a rename; a touch is no change" {
	need root
	echo one >key
	start '{"source": "./key", "on_change": {"signal": "SIGHUP"}, "mode": "0440", "uid": 5, "gid": 7}'
	wait_until 10 has_log 'began one'
	echo two >key
	wait_until 10 has_log 'told two'
	run box exec "$TAG" sh -c 'cd /run/secrets; stat -c %a:%u:%g key; stat -f -c %T key; echo x 2>/dev/null >key || echo read-only'
	expect_line 440:5:7 tmpfs read-only
	echo three >key.new
	mv key.new key
	wait_until 10 has_log 'told three'
	touch key
	sleep 1.5
	[ "$(count_log told)" -eq 2 ] || fail "told more than there was: $(logs)"
	run box events --since 1h --until 0s --format json
	[ "$(grep -c '"secret"' <<<"$output")" -eq 2 ] || fail "not one event for each change"
}

@test "a program runs as the app's user, once for two secrets; what it says when it fails is in the log" {
	need root
	echo one >key
	echo one >cert
	app '"user": "1000:1000", "secrets": [{"source": "./key", "on_change": {"exec": ["sh", "-c", "echo $(id -u) $(cat /run/secrets/*) >>/tmp/ran; test ! -e /tmp/bad"]}},
	  {"source": "./cert", "uid": 1000, "on_change": {"exec": ["sh", "-c", "echo $(id -u) $(cat /run/secrets/*) >>/tmp/ran; test ! -e /tmp/bad"]}}],
	  "command": ["sh", "-c", "while :; do sleep 0.1; done"]'
	run box run -d app.json
	expect_status 0
	sleep 1
	echo two >key
	echo two >cert
	wait_until 10 box exec "$TAG" grep -q 'two two' /tmp/ran
	[ "$(box exec "$TAG" cat /tmp/ran)" = "1000 two two" ] || fail "$(box exec "$TAG" cat /tmp/ran)"
	box exec "$TAG" touch /tmp/bad
	echo three >key
	wait_until 10 has_log 'box: secrets[0].on_change: run sh: exit code 1; the secret is replaced, and the app may not know'
	[ "$(box exec "$TAG" cat /run/secrets/key)" = three ]
}

@test "a restart: the app begins anew with the new content, in its variable too" {
	need root
	echo one >key
	start '{"source": "./key", "environment": "WORD", "on_change": "restart"}' 'echo \"began $WORD $(cat /run/secrets/key)\"; while :; do sleep 0.1; done'
	box rm -f "$TAG" >/dev/null
	box run -d app.json
	wait_until 10 has_log 'began one one'
	echo two >key
	wait_until 20 has_log 'began two two'
	sleep 1.5
	[ "$(count_log began)" -eq 2 ] || fail "it began too often: $(logs)"
	run box explain "$TAG" 1
	expect_has 'a secret that changed'
}

@test "links that lead elsewhere from now on: the file's own, the folder's, Kubernetes' ..data" {
	need root
	mkdir -p v1 v2 v3 live
	for i in 1 2 3; do echo "$i" >"v$i/key"; done
	ln -s ../v1 live/..data
	ln -s ..data/key live/key
	ln -s live way
	start '{"source": "./way/key", "on_change": {"signal": "HUP"}}'
	wait_until 10 has_log 'began 1'
	ln -s ../v2 live/..tmp
	mv -T live/..tmp live/..data
	wait_until 10 has_log 'told 2'
	mkdir other
	echo other >other/key
	ln -sfn other way.new
	mv -T way.new way
	wait_until 10 has_log 'told other'
	# What is watched now is the new way.
	echo last >other/key
	wait_until 10 has_log 'told last'
}

@test "a source that vanishes, is empty, and returns: the app keeps what it has meanwhile, and the log says so" {
	need root
	mkdir in
	echo one >in/key
	start '{"source": "./in/key", "on_change": {"signal": "HUP"}}'
	wait_until 10 has_log 'began one'
	mv in away
	wait_until 10 has_log "box: secrets[0].source: open $WORK/in/key: No such file or directory"
	holds one
	mkdir in
	: >in/key
	wait_until 10 has_log "box: secrets[0].source: read $WORK/in/key: it is empty; the app keeps the secret that it has"
	holds one
	rm -r in
	mv away in
	echo two >in/key
	wait_until 10 has_log 'told two'
	[ "$(count_log told)" -eq 1 ] || fail "told without a change: $(logs)"
}

@test "a change while the supervisor is dead, and one while the app is paused, come later" {
	need root
	echo one >key
	start '{"source": "./key", "on_change": {"signal": "HUP"}}'
	wait_until 10 has_log 'began one'
	old=$(supervisor_of) pid=$(pid_of)
	kill -STOP "$old"
	echo two >key
	kill -KILL "$old"
	wait_until 10 has_new_supervisor "$old"
	wait_until 10 has_log 'told two'
	[ "$(pid_of)" = "$pid" ] || fail "another process runs now"
	box pause "$TAG"
	echo three >key
	sleep 2
	box resume "$TAG"
	wait_until 10 has_log 'told three'
}

@test "whoever reads while it changes, reads the old or the new one" {
	need root
	head -c 60000 /dev/zero | tr '\0' a >key
	start '{"source": "./key", "on_change": {"exec": ["true"]}}' 'while :; do md5sum </run/secrets/key >>/tmp/seen; done'
	for i in b a b; do
		head -c 60000 /dev/zero | tr '\0' $i >key.new
		mv key.new key
		wait_until 10 starts_with $i
	done
	wait_until 30 box exec "$TAG" sh -c 'test $(wc -l </tmp/seen) -gt 100'
	run box exec "$TAG" sh -c 'sort -u /tmp/seen; test $(wc -l </tmp/seen) -gt 100 && echo many'
	expect_line "$(md5sum <key)" "$(head -c 60000 /dev/zero | tr '\0' a | md5sum)" many
	[ ${#lines[@]} -eq 3 ] || fail "something else was read"
}
# Before Linux 6.5 the old ones stay below the new one until the app ends.
@test "no mount of an old secret stays" {
	need root kernel:6.5
	echo one >key
	start '{"source": "./key", "on_change": {"exec": ["true"]}}'
	for i in two three; do
		echo $i >key
		wait_until 10 holds $i
	done
	run box exec "$TAG" grep -c /run/secrets/key /proc/self/mountinfo
	expect_line 1
}
starts_with() { [ "$(box exec "$TAG" head -c 1 /run/secrets/key)" = "$1" ]; }

@test "an app that has moved the place of its secret away is left alone" {
	need root
	echo one >key
	start '{"source": "./key", "target": "/tmp/a/key", "on_change": {"signal": "HUP"}}' 'mv /tmp/a /tmp/b && mkdir /tmp/a && echo mine >/tmp/a/key && echo moved; while :; do sleep 0.1; done'
	wait_until 10 has_log moved
	echo two >key
	wait_until 10 has_log 'the app has something else there now; the app keeps the secret that it has'
	[ "$(box exec "$TAG" cat /tmp/a/key)" = mine ]
	[ "$(box exec "$TAG" cat /tmp/b/key)" = one ]
}

@test "an app of an ordinary user" {
	need user subids
	as_user sh -c 'echo one >key'
	user_app "\"secrets\": [{\"source\": \"./key\", \"on_change\": {\"signal\": \"SIGHUP\"}}], \"command\": [\"sh\", \"-c\", \"$teller\"]"
	run as_user bin/box run -d app.json
	expect_status 0
	user_has() { as_user bin/box logs "$TAG" 2>&1 | grep -qF "$1"; }
	wait_until 10 user_has 'began one'
	as_user sh -c 'echo two >key'
	wait_until 10 user_has 'told two'
	as_user bin/box rm -f "$TAG"
}

# nginx of Debian's archive with the libraries of this host.
nginx_root() {
	local folder=$BOX_BUILD/tests/nginx file
	if [ ! -x "$folder/usr/sbin/nginx" ]; then
		mkdir -p "$folder.new" && (cd "$folder.new" && apt-get -q download nginx >/dev/null 2>&1 && dpkg-deb -x nginx_*.deb .) || skip "needs Debian's package nginx"
		mv "$folder.new" "$folder"
	fi
	rootfs_folder root
	mkdir -p root/var/log/nginx root/var/lib/nginx root/conf
	cp "$folder/usr/sbin/nginx" root/bin/
	for file in $(ldd "$folder/usr/sbin/nginx" | grep -oE '/[^ ]+'); do
		cp -L --parents "$file" root
	done
}
certificate() { # certificate NUMBER: key and certificate, each put into place by a rename, as a client of Let's Encrypt does it
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.new -out cert.new -days 1 -subj "/CN=number-$1" 2>/dev/null
	mv key.new key
	mv cert.new cert
}
serves() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | grep -q "subject=CN = number-$1"; }
load_server() {
	while [ ! -e stop ]; do
		curl -sk -m 10 -o /dev/null "https://127.0.0.1:$port/" && echo good || echo bad
	done >"load.$1"
}

@test "nginx under load serves five renewed certificates, and no request fails" {
	need root openssl curl apt-get
	nginx_root
	port=$((20000 + RANDOM % 10000))
	cat >root/conf/nginx.conf <<-END
		user root;
		worker_processes 2;
		daemon off;
		pid /tmp/nginx.pid;
		error_log stderr;
		events {}
		http {
			access_log off;
			server {
				listen 127.0.0.1:$port ssl;
				ssl_certificate /run/secrets/cert;
				ssl_certificate_key /run/secrets/key;
				return 200 "well\n";
			}
		}
	END
	certificate 0
	app_in root '"network_mode": "host", "command": ["nginx", "-c", "/conf/nginx.conf"], "secrets": [
	  {"source": "./key", "on_change": {"exec": ["nginx", "-c", "/conf/nginx.conf", "-s", "reload"]}},
	  {"source": "./cert", "on_change": {"exec": ["nginx", "-c", "/conf/nginx.conf", "-s", "reload"]}}]'
	run box run -d app.json
	expect_status 0
	wait_until 10 serves 0
	load_server 1 & load_server 2 &
	for i in 1 2 3 4 5; do
		certificate $i
		wait_until 20 serves $i
	done
	touch stop
	wait %1 %2
	good=$(cat load.1 load.2 | grep -c good) bad=$(cat load.1 load.2 | grep -c bad || true)
	echo "# $good requests answered, $bad failed" >&3
	[ "$bad" -eq 0 ] && [ "$good" -gt 50 ] || fail "$good requests answered, $bad failed: $(logs)"
}

@test "in the foreground nobody watches, and box says so" {
	need root
	echo one >key
	app '"secrets": [{"source": "./key", "on_change": "restart"}], "command": ["true"]'
	run box run app.json
	expect_status 0
	expect_has 'on_change holds in the background'
}
