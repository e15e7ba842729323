#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What overlayfs wrote becomes a layer: the same bytes from the same changes, for root and for ordinary users, in both forms, and read by
# other programs.

load lib
setup() { setup_world; BASE=$((0x70010000)); }
teardown() { teardown_world; }

# commit STORE UPPER any|folders COMPRESSION [DOCUMENT]: "DIFF-ID DIGEST SIZE TYPE", or what went wrong.
commit() {
	local range="\"0 $BASE 65536\""
	local document=${5:-"{\"uids\": [$range], \"gids\": [$range], \"sets_groups\": true, \"stubs\": [\"etc/hosts\"]}"}
	"$BOX_BUILD/libexec/box/box-image" commit 3 4 "$3" "$4" 1000000000 test 3<"$1" 4<"$2" <<<"$document" | jq -r '.text // .told[0] // "nothing"'
}

# fill DIR REVERSED OWNER: an upper folder, its names made in one order or the other.
fill() {
	local names=(etc srv usr var) name
	[ "$2" = no ] || names=(var usr srv etc)
	mkdir -p "$1"
	for name in "${names[@]}"; do
		mkdir "$1/$name"
		seq 1 20000 >"$1/$name/numbers"
		ln "$1/$name/numbers" "$1/$name/again"
		ln -s ../etc/numbers "$1/$name/link"
		mkfifo "$1/$name/fifo"
	done
	: >"$1/etc/hosts"
	mknod "$1/usr/gone" c 0 0
	chmod 4711 "$1/srv/numbers"
	touch -d @500000000 "$1/var/numbers"
	chown -hR "$3:$3" "$1"
	chmod 4711 "$1/srv/numbers"
}

# a_store NAME
a_store() { BOX_STORE=$WORK/$1 box images >/dev/null; }

@test "another order, clock, umask and form: one layer" {
	need root jq zstd
	a_store one && a_store two
	fill first no "$BASE"
	(umask 077 && fill second yes "$BASE")
	chmod 755 second second/{etc,srv,usr,var}
	chmod 644 second/*/fifo second/{etc,usr,var}/numbers
	local kind a b
	for kind in none gzip zstd; do
		a=$(commit one first any $kind)
		b=$(commit two second folders $kind)
		[ -n "$a" ] && [ "$a" = "$b" ] || fail "$kind: $a is not $b" || return 1
		[[ $a == sha256:*" application/vnd.oci.image.layer.v1.tar"* ]] || fail "$a" || return 1
	done
	# Both are what GNU tar and others unpack of the blob.
	read -r diff blob _ <<<"$a"
	[ "$(zstd -dc "one/blobs/sha256/${blob#sha256:}" | sha256sum | cut -d' ' -f1)" = "${diff#sha256:}" ]
	mkdir out && zstd -dc "one/blobs/sha256/${blob#sha256:}" | tar -C out -xp
	cmp out/var/numbers first/var/numbers
	[ "$(stat -c '%a %u %Y %h' out/srv/numbers)" = "4711 0 1000000000 2" ] || fail "$(stat -c '%a %u %Y %h' out/srv/numbers)" || return 1
	[ "$(stat -c %Y out/var/numbers)" = 500000000 ]
	[ -p out/usr/fifo ] && [ -e out/usr/.wh.gone ] && [ ! -e out/etc/hosts ]
	zstd -dc "one/blobs/sha256/${blob#sha256:}" | python3 -c 'import sys, tarfile
print(*[m.name for m in tarfile.open(fileobj=sys.stdin.buffer, mode="r|")])' | tr ' ' '\n' >names
	# A removed name stands where the name would.
	sed -i 's|\.wh\.||' names
	LC_ALL=C sort names | cmp - names || fail "not sorted: $(cat names)" || return 1
	[ -z "$(ls one/staging)$(ls two/staging)" ]
}

@test "an ordinary user's layer is root's" {
	need user userns subids jq
	a_store one
	fill first no "$BASE"
	as_user true
	fill home/upper yes "$TEST_USER"
	local map sub
	sub=$(awk -F: -v user=$TEST_USER '$1 == user { print $2; exit }' /etc/subuid)
	map="[\"0 $(id -u $TEST_USER) 1\", \"1 $sub 65535\"]"
	as_user bin/box images
	echo "{\"uids\": $map, \"gids\": ${map/$(id -u $TEST_USER)/$(id -g $TEST_USER)}, \"sets_groups\": true, \"stubs\": [\"etc/hosts\"]}" >home/document
	as_user sh -c 'libexec/box/box-image commit 3 4 folders gzip 1000000000 test 3<data/box 4<upper <document' >told
	[ "$(jq -r '.text // .told[0]' told)" = "$(commit one first any gzip)" ] || fail "$(cat told)"
}

@test "what a real overlay holds: folders that only were copied up are left out, what was replaced and removed is not seen any more" {
	need root jq
	a_store one
	mkdir -p lower/{etc,tmp,opt/old,srv} upper work merged
	echo one >lower/etc/one && echo two >lower/etc/two && echo x >lower/opt/old/x
	chown -hR "$BASE:$BASE" lower upper work
	tar -C lower --sort=name --owner=0 --group=0 --numeric-owner -cf lower.tar .
	BOX_STORE=$WORK/one box import lower.tar base:1 >/dev/null
	local parent document range="\"0 $BASE 65536\""
	parent=$(ls one/layers) && parent=${parent/-/:}
	document="{\"uids\": [$range], \"gids\": [$range], \"sets_groups\": true, \"parents\": [\"$parent\"]}"
	mount -t overlay overlay -o "lowerdir=lower,upperdir=upper,workdir=work,userxattr" merged
	touch merged/tmp/x && rm merged/tmp/x
	chown -hR "$BASE:$BASE" upper
	[ "$(commit one upper any none "$document")" = nothing ] || fail "no change made a layer" || return 1
	rm merged/etc/one && echo changed >merged/etc/two && rm -r merged/opt/old && mkdir merged/opt/old && echo new >merged/opt/old/new
	mkdir merged/new && chmod 700 merged/srv
	chown -h "$BASE:$BASE" merged/etc/two merged/opt/old merged/opt/old/new merged/new
	umount merged
	run commit one upper any none "$document"
	[[ $output == sha256:* ]] || fail "commit" || return 1
	read -r _ blob _ <<<"$output"
	[ "$(tar -tf "one/blobs/sha256/${blob#sha256:}" | tr '\n' ' ')" = \
		"etc/ etc/.wh.one etc/two new/ opt/ opt/old/ opt/old/.wh..wh..opq opt/old/new srv/ " ] ||
		fail "$(tar -tf "one/blobs/sha256/${blob#sha256:}")"
}

@test "C10: files of ids that are none of the container's, and names that would mean something else, make no layer" {
	need root jq
	a_store one
	mkdir -p upper/etc
	chown -R "$BASE:$BASE" upper
	echo host >upper/etc/mine
	[[ $(commit one upper any none) == *"etc/mine belongs to a user that is none of the container's" ]] || fail "$(commit one upper any none)" || return 1
	chown $((BASE + 65534)):$((BASE + 65535)) upper/etc/mine
	[[ $(commit one upper any none) == sha256:* ]] || fail "nobody's file" || return 1
	chown "$BASE" upper/etc && : >upper/etc/.wh.passwd && chown "$BASE:$BASE" upper/etc/.wh.passwd
	[[ $(commit one upper any none) == *".wh.passwd cannot be in a layer"* ]] || fail "$(commit one upper any none)" || return 1
	[ -z "$(ls one/staging)" ]
}
