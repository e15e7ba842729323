# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib.bash - what the system tests share.
#
# A test file begins with:
#
#     load lib
#     setup() { setup_world; }
#     teardown() { teardown_world; }
#
# Every test has a folder of its own ($WORK), a store and a state folder in it, and a word of its own ($TAG) with which the names of its
# containers begin. teardown_world asserts that nothing with that word or in that folder is left on the host: no process, mount,
# cgroup or state; so tests may run beside each other and beside other containers.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BOX_BUILD=${BOX_BUILD:-$TOP/build/test}
PROBE=$BOX_BUILD/tests/probe
TEST_USER=boxtest
# Where the tests' folders are made: a disk file system that carries overlays and id-mapped mounts.
TEST_DIR=${BOX_TEST_DIR:-/tmp}
# By how much more time may pass than on a machine of its own: in an emulated one everything takes ten times as long.
SLOW=${BOX_TEST_SLOW:-1}
# What images call this machine; Python programs of the tests ask for it, too.
case $HOSTTYPE in aarch64) OWN_ARCHITECTURE=arm64 ;; *) OWN_ARCHITECTURE=amd64 ;; esac
export OWN_ARCHITECTURE

setup_world() {
	umask 022
	WORK=$(mktemp -d "$TEST_DIR/box-test-XXXXXX")
	chmod 711 "$WORK"
	TAG=t${WORK##*-}
	BOX=$BOX_BUILD/bin/box
	STATE=$WORK/state
	export BOX_STORE=$WORK/store
	ROOTFS=$(test_rootfs)
	unset BOX_FAIL_STEP BOX_PAUSE_STEP BOX_FAIL_LAYER_WAYS BOX_TRACE
	make_box
	cd "$WORK" || return 1
	if [ ! -x "$BOX" ]; then
		echo "no $BOX: make TEST_HOOKS=1 all build/test/tests/probe" >&2
		return 1
	fi
}

teardown_world() {
	local bad=0 path processes
	cd / || return 1
	[ -n "${WORK:-}" ] || return 0
	# Give the kernel a moment: the last process of a killed container may be on its way out.
	for _ in {1..50}; do
		processes=$(quick left_processes)
		[ -n "$processes" ] || break
		sleep 0.1
	done
	[ -n "${WORLD_IS_DIRTY:-}" ] || assert_nothing_left "$processes" || bad=1
	[ -z "$processes" ] && [ $bad -eq 0 ] && [ -z "${WORLD_IS_DIRTY:-}" ] || kill_left
	for path in $(awk -v work="$WORK" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | sort -r); do
		umount -l "$path" || true
	done
	rm -rf --one-file-system "$WORK"
	return $bad
}

# box with the state folder of this test. A program, not a function: so $! of "box … &" is box itself.
make_box() {
	mkdir "$WORK/bin"
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$BOX" "$STATE" >"$WORK/bin/box"
	chmod 755 "$WORK/bin/box"
	PATH=$WORK/bin:$PATH
}

# The test root file system (busybox and the probe) as a tar: made once for a build.
test_rootfs() {
	local tar=$BOX_BUILD/tests/rootfs.tar
	if [ ! -e "$tar" ] || [ "$PROBE" -nt "$tar" ] || [ "$TOP/scripts/make-rootfs" -nt "$tar" ]; then
		"$TOP/scripts/make-rootfs" "$tar.$$.tar" $([ ! -e "$PROBE" ] || echo "$PROBE:/bin/probe") && mv "$tar.$$.tar" "$tar"
	fi
	echo "$tar"
}

# rootfs_folder DIR: the same as a folder that the test may change.
rootfs_folder() { mkdir -p "$1" && tar -C "$1" -xpf "$ROOTFS" && chmod 755 "$1"; }

# app [FIELDS [FILE]]: writes app.json, named $TAG, from the test root; FIELDS is JSON without its braces: '"command": ["true"]'.
app() {
	printf '{\n\t"name": "%s",\n\t"rootfs": "%s"%s\n}\n' "$TAG" "$ROOTFS" "${1:+,
	$1}" >"${2:-app.json}"
}

