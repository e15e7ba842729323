# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# machine.bash - a benchmark beside real engines goes on in a machine (tests/system/engines.bash): namespaces, cgroups and a network of its
# own. With the end of its first process all is gone. Its first lines are:
#
#     . "$(dirname "$0")/machine.bash"
#     [ -n "${BENCH_INSIDE:-}" ] || bench_outside "$0" "$@"
#
# The first argument is the build. Inside, $WORK is a folder on the disk with rootfs.tar in it, the script's folder is $WORK/bench, and the
# build is $WORK/runtime/real.

bench_outside() { # SCRIPT [BUILD [ARGUMENT…]]: never comes back
	local script build top status=0
	script=$(basename "$1") build=$(realpath "${2:-build}") top=$(cd "$(dirname "$1")/../.." && pwd)
	shift $(($# < 2 ? $# : 2))
	[ "$(id -u)" -eq 0 ] || { echo "$script: needs root" >&2; exit 1; }
	export BOX_TEST_SLOW=${BOX_TEST_SLOW:-10}
	# shellcheck disable=SC2034
	BATS_TEST_DIRNAME=$top/tests/system BOX_BUILD=$build ENGINE_RUNTIME=$build/bin/box
	bats_require_minimum_version() { :; }
	# shellcheck source-path=SCRIPTDIR/../system disable=SC1091
	. "$top/tests/system/lib.bash"
	# shellcheck source-path=SCRIPTDIR/../system disable=SC1091
	. "$top/tests/system/engines.bash"
	world_begin
	trap world_end EXIT
	cp -r "$top/tests/bench" "$WORK/bench" # the machine sees no other folder below /tmp
	[ ! -e "$build/tests/lines" ] || cp "$build/tests/lines" "$WORK/bench/"
	[ ! -e "$build/tests/flow" ] || cp "$build/tests/flow" "$WORK/bench/"
	machine_start bench
	on bench env BENCH_INSIDE=1 WORK="$WORK" "$WORK/bench/$script" "$WORK/runtime/real" "$@" || status=$?
	exit $status
}

# ready COMMAND…: until it succeeds, a minute at most.
ready() { for _ in $(seq 600); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; return 1; }

# docker_begin FOLDER [JSON]: dockerd without a network, with its store in FOLDER, and the root file system as the image "base".
docker_begin() {
	printf '{"exec-opts": ["native.cgroupdriver=cgroupfs"], "bridge": "none", "iptables": false, "data-root": "%s"}\n' "$1" >/run/dockerd.json
	dockerd --config-file /run/dockerd.json >"$WORK/dockerd.log" 2>&1 &
	ready docker version || { tail -n 1 "$WORK/dockerd.log" >&2; return 1; }
	docker import -c 'ENV PATH=/bin' "$WORK/rootfs.tar" base >/dev/null
}
docker() { command /usr/bin/docker "$@"; } # Debian's client, which fits its daemon

# podman_settings RUNTIME: root here may lack the right to raise limits, so podman is told to ask for the limits that are.
podman_settings() {
	printf '[containers]\ndefault_ulimits = ["nofile=%s:%s","nproc=30000:30000"]\nlog_driver = "k8s-file"\n[engine]\n%s\nruntime = "%s"\n' \
		"$(ulimit -n)" "$(ulimit -n)" $'cgroup_manager = "cgroupfs"\nevents_logger = "none"' "$1" >/etc/containers/containers.conf
}

machine_is() { echo "Linux $(uname -r), $(nproc) cores, $(date +'%e %B %Y'), load $(cut -d' ' -f1-3 /proc/loadavg)"; }
