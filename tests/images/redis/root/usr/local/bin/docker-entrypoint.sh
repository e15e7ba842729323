#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find . \! -user redis -exec chown redis '{}' +
	exec gosu redis "$0" "$@"
fi
umask 077
exec "$@"
