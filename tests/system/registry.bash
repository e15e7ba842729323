# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# registry.bash - registries on loopback: Debian's docker-registry, and registry.py, which does what it should not.

# No password or setting of the host's own counts.
setup_registry() {
	export HOME=$WORK/own XDG_CONFIG_HOME=$WORK/config XDG_RUNTIME_DIR=$WORK/run
	export CONTAINERS_REGISTRIES_CONF=$WORK/registries.conf
	unset REGISTRY_AUTH_FILE DOCKER_CONFIG http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy SSL_CERT_FILE
	mkdir -p "$HOME" "$XDG_CONFIG_HOME" "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	: >"$CONTAINERS_REGISTRIES_CONF"
	REGISTRY_PIDS=()
}

teardown_registry() {
	local pid
	for pid in "${REGISTRY_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# start_registry [tls] [auth]: sets $REGISTRY (HOST:PORT). The user of auth is robot, the password canary-4711.
start_registry() {
	local word config=$WORK/registry-${#REGISTRY_PIDS[@]}.yml host=127.0.0.1 tls= auth=
	for word; do
		case $word in
		tls)
			host=localhost
			[ -e ca.crt ] || make_certificates
			tls="tls: {certificate: $WORK/server.crt, key: $WORK/server.key}"
			;;
		auth)
			htpasswd -Bbn robot canary-4711 >htpasswd
			auth="auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"
			;;
		esac
	done
	cat >"$config" <<-END
		version: 0.1
		log: {level: info, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: ${config%.yml}}, delete: {enabled: true}}
		http:
		  addr: 127.0.0.1:0
		  $tls
		$auth
	END
	docker-registry serve "$config" >"$config.log" 2>&1 3>&- &
	REGISTRY_PIDS+=($!)
	# It says which port the kernel has chosen: one that was free when somebody asked can be another program's when it is bound.
	wait_until 30 grep -q 'listening on' "$config.log" || fail "$(cat "$config.log")"
	REGISTRY=$host:$(sed -nE 's/.*listening on 127\.0\.0\.1:([0-9]+).*/\1/p' "$config.log")
}

# An authority, and a certificate of localhost that it signed.
make_certificates() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=test-authority -days 2 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "${1:-localhost}" >names
	openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days "${2:-2}" -extfile names 2>/dev/null
}

trust_authority() { # trust_authority HOST:PORT
	mkdir -p "$XDG_CONFIG_HOME/containers/certs.d/$1"
	cp ca.crt "$XDG_CONFIG_HOME/containers/certs.d/$1/"
}

# make_layout DIR TAG [BYTES]: an image of the test's root and two more layers, one of them gone on with random BYTES.
make_layout() { python3 "$BATS_TEST_DIRNAME/registry.py" layout "$1" "$2" "$ROOTFS" "${3:-3000000}"; }

# push LAYOUT:TAG NAME: by skopeo.
push() {
	mkdir -p certs
	[ ! -e ca.crt ] || cp ca.crt certs/
	skopeo --insecure-policy copy -q --dest-tls-verify=$([ -e ca.crt ] && echo true || echo false) --dest-cert-dir certs \
		${PUSH_CREDENTIALS:+--dest-creds "$PUSH_CREDENTIALS"} "oci:$1" "docker://$2"
}

# hostile MODE [ARGUMENT…]: starts registry.py; sets $REGISTRY and $LOG, a file with one line of JSON per request.
hostile() {
	LOG=$WORK/requests-${#REGISTRY_PIDS[@]}
	local ready=$LOG.port
	python3 "$BATS_TEST_DIRNAME/registry.py" serve "$ready" "$LOG" "$ROOTFS" "$@" 3>&- &
	REGISTRY_PIDS+=($!)
	wait_until 10 test -s "$ready"
	REGISTRY=127.0.0.1:$(cat "$ready")
}

# requests JQ-FILTER: of the log, raw.
requests() { jq -r "$1" "$LOG"; }
