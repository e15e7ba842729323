# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# oci.bash - what the tests of the OCI verbs share. A test file begins with:
#
#     load lib
#     load oci
#     setup() { setup_oci; }
#     teardown() { teardown_oci; }
#
# A bundle is made from one template and a jq filter: bundle '.hostname = "web"' sh -c 'hostname'. Where several are needed, the folder
# is $BUNDLE, and the name of the container is $TAG unless said otherwise.

BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$((60 * ${BOX_TEST_SLOW:-1}))}

setup_oci() {
	setup_world || return
	need root jq
	BUNDLE=$WORK/b
}

# Everything that a test left running, whoever made it; then what must not be left.
teardown_oci() {
	local folder
	if [ -d "${STATE:-/nowhere}" ]; then
		for folder in "$STATE"/*; do
			[ ! -d "$folder" ] || timeout 20 box delete --force "$(basename "$folder")" >/dev/null 2>&1 || true
		done
	fi
	# Not for everybody: one of this shell's children is bats' own, which counts the test's time.
	[ -z "${HELPERS:-}" ] || { kill $HELPERS; wait $HELPERS; } 2>/dev/null || true
	teardown_world
}

# The template: what docker would write, without seccomp, of a root that may be written.
template() {
	cat <<-'END'
	{
	"ociVersion": "1.2.0",
	"process": {
		"user": { "uid": 0, "gid": 0 },
		"args": ["true"],
		"env": ["PATH=/bin:/usr/bin:/sbin"],
		"cwd": "/",
		"capabilities": {
			"bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
			"effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
			"permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
		},
		"noNewPrivileges": true
	},
	"root": { "path": "rootfs" },
	"mounts": [
		{ "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
		{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
		{ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
			"options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
		{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
		{ "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
		{ "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
		{ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"] }
	],
	"linux": {
		"namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" },
			{ "type": "cgroup" }],
		"resources": { "devices": [{ "allow": false, "access": "rwm" }] },
		"maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
		"readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
	}
	}
	END
}

# bundle [FILTER [COMMAND…]]: $BUNDLE with config.json and the test's root folder, which stays as it is where it was made before.
bundle() {
	local filter=${1:-.}
	shift || true
	[ -e "$BUNDLE/rootfs/bin/busybox" ] || rootfs_folder "$BUNDLE/rootfs"
	if [ $# -gt 0 ]; then
		# The command first: the filter may still change it.
		template | jq '.process.args = $ARGS.positional | '"$filter" --args -- "$@" >"$BUNDLE/config.json"
	else
		template | jq "$filter" >"$BUNDLE/config.json"
	fi
}

# oci FILTER [COMMAND…]: makes the bundle and runs it in the foreground; $status and $output as of run.
oci() {
	bundle "$@"
	run timeout "$(slowly 20)" box run -b "$BUNDLE" "$TAG" </dev/null
}

# create FILTER [COMMAND…]: makes the bundle and a container of it. Its output is in $WORK/out. More options of create: CREATE=(…).
create() {
	bundle "$@"
	create_again "$TAG"
}
create_again() { timeout "$(slowly 20)" box create "${CREATE[@]}" -b "$BUNDLE" "$1" </dev/null >"$WORK/out" 2>&1; }

# try_create [OPTION…]: creates $TAG of the bundle as it is; $status and $output as of run, which itself would wait for the end of a
# container that came about after all.
try_create() {
	status=0
	timeout "$(slowly 20)" box create -b "$BUNDLE" "$@" "$TAG" </dev/null >"$WORK/out" 2>&1 || status=$?
	output=$(cat "$WORK/out")
}
# refused [FILTER [COMMAND…]]: create of such a bundle is an error that leaves nothing.
refused() {
	[ $# -eq 0 ] || bundle "$@"
	try_create
	[ "$status" -eq 1 ] || fail "exit code $status, expected 1, of $(jq -c . "$BUNDLE/config.json")" || return 1
	[ -z "$(left_state)$(left_cgroups)" ] || fail "a create that failed left $(left_state) $(left_cgroups)"
}

# at_once COUNT COMMAND…: so many of it beside each other, each with its number as the last word; waits for all.
at_once() {
	local count=$1 i pids=()
	shift
	for i in $(seq "$count"); do
		"$@" "$i" &
		pids+=($!)
	done
	wait "${pids[@]}" || true
}

# not COMMAND…: succeeds where that fails. A mere "! command" does not end a test.
not() { if "$@"; then fail "this succeeded: $*"; fi; }

# start_container FILTER COMMAND…: creates and starts it.
start_container() {
	create "$@" && timeout "$(slowly 10)" box start "$TAG"
}

# state_of [ID]: the word of its state.
state_of() { box state "${1:-$TAG}" 2>/dev/null | jq -r .status; }
is_in_state() { [ "$(state_of "${2:-$TAG}")" = "$1" ]; }
wait_stopped() { wait_until 10 is_in_state stopped "${1:-$TAG}"; }
oci_pid() { box state "${1:-$TAG}" | jq -r .pid; }

# group_file CONTROLLER FILE [PATH]: a file of its cgroup, in v1, or v2's tree where there is no such v1 controller.
group_file() {
	local path=${3:-/box/$TAG}
	if [ -d "/sys/fs/cgroup/$1" ]; then
		cat "/sys/fs/cgroup/$1$path/$2"
	elif [ -d /sys/fs/cgroup/unified ]; then
		cat "/sys/fs/cgroup/unified$path/$2"
	else
		cat "/sys/fs/cgroup$path/$2"
	fi
}

# Whether the controller is one of v1 here: then its files have v1's names.
is_v1() { [ -d "/sys/fs/cgroup/$1" ]; }

# is_sealed PID: it runs from a sealed memfd, or from behind an overlay that is read-only as a whole.
is_sealed() {
	case $(readlink "/proc/$1/exe") in
	/memfd:*) return 0 ;;
	/box) [ "$(stat -L -f -c %T "/proc/$1/exe")" = overlayfs ] && bash -c ": >>/proc/$1/exe" 2>&1 | grep -q 'Read-only file system' ;;
	*) return 1 ;;
	esac
}

# runc of the distribution, as a control: its own state folder, and cgroups with the test's word.
control_runc() {
	need /usr/sbin/runc
	timeout 20 /usr/sbin/runc --root "$WORK/runc" "$@"
}

# snapshot FOLDER: everything of it that an attack could change.
snapshot() { (cd "$1" && find . -printf '%p %i %m %U:%G %s %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort); }

# canary: $H, a folder of the host with a file in it; unchanged: as it was.
canary() {
	H=$WORK/host
	mkdir -p "$H"
	echo keep >"$H/marker"
	snapshot "$H" >"$WORK/before"
}
unchanged() { snapshot "$H" | diff "$WORK/before" - >&2 || fail "the host's folder was changed"; }
