#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: devices of the host's network namespace, which is one of the test's own, move into a container.

load lib
load bundle
setup() {
	setup_world
	setup_bundles
	need ip unshare nsenter
	unshare -n sleep 600 3>&- &
	KEEPER=$!
	wait_until 5 eval '[ "$(readlink /proc/$KEEPER/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
	host ip link add d0 type veth peer name far || skip "needs veth"
	host ip link set far up
	host ip link set lo up
}
teardown() {
	[ -z "${KEEPER:-}" ] || { kill "$KEEPER" && wait "$KEEPER"; } 2>/dev/null || true
	teardown_world
}

host() { nsenter -t "$KEEPER" -n "$@"; }

# here JQ: create and start a container that waits; its network by: there COMMAND…
here() {
	bundle "$1" sleep 60
	host box create -b . "$TAG" >out 2>&1 3>&- || { cat out >&2; return 1; }
	host box start "$TAG"
}
there() { nsenter -t "$(box state "$TAG" | jq .pid)" -n "$@"; }
gone() { box delete -f "$TAG"; }

@test "a device moves with its addresses, its size and its hardware address, and comes up" {
	host ip link set d0 mtu 1400 address 02:00:00:11:22:33 up
	host ip addr add 10.9.8.7/24 brd + dev d0
	host ip addr add 10.9.8.9/24 dev d0
	host ip addr add 10.9.8.10/32 peer 10.1.1.1 dev d0
	host ip addr add fd00::7/64 dev d0 nodad
	host ip addr add 10.3.3.3/24 dev d0 scope link
	host ip addr add fd00::8/64 dev d0 valid_lft 1000 preferred_lft 1000
	here '.linux.netDevices = {d0: {}}'
	run there ip -o link show d0
	expect_has "mtu 1400" "02:00:00:11:22:33" "UP"
	run there ip -o addr show dev d0
	expect_has "10.9.8.7/24 brd 10.9.8.255 scope global" "10.9.8.9/24" "10.9.8.10 peer 10.1.1.1/32" "fd00::7/64 scope global"
	expect_not "10.3.3.3" "fd00::8"
	run host ip -o link show
	expect_not " d0"
	run there ip route
	expect_has "10.9.8.0/24 dev d0"
	gone
}

@test "by another name, and by a pattern of names" {
	host ip link add e0 type veth peer name e1
	host ip link add e2 type veth peer name e3
	host ip addr add 10.9.8.7/24 dev d0
	here '.linux.netDevices = {d0: {name: "eth0"}, e0: {name: "pci%d"}, e2: {name: "pci%d"}}'
	run there ip -o addr show dev eth0
	expect_has "10.9.8.7/24" "global eth0"
	run there ip -o link show
	expect_has " pci0" " pci1"
	gone
}

@test "it is there before the hooks and for the program" {
	cat >hook <<-'END'
		#!/bin/sh
		exec nsenter -t "$(jq .pid)" -n ip -o link show eth0 >>"$1"
	END
	chmod +x hook
	bundle ".linux.netDevices = {d0: {name: \"eth0\"}} | .hooks.createRuntime = [{path: \"$WORK/hook\", args: [\"hook\", \"$WORK/seen\"],
		env: [\"PATH=$PATH\"]}]" ip link
	run host timeout 20 box run -b . "$TAG"
	expect_status 0
	expect_has " eth0"
	grep -q eth0 seen || fail "the hook did not see it"
}

@test "into a namespace that another made, and into that of a user namespace" {
	unshare -n sleep 60 3>&- &
	local other=$!
	wait_until 10 eval '[ -e /proc/'$other'/ns/net ] && [ ! /proc/'$other'/ns/net -ef /proc/self/ns/net ]'
	bundle "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$other/ns/net\" | .linux.netDevices = {d0: {}}" ip link show d0
	run host timeout 20 box run -b . "$TAG"
	expect_status 0
	expect_has " d0"
	run nsenter -t $other -n ip -o link show d0
	expect_status 0
	kill $other
	host ip link add d0 type veth peer name far2
	chmod 755 "$WORK" "$ROOT"
	bundle '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 300000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings | .linux.netDevices = {d0: {name: "eth7"}} | .mounts |= map(select(.type != "sysfs"))' ip link show eth7
	run host timeout 20 box run -b . "$TAG"
	expect_status 0
	expect_has " eth7"
}

@test "what cannot be is said, and the device stays where it was" {
	bundle '.linux.netDevices = {nothing: {}}' true
	run host box run -b . "$TAG"
	expect_status 125
	expect_has "linux.netDevices.nothing: nothing: find the network device: No such device [ENODEV]"
	bundle '.linux.netDevices = {d0: {name: "lo"}}' true
	run host box run -b . "$TAG"
	expect_status 125
	expect_has "linux.netDevices.d0: d0: the container's network namespace has a device \"lo\" already"
	bundle '.linux.netDevices = {lo: {name: "lo0"}}' true
	run host box run -b . "$TAG"
	expect_status 125
	expect_has "linux.netDevices.lo: lo: move it to the container's network namespace as \"lo0\"" "hint: some devices cannot leave"
	bundle '.linux.netDevices = {d0: {}} | .linux.namespaces |= map(select(.type != "network"))' true
	run host box run -b . "$TAG"
	expect_status 125
	expect_has "linux.netDevices: to move a device needs a namespace of its own"
	bundle '.linux.netDevices = {d0: {name: "a b"}}' true
	run host box run -b . "$TAG"
	expect_status 125
	expect_has "is no name of a network device"
	run host ip link show d0
	expect_status 0
}

@test "a create that fails later brings the devices back, as they were" {
	host ip link add d1 type veth peer name far1
	host ip link set d0 mtu 1400 up
	host ip addr add 10.9.8.7/24 brd + dev d0
	host ip addr add fd00::7/64 dev d0 nodad
	host ip -o addr show dev d0 | sed 's/^[0-9]*: //' | grep -v fe80 >before
	fails='.linux.netDevices = {d0: {name: "eth7"}, d1: {}}'
	for change in '.hooks.createRuntime = [{path: "/bin/false"}]' '.process.args = ["no-such-program"]' '.linux.netDevices.nothing = {}' \
		'.linux.netDevices.d1.name = "lo"'; do
		for verb in create run; do
			bundle "$fails | $change" true
			run host box $verb -b . "$TAG"
			[ "$status" -ne 0 ] || fail "$change: $verb came about"
			run host ip -o link show d0
			expect_has "mtu 1400" "UP" || fail "$change"
			host ip -o addr show dev d0 | sed 's/^[0-9]*: //' | grep -v fe80 | diff before - || fail "$change: addresses"
			run host ip -o link show d1
			expect_status 0
			expect_not "UP," ",UP" || fail "d1 was down"
		done
	done
	# The control: the same without the failure takes them away.
	here "$fails"
	run host ip -o link show
	expect_not " d0@" " d1@"
	gone
}
