# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# services.bash - what tests of files with several services share. A test file begins with:
#
#     load lib
#     load services
#     setup() { setup_world; }
#     teardown() { end_services; teardown_world; }

# Whatever the test has left of its file.
end_services() { [ -z "${TAG:-}" ] || box down "$TAG" >/dev/null 2>&1 || true; }

# services JSON [MORE]: writes app.json with these services, and more top-level keys. ROOT in it stands for the test's root, without a network.
services() {
	printf '{"name": "%s", "services": {%s}%s}\n' "$TAG" "${1//ROOT/\"rootfs\": \"$ROOTFS\", \"network_mode\": \"none\"}" "${2:+, $2}" >app.json
}
