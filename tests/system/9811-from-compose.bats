#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/from-compose.md: its compose.yaml becomes its app.json by what box check says, which runs; its tables know every word.

load lib
load network

PAGE=$BATS_TEST_DIRNAME/../../docs/from-compose.md

setup() { setup_world; }
teardown() {
	[ -z "${HOST:-}" ] || box down --volumes "$TAG" >/dev/null 2>&1 || true
	teardown_network
}

# block KIND: the first such block of the page.
block() { awk -v kind="\`\`\`$1" '$0 == kind { inside = 1; next } /^```/ && inside { exit } inside' "$PAGE"; }
# The tables of the page's file words, or of the command line's.
rows() { awk -v title="$1" '/^## / { inside = $0 == title } inside && /^\|/' "$PAGE"; }

@test "every word of a service, of a file and of the command line is in the page" {
	local word missing=
	# compose-spec's, of December 2025, and the older ones that files still have.
	for word in annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent \
		cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules \
		devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus group_add \
		healthcheck hostname image init ipc isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness \
		memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged \
		profiles provider pull_policy read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal \
		storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir \
		version name services include configs; do
		rows "## Words of the file" | cut -d'|' -f2 | grep -qF "\`$word\`" || missing+=" $word"
	done
	# Those that box answers, too.
	for word in $(sed -n 's/^\t{ OF_\(APP\|FILE\), "\([a-z_]*\)".*/\2/p' "$TOP/specs/compose_words.c"); do
		rows "## Words of the file" | cut -d'|' -f2 | grep -qF "\`$word\`" || missing+=" $word"
	done
	for word in attach build config cp create down events exec images kill logs ls pause port ps pull push restart rm run start stats stop top \
		unpause up version volumes wait watch; do
		rows "## Words of the command line" | cut -d'|' -f2 | grep -qE "\`$word[ \`]" || missing+=" $word"
	done
	[ -z "$missing" ] || fail "docs/from-compose.md has not:$missing"
}

@test "what is the same as in Compose is what box check takes; all else is refused with what to write" {
	need jq
	local word
	for word in attach blkio_config cgroup cgroup_parent configs container_name cpu_count cpu_percent cpu_period cpu_quota cpu_shares cpus cpuset deploy \
		develop device_cgroup_rules dns dns_opt dns_search domainname expose extends external_links gpus ipc isolation label_file links \
		mac_address mem_limit mem_reservation mem_swappiness memswap_limit oom_kill_disable oom_score_adj pid pids_limit platform post_start pre_stop \
		privileged pull_policy runtime scale security_opt stdin_open storage_opt tty userns_mode uts volumes_from; do
		jq -n --arg word $word '{services: {web: ({image: "debian:12"} + {($word): "x"})}}' >app.json
		run box check app.json
		expect_status 1
		[[ $output == *"hint: "* || $output == *"did you mean"* ]] || fail "$word: nothing to write in its place"
	done
}

@test "the page's compose.yaml: box check names what the page says" {
	need yq
	block yaml >compose.yaml
	yq . compose.yaml >app.json
	run box check app.json
	expect_status 1
	# What the page shows of it, word by word.
	awk '/^    \$ box check app.json/ { inside = 1; next } inside && !/^    / { exit } inside { print substr($0, 5) }' "$PAGE" >shown
	[ "$(wc -l <shown)" -eq 8 ]
	while IFS= read -r line; do
		expect_line "$line"
	done <shown
	# Every message has something to do about it.
	[ "$(grep -c '^box: ' <<<"$output")" -eq "$(grep -c '^  hint: ' <<<"$output")" ] || fail "$output"
	run box check compose.yaml
	expect_has "this is YAML" "yq . compose.yaml > app.json"
}

@test "the page's app.json runs, and so do its commands" {
	need root ip nft jq curl
	setup_network
	mkdir notes && cd notes
	block jsonc | sed "s/\"name\": \"notes\"/\"name\": \"$TAG\"/" >app.json
	echo s3cret >token
	box import "$ROOTFS" localhost/notes:1
	box check app.json
	run box up app.json
	expect_status 0
	expect_has "box: published to everybody whom this host's INPUT rules let in: 0.0.0.0:8080->8000/tcp"
	expect_line "started $TAG-migrate" "started $TAG-queue" "started $TAG-web" "started $TAG-web-2" "started $TAG-nightly"
	[ "$(on_host curl -s http://127.0.0.1:8080)" = "hello from compose" ]
	[ "$(box exec app.json queue cat /run/secrets/token)" = s3cret ]
	[ "$(box run app.json shell -- sh -c 'echo ping | nc -w 2 queue 6379')" = ping ]
	box start -a "$TAG-nightly"
	[ "$(on_host curl -s http://127.0.0.1:8080 | tail -n 1)" = night ]
	# Without its word it may not: web reads what it would write.
	jq -Rrs 'gsub(", \"shared\": true"; "")' app.json >alone.json
	box up -q alone.json
	run box start -a "$TAG-nightly"
	expect_has "use volume ${TAG}_pages: another running app reads it" '"shared": true here'
	# The override that stands for a second file.
	mkdir www
	echo dev >www/index.html
	box up -q --override dev app.json
	[ "$(on_host curl -s http://127.0.0.1:8080)" = dev ]
	box restart app.json web
	box stop app.json web queue
	run box ps -q
	expect_not web queue
	box down --volumes app.json
	[ -z "$(box ps -aq)" ]
	[ -z "$(box volume ls -q)" ]
}
