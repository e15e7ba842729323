#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The same input is the same image, bit by bit: by root and by an ordinary user, from checkouts that differ in all that does not count, in
# stores of other file systems. The table of docs/build.md says what is compared.

load lib

setup() { setup_world; }
teardown() {
	[ -z "${SHM:-}" ] || rm -rf "$SHM"
	teardown_world
}

# checkout FOLDER REVERSED: the same files; what a checkout decides by chance is another.
checkout() {
	local names=(Dockerfile .dockerignore .git/config src/main.c src/lib/a.c src/lib/b.c src/lib/c.c run.sh etc/app.conf notes.log) name i
	mkdir -p "$1"
	for i in $([ "$2" = yes ] && seq $((${#names[@]} - 1)) -1 0 || seq 0 $((${#names[@]} - 1))); do
		name=${names[i]}
		mkdir -p "$(dirname "$1/$name")"
		echo "content of $name" >"$1/$name"
		[ "$2" != yes ] || touch -d "2001-02-03 04:05:$i" "$1/$name"
	done
	echo "$2" >"$1/notes.log"
	printf '%s\n' '*.log' .git >"$1/.dockerignore"
	printf '#!/bin/sh\ncat /srv/list /etc/app.conf\n' >"$1/run.sh"
	chmod 755 "$1/run.sh"
	ln -s lib/a.c "$1/src/link"
	cat >"$1/Dockerfile" <<-'END'
		ARG LEVEL=9
		FROM base:1 AS tools
		RUN --mount=type=cache,target=/cache mkdir -p /out/bin && cp /bin/busybox /out/bin/tool && touch /cache/$(date +%s) && \
		    ln /out/bin/tool /out/bin/same && chmod 4755 /out/bin/tool && chown 12:34 /out/bin
		FROM tools AS compile
		ARG LEVEL
		WORKDIR /src
		COPY src .
		RUN for f in $(find . -type f | sort); do gzip -n -$LEVEL <$f >/out/$(basename $f).gz & done; wait; date >/tmp/when; rm /tmp/when
		FROM base:1
		LABEL org.example.level=$LEVEL
		ENV LANG=C
		RUN <<-EOF
			echo app:x:1000:1000::/srv:/bin/sh >>/etc/passwd
			mkdir -p /srv && mkdir -m 1777 /srv/tmp
			rm -r /bin/probe
			echo "$SOURCE_DATE_EPOCH" >/srv/epoch
		EOF
		COPY --from=compile --chown=app:1000 /out/ /srv/out
		COPY --chmod=0640 --chown=0:1000 etc/app.conf /etc/
		COPY run.sh /usr/bin/run
		COPY --parents src/lib/*.c /srv/
		RUN ls -lnR /srv/out | grep -v '^[td]' | sed 's/ [A-Z][a-z][a-z] .*:.. / /' >/srv/list; head -c 300000 /dev/zero | tr '\0' x >/srv/large
		USER app
		CMD ["run"]
	END
}

# commit FOLDER: with one time and author, whoever makes it.
commit() {
	rm -rf "$1/.git"
	(cd "$1" && export GIT_AUTHOR_DATE=@1700000000 GIT_COMMITTER_DATE=@1700000000 HOME=$WORK && git init -q && git add -A &&
		git -c user.name=x -c user.email=x@y commit -qm x)
}

@test "one digest: root and user, stores, checkouts, clocks of files, order, umask, jobs; blobs and archives too" {
	need root user subids git
	local digest
	SHM=$(mktemp -d /dev/shm/box-test-XXXXXX)
	as_user true
	checkout one no && commit one
	(umask 002 && checkout home/elsewhere yes && commit home/elsewhere)
	chown -R $TEST_USER: home/elsewhere
	[ "$(stat -c %a one/src/main.c home/elsewhere/src/main.c | tr '\n' ' ')" = "644 664 " ] || fail "the umask" || return 1

	box import "$ROOTFS" base:1 >/dev/null
	digest=$(box build -q -t web:1 -o type=oci,dest=one.tar one)
	[[ $digest == sha256:* ]]
	run box run web:1
	expect_status 0
	expect_has 'content of etc/app.conf'
	# Another user, path, order of names, time and mode of files, and form of layers.
	as_user bin/box import rootfs.tar base:1 >/dev/null
	run as_user bin/box build -q -t web:1 -o type=oci,dest=user.tar elsewhere
	[ "$output" = "$digest" ] || fail "the user's is another image" || return 1
	cmp one.tar home/user.tar || fail "the archives differ" || return 1
	# Another file system below the store, and everything twice.
	export BOX_STORE=$SHM/store
	box import "$ROOTFS" base:1 >/dev/null
	run box build -q --verify -t web:1 -o type=oci,dest=shm.tar home/elsewhere
	[ "${lines[-1]}" = "$digest" ] || fail "in memory it is another image" || return 1
	cmp one.tar shm.tar || fail "the archives differ" || return 1
	# Another compression has the same layers.
	run box build -q --no-cache --compression gzip -t gz:1 one
	expect_status 0
	[ "$(box inspect gz:1 web:1 | grep -c "$(box inspect web:1 | grep -A1 diff_ids | tail -1)")" -ge 2 ] || fail "other layers"
	run box diff gz:1 web:1
	[[ $output == "layers: the first blob that differs"* ]] || fail "more than the compression differs"
}
