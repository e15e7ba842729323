#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line: what can be written, and what is said about the rest. Nothing here runs a container.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

@test "box alone, --help, -h and help list every command, on stdout" {
	all=$(box 2>err)
	[ ! -s err ]
	for words in --help -h help; do
		run "$BOX" $words
		expect_status 0
		[ "$output" = "$all" ] || fail "$words says something else"
	done
	for command in run exec ps kill pause unpause rm config check spec doctor; do
		grep -q "^  $command " <<<"$all" || fail "no $command"
	done
}

@test "COMMAND --help and help COMMAND say the same, with usage, options and examples" {
	for command in $("$BOX" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		run "$BOX" help "$command"
		expect_status 0
		expect_has "Usage: box $command" "Examples:" "  box $command"
		first=$output
		for words in --help -h; do
			run "$BOX" "$command" $words
			expect_status 0
			[ "$output" = "$first" ] || fail "$command $words says something else"
		done
	done
	run box help nothing
	expect_status 125
	expect_line "box: no help about nothing" "  hint: box help lists the commands"
}

@test "behind exec's name --help belongs to the program" {
	run box exec nobody ls --help
	expect_status 125
	expect_not Usage
	expect_has nobody
}

@test "the version" {
	for words in --version -v version; do
		run "$BOX" $words
		expect_status 0
		[[ ${lines[0]} =~ ^box\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "it says $output"
		# What engines read.
		[[ ${lines[1]} =~ ^commit:\ . && ${lines[2]} =~ ^spec:\ 1\.[0-9]+\.[0-9]+$ ]] || fail "it says $output"
	done
}

@test "manual pages: each command has one, and none has an error" {
	for command in "" $("$BOX" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		run "$BOX" help --man $command
		expect_status 0
		expect_line ".Sh NAME" ".Sh EXIT STATUS"
		if command -v mandoc >/dev/null; then
			"$BOX" help --man $command | mandoc -T lint -W warning || fail "mandoc does not like the page of box $command"
		fi
	done
	"$BOX" help --man run >page
	for option in $("$BOX" help run | sed -n '/^Options:/,/^$/s/.*  *--\([a-z]*\).*/\1/p'); do
		grep -q -- "Fl -$option" page || fail "no --$option in the page"
	done
}

@test "unknown commands: the nearest is named; those of a later version say so" {
	run "$BOX" rum
	expect_status 125
	[ "$output" = "$(printf 'box: unknown command rum\n  hint: did you mean box run?')" ]
	run "$BOX" frobnicate
	expect_status 125
	expect_has "unknown command frobnicate" "box --help lists the commands"
	for command in search; do
		run "$BOX" $command x
		expect_status 125
		[ "${lines[0]}" = "box: box $command is not supported yet" ]
		[[ ${lines[1]} == "  hint: "* && ${#lines[@]} = 2 ]]
	done
	# What is not there yet is not what somebody meant.
	run "$BOX" imagse
	[ "${lines[1]}" = "  hint: did you mean box images?" ]
}

@test "what docker's and podman's users type about images: one sentence says what it is called here" {
	# Without -r: a line here may have a "|" of its own.
	# shellcheck disable=SC2162
	while IFS='|' read words text hint; do
		# shellcheck disable=SC2086
		run "$BOX" $words
		expect_status 125
		[ "$output" = "box: $text
  hint: $hint" ] || fail "\"$words\" says something else"
	done <<-'END'
		image ls|unknown command image ls|box images
		image prune -a|unknown command image prune|box prune, and box prune --all for images with names
		image pull debian:12|unknown command image pull|box pull
		image|unknown command image|images have words of their own: box images, pull, push, rmi, tag, inspect, history, save, load
		image frobnicate|unknown command image frobnicate|images have words of their own: box images, pull, push, rmi, tag, inspect, history, save, load
		container stop web|unknown command container stop|box stop
		untag debian:12|unknown command untag|box rmi NAME takes one name away
		commit web acme/web|unknown command commit|box export NAME \| box import - NEW-NAME
		pull -a debian|there is no option --all-tags|each tag by its name: box pull NAME:TAG
		pull --creds me:word debian|there is no option --creds|box login HOST, once
		run --authfile auth.json debian|there is no option --authfile|REGISTRY_AUTH_FILE=FILE before the command
		push --disable-content-trust debian|there is no option --disable-content-trust|leave it out; every blob is compared with its digest
		run --arch arm64 debian|there is no option --arch|--platform linux/ARCH
		login --tls-verify=false localhost|there is no option --tls-verify|say it of the registry, in /etc/box/registries.json: {"registries": {"HOST:PORT": {"insecure": true}}}
		logout --all|there is no option --all|each by its name: box logout HOST
		images -a|there is no option --all|leave it out; box images lists them all
		rmi -a|there is no option --all|box prune --all
		inspect -f {{.Id}} debian|there is no option --format|leave it out, and pick from its JSON: box inspect NAME \| jq '.[0].digest'
		import -c CMD=sh rootfs.tar acme/base|there is no option --change|leave it out; the command, environment and user of what runs are written into app.json
		system prune -a|there is no option --all|box prune --all
		store repair|store: expected the word check|box store check, box store check --repair
	END
}

@test "what docker compose's users type: one sentence says what it is called here" {
	# shellcheck disable=SC2162
	while IFS='|' read words text hint; do
		# shellcheck disable=SC2086
		run "$BOX" $words
		expect_status 125
		[ "$output" = "box: $text
  hint: $hint" ] || fail "\"$words\" says something else"
	done <<-'END'
		-f app.json up|there is no option --file|the file stands behind the command: box up app.json
		--profile debug up app.json|there is no option --profile|behind the command: box up --profile NAME app.json
		up -p two app.json|there is no option --project-name|"name" in the file; two copies of it have different ones
		down --env-file .env app.json|there is no option --env-file|${…} in the file are the caller's variables: set -a; . ./.env; set +a; box up app.json
		up -d app.json|there is no option --detach|leave it out; box up returns when all run; box run stays
		up --wait app.json|there is no option --wait|leave it out; box up waits until all run, and are healthy; --no-wait does not
		up -t 5 app.json|there is no option -t|"stop_grace_period" in the file
		up --no-deps app.json web|there is no option --no-deps|box restart NAME for one alone; box up app.json SERVICE brings what it depends on, too
		down -t 5 app.json|there is no option --timeout|"stop_grace_period" in the file, or box stop -t SECONDS NAME before
		config -q app.json|there is no option --quiet|box check FILE.json
		config --services app.json|there is no option --services|box config FILE.json \| jq -r '.services \| keys[]'
		ps --services|there is no option --services|box ps -f stack=NAME --format json \| jq -r '.[].service'
		ps --status running|there is no option --status|-f status=running
		exec -T web id|there is no option --no-tty|leave it out; there is no terminal without --tty
		restart --no-deps web|there is no option --no-deps|leave it out; others are restarted only where "depends_on" says so, by box up
		rm -sf web|there is no option --stop|leave it out; --force ends it first
		events --json|there is no option --json|--format json
		scale web=3|unknown command scale|"replicas" in the file, and box up FILE.json
		convert|unknown command convert|box config FILE.json
		watch|unknown command watch|box up FILE.json, once more
		stack deploy|unknown command stack|several services in one file: box up FILE.json, box down NAME, box ps -f stack=NAME
	END
}

@test "wrong options: 125, one line, the nearest named, nothing on stdout" {
	app '"command": ["true"]'
	while IFS='|' read -r words text hint; do
		# shellcheck disable=SC2086
		run "$BOX" $words
		expect_status 125
		[ "$output" = "box: $text${hint:+
  hint: $hint}" ] || fail "\"$words\" says something else"
		# shellcheck disable=SC2086
		[ -z "$("$BOX" $words 2>/dev/null </dev/null)" ] || fail "\"$words\" prints to stdout"
	done <<-'END'
		run --overide dev app.json|unknown option --overide|did you mean --override?
		run --nmae=x app.json|unknown option --nmae|did you mean --name?
		run -x app.json|unknown option -x|
		run -m 64q debian|option --memory: expected a size such as "512m", found "64q"|
		run --publsh=80 app.json|unknown option --publsh|did you mean --publish?
		run -tx app.json|unknown option -x in -tx|
		run app.json --name|option --name needs a value: NAME|
		run --tty=maybe app.json|option --tty=maybe: expected no value, or true or false|
		run|run: expected FILE.json or IMAGE|
		run app.json ls|run: expected one FILE.json, found 2 operands|the command stands behind two dashes: box run app.json -- ls
		run -d --rm --restart always app.json|option --rm: the app's "restart" is "always", and it cannot both go with its end and start again|leave --rm out, or say --restart no
		attach|attach: expected one NAME|
		rename web|rename: expected OLD and NEW|
		run -t app.json|option --tty: stdin is not a terminal|
		run --pull never nginx:1.27|the image docker.io/library/nginx:1.27 is not in the store, and --pull never forbids to fetch it|box pull docker.io/library/nginx:1.27
		run --pull often nginx:1.27|option --pull often: expected missing, always or never|
		pull|pull: expected NAME…|
		images --format yaml|option --format yaml: expected table or json|
		tag debian|tag: expected IMAGE NEW-NAME|
		rmi|rmi: expected at least one IMAGE|
		inspect|inspect: expected at least one NAME|
		history a b|history: expected IMAGE|
		pull me:word@example.com/web|read the name of an image: what stands behind its "@" is no sha256 or sha512 digest|users and passwords do not belong into a name: box login HOST
		exec|exec: expected NAME and COMMAND|
		exec web|exec: expected NAME and COMMAND|
		exec -t web sh|option --tty: stdin is not a terminal|
		exec -w tmp web sh|option --workdir tmp: expected an absolute path|
		ps --format yaml|option --format yaml: expected table or json|
		ps a b|ps: expected at most one NAME|
		kill|kill: expected NAME and perhaps SIGNAL|
		kill web SIGFOO|kill: unknown signal SIGFOO|
		rm|rm: expected at least one NAME|
		spec --schema --fields|spec: expected no operand, and one of --schema, --lock-schema and --fields at most|
		doctor now|doctor: expected no operand|
		config|config: expected one FILE.json|
		--debg ps|unknown option --debg|did you mean --debug?
		--log-format xml ps|option --log-format xml: expected text or json|
		--root here ps|option --root here: expected an absolute path|
		--root|option --root needs a value: FOLDER|
	END
}

@test "names that are no names are refused, and cannot steer a terminal" {
	run box kill ../../etc
	[ "$status" -ne 0 ]
	expect_has '"../../etc"'
	run box kill "$(printf 'a\033]0;owned\007b')"
	[ "$status" -ne 0 ]
	expect_has '\x1b]0;owned\x07'
	[ -z "$(tr -d '[:print:]\n' <<<"$output")" ] || fail "control characters in its output"
}

@test "a name that nobody has: 1, and rm -f does not mind" {
	for words in "kill $TAG" "rm $TAG" "ps $TAG" "pause $TAG"; do
		# shellcheck disable=SC2086
		run box $words
		expect_status 1
		expect_has "$TAG"
	done
	run box rm -f "$TAG"
	expect_status 0
	[ -z "$output" ]
}

@test "an empty list: a head in the table, [] in JSON, nothing with -q" {
	run box ps
	expect_status 0
	[[ $output =~ ^NAME\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +PID$ ]]
	run box ps --format json
	[ "$(jq -c . <<<"$output")" = "[]" ]
	run box ps -q
	[ -z "$output" ]
}

@test "a stdout that takes nothing is an error" {
	run bash -c "'$BOX' help >/dev/full"
	expect_status 125
	expect_has "write to stdout" ENOSPC
	run bash -c "'$BOX' --root '$STATE' ps >/dev/full"
	expect_status 1
	expect_has ENOSPC
}

@test "check prints every error, config the resolved spec, spec the schema" {
	printf '{\n\t"name": "-x",\n\t"rootfs": "r",\n\t"stop_signal": "SIGFOO"\n}\n' >bad.json
	run box check bad.json
	expect_status 1
	expect_has "bad.json:2: name: " "bad.json:4: stop_signal: "
	app '"volumes": [{"type": "volume", "source": "/x", "target": "/d"}]'
	run box check app.json
	expect_status 1
	expect_has "box: app.json:4: volumes[0].source"
	expect_line '  hint: a folder of the host is "type": "bind"; in the short form it begins with "/" or "./"'
	app '"command": ["true"]'
	run box check app.json
	expect_status 0
	[ -z "$output" ]
	run box config app.json
	expect_status 0
	[ "$(jq -r .name <<<"$output")" = "$TAG" ]
	run box spec --schema
	expect_status 0
	jq -e '[.. | objects | select(has("rootfs"))] | length > 0' <<<"$output" >/dev/null
	run box spec --fields
	expect_status 0
	expect_has resources.limits.memory
}

@test "--log and --log-format: the error as JSON in a file, too" {
	run box --log log.json --log-format json kill "$TAG"
	expect_status 1
	jq -e 'select(.level == "error") | .msg, .time' log.json >/dev/null
	ln -s "$WORK/elsewhere" link
	run box --log link ps
	expect_status 125
	[ ! -e elsewhere ] || fail "it followed a link"
}

@test "doctor: a line for each feature, and 0 where box runs" {
	need root
	run box doctor
	expect_status 0
	for feature in kernel "user namespaces" overlayfs "id-mapped mounts" seccomp cgroups store state "helper programs"; do
		grep -qE "^(ok|limited) +$feature " <<<"$output" || fail "no $feature"
	done
	# A helper that is missing is named with the way to get it back.
	mkdir -p lonely/bin
	cp "$BOX" lonely/bin/
	run lonely/bin/box --root "$STATE" doctor
	expect_status 1
	expect_has "MISSING  helper programs" "fix: make install again"
}

@test "doctor as an ordinary user" {
	need root user
	run as_user bin/box doctor
	expect_status 0
	expect_not MISSING
}
