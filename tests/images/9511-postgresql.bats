#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A database that is replaced while it is used: PostgreSQL on its image's volume never has two masters, and keeps what it has confirmed.

load ../system/lib

IMAGES=${BOX_IMAGES:-$TOP/build/shapes}
REPLACES=5

setup_file() {
	command -v mmdebstrap >/dev/null || return 0
	"$TOP/tests/images/make" "$IMAGES"
}
setup() {
	need root userns mmdebstrap python3
	setup_world
}
teardown() {
	[ -z "${WRITER:-}" ] || touch stop
	[ -z "${WATCHER:-}" ] || kill "$WATCHER" 2>/dev/null || true
	wait
	[ -z "${WORK:-}" ] || box down --volumes "$TAG" >/dev/null 2>&1 || true
	teardown_world
}

ask() { box exec "$TAG-db" psql -h /run/postgresql -U postgres -qtAc "$1" 2>/dev/null; }
write() { # a line of "confirmed" for each row that the database says it has
	local n=0
	while [ ! -e stop ]; do
		n=$((n + 1))
		if [ "$(ask "INSERT INTO t VALUES ($n) RETURNING n")" = $n ]; then echo $n >>confirmed; fi
	done
}

# Every look at /proc writes how many masters there are: processes named postgres whose parent is none, in cgroups of this test.
watch_masters() {
	python3 - "$TAG" <<-'PYTHON' >masters
		import os, sys, time
		tag = sys.argv[1]
		def line(pid, name):
		    try: return open(f"/proc/{pid}/{name}").read()
		    except OSError: return ""
		while True:
		    found = {}
		    for pid in filter(str.isdigit, os.listdir("/proc")):
		        stat = line(pid, "stat")
		        if "(postgres)" in stat and tag in line(pid, "cgroup"):
		            found[pid] = stat.rpartition(")")[2].split()[1]
		    print(sum(parent not in found for parent in found.values()), flush=True)
		    time.sleep(0.002)
	PYTHON
}

@test "PostgreSQL under load is replaced five times: never two masters, every confirmed row is there" {
	cat >app.json <<-EOF
		{"name": "$TAG", "services": {"db": {
		  "image": "oci:$IMAGES/layout:postgresql",
		  "environment": {"GENERATION": "\${GENERATION}"},
		  "healthcheck": {"test": ["CMD", "psql", "-h", "/run/postgresql", "-U", "postgres", "-tAc", "SELECT 1"],
		                  "interval": "1s", "start_interval": "200ms", "start_period": "60s"}}}}
	EOF
	GENERATION=0 box up app.json
	ask 'CREATE TABLE t (n int)'
	watch_masters 3>&- &
	WATCHER=$!
	write 3>&- &
	WRITER=$!
	for ((i = 1; i <= REPLACES; i++)); do
		sleep 1
		run env GENERATION=$i BOX_STORE="$BOX_STORE" box up app.json
		expect_status 0
		expect_has "$TAG-db is stopped before the new one starts" "replaced $TAG-db"
		[ "$(box exec "$TAG-db" sh -c 'echo $GENERATION')" = $i ]
	done
	sleep 1
	touch stop
	wait $WRITER
	kill $WATCHER
	[ "$(sort -n masters | tail -n 1)" = 1 ] || fail "masters at once: $(sort -n masters | uniq -c)"
	[ "$(grep -c . masters)" -gt 500 ] || fail "only $(grep -c . masters) looks"
	[ "$(grep -c . confirmed)" -gt $((REPLACES * 3)) ] || fail "only $(grep -c . confirmed) rows"
	ask 'SELECT n FROM t' | sort >there
	[ -z "$(comm -23 <(sort confirmed) there)" ] || fail "confirmed and lost: $(comm -23 <(sort confirmed) there)"
	box logs "$TAG-db" >log 2>&1
	! grep -E 'already exists|another (postmaster|server)|in use|not properly shut down' log || fail "two of them, or one that was cut off"
	echo "# $(grep -c . confirmed) rows confirmed, $(grep -c . masters) looks: $(sort -n masters | uniq -c | tr -s ' \n' ' ')" >&3
}
