#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
[ -w /etc/nginx/nginx.conf ] || echo "nginx.conf cannot be written: it is used as it is" >&2
exec "$@"