# app_in FOLDER FIELDS: the same from a folder.
app_in() {
	printf '{\n\t"name": "%s",\n\t"rootfs": "%s",\n\t%s\n}\n' "$TAG" "$1" "$2" >app.json
}

# run_app FIELDS: writes and runs it; $status and $output (stdout and stderr) as bats' run.
run_app() {
	app "$1"
	run box run app.json
}

# In place of bats' own, which warns about every exit code 127, and tests of box expect it often. No options.
run() {
	status=0
	output=$("$@" 2>&1) || status=$?
	mapfile -t lines <<<"$output"
}

# --- what a test needs -----------------------------------------------------------------------------------------------------

need() { # need ROOT|TOOL…
	local what
	for what; do
		case $what in
		root) [ "$(id -u)" -eq 0 ] || skip "needs root" ;;
		userns) unshare -U true 2>/dev/null || skip "needs user namespaces (sysctl user.max_user_namespaces)" ;;
		user)
			[ "$(id -u)" -eq 0 ] || skip "needs root, to become $TEST_USER"
			getent passwd $TEST_USER >/dev/null || skip "needs the user $TEST_USER (scripts/setup test)"
			;;
		subids) grep -q "^$TEST_USER:" /etc/subuid 2>/dev/null || skip "needs subordinate ids for $TEST_USER (scripts/setup test)" ;;
		delegation) has_delegation || skip "needs cgroup v2 alone: nothing else can be delegated (make check-vm)" ;;
		cgroup:*) has_controller "${what#*:}" || skip "needs the cgroup controller ${what#*:}" ;;
		kernel:*) [ "$(printf '%s\n' "${what#*:}" "$(uname -r)" | sort -V | head -1)" = "${what#*:}" ] || skip "needs Linux ${what#*:}" ;;
		landlock) # version 2, as base/landlock.c
			python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 2)' || skip "needs Landlock"
			;;
		hooks) grep -qa BOX_FAIL_STEP "$BOX" || skip "needs a build with TEST_HOOKS=1" ;;
		*) command -v "$what" >/dev/null || skip "needs the program $what (scripts/setup test)" ;;
		esac
	done
}

has_controller() {
	[ "$1" != freezer ] || [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || return 0 # part of every group there
	[ -d "/sys/fs/cgroup/$1" ] || grep -qw "$1" /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null
}

has_delegation() { [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && grep -qw memory /sys/fs/cgroup/cgroup.controllers; }

# as_user COMMAND…: as an ordinary user, with folders of its own below $WORK and a copy of box that it can reach; with BECOME_ON behind
# those words (network.bash).
as_user() { (become_user "$@"); }
become_user() {
	local home=$WORK/home
	if [ ! -d "$home" ]; then
		mkdir -p "$home/run" "$home/bin" "$home/libexec"
		cp "$BOX_BUILD/bin/box" "$home/bin/"
		cp -r "$BOX_BUILD/libexec/box" "$home/libexec/"
		cp "$ROOTFS" "$home/rootfs.tar"
		chown -R $TEST_USER: "$home"
		chmod 700 "$home/run"
	fi
	exec ${BECOME_ON:-} setpriv --reuid $TEST_USER --regid $TEST_USER --init-groups --inh-caps=-all env -i -C "$home" HOME="$home" USER=$TEST_USER \
		PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin XDG_RUNTIME_DIR="$home/run" XDG_DATA_HOME="$home/data" \
		XDG_CACHE_HOME="$home/cache" XDG_CONFIG_HOME="$home/config" LC_ALL=C.UTF-8 "$@"
}

# as_delegated COMMAND…: the same as the only process of a group that is that user's: a scope of the user's own systemd, or, without
# systemd, a group that is made for it.
as_delegated() {
	local id group file
	id=$(id -u $TEST_USER)
	if [ -d /run/systemd/system ]; then
		systemctl start "user@$id.service" || return
		as_user env DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$id/bus" systemd-run --user --scope --quiet --collect -p Delegate=yes -- "$@"
		return
	fi
	group=$(mktemp -d "/sys/fs/cgroup/box-test-$TAG-XXXXXX")
	chmod 755 "$group"
	for file in "$group" "$group/cgroup.procs" "$group/cgroup.subtree_control" "$group/cgroup.threads"; do
		chown $TEST_USER: "$file"
	done
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		become_user "$@"
	)
}

# Removes what as_delegated made; box-caller is the leaf into which box moves itself.
end_delegation() {
	local group
	for group in /sys/fs/cgroup/box-test-"$TAG"-*; do
		[ ! -d "$group" ] || rmdir "$group/box-caller" "$group/box" "$group" || true
	done 2>/dev/null
}

# user_app FIELDS: app.json in that user's home, for: as_user bin/box run app.json
user_app() {
	as_user true
	printf '{\n\t"name": "%s",\n\t"rootfs": "rootfs.tar"%s\n}\n' "$TAG" "${1:+,
	$1}" >"$WORK/home/app.json"
	chown $TEST_USER: "$WORK/home/app.json"
}

