#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who the app is, inside and on the host: id maps, users and groups by number and by name, environment, working folder.

load lib
setup() { setup_world; }
teardown() { teardown_world; }

@test "the host's root is not in the id map; 65,536 ids are" {
	need root
	run_app '"command": ["sh", "-c", "cat /proc/self/uid_map; echo; cat /proc/self/gid_map"]'
	expect_status 0
	while read -r inside outside count; do
		[ -n "$inside" ] || continue
		[ "$inside" -eq 0 ] && [ "$outside" -ge 65536 ] && [ "$count" -eq 65536 ] || fail "the map is $inside $outside $count" || return 1
	done <<<"$output"
}

@test "two apps at once have different ids" {
	need root
	app '"command": ["sleep", "20"]' one.json
	sed "s/$TAG/$TAG-two/" one.json >two.json
	box run one.json </dev/null &
	box run two.json </dev/null &
	wait_until 10 eval '[ "$(box ps -q | grep -c "^$TAG")" -ge 2 ]'
	local bases=() pid
	for pid in $(box ps --format json | jq '.[].pid'); do
		bases+=("$(awk '{ print $2 }' "/proc/$pid/uid_map")")
	done
	[ "${#bases[@]}" -eq 2 ] && [ "${bases[0]}" != "${bases[1]}" ] || fail "the bases are ${bases[*]}"
	for name in $(box ps -q); do box rm -f "$name"; done
	wait
}

@test "userns host: the host's ids" {
	need root
	run_app '"security": {"userns": "host"}, "command": ["sh", "-c", "readlink /proc/self/ns/user; id -u"]'
	expect_status 0
	expect_line "$(readlink /proc/self/ns/user)" 0
}

@test "on the host the app is nobody who matters" {
	need root
	app '"user": "1000:1000", "command": ["sleep", "20"]'
	box run app.json </dev/null &
	wait_until 10 is_up
	pid=$(container_pid)
	wait_until 5 grep -q sleep "/proc/$pid/cmdline"
	[ "$(awk '/^Uid:/ { print ($2 >= 65536) }' "/proc/$pid/status")" = 1 ] || fail "$(grep Uid "/proc/$pid/status")"
	box rm -f "$(container_name)"
	wait
}

# user, expected "uid:gid groups"
expect_user() {
	run_app "\"user\": \"$1\", ${3:+$3, }"'"command": ["sh", "-c", "echo $(id -u):$(id -g) $(id -G)"]'
	[ "$status" -eq 0 ] && [ "$output" = "$2" ] || fail "user $1 became $output, expected $2"
}

@test "user by number and by name, with the groups of the image" {
	need root
	expect_user 0 "0:0 0"
	expect_user 1000 "1000:1000 1000" # by number: no memberships, whatever the image says
	expect_user 1000:7 "1000:7 7"
	expect_user app "1000:1000 1000 2000"
	expect_user app:extra "1000:2000 2000"
	expect_user 4321:1234 "4321:1234 1234"
	expect_user app:extra "1000:2000 2000 0 7" '"group_add": ["root", "7"]' || expect_user app:extra "1000:2000 0 7 2000" '"group_add": ["root", "7"]'
}

@test "the caller's groups do not come along" {
	need root setpriv
	app '"command": ["grep", "^Groups:", "/proc/self/status"]'
	run setpriv --groups 4,27,100 "$BOX" --root "$STATE" run app.json
	expect_status 0
	[[ "$output" =~ ^Groups:[[:space:]]*(0)?[[:space:]]*$ ]] || fail "supplementary groups came along"
}

@test "a user that the image does not know is an error that names the field and the file" {
	need root
	run_app '"user": "nobody-knows", "command": ["true"]'
	expect_status 125
	expect_has nobody-knows /etc/passwd user
	run_app '"user": "app:nogroup-knows", "command": ["true"]'
	expect_status 125
	expect_has nogroup-knows
}

