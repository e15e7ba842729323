#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
chown -R node:node /data
exec setpriv --reuid=node --regid=node --init-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