# --- what a test asserts ---------------------------------------------------------------------------------------------------

fail() {
	printf '%s\n' "$*" >&2
	[ -z "${output:-}" ] || printf 'it said (exit code %s):\n%s\n' "${status:-?}" "$output" >&2
	return 1
}

expect_status() { [ "$status" -eq "$1" ] || fail "exit code $status, expected $1"; }

# expect_has TEXT…: every text is in $output.
expect_has() {
	local text
	for text; do
		case $output in *"$text"*) ;; *) fail "missing in its output: $text" || return 1 ;; esac
	done
}

expect_not() {
	local text
	for text; do
		case $output in *"$text"*) fail "this must not be in its output: $text" || return 1 ;; esac
	done
}

# expect_line LINE…: a whole line of $output.
expect_line() {
	local line
	for line; do
		grep -qxF -- "$line" <<<"$output" || fail "no such line in its output: $line" || return 1
	done
}

# fact KEY: the value that the probe printed as "key value".
fact() { sed -n "s/^$1 //p" <<<"$output" | head -1; }

expect_fact() {
	[ "$(fact "$1")" = "$2" ] || fail "$1 is \"$(fact "$1")\", expected \"$2\""
}

# slowly SECONDS: so many, and more on a slow machine: timeout "$(slowly 10)" …
slowly() { echo $(($1 * SLOW)); }

# wait_until SECONDS COMMAND…: until the command succeeds. At least four looks a second count: on a machine that has so much to do that a look
# takes long, what is waited for takes as much longer.
wait_until() {
	local end=$((SECONDS + $(slowly "$1"))) looks=$(($1 * 4))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || [ $looks -gt 0 ] || { fail "waited in vain for: $*"; return 1; }
		looks=$((looks - 1))
		sleep 0.05
	done
}

# is_gone PID: it has ended, whether or not its parent has waited for it (process 1 of some machines takes seconds).
is_gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# minds PID SIGNAL: the process has said what that signal does to it (a shell's trap). Before that the first process of a container does not
# hear it, and box stop knows.
minds() {
	local masks mask
	masks=$(sed -nE 's/^Sig(Cgt|Ign):[^0-9a-f]*//p' "/proc/$1/status" 2>/dev/null)
	for mask in $masks; do
		[ $((0x$mask >> ($(kill -l "$2") - 1) & 1)) -eq 0 ] || return 0
	done
	return 1
}

# holds PID KIND: it has a descriptor of that kind (pidfd, inotify), and so has begun to wait for what that tells.
holds() { find "/proc/$1/fd" -lname "*$2*" 2>/dev/null | grep -q .; }

