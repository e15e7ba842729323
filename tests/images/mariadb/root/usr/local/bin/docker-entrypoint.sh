#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
set -eu
if [ "$(id -u)" = 0 ]; then
	find /var/lib/mysql \! -user mysql -exec chown mysql: '{}' +
	find /run/mysqld \! -user mysql -exec chown mysql: '{}' \;
	exec gosu mysql "$0" "$@"
fi
[ -d /var/lib/mysql/mysql ] || mariadb-install-db --datadir=/var/lib/mysql --auth-root-authentication-method=normal --skip-test-db >/dev/null
exec "$@"
