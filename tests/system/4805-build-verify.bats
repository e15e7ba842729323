#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# box build --verify: every step a second time, in another world.

load lib

setup() {
	setup_world
	need root
	mkdir -p ctx/dir/sub
	for n in a b c dir/d dir/sub/e; do echo $n >ctx/$n; done
	[ "$(uname -m)" = x86_64 ] || skip "another clock and another order are for x86-64"
}
teardown() { teardown_world; }

good() {
	cat >ctx/Dockerfile <<-'END'
		FROM base:1 AS one
		COPY . /all
		RUN find /all | sort >/list; date -d "@$SOURCE_DATE_EPOCH" >/date
		FROM base:1
		WORKDIR /srv
		COPY --from=one /all /list /date ./
		RUN mkdir /many && cd /many && seq 3000 | xargs touch && ls | tee /srv/many | wc -l >/srv/count && cd / && rm -r /many
		RUN --mount=type=cache,target=/cache touch /cache/x; ls /cache >/srv/cache; for i in $(seq 20); do echo $i >$i & done; wait
	END
}

bad() {
	cat >ctx/Dockerfile <<-'END'
		FROM base:1
		COPY . /all
		RUN cat /proc/sys/kernel/random/uuid >/uuid
		RUN date +%Y >/year; touch /same
		RUN hostname >/etc/host-name
		RUN find /all -type f >/list
		RUN test "$(hostname)" = build
		RUN true
	END
	[ "$(nproc)" -eq 1 ] || echo 'RUN nproc >/cpus' >>ctx/Dockerfile
}

@test "a build that gives the same twice is told by its digest; what a step depends on is named with its file, line and both values" {
	box import "$ROOTFS" base:1 >/dev/null
	good
	run box build -q --verify --metadata-file meta.json -t web:1 ctx
	expect_status 0
	digest=$output
	grep -q '"io.box.verified":true' meta.json || fail "CI does not learn it" || return 1
	[ "$(box build -q ctx)" = "$digest" ] || fail "another digest" || return 1
	run box build --progress plain --network none --verify -t web:1 ctx
	expect_status 0
	[ "$(grep -c ' SAME ' <<<"$output")" = 6 ] || fail "not every step was made again" || return 1

	bad
	run box build -q --network none --verify -t bad:1 ctx
	expect_status 1
	expect_has 'Dockerfile:3: RUN cat /proc/sys/kernel/random/uuid >/uuid: it is not reproducible: /uuid: content at byte ' 'each time'
	expect_has "Dockerfile:4: RUN date +%Y >/year; touch /same: it is not reproducible: /year: content at byte " '"20' 'the time of day'
	expect_has 'Dockerfile:5: RUN hostname >/etc/host-name: it is not reproducible: /etc/host-name: content at byte 0 ("build", "' 'the host name'
	expect_has 'Dockerfile:6: RUN find /all -type f >/list: it is not reproducible: /list: content at byte ' 'in which a folder lists'
	expect_has 'Dockerfile:7: RUN test "$(hostname)" = build: it is not reproducible: it fails the second time: ' 'the host name'
	[ "$(nproc)" -eq 1 ] || expect_has 'Dockerfile:9: RUN nproc >/cpus: it is not reproducible: /cpus: content at byte 0 ("' '", "1")' 'processors'
	expect_has 'verify Dockerfile: '
	[[ $output != *Dockerfile:2:* && $output != *Dockerfile:8:* && $output != *'box: /same'* ]] || fail "too much was named" || return 1
	[[ $(box images) != *bad* ]] || fail "it has its name" || return 1
	[ -z "$(find "$BOX_STORE/containers" "$BOX_STORE/staging" -mindepth 1)" ] || fail "something is left"
}

@test "a source that cannot be fetched again is told as such" {
	need python3
	python3 -u -c '
import http.server
class Once(http.server.BaseHTTPRequestHandler):
    left = 1
    def do_GET(self):
        self.send_response(200 if Once.left else 500); self.send_header("Content-Length", "3"); self.end_headers(); self.wfile.write(b"one")
        Once.left = 0
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Once)
print(server.server_port)
server.serve_forever()' >port &
	local server=$!
	wait_until 10 test -s port
	printf 'FROM scratch\nADD http://127.0.0.1:%s/f /f\n' "$(cat port)" >ctx/Dockerfile
	run box build -q --verify ctx
	kill $server
	expect_status 1
	expect_has 'Dockerfile:2: ADD http://127.0.0.1:' 'it fails the second time: ' 'verify Dockerfile: 1 of 1 steps'
}

@test "a result in the cache that nobody would get today is told from a step that gives another one each time" {
	box import "$ROOTFS" base:1 >/dev/null
	printf 'FROM base:1\nRUN --mount=type=cache,target=/c ls /c >/had; touch /c/x\n' >ctx/Dockerfile
	box build -q ctx >/dev/null
	run box build -q --verify ctx
	expect_status 0
	box build -q --no-cache ctx >/dev/null
	run box build -q --verify ctx
	expect_status 1
	expect_has 'Dockerfile:2: RUN' '/had: content at byte 0 ("x", "")' 'made anew it is the same each time' '--no-cache'
}

@test "an ordinary user's build is verified too, from raw system calls to the vDSO" {
	need user subids cc
	as_user bin/box import rootfs.tar base:1 >/dev/null
	cat >clock.c <<-'END'
		#include <stdio.h>
		#include <sys/syscall.h>
		#include <sys/time.h>
		#include <time.h>
		#include <unistd.h>
		static void put(const char *name, long s) { FILE *f = fopen(name, "w"); fprintf(f, "%ld\n", s / 86400); fclose(f); }
		int main(void)
		{
			struct timespec at; struct timeval tv; time_t t;
			clock_gettime(CLOCK_REALTIME, &at), put("/vdso", at.tv_sec);
			syscall(SYS_clock_gettime, CLOCK_REALTIME, &at), put("/call", at.tv_sec);
			gettimeofday(&tv, NULL), put("/tv", tv.tv_sec);
			put("/time", syscall(SYS_time, &t)), put("/time2", t);
			return 0;
		}
	END
	mkdir "$WORK/home/ctx"
	cc -O1 -static -o "$WORK/home/ctx/clock" clock.c
	printf 'FROM base:1\nCOPY clock /\nRUN /clock\nRUN find /bin | sort >/list\n' >"$WORK/home/ctx/Dockerfile"
	chown -R $TEST_USER: "$WORK/home/ctx"
	run as_user bin/box build -q --verify ctx
	expect_status 1
	for file in /call /time /time2 /tv /vdso; do expect_has "$file: content"; done
	expect_has 'the time of day' 'verify Dockerfile: 1 of 3 steps'
}