# container_name [START]: the name of the running container whose name begins so (box adds six hex digits in the foreground).
container_name() { box ps --format json 2>/dev/null | jq -r --arg start "${1:-$TAG}" '[.[] | select(.name | startswith($start))][0].name // empty'; }
# container_pid [START [BOX…]]: the host's pid of its first process, once that runs its program; BOX: as_user bin/box.
container_pid() {
	local start=${1:-$TAG} pid
	[ $# -eq 0 ] || shift
	[ $# -gt 0 ] || set -- box
	pid=$("$@" ps --format json 2>/dev/null | jq -r --arg start "$start" '[.[] | select(.name | startswith($start))][0].pid // empty')
	# It is listed a moment before, while it is still box.
	case $(readlink "/proc/${pid:-none}/exe") in "$BOX_BUILD"/* | "$WORK"/home/bin/* | /box | "/memfd:box (deleted)") return 0 ;; esac
	[ -z "$pid" ] || echo "$pid"
}
# is_up [START [BOX…]]: the program of the container runs.
is_up() { [ -n "$(container_pid "$@")" ]; }

# --- what must not be left -------------------------------------------------------------------------------------------------

# quick COMMAND…: in a subshell, $(quick left_state), without bats' record of every command for its backtraces. That costs more than the commands do.
quick() {
	trap - DEBUG
	"$@"
}

# Processes of this test: in a cgroup of its word; a box of this build with its word or its folder on the command line; or with its folder
# mounted in a mount namespace other than ours (in ours everybody on the host would see a mount that the test made). These functions run
# after every test, also on an emulated processor: they start few programs.
left_processes() { living "$(own_processes)" "$(foreign_namespaces)"; }

living() { # living PIDS…: those that are neither zombies nor gone, with their command lines
	local pid
	# shellcheck disable=SC2068 # a list in each
	for pid in $@; do
		[ ! -e "/proc/$pid/exe" ] || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done | sort -un
}

own_processes() {
	local file pid
	[ "${#TAG}" -ge 7 ] && [ -n "$WORK" ] || return 0 # an empty word would match everybody
	{
		grep -lsF -e "/box/$TAG" -e "$WORK" /proc/[0-9]*/cgroup
		grep -lsF -e "$TAG" -e "$WORK" /proc/[0-9]*/cmdline
		find /proc/[0-9]*/exe -maxdepth 0 -lname "$WORK/*" 2>/dev/null
	} | while IFS=/ read -r _ _ pid file; do
		if [ "$file" = cmdline ]; then
			case $(readlink "/proc/$pid/exe" 2>/dev/null) in
			"$BOX_BUILD"/* | "$WORK"/* | /box | /memfd:box*) ;;
			*) continue ;;
			esac
		fi
		echo "$pid"
	done
}

foreign_namespaces() {
	local pid
	grep -lsF "$WORK" /proc/[0-9]*/mountinfo | while IFS=/ read -r _ _ pid _; do
		[ "/proc/$pid/ns/mnt" -ef /proc/self/ns/mnt ] || echo "$pid"
	done
}

left_cgroups() { find /sys/fs/cgroup -maxdepth 5 -type d -name "$TAG*" 2>/dev/null; }
left_mounts() {
	local line
	while IFS= read -r line; do
		case $line in *"$WORK"*) echo "$line" ;; esac
	done </proc/self/mountinfo
}
left_state() {
	local path
	for path in {"$STATE","$BOX_STORE/containers","${WORK:-/nowhere}/home/run/box","${WORK:-/nowhere}/home/data/box/containers",/run/box,/var/lib/box/containers}/*"$TAG"*; do
		[ ! -e "$path" ] && [ ! -L "$path" ] || echo "$path"
	done
}

assert_nothing_left() { # assert_nothing_left [PROCESSES]: where left_processes was just asked
	local what found bad=0
	for what in processes cgroups mounts state; do
		if [ $what = processes ] && [ $# -gt 0 ]; then found=$1; else found=$(quick left_$what); fi
		if [ -n "$found" ]; then
			printf 'left behind: %s:\n%s\n' "$what" "$found" >&2
			bad=1
		fi
	done
	return $bad
}

# Ends only what is certainly this test's: what is in its cgroups, and its own box processes.
kill_left() {
	local pid group
	for pid in $(own_processes); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	for group in $(left_cgroups | sort -r); do
		rmdir "$group" 2>/dev/null || true
	done
}
