#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box rename: another name for an app in the background; what has the name is whole, whenever it is killed.

load lib
setup() { setup_world; }
teardown() {
	local name
	for name in $(box ps -aq); do box rm -f "$name"; done >/dev/null 2>&1
	teardown_world
}

# Two runs and the ids of what they wrote, as it is seen inside and outside.
diary='"command": ["sh", "-c", "hostname; cat /runs; echo run >>/runs; stat -c %u /runs; exit 3"]'

name_of() { box ps -a --format json | jq -r '.[].name'; }
# stopped_app NAME: has run once.
stopped_app() {
	app "$diary"
	box run -d --name "$1" app.json >/dev/null
	box wait "$1" >/dev/null
	wait_until 5 [ ! -e "$STATE/$1" ]
}
# is_whole NAME RUNS: under this name and no other, with what RUNS runs wrote and its ids.
is_whole() {
	local definition=$BOX_STORE/apps/$1 holder
	holder=$(realpath "$BOX_STORE")/apps/$1
	[ "$(ls "$BOX_STORE/apps")" = "$1" ] && [ "$(ls -A "$BOX_STORE/apps")" = "$1" ] || fail "apps: $(ls -A "$BOX_STORE/apps")" || return
	[ "$(ls -A "$BOX_STORE/containers")" = "$1" ] || fail "containers: $(ls -A "$BOX_STORE/containers")" || return
	[ "$(realpath -m "$(readlink "$BOX_STORE/containers/$1/holder")")" = "$holder" ] || fail "its layer is another one's" || return
	[ "$(realpath -m "$(cat "$BOX_STORE"/ids/*)")" = "$holder" ] || fail "its ids are another one's: $(cat "$BOX_STORE"/ids/*)" || return
	[ "$(sed -n 's/^name //p' "$definition/settings")" = "$1" ] || fail "its settings say something else" || return
	[ "$(jq -r .name "$definition/app.json")" = "$1" ] || fail "its spec says something else" || return
	[ "$(grep -c run "$BOX_STORE/containers/$1/upper/runs")" -eq "$2" ] || fail "what it wrote is not there" || return
	[ "$(stat -c %u "$BOX_STORE/containers/$1/upper/runs")" -eq "$(sed -n 's/^base //p' "$definition/ids")" ] || fail "other ids"
}

@test "a stopped app has the new name, with what it wrote, its log, its exits and its ids" {
	need root
	stopped_app "$TAG"
	box rename "$TAG" "$TAG-new"
	is_whole "$TAG-new" 1
	[ "$(name_of)" = "$TAG-new" ] || fail "$(name_of)"
	box logs "$TAG-new" | grep -qx "$TAG" || fail "its log is another one"
	box explain "$TAG-new" | grep -q 3 || fail "its end is not known"
	run box start -a "$TAG-new"
	expect_status 3
	expect_line "$TAG-new" run 0
	is_whole "$TAG-new" 2
	run box logs "$TAG"
	expect_status 1
	run box events --since 1m --until 0s -f event=rename
	expect_has "container rename $TAG-new"
	# The old name is free, and nothing of it is another's.
	stopped_app "$TAG"
	box rm "$TAG"
	is_whole "$TAG-new" 2
	box rm "$TAG-new"
	[ -z "$(find "$BOX_STORE"/{apps,containers,ids} -mindepth 1)" ] || fail "something is left"
}

# volume_image: writes image.tar, whose image wants a volume at /data.
volume_image() {
	rootfs_folder root
	tar -C root -cf layer.tar .
	local sum
	sum=$(sha256sum <layer.tar)
	printf '{"architecture": "%s", "os": "linux", "config": {"Env": ["PATH=/bin"], "Volumes": {"/data": {}}}, "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' "$OWN_ARCHITECTURE" "${sum%% *}" >config.json
	printf '[{"Config": "config.json", "RepoTags": ["volume:1"], "Layers": ["layer.tar"]}]' >manifest.json
	tar -cf image.tar manifest.json config.json layer.tar
}

@test "the volumes of its image stay its own" {
	need root tar
	volume_image
	printf '{"name": "%s", "image": "docker-archive:%s", "command": ["sh", "-c", "echo run >>/data/runs; cat /data/runs | wc -l"]}' "$TAG" "$WORK/image.tar" >app.json
	box run -d app.json >/dev/null
	box wait "$TAG" >/dev/null
	wait_until 5 [ ! -e "$STATE/$TAG" ]
	box rename "$TAG" "$TAG-new"
	run box volume rm "${TAG}_data"
	expect_status 1
	expect_has "the app $TAG-new in the background has it"
	box rename "$TAG-new" "$TAG-newer"
	run box start -a "$TAG-newer"
	expect_line 2
	[ "$(box volume ls -q)" = "${TAG}_data" ] || fail "volumes: $(box volume ls -q)"
}

@test "what cannot be renamed, and to what: nothing changes" {
	need root
	stopped_app "$TAG"
	run box rename "$TAG"
	expect_status 125
	expect_has "rename: expected OLD and NEW"
	run box rename "$TAG-nobody" "$TAG-new"
	expect_status 1
	expect_has "find the app $TAG-nobody: there is none in the background"
	for name in ../x a/b .hidden "" "$(printf 'a%.0s' {1..300})" $'a\nb'; do
		run box rename "$TAG" "$name"
		[ "$status" -ne 0 ] || fail "\"$name\" was taken"
		run box rename "$name" "$TAG-new"
		[ "$status" -ne 0 ] || fail "\"$name\" was found"
	done
	run box rename "$TAG" "$TAG"
	expect_status 1
	expect_has "that name is taken"
	is_whole "$TAG" 1
	app '"command": ["sh", "-c", "while :; do sleep 0.1; done"]'
	box run -d --name "$TAG-runs" app.json
	run box rename "$TAG" "$TAG-runs"
	expect_status 1
	expect_has "rename $TAG to $TAG-runs: that name is taken" "box rm -f $TAG-runs"
	run box rename "$TAG-runs" "$TAG-other"
	expect_status 1
	expect_has "rename $TAG-runs: it is running, and its cgroup has its name" \
		"box stop $TAG-runs, box rename $TAG-runs $TAG-other, box start $TAG-other"
	box rm -f "$TAG-runs"
	box run --name "$TAG-runs" app.json &
	wait_until 5 is_up "$TAG-runs"
	run box rename "$TAG" "$TAG-runs"
	expect_status 1
	expect_has "that name is taken"
	box rm -f "$TAG-runs"
	wait
	is_whole "$TAG" 1
}

@test "kill -9 at every call that changes something: the next command finds it whole, under one name" {
	need root strace jq
	local calls=renameat,renameat2,unlinkat,symlinkat,write,fsync,flock,fchmod call n killed=0 name runs=1
	stopped_app "$TAG"
	name=$TAG
	strace -f -qq -e trace=$calls -e signal=none -o log "$BOX" --root "$STATE" rename "$name" "$TAG-other"
	name=$TAG-other
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' log | awk '{ print $1, ++count[$1] }' >points
	while read -r call n; do
		new=$TAG-$((++count))
		sh -c '"$@"; :' sh strace -f -q -e trace=$calls -e "inject=$call:signal=KILL:when=$n" -o log "$BOX" --root "$STATE" rename "$name" "$new" \
			>/dev/null 2>&1
		! grep -q 'killed by SIGKILL' log || killed=$((killed + 1))
		# By turns: who sweeps, who starts the one or the other.
		case $((count % 3)) in
		0) box boot ;;
		1) box start -a "$name" >out 2>&1 || [ $? -eq 3 ] || box start -a "$new" >out 2>&1 || [ $? -eq 3 ] || fail "at $call $n: $(cat out)" ;;
		2) box start -a "$new" >out 2>&1 || [ $? -eq 3 ] || box start -a "$name" >out 2>&1 || [ $? -eq 3 ] || fail "at $call $n: $(cat out)" ;;
		esac
		[ $((count % 3)) -eq 0 ] || runs=$((runs + 1))
		[ ! -e "$BOX_STORE/apps/$new" ] || name=$new
		wait_until 5 [ ! -e "$STATE/$name" ]
		rm -f "$BOX_STORE"/apps/.rename.tmp-* "$BOX_STORE"/ids/*.tmp-* # a sweep does that, a minute later
		is_whole "$name" $runs || fail "after $call $n"
	done <points
	echo "# died at $killed of $(wc -l <points) points" >&3
	[ $killed -gt $(($(wc -l <points) / 2)) ] || fail "it died $killed times"
}

@test "renames, starts, removals and sweeps at once: one of them is first, and nothing is lost" {
	need root
	stopped_app "$TAG"
	for round in {1..8}; do
		now=$(name_of)
		box rename "$now" "$TAG-a$round" >/dev/null 2>&1 &
		box rename "$now" "$TAG-b$round" >/dev/null 2>&1 &
		box boot &
		box start "$now" >/dev/null 2>&1 &
		box boot &
		wait
		[ "$(name_of | wc -l)" -eq 1 ] || fail "$(name_of)"
		now=$(name_of)
		wait_until 10 [ ! -e "$STATE/$now" ]
	done
	is_whole "$now" "$(grep -c run "$BOX_STORE/containers/$now/upper/runs")"
}

@test "an ordinary user's app" {
	need user
	user_app "$diary"
	as_user bin/box run -d app.json
	as_user bin/box wait "$TAG"
	wait_until 5 [ ! -e "$WORK/home/run/box/$TAG" ]
	as_user bin/box rename "$TAG" "$TAG-new"
	run as_user bin/box start -a "$TAG-new"
	expect_status 3
	expect_line "$TAG-new" run
	as_user bin/box rm "$TAG-new"
	[ -z "$(find "$WORK"/home/data/box/{apps,containers} -mindepth 1)" ] || fail "something is left"
}
