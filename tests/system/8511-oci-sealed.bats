#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The program that runs inside for a moment, box itself, is out of the container's reach (CVE-2019-5736): as root, without a user namespace.

load lib
load oci
setup() { setup_oci; }
teardown() { teardown_oci; }

# A root in the container that may do everything.
ALMIGHTY='.process.capabilities = (["CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]
	as $c | { bounding: $c, effective: $c, permitted: $c }) | .process.noNewPrivileges = false'

@test "what waits for start runs from something that cannot be written" {
	create . true
	is_sealed "$(oci_pid)"
	run bash -c ": >>/proc/$(oci_pid)/exe"
	expect_status 1
	# Nor is the program of the host mapped, which map_files would lead to.
	grep -q ' /' "/proc/$(oci_pid)/maps"
	run grep -F " $(realpath "$BOX")" "/proc/$(oci_pid)/maps"
	expect_status 1
}

@test "an image whose shell is #!/proc/self/exe, and a root that overwrites every program it sees" {
	sha256sum "$BOX" >before
	bundle "$ALMIGHTY" sh -c '
		echo "$$" >/ready
		while :; do
			for exe in /proc/[0-9]*/exe; do
				name=$(readlink "$exe") || continue
				case $name in
				/bin/*) continue ;;
				esac
				echo "$name" >>/seen
				echo x 2>>/errors >>"$exe" && echo "$name" >>/overwritten
			done
		done 2>/dev/null'
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/bin/trap"
	chmod 755 "$BUNDLE/rootfs/bin/trap"
	create_again "$TAG"
	box start "$TAG"
	wait_until 5 test -s "$BUNDLE/rootfs/ready"
	for ((i = 0; i < 200; i++)); do
		timeout 10 box exec "$TAG" /bin/trap >/dev/null 2>&1 || true
		[ "$i" -lt 20 ] || [ ! -s "$BUNDLE/rootfs/errors" ] || break
	done
	# Something was seen and tried, or this says nothing.
	grep -qE '^(/box|/memfd:box)' "$BUNDLE/rootfs/seen"
	[ -s "$BUNDLE/rootfs/errors" ]
	[ ! -e "$BUNDLE/rootfs/overwritten" ] || fail "overwritten: $(sort "$BUNDLE/rootfs/overwritten" | uniq -c)"
	sha256sum -c before
}
