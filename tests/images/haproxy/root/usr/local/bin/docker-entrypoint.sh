#!/bin/sh
set -e
shift
exec haproxy -W -db "$@"
