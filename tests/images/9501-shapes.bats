#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Twelve images, shaped as official ones are, under the defaults: each is started, asked and stopped as root, as an ordinary user with
# ranges of ids and with a single id, writable and read-only (make check-images). What each needed is compared with docs/images.md.
#
# shape.json of each says how it is asked, what it answers, its exit code after its stop signal, which lines of app.json it may be helped
# with ("lines": for "read_only", for "one id"), and what is said where it does not work without them ("refuses": by box, by the app, or by
# "probe", a command that is executed in an app which keeps silent). Lines are added only after it has failed without, so that no line is
# said to be needed that is not; and a failure counts only where its reason was said, so that nothing passes as "no" because it was slow.

load ../system/lib

IMAGES=${BOX_IMAGES:-$TOP/build/shapes}
SHAPES=$TOP/tests/images
AT_ONCE=4
GRACE=60    # seconds: a loaded machine must not turn an end into a kill
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

# reasons SHAPE READ_ONLY: what may be said where it fails, a line each.
reasons() { jq -r --argjson read_only "$2" --arg caller "$caller" '.refuses // {} | [.[$caller] // [], if $read_only then .read_only // [] else [] end] | flatten | .[]' "$SHAPES/$1/shape.json"; }

# refused SHAPE READ_ONLY NAME [probe]: whether one of them was said: by box as it started, by the app, by the probe.
refused() {
	{
		cat "$WORK/start.$1.$2"
		as_caller logs "$3" 2>&1
		[ -z "${4:-}" ] || as_caller exec "$3" sh -c "$(of_shape "$1" '.probe // "true"')" 2>&1 </dev/null
	} | grep -F -f <(reasons "$1" "$2") >>"$WORK/log.$1.$2"
}

running() { [ "$(as_caller ps -a --format json | jq -r --arg name "$1" '.[] | select(.name == $name).status')" = running ]; }

# answers SHAPE READ_ONLY NAME: ends with 0 when it answered twice in a row; with 1 when it ended, said nothing in its time, or has given
# its reason and does not answer.
answers() {
	local end=$((SECONDS + $(seconds_for "$1"))) ask answer heard=0 silent=0
	ask=$(of_shape "$1" .ask) answer=$(of_shape "$1" .answer)
	while [ $SECONDS -lt $end ]; do
		case $(as_caller exec "$3" timeout 10 sh -c "$ask" 2>/dev/null </dev/null) in
		*"$answer") heard=$((heard + 1)) silent=0 ;;
		*) heard=0 ;;
		esac
		[ $heard -lt 2 ] || return 0
		running "$3" || return 1
		[ $heard -gt 0 ] || ! refused "$1" "$2" "$3" || silent=$((silent + 1))
		[ $silent -lt 5 ] || return 1
		sleep 0.5
	done
	return 1
}

# stops SHAPE NAME: by its own signal, with its exit code, before box would kill it.
stops() {
	local begun=$SECONDS
	as_caller stop "$2" && [ $((SECONDS - begun)) -lt "$(slowly $((GRACE - 10)))" ] &&
		[ "$(as_caller ps -a --format json | jq -r --arg name "$2" '.[] | select(.name == $name).status')" = "exited ($(of_shape "$1" .stopped))" ]
}

