#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ADD of git repositories: what comes of them, and what hostile ones try.

load lib
load build

setup() {
	setup_build
	need git
	mkdir www repo
	export GIT_CONFIG_GLOBAL=$WORK/gitconfig
	git config --global user.email t@example.com
	git config --global user.name tester
	git init -q -b main repo
	mkdir repo/sub && echo one >repo/sub/f && echo '#!/bin/sh' >repo/run && chmod 775 repo/run && ln -s / repo/way
	record one && git -C repo tag v1 && git -C repo tag -a -m two v2
	python3 "$TOP/tests/system/www.py" www ready www.log &
	SERVER=$!
	wait_until 10 test -e ready
	PORT=$(cat ready)
	URL=http://127.0.0.1:$PORT/x.git
	publish
}
teardown() {
	local pid
	for pid in ${SERVER:-} ${SSHD:-} ${SSH_AGENT_PID:-}; do kill "$pid"; done
	teardown_world
}

record() { git -C repo add -A && git -C repo commit -qm "$1"; }
publish() { rm -rf www/x.git && git clone -q --bare repo www/x.git && git -C www/x.git update-server-info; }

@test "a branch, a tag, a commit, a folder: their files, with git's modes; the commit decides about the cache" {
	local one
	one=$(git -C repo rev-parse HEAD)
	dockerfile <<-END
		FROM base:1
		ADD $URL /all
		ADD --chown=3:4 --exclude=run $URL#v1 /tag/
		ADD $URL#v2:sub /sub
		ADD --keep-git-dir=true $URL#$one /kept
		RUN for f in /all/run /tag/sub/f /sub/f /kept/sub/f; do stat -c "%n %a %u:%g" \$f; done >/facts && cat /kept/.git/HEAD >>/facts
		RUN test ! -e /all/.git && test ! -e /tag/run && test "\$(readlink /all/way)" = /
		CMD ["cat", "/facts"]
	END
	build -t mine:1
	expect_status 0
	expect_has "Dockerfile:2: ADD $URL is not reproducible: its content can change; pin it with #$one" "$URL#v2:sub is not reproducible"
	expect_not "ADD $URL#$one is not"
	run box run mine:1
	expect_line "/all/run 755 0:0" "/tag/sub/f 644 3:4" "/sub/f 644 0:0" "/kept/sub/f 644 0:0" "$one"
	build -t mine:1
	[[ $output != *DONE* ]] || fail "it was made again"
	echo two >repo/sub/f && record two && publish
	printf 'FROM base:1\nADD %s#main:sub /s\nRUN grep two /s/f\nADD %s#%s:sub /old\nRUN grep one /old/f\n' "$URL" "$URL" "$one" | dockerfile
	build
	expect_status 0
	[ -z "$(find "$BOX_STORE/containers" "$BOX_STORE/staging" -mindepth 1)" ] || fail "something is left"
}

@test "hostile repositories and addresses reach nothing of the host" {
	refused() { # refused ADDRESS WORDS
		printf 'FROM base:1\nADD %s /x\n' "$1" | dockerfile
		build
		[ "$status" -eq 1 ] || fail "$1: status $status"
		expect_has "Dockerfile:2" "$2"
	}
	refused "$URL#--upload-pack=touch$WORK/pwned" "is no name of a branch"
	refused "$URL#main:../../etc" "leads out of the repository"
	refused "git://127.0.0.1/x.git" "by https, http or ssh"
	refused "https://me:canary@127.0.0.1/x.git" "a password in it"
	refused "$URL#nowhere" "has no branch or tag nowhere"
	refused "$URL#main:nowhere" "the repository has no nowhere"
	refused "http://127.0.0.1:$PORT/none.git" "git ended with 128"
	refused "http://127.0.0.1:$PORT/to/file://$WORK/www/x.git" "git ended with 128"
	# A link for a folder, submodules of this host, and whatever could be executed.
	git -C repo -c protocol.file.allow=always submodule -q add "$WORK/www/x.git" module
	printf '* filter=evil\n' >repo/.gitattributes
	printf '[filter "evil"]\n\tsmudge = touch %s/pwned\n' "$WORK" >repo/.gitconfig
	record hostile && publish
	printf 'FROM base:1\nADD %s#main:way /way\nADD %s /all\nRUN test ! -e /way/etc && test ! -e /all/module/run\n' "$URL" "$URL" | dockerfile
	build
	expect_status 0
	[ ! -e "$WORK/pwned" ] || fail "something of it was executed"
}

@test "an ordinary user's repository is the same" {
	need user subids
	as_user true
	mkdir "$WORK/home/ctx"
	printf 'FROM scratch\nADD %s#v1 /x\n' "$URL" >"$WORK/home/ctx/Dockerfile"
	chown -R $TEST_USER: "$WORK/home/ctx"
	run as_user bin/box build -q ctx
	expect_status 0
	mine=${lines[-1]}
	run box build -q "$WORK/home/ctx"
	[ "${lines[-1]}" = "$mine" ] || fail "root's is another image"
}

@test "by ssh: with the caller's agent, to hosts that the caller knows" {
	printf 'FROM base:1\nADD git@127.0.0.1:x.git /x\n' | dockerfile
	build
	expect_status 1
	expect_has "Dockerfile:2" "the SSH agent default is required, and nobody gave it" "hint: box build --ssh default"
	PATH=$PATH:/usr/sbin need sshd ssh-agent ssh-keyscan
	local port=$((20000 + RANDOM % 10000)) key
	for key in host-key key; do ssh-keygen -q -t ed25519 -N '' -f $key; done
	(cat /etc/passwd && echo "sshd:x:65533:65534::/run/sshd:/bin/false") >passwd
	printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "HostKey $WORK/host-key" "AuthorizedKeysFile $WORK/key.pub" "UsePAM no" \
		"StrictModes no" "PidFile none" >sshd.conf
	unshare -m sh -c "mount --bind passwd /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd &&
		exec $(PATH=$PATH:/usr/sbin command -v sshd) -D -f $WORK/sshd.conf" 2>/dev/null &
	SSHD=$!
	eval "$(ssh-agent -a "$WORK/agent")" >/dev/null
	ssh-add -q key
	printf 'FROM base:1\nADD ssh://root@127.0.0.1:%s%s/repo/.git#v1 /x\nRUN grep one /x/sub/f\n' "$port" "$WORK" | dockerfile
	export HOME=$WORK
	wait_until 10 sh -c "ssh-keyscan -p $port 127.0.0.1 2>/dev/null | grep -q ed25519"
	build --ssh default
	expect_status 1
	expect_has "Host key verification failed" "hint: the host's key has to be in ~/.ssh/known_hosts"
	mkdir .ssh && ssh-keyscan -p "$port" 127.0.0.1 2>/dev/null >.ssh/known_hosts
	build --ssh default
	expect_status 0
}

@test "without git, or a container for it, what is missing is named" {
	printf 'FROM base:1\nADD %s /x\n' "$URL" | dockerfile
	PATH=$WORK/bin build
	expect_status 1
	expect_has "it needs the program git" "hint: apt-get install git"
	build --isolation chroot
	expect_status 1
	expect_has "git runs in namespaces of its own, and there are none here" "hint: git clone before the build"
}
