#!/bin/sh
set -e
mkdir -p /data
chown -R node:node /data
exec gosu node "$@"
