# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# build.bash - what tests of box build share: a context, a base image, the build itself. Loaded behind lib.

setup_build() {
	setup_world
	need root
	mkdir ctx
	"$WORK/bin/box" import "$ROOTFS" base:1 >/dev/null
}

dockerfile() { cat >ctx/Dockerfile; }
build() { run box build --progress plain "$@" ctx; }
