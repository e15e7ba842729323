#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
mkdir -p /data
chown -R node:node /data
exec gosu node "$@"