# attempt SHAPE READ_ONLY LINES: starts, asks and stops it; LINES is an object of app.json. Ends with 1 where it does not answer and the
# reason was said, with 2 where it answers and does not stop as it should, with 3 where it does not answer and nobody said why.
attempt() {
	local name=$TAG-$1-$2 volume log=$WORK/log.$1.$2 file=$HOME_OF/$1-$2.json code=1
	jq -n --arg name "$name" --arg image "oci:$HOME_OF/images:$1" --argjson read_only "$2" --argjson lines "$3" --arg grace "$(slowly $GRACE)s" \
		'{name: $name, rootfs: $image, read_only: $read_only, stop_grace_period: $grace} + $lines' >"$file"
	chmod 644 "$file"
	echo "== $1, read_only $2, lines $3, at $SECONDS s" >>"$log"
	if as_caller run -d "$file" >"$WORK/start.$1.$2" 2>&1 </dev/null && answers "$1" "$2" "$name"; then
		echo "answered at $SECONDS s" >>"$log"
		code=0
		stops "$1" "$name" >>"$log" 2>&1 || code=2
		echo "stopped at $SECONDS s" >>"$log"
	else
		refused "$1" "$2" "$name" probe || code=3
	fi
	{
		cat "$WORK/start.$1.$2"
		as_caller ps -a | grep -F "$name"
		as_caller logs "$name" 2>&1 | tail -5
		as_caller rm -f "$name"
		as_caller volume ls -q | grep "^${name}_" | while read -r volume; do as_caller volume rm "$volume"; done
	} >>"$log" 2>&1
	return $code
}

# helps SHAPE READ_ONLY: what is tried, in this order: no line, those for this caller, those for read_only, both.
helps() {
	jq -c --argjson read_only "$2" --arg caller "$caller" \
		'[.lines[$caller] // {}, if $read_only then .lines.read_only // {} else {} end] | [{}, .[0], .[1], .[1] + .[0]] |
		reduce .[] as $one ([]; if any(.[]; . == $one) then . else . + [$one] end) | .[]' "$SHAPES/$1/shape.json"
}

# try SHAPE READ_ONLY: with as few lines as it needs; they go to a file as a cell of the table.
try() {
	local lines cell=no code
	while [ "$cell" = no ] && read -r lines <&4; do
		code=0
		attempt "$1" "$2" "$lines" || code=$?
		case $code in
		0) cell=$(jq -r 'keys_unsorted | map("`\(.)`") | join(" ") | if . == "" then "nothing" else . end' <<<"$lines") ;;
		2) cell="stopped badly" ;;
		3) cell="neither answered nor said why" ;;
		esac
	done 4< <(helps "$1" "$2")
	echo "$cell" >"$WORK/cell.$1.$2"
}

# column NAME: that column of the table in docs/images.md, a line for each shape.
column() { awk -F ' *[|] *' -v name="$1" '$2 == "image" { at = 0; for (i = 2; i < NF; i++) if ($i == name) at = i } at && /^\| [a-z]/ && $2 != "image" { print $2 ": " $at }' "$TOP/docs/images.md"; }

shapes() { (cd "$SHAPES" && printf '%s\n' */shape.json | sed 's,/.*,,'); }

# saw CELL: the same of what was seen: CELL SHAPE prints it.
saw() {
	local shape
	for shape in $(shapes); do echo "$shape: $("$1" "$shape")"; done
}
cell() { cat "$WORK/cell.$1.$mode"; }
exit_code() { of_shape "$1" .stopped; }

# Few at once, but those of cron first: they wait for their minute.
as_the_table_says() {
	local shape mode bad=0
	as_caller run "oci:$HOME_OF/images:python" true >/dev/null 2>&1 || true
	for shape in cron $(shapes | grep -vx cron); do
		for mode in false true; do
			[ "$(jobs -rp | wc -l)" -lt $AT_ONCE ] || wait -n || true
			try "$shape" "$mode" &
		done
	done 3>&-
	wait
	for mode in false true; do
		column "$caller, $([ $mode = true ] && echo read-only || echo writable)" >"$WORK/said"
		saw cell >"$WORK/saw"
		for shape in $(diff "$WORK/said" "$WORK/saw" | tee /dev/stderr | sed -n 's/^[<>] \(.*\):.*/\1/p' | sort -u); do
			cat "$WORK/log.$shape.$mode" || true
			bad=1
		done
	done
	[ $bad -eq 0 ] || fail "docs/images.md says something else (<) than what was seen (>)"
}

@test "the exit codes of docs/images.md are those that the images stop with" {
	diff <(column "exit code") <(saw exit_code)
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
