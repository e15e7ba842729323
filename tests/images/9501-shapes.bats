#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Twelve images, shaped as official ones are, under the defaults: each is started, asked and stopped as root, as an ordinary user with
# ranges of ids and with a single id, writable and read-only (make check-images). What each needed is compared with docs/images.md.
#
# shape.json of each says how it is asked, what it answers, its exit code after its stop signal, and which lines of app.json it may be
# helped with: for "read_only", for "one id". They are added only after it has failed without, so that no line is said to be needed that is not.

load ../system/lib

IMAGES=${BOX_IMAGES:-$TOP/build/shapes}
SHAPES=$TOP/tests/images
ALONE=54321 # nobody in /etc/passwd or /etc/subuid has this number

setup_file() {
	command -v mmdebstrap >/dev/null || return 0
	"$SHAPES/make" "$IMAGES"
}
setup() {
	need root user userns subids mmdebstrap jq curl
	setup_world
	HOME_OF=$WORK/home
	as_user true
	cp -al "$IMAGES/layout" "$HOME_OF/images" || cp -r "$IMAGES/layout" "$HOME_OF/images"
}
teardown() {
	local name
	[ -n "${WORK:-}" ] || return 0
	for name in $(as_caller ps -aq); do as_caller rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# as_caller VERB…: box as the caller of this test.
as_caller() {
	case $caller in
	root) box "$@" ;;
	ranges) as_user bin/box "$@" ;;
	"one id") setpriv --reuid $ALONE --regid $ALONE --clear-groups --inh-caps=-all env -i -C "$HOME_OF" PATH="$PATH" HOME="$HOME_OF" \
		XDG_RUNTIME_DIR="$HOME_OF/run" XDG_DATA_HOME="$HOME_OF/data" XDG_CACHE_HOME="$HOME_OF/cache" bin/box "$@" ;;
	esac
}

of_shape() { jq -r "$2" "$SHAPES/$1/shape.json"; }
seconds_for() { if [ "$1" = cron ]; then echo 75; else slowly 60; fi; } # cron's first minute

# Ends with 0 when it answered; 1 when it ended or said nothing in its time.
answers() { # answers SHAPE NAME
	local end=$((SECONDS + $(seconds_for "$1"))) ask answer
	ask=$(of_shape "$1" .ask) answer=$(of_shape "$1" .answer)
	while [ $SECONDS -lt $end ]; do
		case $(as_caller exec "$2" timeout 10 sh -c "$ask" 2>/dev/null </dev/null) in *"$answer") return 0 ;; esac
		[ "$(as_caller ps -a --format json | jq -r --arg name "$2" '.[] | select(.name == $name).status')" = running ] || return 1
		sleep 0.5
	done
	return 1
}

# attempt SHAPE READ_ONLY LINES: starts, asks and stops it; LINES is an object of app.json. Ends with 1 where it does not answer, with 2 where
# it answers and does not stop as it should.
attempt() {
	local name=$TAG-$1-$2 volume log=$WORK/log.$1.$2 file=$HOME_OF/$1-$2.json begun code=1
	jq -n --arg name "$name" --arg image "oci:$HOME_OF/images:$1" --argjson read_only "$2" --argjson lines "$3" \
		'{name: $name, rootfs: $image, read_only: $read_only} + $lines' >"$file"
	chmod 644 "$file"
	echo "== $1, read_only $2, lines $3" >>"$log"
	if as_caller run -d "$file" >>"$log" 2>&1 </dev/null && answers "$1" "$name"; then
		begun=$SECONDS code=0
		as_caller stop "$name" >>"$log" 2>&1
		[ $((SECONDS - begun)) -le "$(slowly 8)" ] && [ "$(as_caller ps -a --format json |
			jq -r --arg name "$name" '.[] | select(.name == $name).status')" = "exited ($(of_shape "$1" .stopped))" ] || code=2
	fi
	{ as_caller ps -a | grep -F "$name"; as_caller logs "$name" 2>&1 | tail -5; } >>"$log"
	as_caller rm -f "$name" >>"$log" 2>&1
	as_caller volume ls -q | grep "^${name}_" | while read -r volume; do as_caller volume rm "$volume"; done >>"$log" 2>&1
	return $code
}

# try SHAPE READ_ONLY: first without a line, then with those of its shape; what it needed goes to a file as a cell of the table.
try() {
	local lines cell code=0
	lines=$(jq -c --argjson read_only "$2" --arg caller "$caller" \
		'(if $read_only then .lines.read_only else {} end // {}) + (.lines[$caller] // {})' "$SHAPES/$1/shape.json")
	attempt "$1" "$2" '{}' || code=$?
	cell=nothing
	if [ $code -eq 1 ] && [ "$lines" = '{}' ]; then
		cell=no code=0
	elif [ $code -eq 1 ]; then
		code=0 cell=$(jq -r 'keys_unsorted | map("`\(.)`") | join(" ")' <<<"$lines")
		attempt "$1" "$2" "$lines" || { [ $? -eq 2 ] && code=2 || cell=no; }
	fi
	[ $code -eq 0 ] || cell="stopped badly"
	echo "$cell" >"$WORK/cell.$1.$2"
}

# column NAME: that column of the table in docs/images.md, a line for each shape.
column() { awk -F ' *[|] *' -v name="$1" '$2 == "image" { at = 0; for (i = 2; i < NF; i++) if ($i == name) at = i } at && /^\| [a-z]/ && $2 != "image" { print $2 ": " $at }' "$TOP/docs/images.md"; }

shapes() { (cd "$SHAPES" && printf '%s\n' */shape.json | sed 's,/.*,,'); }

# All at once: most of the time is cron's, which waits for its minute.
as_the_table_says() {
	local shape mode bad=0
	as_caller run "oci:$HOME_OF/images:python" true >/dev/null 2>&1 || true
	for shape in $(shapes); do
		try "$shape" false &
		try "$shape" true &
	done 3>&-
	wait
	for mode in false true; do
		for shape in $(shapes); do
			echo "$shape: $(cat "$WORK/cell.$shape.$mode")"
		done >"$WORK/saw"
		column "$caller, $([ $mode = true ] && echo read-only || echo writable)" >"$WORK/said"
		for shape in $(diff "$WORK/said" "$WORK/saw" | tee /dev/stderr | sed -n 's/^> \(.*\):.*/\1/p'); do
			cat "$WORK/log.$shape.$mode"
			bad=1
		done
	done
	[ $bad -eq 0 ] || fail "docs/images.md says something else (<) than what was seen (>)"
}

@test "root: twelve images answer and stop" {
	caller=root
	as_the_table_says
}

@test "an ordinary user with ranges: twelve images answer and stop" {
	caller=ranges
	as_the_table_says
}

@test "an ordinary user with a single id: those that docs/images.md names answer and stop" {
	caller="one id"
	chown -R $ALONE:$ALONE "$HOME_OF"/{bin,libexec,run} && chown $ALONE "$HOME_OF"
	as_the_table_says
}