@test "the image's passwd cannot point out of the root, nor be a FIFO" {
	need root
	rootfs_folder root
	rm root/etc/passwd
	ln -s ../../../../../../etc/passwd root/etc/passwd
	app_in "$WORK/root" '"user": "'"$TEST_USER"'", "command": ["true"]'
	run box run app.json
	expect_status 125
	rm root/etc/passwd
	mkfifo root/etc/passwd
	app_in "$WORK/root" '"user": "app", "command": ["true"]'
	run timeout "$(slowly 10)" "$BOX" --root "$STATE" run app.json
	expect_status 125
}

@test "ids outside of the range are refused" {
	need root
	for user in 65536 4294967295 -1 0x10 99999999999999; do
		run_app '"user": "'$user'", "command": ["true"]'
		[ "$status" -eq 125 ] || fail "user $user was taken" || return 1
	done
}

@test "environment: only what the spec and the image say" {
	need root
	app '"environment": {"A": "1", "B": "two words"}, "command": ["env"]'
	LEAK=secret run box run -e C=3 app.json
	expect_status 0
	expect_line A=1 "B=two words" C=3
	expect_has PATH= HOME=
	expect_not LEAK BOX_
}

@test "HOME is the user's of the image" {
	need root
	run_app '"user": "app", "command": ["sh", "-c", "echo $HOME"]'
	expect_line /home/app
	run_app '"command": ["sh", "-c", "echo $HOME"]'
	expect_line /root
}

@test "working_dir is where the program starts" {
	need root
	run_app '"working_dir": "/home/app", "user": "app", "command": ["pwd"]'
	expect_status 0
	expect_line /home/app
}

@test "signals: nothing blocked, nothing ignored" {
	need root
	app '"command": ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]'
	run bash -c 'trap "" HUP INT PIPE USR1; exec "$0" --root "$1" run app.json' "$BOX" "$STATE"
	expect_status 0
	[ "$(grep -c 0000000000000000 <<<"$output")" -eq 2 ] || fail "signals are blocked or ignored"
}

@test "ulimits" {
	need root
	run_app '"ulimits": {"nofile": 321, "core": {"soft": 0, "hard": 0}}, "command": ["sh", "-c", "ulimit -n; ulimit -c"]'
	expect_status 0
	expect_line 321 0
}

@test "umask is 022, the session is its own, no core of the caller's settings" {
	need root
	app '"command": ["sh", "-c", "umask; cut -d\" \" -f6 /proc/self/stat"]'
	run bash -c 'umask 077; exec "$0" --root "$1" run app.json' "$BOX" "$STATE"
	expect_status 0
	expect_line 0022 1
}

@test "an ordinary user without subordinate ids runs with a single id" {
	need root user
	as_user true
	home=$WORK/home
	# Nobody in /etc/passwd or /etc/subuid has this number.
	chown -R 54321:54321 "$home"
	cat >"$home/app.json" <<-'END'
		{"name": "single", "rootfs": "rootfs.tar", "command": ["sh", "-c", "id -u; cat /proc/self/uid_map; touch /new && echo written"]}
	END
	run setpriv --reuid 54321 --regid 54321 --clear-groups env -i -C "$home" PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" bin/box run app.json
	expect_status 0
	expect_line 0 written
	grep -qE '^ +0 +54321 +1$' <<<"$output" || fail "not one id"
	app_user=$(sed 's/"name": "single",/"name": "single", "user": "app",/' "$home/app.json")
	echo "$app_user" >"$home/app.json"
	run setpriv --reuid 54321 --regid 54321 --clear-groups env -i -C "$home" PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" bin/box run app.json
	expect_status 125
	expect_has "app.json:1: user"
}

@test "an ordinary user without subordinate ids runs somebody else's folder" {
	need root user
	as_user true
	home=$WORK/home
	rootfs_folder "$WORK/root"
	echo x >"$WORK/root/tmp/theirs"
	chown 77:78 "$WORK/root/tmp/theirs"
	printf '{"name": "%s", "rootfs": "%s/root", "command": ["stat", "-c", "%%u %%g %%n", "/tmp/theirs"]}\n' "$TAG" "$WORK" >"$home/app.json"
	chown -R 54321:54321 "$home"
	run setpriv --reuid 54321 --regid 54321 --clear-groups env -i -C "$home" PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" bin/box run app.json
	expect_status 0
	expect_line "0 0 /tmp/theirs"
}
